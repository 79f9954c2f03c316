#ifndef HWT_MEMORY_H_
#define HWT_MEMORY_H_

// With `ports` the constants of training are in memories behind ports of the top function. A port gives an element a cycle, so a
// window begins with copying to registers what is read at once all the time; the weights of the products stay in their memories,
// whose words are as wide as a product needs. Without `ports` constants are part of the firmware, and used as they are.

namespace hwt {

template <unsigned N, class value_T> void load_registers(value_T memory[N], value_T registers[N]) {
    #pragma HLS INLINE
LoadRegister:
    for (unsigned k = 0; k < N; k++) {
        #pragma HLS PIPELINE II=1
        registers[k] = memory[k];
    }
}

// Words hold values of any type with as many bits or fewer, in their lowest bits.
template <class word_T, class value_T> void load_word(word_T word, value_T &value) {
    #pragma HLS INLINE
    ap_uint<value_T::width> bits = word.range(value_T::width - 1, 0);
    value.range(value_T::width - 1, 0) = bits;
}

template <class value_T, class word_T> void store_word(value_T value, word_T &word) {
    #pragma HLS INLINE
    ap_uint<value_T::width> bits = value.range(value_T::width - 1, 0);
    ap_uint<word_T::width> padded = bits;
    word.range(word_T::width - 1, 0) = padded;
}

} // namespace hwt

#endif
