#ifndef HWT_TESTBENCH_H_
#define HWT_TESTBENCH_H_

// For simulation only: runs recorded windows through the top function and compares every output code, as an integer, with the
// recorded one. Exit codes: 0 all equal, 1 mismatches, 2 a file that is missing, short or no list of codes.
//
// Files are text, one window a line, codes in decimal: steps one after another, the features of a step together. Windows are run in
// their order, after no reset but that of the start: a trigger that remembers takes them for one stream.

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace hwt {

typedef std::vector<long long> Codes;

// A port of the top function, or a layer's output that is read through hls4ml's tracing (in C simulation only).
struct Output {
    const char *name;
    unsigned steps;
    unsigned width; // features of a step; classes of logits
    bool port;
    unsigned size() const { return steps * width; }
};

inline void fail(const std::string &message) {
    std::cerr << "ERROR: " << message << std::endl;
    std::exit(2);
}

template <class value_T> value_T from_code(long long code) {
    value_T value;
    value.range(value_T::width - 1, 0) = ap_uint<value_T::width>(code);
    return value;
}

// Formats have at most 63 bits.
template <bool is_signed, class value_T> long long to_code(value_T value) {
    ap_uint<value_T::width> bits = value.range(value_T::width - 1, 0);
    return is_signed ? ap_int<value_T::width>(bits).to_int64() : bits.to_uint64();
}

template <bool is_signed, class value_T> value_T checked(long long code) {
    value_T value = from_code<value_T>(code);
    if (to_code<is_signed>(value) != code) {
        fail("the windows hold the code " + std::to_string(code) + ", which the input's type does not have");
    }
    return value;
}

template <bool is_signed, class data_T> void put_codes(const Codes &codes, data_T *data) {
    for (size_t i = 0; i < codes.size(); i++) {
        data[i] = checked<is_signed, data_T>(codes[i]);
    }
}

template <bool is_signed, class data_T> void put_codes(const Codes &codes, hls::stream<data_T> &data) {
    for (size_t i = 0; i < codes.size(); i += data_T::size) {
        data_T word;
        for (unsigned k = 0; k < data_T::size; k++) {
            word[k] = checked<is_signed, typename data_T::value_type>(codes[i + k]);
        }
        data.write(word);
    }
}

template <unsigned N, bool is_signed, class data_T> void take_codes(data_T *data, Codes &found) {
    for (unsigned i = 0; i < N; i++) {
        found.push_back(to_code<is_signed>(data[i]));
    }
}

template <unsigned N, bool is_signed, class data_T> void take_codes(hls::stream<data_T> &data, Codes &found) {
    for (unsigned i = 0; i < N; i += data_T::size) {
        if (data.empty()) {
            fail("the top function put out fewer words than a window has");
        }
        data_T word = data.read();
        for (unsigned k = 0; k < data_T::size; k++) {
            found.push_back(to_code<is_signed>(word[k]));
        }
    }
    if (!data.empty()) {
        fail("the top function put out more words than a window has");
    }
}

// Traced values are doubles, which hold every code exactly.
template <unsigned N> void take_traced(const double *values, int fraction, Codes &found) {
    for (unsigned i = 0; i < N; i++) {
        found.push_back(static_cast<long long>(std::ldexp(values[i], fraction)));
    }
}

inline Codes read_codes(const std::string &path, size_t per_window) {
    std::ifstream file(path.c_str());
    if (!file) {
        fail("cannot read " + path);
    }
    Codes codes;
    std::string token;
    while (file >> token) {
        char *end = 0;
        errno = 0;
        codes.push_back(std::strtoll(token.c_str(), &end, 10));
        if (*end || errno) {
            fail(path + " holds '" + token + "', which is not a code");
        }
    }
    if (codes.empty() || codes.size() % per_window) {
        fail(path + " holds " + std::to_string(codes.size()) + " codes, and must hold " + std::to_string(per_window) +
             " for each window");
    }
    return codes;
}

// Reads a memory's file: one word a line, in hexadecimal digits; element `lane * words + address` is in the word's lane.
template <unsigned words, unsigned lanes, class value_T> void load_memory(const std::string &path, value_T *memory) {
    std::ifstream file(path.c_str());
    if (!file) {
        fail("cannot read " + path);
    }
    const size_t width = value_T::width, digits = (lanes * width + 3) / 4;
    std::string word;
    unsigned address = 0;
    for (; file >> word; address++) {
        if (word.size() != digits || word.find_first_not_of("0123456789abcdef") != std::string::npos) {
            fail(path + " holds '" + word + "', which is no word of " + std::to_string(digits) + " hexadecimal digits");
        }
        for (size_t lane = 0; lane < lanes && address < words; lane++) {
            unsigned long long pattern = 0;
            for (size_t bit = lane * width; bit < (lane + 1) * width; bit++) {
                const char digit = word[digits - 1 - bit / 4];
                const unsigned nibble = digit <= '9' ? digit - '0' : digit - 'a' + 10;
                pattern |= static_cast<unsigned long long>(nibble >> bit % 4 & 1) << (bit - lane * width);
            }
            memory[lane * words + address] = from_code<value_T>(pattern);
        }
    }
    if (address != words) {
        fail(path + " holds " + std::to_string(address) + " words, and must hold " + std::to_string(words));
    }
}

inline std::string place(const Output &output, unsigned position) {
    std::string text = output.name;
    if (output.steps > 1) {
        text += ", step " + std::to_string(position / output.width);
    }
    if (output.size() > 1) {
        text += ", unit " + std::to_string(position % output.width);
    }
    return text;
}

// Compares what was found of one window with its recorded codes; returns the mismatches, and tells of the first of all.
inline unsigned long long compare(const std::vector<Output> &outputs, const long long *expected, const Codes &found,
                                  size_t window, bool first) {
    unsigned long long mismatches = 0;
    size_t column = 0;
    for (size_t o = 0; o < outputs.size(); o++) {
        for (unsigned position = 0; position < outputs[o].size() && column < found.size(); position++, column++) {
            if (found[column] == expected[column]) {
                continue;
            }
            if (first && !mismatches) {
                std::cout << "first mismatch: window " << window << ", " << place(outputs[o], position) << ": expected "
                          << expected[column] << ", found " << found[column] << std::endl;
            }
            mismatches++;
        }
    }
    return mismatches;
}

// Arguments: files of windows, of expected codes, and to write found codes to, and where weights are behind ports, the directory of
// the memories' files. Without them, as a vendor's tool calls it, those
// of tb_data; its log then holds the ports alone, so that it can be compared with that of the RTL.
inline int run_testbench(int argc, char **argv, unsigned inputs, const std::vector<Output> &outputs,
                         void (*run_window)(const Codes &, Codes &)) {
#ifdef RTL_SIM
    const char *log = "tb_data/rtl_cosim_results.log";
#else
    const char *log = "tb_data/csim_results.log";
#endif
    unsigned per_window = 0, ports = 0;
    for (size_t o = 0; o < outputs.size(); o++) {
        per_window += outputs[o].size();
        ports += outputs[o].port ? outputs[o].size() : 0;
    }
    const Codes windows = read_codes(argc > 1 ? argv[1] : "tb_data/windows.txt", inputs);
    const Codes expected = read_codes(argc > 2 ? argv[2] : "tb_data/expected.txt", per_window);
    const size_t n = windows.size() / inputs;
    if (expected.size() / per_window != n) {
        fail("there are " + std::to_string(n) + " windows, and expected codes of " +
             std::to_string(expected.size() / per_window));
    }
    std::ofstream file(argc > 3 ? argv[3] : log);
    unsigned long long compared = 0, mismatches = 0;
    for (size_t w = 0; w < n; w++) {
        Codes raw(windows.begin() + w * inputs, windows.begin() + (w + 1) * inputs), found;
        run_window(raw, found);
        mismatches += compare(outputs, &expected[w * per_window], found, w, mismatches == 0);
        compared += found.size();
        const size_t logged = argc > 3 ? found.size() : ports;
        for (size_t k = 0; k < logged; k++) {
            file << (k ? " " : "") << found[k];
        }
        file << "\n";
    }
    file.close();
    if (!file) {
        fail("cannot write the found codes");
    }
    std::cout << "compared " << compared << " codes of " << n << " windows: " << mismatches << " mismatches" << std::endl;
    return mismatches ? 1 : 0;
}

} // namespace hwt

#endif
