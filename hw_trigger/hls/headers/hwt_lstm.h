#ifndef HWT_LSTM_H_
#define HWT_LSTM_H_

// One LSTM layer, bit for bit the quantized step of the fixed-point program:
//
//   sum_k = W_k x + R_k h + b_k                       exact: accumulator_t is wide enough for any state
//   q_k   = gate_k_t(sum_k)                           one rounding and saturation
//   i, f, g, o = table_k[bit pattern of q_k]          one entry for each value of the gate's type
//   fc = cell_t(f * c)   ig = cell_t(i * g)   c = cell_t(fc + ig)
//   h  = hidden_t(o * cell_table[bit pattern of c])
//
// Every requantization is an assignment to an ap_fixed type, whose modes say how. Rows of the weights by gate: i, f, g, o.
// The state and the cell state begin a window at 0.

#include "hwt_memory.h"
#include "hwt_ports.h"
#include "nnet_dense.h"

namespace hwt {

// Arrays with their sizes: the synthesizer does not look behind a bare pointer.
#define HWT_LSTM_TABLES                                                                                                     \
    typename CONFIG_T::i_t table_i[1 << CONFIG_T::gate_i_t::width],                                                         \
        typename CONFIG_T::f_t table_f[1 << CONFIG_T::gate_f_t::width],                                                     \
        typename CONFIG_T::g_t table_g[1 << CONFIG_T::gate_g_t::width],                                                     \
        typename CONFIG_T::o_t table_o[1 << CONFIG_T::gate_o_t::width],                                                     \
        typename CONFIG_T::cell_tanh_t table_c[1 << CONFIG_T::cell_t::width]

#define HWT_LSTM_CONSTANTS                                                                                                  \
    typename CONFIG_T::weight_t weight[4 * CONFIG_T::n_units * CONFIG_T::n_in],                                             \
        typename CONFIG_T::recurrent_t recurrent[4 * CONFIG_T::n_units * CONFIG_T::n_units],                                \
        typename CONFIG_T::bias_t bias[4 * CONFIG_T::n_units], typename CONFIG_T::no_bias_t no_bias[4 * CONFIG_T::n_units], \
        HWT_LSTM_TABLES

template <class index_T, class value_T> inline value_T look_up(index_T q, value_T *table) {
    #pragma HLS INLINE
    ap_uint<index_T::width> pattern = q.range(index_T::width - 1, 0);
    return table[pattern.to_uint()];
}

// Everything behind the two matrix products. Five tables are read for each unit; `gate_unroll` units are computed at a time,
// and the synthesizer replicates each table once for every two of them (a ROM has two ports).
//
// The arrays are in registers, and indexed by the unit. So that the loop starts a unit a cycle, no iteration writes what
// another reads (the cell states are read from a copy), and the sums are split by gate, so that each read chooses among the units
// only. Rounding and saturation are in the loop: done for all units at once, they would take more logic than all the rest.
template <typename CONFIG_T>
void lstm_gates(typename CONFIG_T::accumulator_t input_sum[4 * CONFIG_T::n_units],
                typename CONFIG_T::accumulator_t state_sum[4 * CONFIG_T::n_units],
                typename CONFIG_T::hidden_t h[CONFIG_T::n_units], typename CONFIG_T::cell_t c[CONFIG_T::n_units],
                HWT_LSTM_TABLES) {
    #pragma HLS INLINE
    const unsigned n = CONFIG_T::n_units;
    typename CONFIG_T::accumulator_t sum_i[CONFIG_T::n_units];
    typename CONFIG_T::accumulator_t sum_f[CONFIG_T::n_units];
    typename CONFIG_T::accumulator_t sum_g[CONFIG_T::n_units];
    typename CONFIG_T::accumulator_t sum_o[CONFIG_T::n_units];
    typename CONFIG_T::cell_t previous[CONFIG_T::n_units];
    #pragma HLS ARRAY_PARTITION variable=sum_i complete
    #pragma HLS ARRAY_PARTITION variable=sum_f complete
    #pragma HLS ARRAY_PARTITION variable=sum_g complete
    #pragma HLS ARRAY_PARTITION variable=sum_o complete
    #pragma HLS ARRAY_PARTITION variable=previous complete
LstmSums:
    for (unsigned j = 0; j < n; j++) {
        #pragma HLS UNROLL
        sum_i[j] = input_sum[0 * n + j] + state_sum[0 * n + j];
        sum_f[j] = input_sum[1 * n + j] + state_sum[1 * n + j];
        sum_g[j] = input_sum[2 * n + j] + state_sum[2 * n + j];
        sum_o[j] = input_sum[3 * n + j] + state_sum[3 * n + j];
        previous[j] = c[j];
    }
LstmUnit:
    for (unsigned j = 0; j < n; j++) {
        #pragma HLS PIPELINE II=1
        #pragma HLS UNROLL factor=CONFIG_T::gate_unroll
        typename CONFIG_T::gate_i_t q_i = sum_i[j];
        typename CONFIG_T::gate_f_t q_f = sum_f[j];
        typename CONFIG_T::gate_g_t q_g = sum_g[j];
        typename CONFIG_T::gate_o_t q_o = sum_o[j];
        typename CONFIG_T::cell_t fc = look_up(q_f, table_f) * previous[j];
        typename CONFIG_T::cell_t ig = look_up(q_i, table_i) * look_up(q_g, table_g);
        typename CONFIG_T::cell_t next = fc + ig;
        c[j] = next;
        h[j] = look_up(q_o, table_o) * look_up(next, table_c);
    }
}

template <class in_P, class out_P, typename CONFIG_T> void lstm_window(in_P data, out_P res, HWT_LSTM_CONSTANTS) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::accumulator_t sum_t;
    typename CONFIG_T::input_t x[CONFIG_T::n_in];
    typename CONFIG_T::hidden_t h[CONFIG_T::n_units];
    typename CONFIG_T::cell_t c[CONFIG_T::n_units];
    sum_t input_sum[4 * CONFIG_T::n_units];
    sum_t state_sum[4 * CONFIG_T::n_units];
    typename CONFIG_T::bias_t kept_bias[4 * CONFIG_T::n_units];
    #pragma HLS ARRAY_PARTITION variable=x complete
    #pragma HLS ARRAY_PARTITION variable=h complete
    #pragma HLS ARRAY_PARTITION variable=c complete
    #pragma HLS ARRAY_PARTITION variable=input_sum complete
    #pragma HLS ARRAY_PARTITION variable=state_sum complete
    #pragma HLS ARRAY_PARTITION variable=kept_bias complete
    // The tables are memories that are only read: say so, rather than hope that it is inferred.
    #pragma HLS function_instantiate variable=table_i,table_f,table_g,table_o,table_c
    #ifdef __VITIS_HLS__
    #pragma HLS BIND_STORAGE variable=table_i type=rom_np impl=bram
    #pragma HLS BIND_STORAGE variable=table_f type=rom_np impl=bram
    #pragma HLS BIND_STORAGE variable=table_g type=rom_np impl=bram
    #pragma HLS BIND_STORAGE variable=table_o type=rom_np impl=bram
    #pragma HLS BIND_STORAGE variable=table_c type=rom_np impl=bram
    #else
    #pragma HLS RESOURCE variable=table_i core=ROM_nP_BRAM
    #pragma HLS RESOURCE variable=table_f core=ROM_nP_BRAM
    #pragma HLS RESOURCE variable=table_g core=ROM_nP_BRAM
    #pragma HLS RESOURCE variable=table_o core=ROM_nP_BRAM
    #pragma HLS RESOURCE variable=table_c core=ROM_nP_BRAM
    #endif
LstmReset:
    for (unsigned j = 0; j < CONFIG_T::n_units; j++) {
        #pragma HLS UNROLL
        h[j] = 0;
        c[j] = 0;
    }
    if (CONFIG_T::ports) {
        load_registers<4 * CONFIG_T::n_units>(bias, kept_bias);
    }
    if (CONFIG_T::repeat_input) { // the same vector at every step, so the same product: once a window is enough
        read_vector<CONFIG_T::n_in>(data, 0, x);
        nnet::dense<typename CONFIG_T::input_t, sum_t, typename CONFIG_T::input_product>(
            x, input_sum, weight, CONFIG_T::ports ? kept_bias : bias);
    }
LstmStep:
    for (unsigned step = 0; step < CONFIG_T::n_steps; step++) {
        #ifdef __VITIS_HLS__
        // A step waits for the one before. Pipelined by itself, as Vitis does with long loops, it would unroll the products.
        #pragma HLS PIPELINE off
        #endif
        if (!CONFIG_T::repeat_input) {
            read_vector<CONFIG_T::n_in>(data, step, x);
            nnet::dense<typename CONFIG_T::input_t, sum_t, typename CONFIG_T::input_product>(
                x, input_sum, weight, CONFIG_T::ports ? kept_bias : bias);
        }
        nnet::dense<typename CONFIG_T::hidden_t, sum_t, typename CONFIG_T::recurrent_product>(h, state_sum, recurrent,
                                                                                             no_bias);
        lstm_gates<CONFIG_T>(input_sum, state_sum, h, c, table_i, table_f, table_g, table_o, table_c);
        if (CONFIG_T::return_sequence) {
            write_vector<CONFIG_T::n_units>(h, res, step);
        }
    }
    if (!CONFIG_T::return_sequence) {
        write_vector<CONFIG_T::n_units>(h, res, 0);
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void lstm(data_T data[(CONFIG_T::repeat_input ? 1 : CONFIG_T::n_steps) * CONFIG_T::n_in],
          res_T res[(CONFIG_T::return_sequence ? CONFIG_T::n_steps : 1) * CONFIG_T::n_units], HWT_LSTM_CONSTANTS) {
    lstm_window<data_T *, res_T *, CONFIG_T>(data, res, weight, recurrent, bias, no_bias, table_i, table_f, table_g, table_o,
                                             table_c);
}

template <class data_T, class res_T, typename CONFIG_T>
void lstm(hls::stream<data_T> &data, hls::stream<res_T> &res, HWT_LSTM_CONSTANTS) {
    lstm_window<hls::stream<data_T> &, hls::stream<res_T> &, CONFIG_T>(data, res, weight, recurrent, bias, no_bias, table_i,
                                                                       table_f, table_g, table_o, table_c);
}

#undef HWT_LSTM_CONSTANTS
#undef HWT_LSTM_TABLES

} // namespace hwt

#endif
