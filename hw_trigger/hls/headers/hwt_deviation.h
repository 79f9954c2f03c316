#ifndef HWT_DEVIATION_H_
#define HWT_DEVIATION_H_

// How far a window's error and activity are from their own running means, in octaves, and x from the trained range:
//
//   energy   = sum over steps and features of (x - reconstruction)^2          all three exact, in one pass over the window
//   activity = sum over features and all but the first step of (x[t] - x[t - 1])^2
//   excess   = max over features of max(0, |x[last]| - 1)
//   e, a     = L(energy + energy_floor), L(activity + activity_floor)         both means begin at the first window's values
//   d_e, d_a = e - energy_mean, a - activity_mean
//   k        = min(floor(log2(n + 1)), baseline)                              n windows came before this one
//   energy_mean += d_e >> k;   activity_mean += d_a >> k
//   held     = max(excess << weight, held - (held >> excess_decay))
//   score    = |d_e| + |d_a| + held                                           each cut off to the score's fraction
//   trigger  = n >= settle and score > threshold and score > record
//   record   = max(score, record - (record >> record_decay))                  stays 0 where not adaptive
//
// It remembers earlier windows, in one of two places. In registers of this layer alone (a design has one such layer): they are 0
// when the FPGA is configured and, by the reset pragmas, after every reset of the design: that is how a new stream of windows
// begins. In C simulation a process is a stream. Or in a memory behind a port of the top function, in whose words every channel
// has a state of its own while it is being computed: all 0 is a new stream.

#include "hwt_memory.h"
#include "hwt_ports.h"

