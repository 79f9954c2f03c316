// Conversions, products and sums of the ap_fixed headers, over a table of formats, for the tests to compare with.
//
// Everything is exchanged as integer codes. The table names its own formats, so that the tests cannot take one for another.

#include "ap_fixed.h"
#include <stdint.h>

// What is converted from; a source's own modes do not matter.
#define EACH_SOURCE(DO)                                                                                                \
    DO(0, ap_fixed, 1, 1)                                                                                              \
    DO(1, ap_fixed, 3, 2)                                                                                              \
    DO(2, ap_fixed, 8, 3)                                                                                              \
    DO(3, ap_fixed, 12, -3)                                                                                            \
    DO(4, ap_fixed, 10, 14)                                                                                            \
    DO(5, ap_fixed, 20, 6)                                                                                             \
    DO(6, ap_fixed, 53, 24)                                                                                            \
    DO(7, ap_fixed, 63, 20)                                                                                            \
    DO(8, ap_ufixed, 1, 0)                                                                                             \
    DO(9, ap_ufixed, 9, 2)                                                                                             \
    DO(10, ap_ufixed, 12, 12)                                                                                          \
    DO(11, ap_ufixed, 40, 10)                                                                                          \
    DO(12, ap_ufixed, 62, 31)
#define SOURCES 13

// What is converted to, in each of the 28 pairs of modes.
#define EACH_TARGET(DO)                                                                                                \
    DO(0, ap_fixed, 1, 1)                                                                                              \
    DO(1, ap_fixed, 1, -2)                                                                                             \
    DO(2, ap_fixed, 2, 1)                                                                                              \
    DO(3, ap_fixed, 4, 7)                                                                                              \
    DO(4, ap_fixed, 6, -2)                                                                                             \
    DO(5, ap_fixed, 8, 2)                                                                                              \
    DO(6, ap_fixed, 16, 6)                                                                                             \
    DO(7, ap_fixed, 53, 20)                                                                                            \
    DO(8, ap_fixed, 63, 30)                                                                                            \
    DO(9, ap_fixed, 5, 60)                                                                                             \
    DO(10, ap_ufixed, 1, 0)                                                                                            \
    DO(11, ap_ufixed, 3, 6)                                                                                            \
    DO(12, ap_ufixed, 5, -3)                                                                                           \
    DO(13, ap_ufixed, 8, 0)                                                                                            \
    DO(14, ap_ufixed, 10, 2)                                                                                           \
    DO(15, ap_ufixed, 62, 31)

// Factors and summands.
#define EACH_OPERAND(DO)                                                                                               \
    DO(0, ap_fixed, 1, 1)                                                                                              \
    DO(1, ap_fixed, 8, 2)                                                                                              \
    DO(2, ap_fixed, 12, -3)                                                                                            \
    DO(3, ap_fixed, 16, 20)                                                                                            \
    DO(4, ap_fixed, 31, 9)                                                                                             \
    DO(5, ap_ufixed, 1, 0)                                                                                             \
    DO(6, ap_ufixed, 8, 0)                                                                                             \
    DO(7, ap_ufixed, 16, 4)

typedef void (*Convert)(const int64_t *codes, int64_t *results, long count);
typedef void (*Quantize)(const double *values, int64_t *results, long count);
typedef void (*Combine)(const int64_t *left, const int64_t *right, int64_t *results, long count);

template <class Source, class Target> void convert(const int64_t *codes, int64_t *results, long count) {
    for (long k = 0; k < count; k++) {
        Source source;
        source.V = codes[k];
        Target target = source;
        results[k] = (int64_t)target.V;
    }
}

template <class Target> void quantize(const double *values, int64_t *results, long count) {
    for (long k = 0; k < count; k++) {
        Target target = values[k];
        results[k] = (int64_t)target.V;
    }
}

template <class Left, class Right> void multiply(const int64_t *left, const int64_t *right, int64_t *results, long count) {
    for (long k = 0; k < count; k++) {
        Left a;
        Right b;
        a.V = left[k];
        b.V = right[k];
        results[k] = (int64_t)(a * b).V;
    }
}

