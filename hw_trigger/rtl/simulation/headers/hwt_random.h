// Reproducible random pauses of one side of a stream.
#pragma once
#include <cstdint>

// xorshift64*: small and quick; its quality is beyond what pauses need.
class Random {
public:
    explicit Random(uint64_t seed) : state(seed * 0x9E3779B97F4A7C15ull + 0xD1B54A32D192ED03ull) {
        if (state == 0) state = 1;
    }
    uint32_t next() {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return uint32_t((state * 0x2545F4914F6CDD1Dull) >> 32);
    }

private:
    uint64_t state;
};

// In each cycle that is no pause, one begins with a probability of `chance` / 2^32 and lasts 1 to `burst` cycles.
class Pauses {
public:
    Pauses(uint64_t seed, uint64_t stream, uint64_t chance, uint64_t burst)
        : random(seed * 8 + stream), chance(chance), burst(burst) {}

    // Call once a cycle: tells whether this cycle is one of a pause.
    bool now() {
        if (chance == 0) return false;
        if (left == 0 && random.next() < chance) left = 1 + random.next() % burst;
        if (left == 0) return false;
        --left;
        return true;
    }

private:
    Random random;
    uint64_t chance, burst, left = 0;
};
