#ifndef HWT_COPY_H_
#define HWT_COPY_H_

// Two copies of an array. In a dataflow region an array may have one reader only; hls4ml copies streams, but not arrays.

#include "hwt_ports.h"

namespace hwt {

template <class data_T, class res_T, typename CONFIG_T>
void copy_window(data_T data[CONFIG_T::n_steps * CONFIG_T::n_features], res_T first[CONFIG_T::n_steps * CONFIG_T::n_features],
                 res_T second[CONFIG_T::n_steps * CONFIG_T::n_features]) {
    res_T values[CONFIG_T::n_features];
    #pragma HLS ARRAY_PARTITION variable=values complete
CopyStep:
    for (unsigned step = 0; step < CONFIG_T::n_steps; step++) {
        #pragma HLS PIPELINE II=1
        read_vector<CONFIG_T::n_features>(data, step, values);
        write_vector<CONFIG_T::n_features>(values, first, step);
        write_vector<CONFIG_T::n_features>(values, second, step);
    }
}

} // namespace hwt

#endif
