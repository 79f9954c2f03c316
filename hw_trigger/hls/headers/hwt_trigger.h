#ifndef HWT_TRIGGER_H_
#define HWT_TRIGGER_H_

// score = sum over steps and features of (x - reconstruction)^2, exact; trigger = score > threshold.
// The division of a mean is folded into the threshold.

#include "hwt_ports.h"

namespace hwt {

template <class x_P, class y_P, class score_P, class fired_P, typename CONFIG_T>
void trigger_window(x_P data, y_P reconstruction, score_P score, fired_P fired, typename CONFIG_T::score_t threshold[1]) {
    #pragma HLS INLINE
    typename CONFIG_T::input_t x[CONFIG_T::n_features];
    typename CONFIG_T::reconstruction_t y[CONFIG_T::n_features];
    typename CONFIG_T::score_t total[1];
    ap_uint<1> over[1];
    #pragma HLS ARRAY_PARTITION variable=x complete
    #pragma HLS ARRAY_PARTITION variable=y complete
    total[0] = 0;
TriggerStep:
    for (unsigned step = 0; step < CONFIG_T::n_steps; step++) {
        #pragma HLS PIPELINE II=1
        read_vector<CONFIG_T::n_features>(data, step, x);
        read_vector<CONFIG_T::n_features>(reconstruction, step, y);
        typename CONFIG_T::score_t sum = 0; // of the step first: one addition only is carried from step to step
    TriggerFeature:
        for (unsigned k = 0; k < CONFIG_T::n_features; k++) {
            #pragma HLS UNROLL
            typename CONFIG_T::difference_t error = x[k] - y[k];
            sum += error * error;
        }
        total[0] += sum;
    }
    over[0] = total[0] > threshold[0];
    write_vector<1>(total, score, 0);
    write_vector<1>(over, fired, 0);
}

template <class x_T, class y_T, class score_T, class fired_T, typename CONFIG_T>
void trigger(x_T data[CONFIG_T::n_steps * CONFIG_T::n_features],
             y_T reconstruction[CONFIG_T::n_steps * CONFIG_T::n_features], score_T score[1], fired_T fired[1],
             typename CONFIG_T::score_t threshold[1]) {
    trigger_window<x_T *, y_T *, score_T *, fired_T *, CONFIG_T>(data, reconstruction, score, fired, threshold);
}

template <class x_T, class y_T, class score_T, class fired_T, typename CONFIG_T>
void trigger(hls::stream<x_T> &data, hls::stream<y_T> &reconstruction, hls::stream<score_T> &score,
             hls::stream<fired_T> &fired, typename CONFIG_T::score_t threshold[1]) {
    trigger_window<hls::stream<x_T> &, hls::stream<y_T> &, hls::stream<score_T> &, hls::stream<fired_T> &, CONFIG_T>(
        data, reconstruction, score, fired, threshold);
}

} // namespace hwt

#endif
