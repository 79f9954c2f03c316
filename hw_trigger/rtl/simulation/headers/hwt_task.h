// What one simulation is to do; hw_trigger/rtl/simulation/exchange.py writes it in this order.
#pragma once
#include <string>
#include <vector>

#include "hwt_files.h"

enum class Kind : int64_t { write, read, hard_reset, soft_reset };
enum class Clock : int64_t { cycle, beats, results };

struct Event {
    Kind kind;
    Clock clock;        // what is counted until it begins: cycles, or beats accepted or results received since the last reset
    int64_t moment;
    uint32_t address;   // of the register
    int64_t value;      // what is written; for a hardware reset how many cycles it lasts
};

struct Task {
    int64_t seed, patience, settle, burst;
    int64_t chance[4];                 // of a pause, in 2^-32: input, result, output, registers
    std::vector<int64_t> segment_end;  // beats up to each reset, and up to the end
    std::vector<int64_t> wrong_last;   // beats whose TLAST is inverted, ascending
    std::vector<Event> events;

    explicit Task(Words words) {
        seed = words.next();
        patience = words.next();
        settle = words.next();
        burst = words.next();
        for (int64_t& each : chance) each = words.next();
        segment_end.resize(size_t(words.next()));
        for (int64_t& each : segment_end) each = words.next();
        wrong_last.resize(size_t(words.next()));
        for (int64_t& each : wrong_last) each = words.next();
        events.resize(size_t(words.next()));
        for (Event& each : events) {
            each.kind = Kind(words.next());
            each.clock = Clock(words.next());
            each.moment = words.next();
            each.address = uint32_t(words.next());
            each.value = words.next();
        }
    }
};
