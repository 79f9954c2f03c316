// The two ends of an AXI4-Stream: one that sends samples, one that receives what the design puts out.
#pragma once
#include <cstring>
#include <vector>

#include "hwt_files.h"
#include "hwt_random.h"

// Verilator keeps a port in the smallest of four integer types, or in an array of 32-bit words: bytes in order, on a
// little-endian machine. The bits above the port's width must stay 0, so only the port's own bytes are written.
template <class Port>
void set_bytes(Port& port, const uint8_t* bytes, size_t count) {
    std::memcpy(static_cast<void*>(&port), bytes, count);
}

// Features of `size` bytes each, side by side in a port, as codes.
template <class Port>
void get_codes(const Port& port, int64_t* codes, size_t count, size_t size, bool is_signed) {
    const uint8_t* bytes = reinterpret_cast<const uint8_t*>(&port);
    for (size_t k = 0; k < count; ++k) {
        uint64_t code = 0;
        std::memcpy(&code, bytes + k * size, size);
        const unsigned unused = 64 - 8 * unsigned(size);
        codes[k] = is_signed ? int64_t(code << unused) >> unused : int64_t(code);
    }
}

// Sends beats. A beat that is offered stays until it is accepted: TVALID and TDATA wait for TREADY.
class Source {
public:
    Source(const std::vector<int64_t>& codes, size_t features, size_t size, Pauses pauses)
        : codes(codes), features(features), size(size), pauses(pauses), bytes(features * size) {}

    // Decide what this cycle offers, and tell whether it is a beat. `hold`: begin no new one; `end`: the beats there are.
    bool offer(bool hold, int64_t end) {
        const bool pause = pauses.now();
        if (!offered && !pause && !hold && next < end) {
            offered = true;
            const int64_t* row = codes.data() + size_t(next) * features;
            for (size_t k = 0; k < features; ++k) std::memcpy(bytes.data() + k * size, row + k, size);
        }
        return offered;
    }
    void accept() {
        offered = false;
        ++next;
        // What lies on the wires between beats must not matter.
        for (uint8_t& byte : bytes) byte = uint8_t(~byte);
    }
    void withdraw() { offered = false; }
    bool pending() const { return offered; }
    int64_t position() const { return next; }
    void jump(int64_t beat) { next = beat; }
    const std::vector<uint8_t>& data() const { return bytes; }

private:
    const std::vector<int64_t>& codes;
    size_t features, size;
    Pauses pauses;
    std::vector<uint8_t> bytes;
    bool offered = false;
    int64_t next = 0;
};

// Checks that a sender keeps its word: once VALID is 1, it and the payload stay until READY is 1.
class Promise {
public:
    Promise(const char* name, size_t words) : name(name), held(words) {}
    void observe(bool valid, bool ready, const int64_t* payload, int64_t cycle) {
        if (waiting) {
            if (!valid) give_up(EXIT_FAILED, "%s: valid fell before ready came, in cycle %lld", name, (long long)cycle);
            if (std::memcmp(held.data(), payload, held.size() * sizeof(int64_t)) != 0)
                give_up(EXIT_FAILED, "%s: what is sent changed before ready came, in cycle %lld", name, (long long)cycle);
        }
        waiting = valid && !ready;
        if (waiting) std::memcpy(held.data(), payload, held.size() * sizeof(int64_t));
    }
    void forget() { waiting = false; }

private:
    const char* name;
    bool waiting = false;
    std::vector<int64_t> held;
};