namespace hwt {

// The position of the leading one: unrolled, a priority encoder.
template <unsigned N> ap_uint<6> leading_one(ap_uint<N> number) {
    #pragma HLS INLINE
    ap_uint<6> position = 0;
LeadingOne:
    for (unsigned k = 0; k < N; k++) {
        #pragma HLS UNROLL
        if (number[k]) {
            position = k;
        }
    }
    return position;
}

// L(code), the piecewise-linear base-2 logarithm of a code of 1 or more: the position of its leading one and, behind the point,
// the bits that follow it.
template <class value_T, class log_T> log_T logarithm(value_T value) {
    #pragma HLS INLINE
    const int point = log_T::width - log_T::iwidth;
    ap_uint<value_T::width> code = value.range(value_T::width - 1, 0);
    ap_uint<6> exponent = leading_one<value_T::width>(code);
    ap_uint<value_T::width + point> mantissa = code;
    mantissa <<= point;
    mantissa >>= exponent;
    ap_uint<log_T::width> octaves = exponent;
    octaves <<= point;
    octaves.range(point - 1, 0) = mantissa.range(point - 1, 0);
    log_T result;
    result.range(log_T::width - 1, 0) = octaves;
    return result;
}

// max(0, |x| - 1) as a code; two's complement negation gives the magnitude of the most negative code too.
template <typename CONFIG_T> ap_uint<CONFIG_T::excess_t::width> beyond_one(typename CONFIG_T::input_t x) {
    #pragma HLS INLINE
    ap_uint<CONFIG_T::input_t::width> magnitude = x.range(CONFIG_T::input_t::width - 1, 0);
    if (x < 0) {
        magnitude = ~magnitude + 1;
    }
    ap_uint<CONFIG_T::excess_t::width> beyond = 0;
    if (magnitude > CONFIG_T::one) {
        beyond = magnitude - CONFIG_T::one;
    }
    return beyond;
}

#define HWT_DEVIATION_DECISION                                                                                              \
    typename CONFIG_T::energy_sum_t energy, typename CONFIG_T::activity_sum_t activity,                                     \
        ap_uint<CONFIG_T::excess_t::width> excess, typename CONFIG_T::score_t score[1], ap_uint<1> fired[1],                \
        typename CONFIG_T::score_t threshold[1]

#define HWT_DEVIATION_TYPES                                                                                                 \
    typedef typename CONFIG_T::mean_t mean_t;                                                                               \
    typedef typename CONFIG_T::held_t held_t;                                                                               \
    typedef typename CONFIG_T::record_t record_t;                                                                           \
    typedef typename CONFIG_T::count_t count_t;

// What a window's sums mean in the stream. Shifts by a constant are wiring: only the one by k needs a shifter.
template <typename CONFIG_T>
void deviation_decide(HWT_DEVIATION_DECISION, typename CONFIG_T::count_t &count, typename CONFIG_T::mean_t &energy_mean,
                      typename CONFIG_T::mean_t &activity_mean, typename CONFIG_T::held_t &held,
                      typename CONFIG_T::record_t &record) {
    #pragma HLS INLINE
    HWT_DEVIATION_TYPES
    typedef typename CONFIG_T::score_t score_t;
    typedef ap_fixed<mean_t::width + 1, mean_t::iwidth + 1> change_t; // of a mean, exact
    mean_t e = logarithm<typename CONFIG_T::energy_sum_t, typename CONFIG_T::logarithm_t>(energy);
    mean_t a = logarithm<typename CONFIG_T::activity_sum_t, typename CONFIG_T::logarithm_t>(activity);
    if (count == 0) {
        energy_mean = e;
        activity_mean = a;
    }
    change_t d_e = e - energy_mean;
    change_t d_a = a - activity_mean;
    ap_uint<count_t::width + 1> next = count + 1;
    ap_uint<6> k = leading_one<count_t::width + 1>(next);
    if (k > CONFIG_T::baseline) {
        k = CONFIG_T::baseline;
    }
    energy_mean += d_e >> k;
    activity_mean += d_a >> k;

    ap_uint<held_t::width> weighted = excess;
    weighted <<= CONFIG_T::excess_shift;
    held_t given;
    given.range(held_t::width - 1, 0) = weighted;
    held -= held >> CONFIG_T::excess_decay;
    if (given > held) {
        held = given;
    }

    if (d_e < 0) {
        d_e = -d_e;
    }
    if (d_a < 0) {
        d_a = -d_a;
    }
    score_t of_energy = d_e, of_activity = d_a, of_excess = held;
    score_t total = of_energy + of_activity + of_excess;
    score[0] = total;
    fired[0] = count >= CONFIG_T::settle && total > threshold[0] && total > record;
    if (CONFIG_T::adaptive) {
        record -= record >> CONFIG_T::record_decay;
        if (total > record) {
            record = total;
        }
    }
    if (count < CONFIG_T::last_count) { // nothing changes any more from there on
        count = next;
    }
}

// The state in registers of this layer.
struct Registers {};

template <typename CONFIG_T> void deviation_remember(HWT_DEVIATION_DECISION, Registers /* state */) {
    #pragma HLS INLINE
    HWT_DEVIATION_TYPES
    static count_t count = 0;
    static mean_t energy_mean = 0;
    static mean_t activity_mean = 0;
    static held_t held = 0;
    static record_t record = 0;
    #pragma HLS reset variable=count
    #pragma HLS reset variable=energy_mean
    #pragma HLS reset variable=activity_mean
    #pragma HLS reset variable=held
    #pragma HLS reset variable=record
    deviation_decide<CONFIG_T>(energy, activity, excess, score, fired, threshold, count, energy_mean, activity_mean, held,
                               record);
}

// The state in a memory, a word each: read before the decision, and written behind it.
template <typename CONFIG_T> void deviation_remember(HWT_DEVIATION_DECISION, typename CONFIG_T::state_t *state) {
    #pragma HLS INLINE
    HWT_DEVIATION_TYPES
    count_t count;
    mean_t energy_mean;
    mean_t activity_mean;
    held_t held;
    record_t record;
    load_word(state[0], count);
    load_word(state[1], energy_mean);
    load_word(state[2], activity_mean);
    load_word(state[3], held);
    load_word(state[4], record);
    deviation_decide<CONFIG_T>(energy, activity, excess, score, fired, threshold, count, energy_mean, activity_mean, held,
                               record);
    store_word(count, state[0]);
    store_word(energy_mean, state[1]);
    store_word(activity_mean, state[2]);
    store_word(held, state[3]);
    store_word(record, state[4]);
}

#undef HWT_DEVIATION_TYPES
#undef HWT_DEVIATION_DECISION

#define HWT_DEVIATION_CONSTANTS                                                                                             \
    typename CONFIG_T::score_t threshold[1], typename CONFIG_T::energy_sum_t energy_floor[1],                               \
        typename CONFIG_T::activity_sum_t activity_floor[1]

template <class x_P, class y_P, class score_P, class fired_P, typename CONFIG_T, class state_P>
void deviation_window(x_P data, y_P reconstruction, score_P score, fired_P fired, HWT_DEVIATION_CONSTANTS, state_P state) {
    #pragma HLS INLINE
    typename CONFIG_T::input_t x[CONFIG_T::n_features];
    typename CONFIG_T::input_t previous[CONFIG_T::n_features];
    typename CONFIG_T::reconstruction_t y[CONFIG_T::n_features];
    typename CONFIG_T::score_t total[1];
    ap_uint<1> over[1];
    #pragma HLS ARRAY_PARTITION variable=x complete
    #pragma HLS ARRAY_PARTITION variable=previous complete
    #pragma HLS ARRAY_PARTITION variable=y complete
    typename CONFIG_T::energy_t energy = 0;
    typename CONFIG_T::activity_t activity = 0;
    ap_uint<CONFIG_T::excess_t::width> excess = 0;
DeviationStep:
    for (unsigned step = 0; step < CONFIG_T::n_steps; step++) {
        #pragma HLS PIPELINE II=1
        read_vector<CONFIG_T::n_features>(data, step, x);
        read_vector<CONFIG_T::n_features>(reconstruction, step, y);
        // Sums of the step first: one addition only is carried from step to step.
        typename CONFIG_T::energy_t errors = 0;
        typename CONFIG_T::activity_t differences = 0;
        excess = 0; // the last step's remains
    DeviationFeature:
        for (unsigned k = 0; k < CONFIG_T::n_features; k++) {
            #pragma HLS UNROLL
            typename CONFIG_T::error_t error = x[k] - y[k];
            errors += error * error;
            if (step > 0) {
                typename CONFIG_T::difference_t difference = x[k] - previous[k];
                differences += difference * difference;
            }
            previous[k] = x[k];
            ap_uint<CONFIG_T::excess_t::width> beyond = beyond_one<CONFIG_T>(x[k]);
            if (beyond > excess) {
                excess = beyond;
            }
        }
        energy += errors;
        activity += differences;
    }
    typename CONFIG_T::energy_sum_t energy_sum = energy + energy_floor[0];
    typename CONFIG_T::activity_sum_t activity_sum = activity + activity_floor[0];
    deviation_remember<CONFIG_T>(energy_sum, activity_sum, excess, total, over, threshold, state);
    write_vector<1>(total, score, 0);
    write_vector<1>(over, fired, 0);
}

#define HWT_DEVIATION_ARRAYS                                                                                                \
    x_T data[CONFIG_T::n_steps * CONFIG_T::n_features], y_T reconstruction[CONFIG_T::n_steps * CONFIG_T::n_features],       \
        score_T score[1], fired_T fired[1]

#define HWT_DEVIATION_STREAMS                                                                                               \
    hls::stream<x_T> &data, hls::stream<y_T> &reconstruction, hls::stream<score_T> &score, hls::stream<fired_T> &fired

template <class x_T, class y_T, class score_T, class fired_T, typename CONFIG_T>
void deviation(HWT_DEVIATION_ARRAYS, HWT_DEVIATION_CONSTANTS) {
    deviation_window<x_T *, y_T *, score_T *, fired_T *, CONFIG_T>(data, reconstruction, score, fired, threshold,
                                                                   energy_floor, activity_floor, Registers());
}

template <class x_T, class y_T, class score_T, class fired_T, typename CONFIG_T>
void deviation(HWT_DEVIATION_ARRAYS, HWT_DEVIATION_CONSTANTS, typename CONFIG_T::state_t state[5]) {
    deviation_window<x_T *, y_T *, score_T *, fired_T *, CONFIG_T>(data, reconstruction, score, fired, threshold,
                                                                   energy_floor, activity_floor, state);
}

template <class x_T, class y_T, class score_T, class fired_T, typename CONFIG_T>
void deviation(HWT_DEVIATION_STREAMS, HWT_DEVIATION_CONSTANTS) {
    deviation_window<hls::stream<x_T> &, hls::stream<y_T> &, hls::stream<score_T> &, hls::stream<fired_T> &, CONFIG_T>(
        data, reconstruction, score, fired, threshold, energy_floor, activity_floor, Registers());
}

template <class x_T, class y_T, class score_T, class fired_T, typename CONFIG_T>
void deviation(HWT_DEVIATION_STREAMS, HWT_DEVIATION_CONSTANTS, typename CONFIG_T::state_t state[5]) {
    deviation_window<hls::stream<x_T> &, hls::stream<y_T> &, hls::stream<score_T> &, hls::stream<fired_T> &, CONFIG_T>(
        data, reconstruction, score, fired, threshold, energy_floor, activity_floor, state);
}

#undef HWT_DEVIATION_STREAMS
#undef HWT_DEVIATION_ARRAYS
#undef HWT_DEVIATION_CONSTANTS

} // namespace hwt

#endif
