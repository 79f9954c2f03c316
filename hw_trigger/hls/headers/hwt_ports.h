#ifndef HWT_PORTS_H_
#define HWT_PORTS_H_

// A layer's data arrive and leave one vector a step, whatever carries them: an array that holds the whole window
// (io_parallel) or a stream of packed words, one a step (io_stream). These four functions are all that differs.

#include "hls_stream.h"
#include "nnet_common.h"

namespace hwt {

// Assigning to value_T requantizes to it, with the modes that are part of the type.
template <unsigned N, class data_T, class value_T>
void read_vector(hls::stream<data_T> &data, unsigned /* step */, value_T values[N]) {
    #pragma HLS INLINE
    data_T word = data.read();
ReadWord:
    for (unsigned k = 0; k < N; k++) {
        #pragma HLS UNROLL
        values[k] = word[k];
    }
}

template <unsigned N, class data_T, class value_T> void read_vector(data_T *data, unsigned step, value_T values[N]) {
    #pragma HLS INLINE
ReadArray:
    for (unsigned k = 0; k < N; k++) {
        #pragma HLS UNROLL
        values[k] = data[step * N + k];
    }
}

template <unsigned N, class res_T, class value_T>
void write_vector(value_T values[N], hls::stream<res_T> &res, unsigned /* step */) {
    #pragma HLS INLINE
    res_T word;
    PRAGMA_DATA_PACK(word)
WriteWord:
    for (unsigned k = 0; k < N; k++) {
        #pragma HLS UNROLL
        word[k] = values[k];
    }
    res.write(word);
}

template <unsigned N, class res_T, class value_T> void write_vector(value_T values[N], res_T *res, unsigned step) {
    #pragma HLS INLINE
WriteArray:
    for (unsigned k = 0; k < N; k++) {
        #pragma HLS UNROLL
        res[step * N + k] = values[k];
    }
}

} // namespace hwt

#endif
