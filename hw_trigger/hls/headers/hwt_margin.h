#ifndef HWT_MARGIN_H_
#define HWT_MARGIN_H_

// A classifier's decision: score = logit[positive] - max of the other logits, exact and signed; trigger = score > threshold.

#include "hwt_ports.h"

namespace hwt {

template <class x_P, class score_P, class fired_P, typename CONFIG_T>
void margin_window(x_P data, score_P score, fired_P fired, typename CONFIG_T::score_t threshold[1]) {
    #pragma HLS INLINE
    typename CONFIG_T::input_t logits[CONFIG_T::n_classes];
    typename CONFIG_T::score_t margin[1];
    ap_uint<1> over[1];
    #pragma HLS ARRAY_PARTITION variable=logits complete
    read_vector<CONFIG_T::n_classes>(data, 0, logits);
    typename CONFIG_T::input_t most = logits[CONFIG_T::positive == 0 ? 1 : 0];
MarginClass:
    for (unsigned k = 0; k < CONFIG_T::n_classes; k++) {
        #pragma HLS UNROLL
        if (k != CONFIG_T::positive && logits[k] > most) {
            most = logits[k];
        }
    }
    margin[0] = logits[CONFIG_T::positive] - most;
    over[0] = margin[0] > threshold[0];
    write_vector<1>(margin, score, 0);
    write_vector<1>(over, fired, 0);
}

template <class x_T, class score_T, class fired_T, typename CONFIG_T>
void margin(x_T data[CONFIG_T::n_classes], score_T score[1], fired_T fired[1], typename CONFIG_T::score_t threshold[1]) {
    margin_window<x_T *, score_T *, fired_T *, CONFIG_T>(data, score, fired, threshold);
}

template <class x_T, class score_T, class fired_T, typename CONFIG_T>
void margin(hls::stream<x_T> &data, hls::stream<score_T> &score, hls::stream<fired_T> &fired,
            typename CONFIG_T::score_t threshold[1]) {
    margin_window<hls::stream<x_T> &, hls::stream<score_T> &, hls::stream<fired_T> &, CONFIG_T>(data, score, fired,
                                                                                                threshold);
}

} // namespace hwt

#endif
