#ifndef HWT_DENSE_H_
#define HWT_DENSE_H_

// y = output_t(W x + b), alike at every step: the sum is exact, as wide as accumulator_t, one rounding and saturation follow.

#include "hwt_memory.h"
#include "hwt_ports.h"
#include "nnet_dense.h"

namespace hwt {

template <class in_P, class out_P, typename CONFIG_T>
void dense_window(in_P data, out_P res, typename CONFIG_T::weight_t weight[CONFIG_T::n_in * CONFIG_T::n_out],
                  typename CONFIG_T::bias_t bias[CONFIG_T::n_out]) {
    #pragma HLS INLINE
    typename CONFIG_T::input_t x[CONFIG_T::n_in];
    typename CONFIG_T::accumulator_t sum[CONFIG_T::n_out];
    typename CONFIG_T::output_t y[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=x complete
    #pragma HLS ARRAY_PARTITION variable=sum complete
    #pragma HLS ARRAY_PARTITION variable=y complete
    typename CONFIG_T::bias_t kept_bias[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=kept_bias complete
    if (CONFIG_T::ports) {
        load_registers<CONFIG_T::n_out>(bias, kept_bias);
    }
DenseStep:
    for (unsigned step = 0; step < CONFIG_T::n_steps; step++) {
        read_vector<CONFIG_T::n_in>(data, step, x);
        nnet::dense<typename CONFIG_T::input_t, typename CONFIG_T::accumulator_t, typename CONFIG_T::product>(
            x, sum, weight, CONFIG_T::ports ? kept_bias : bias);
    DenseOutput:
        for (unsigned k = 0; k < CONFIG_T::n_out; k++) {
            #pragma HLS UNROLL
            y[k] = sum[k];
        }
        write_vector<CONFIG_T::n_out>(y, res, step);
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void dense(data_T data[CONFIG_T::n_steps * CONFIG_T::n_in], res_T res[CONFIG_T::n_steps * CONFIG_T::n_out],
           typename CONFIG_T::weight_t weight[CONFIG_T::n_in * CONFIG_T::n_out],
           typename CONFIG_T::bias_t bias[CONFIG_T::n_out]) {
    dense_window<data_T *, res_T *, CONFIG_T>(data, res, weight, bias);
}

template <class data_T, class res_T, typename CONFIG_T>
void dense(hls::stream<data_T> &data, hls::stream<res_T> &res,
           typename CONFIG_T::weight_t weight[CONFIG_T::n_in * CONFIG_T::n_out],
           typename CONFIG_T::bias_t bias[CONFIG_T::n_out]) {
    dense_window<hls::stream<data_T> &, hls::stream<res_T> &, CONFIG_T>(data, res, weight, bias);
}

} // namespace hwt

#endif