template <class Left, class Right> void add(const int64_t *left, const int64_t *right, int64_t *results, long count) {
    for (long k = 0; k < count; k++) {
        Left a;
        Right b;
        a.V = left[k];
        b.V = right[k];
        results[k] = (int64_t)(a + b).V;
    }
}

template <int N> struct Source;
#define DEFINE_SOURCE(N, TYPE, W, I)                                                                                   \
    template <> struct Source<N> {                                                                                     \
        typedef TYPE<W, I> Type;                                                                                       \
        static const char *name() { return #TYPE "<" #W "," #I ">"; }                                                  \
    };
EACH_SOURCE(DEFINE_SOURCE)

struct Conversion {
    const char *source, *target;
    Convert convert;
    Quantize quantize;
};

// All sources with all targets in all modes would compile for minutes: every target in every mode has one source, and that
// changes from mode to mode so that each source meets each target.
#define CONVERSION(S, TYPE, W, I, Q, O)                                                                                \
    {Source<(S) % SOURCES>::name(), #TYPE "<" #W "," #I "," #Q "," #O ">",                                             \
     convert<Source<(S) % SOURCES>::Type, TYPE<W, I, Q, O> >, quantize<TYPE<W, I, Q, O> >},
#define OVERFLOWS(N, M, TYPE, W, I, Q)                                                                                 \
    CONVERSION(N + M, TYPE, W, I, Q, AP_WRAP)                                                                                \
    CONVERSION(N + M + 1, TYPE, W, I, Q, AP_SAT)                                                                             \
    CONVERSION(N + M + 2, TYPE, W, I, Q, AP_SAT_SYM)                                                                         \
    CONVERSION(N + M + 3, TYPE, W, I, Q, AP_SAT_ZERO)
#define CONVERSIONS(N, TYPE, W, I)                                                                                     \
    OVERFLOWS(N, 0, TYPE, W, I, AP_TRN)                                                                                \
    OVERFLOWS(N, 4, TYPE, W, I, AP_TRN_ZERO)                                                                           \
    OVERFLOWS(N, 8, TYPE, W, I, AP_RND)                                                                                \
    OVERFLOWS(N, 12, TYPE, W, I, AP_RND_ZERO)                                                                          \
    OVERFLOWS(N, 16, TYPE, W, I, AP_RND_INF)                                                                           \
    OVERFLOWS(N, 20, TYPE, W, I, AP_RND_MIN_INF)                                                                       \
    OVERFLOWS(N, 24, TYPE, W, I, AP_RND_CONV)
static const Conversion conversions[] = {EACH_TARGET(CONVERSIONS)};

struct Operand {
    const char *name;
    const Combine *products, *sums;
};

#define PRODUCT(N, TYPE, W, I) multiply<Left, TYPE<W, I> >,
#define SUM(N, TYPE, W, I) add<Left, TYPE<W, I> >,
template <class Left> struct With {
    static const Combine products[], sums[];
};
template <class Left> const Combine With<Left>::products[] = {EACH_OPERAND(PRODUCT)};
template <class Left> const Combine With<Left>::sums[] = {EACH_OPERAND(SUM)};

#define OPERAND(N, TYPE, W, I) {#TYPE "<" #W "," #I ">", With<TYPE<W, I> >::products, With<TYPE<W, I> >::sums},
static const Operand operands[] = {EACH_OPERAND(OPERAND)};

extern "C" {
int conversion_count() { return sizeof conversions / sizeof *conversions; }
const char *conversion_source(int k) { return conversions[k].source; }
const char *conversion_target(int k) { return conversions[k].target; }
void conversion_codes(int k, const int64_t *codes, int64_t *results, long count) {
    conversions[k].convert(codes, results, count);
}
void conversion_values(int k, const double *values, int64_t *results, long count) {
    conversions[k].quantize(values, results, count);
}
int operand_count() { return sizeof operands / sizeof *operands; }
const char *operand_name(int k) { return operands[k].name; }
void product_codes(int left, int right, const int64_t *a, const int64_t *b, int64_t *results, long count) {
    operands[left].products[right](a, b, results, count);
}
void sum_codes(int left, int right, const int64_t *a, const int64_t *b, int64_t *results, long count) {
    operands[left].sums[right](a, b, results, count);
}
}
