#ifndef HWT_SCALING_H_
#define HWT_SCALING_H_

// x = output_t(raw * gain + offset) for each feature: the sum is exact, one rounding and saturation follow.

#include "hwt_memory.h"
#include "hwt_ports.h"

namespace hwt {

template <class in_P, class out_P, typename CONFIG_T>
void scale_window(in_P data, out_P res, typename CONFIG_T::gain_t gain[CONFIG_T::n_features],
                  typename CONFIG_T::offset_t offset[CONFIG_T::n_features]) {
    #pragma HLS INLINE
    typename CONFIG_T::raw_t raw[CONFIG_T::n_features];
    typename CONFIG_T::output_t scaled[CONFIG_T::n_features];
    #pragma HLS ARRAY_PARTITION variable=raw complete
    #pragma HLS ARRAY_PARTITION variable=scaled complete
    typename CONFIG_T::gain_t kept_gain[CONFIG_T::n_features];
    typename CONFIG_T::offset_t kept_offset[CONFIG_T::n_features];
    #pragma HLS ARRAY_PARTITION variable=kept_gain complete
    #pragma HLS ARRAY_PARTITION variable=kept_offset complete
    if (CONFIG_T::ports) {
        load_registers<CONFIG_T::n_features>(gain, kept_gain);
        load_registers<CONFIG_T::n_features>(offset, kept_offset);
    }
ScaleStep:
    for (unsigned step = 0; step < CONFIG_T::n_steps; step++) {
        #pragma HLS PIPELINE II=1
        read_vector<CONFIG_T::n_features>(data, step, raw);
    ScaleFeature:
        for (unsigned k = 0; k < CONFIG_T::n_features; k++) {
            #pragma HLS UNROLL
            typename CONFIG_T::accumulator_t sum = raw[k] * (CONFIG_T::ports ? kept_gain : gain)[k];
            sum += (CONFIG_T::ports ? kept_offset : offset)[k];
            scaled[k] = sum;
        }
        write_vector<CONFIG_T::n_features>(scaled, res, step);
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void scaling(data_T data[CONFIG_T::n_steps * CONFIG_T::n_features], res_T res[CONFIG_T::n_steps * CONFIG_T::n_features],
             typename CONFIG_T::gain_t gain[CONFIG_T::n_features], typename CONFIG_T::offset_t offset[CONFIG_T::n_features]) {
    scale_window<data_T *, res_T *, CONFIG_T>(data, res, gain, offset);
}

template <class data_T, class res_T, typename CONFIG_T>
void scaling(hls::stream<data_T> &data, hls::stream<res_T> &res, typename CONFIG_T::gain_t gain[CONFIG_T::n_features],
             typename CONFIG_T::offset_t offset[CONFIG_T::n_features]) {
    scale_window<hls::stream<data_T> &, hls::stream<res_T> &, CONFIG_T>(data, res, gain, offset);
}

} // namespace hwt

#endif
