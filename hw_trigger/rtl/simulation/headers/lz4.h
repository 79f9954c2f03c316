// Stands in for the LZ4 library, which Verilator's writer of FST files asks for and few machines have with its headers.
// A block of LZ4 may hold literals only: valid for every reader, and 0.4% longer than the data. The writer then stores the data
// as they are where that is shorter.
#pragma once
#include <cstring>

inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

inline int LZ4_compress_default(const char* from, char* to, int size, int capacity) {
    if (capacity < LZ4_compressBound(size)) return 0;
    char* end = to;
    // Token: length of the literals in the upper four bits; 15 means that bytes follow which are added to it, up to one below 255.
    *end++ = char((size < 15 ? size : 15) << 4);
    if (size >= 15) {
        int rest = size - 15;
        for (; rest >= 255; rest -= 255) *end++ = char(255);
        *end++ = char(rest);
    }
    std::memcpy(end, from, size_t(size));
    return int(end - to) + size;
}
