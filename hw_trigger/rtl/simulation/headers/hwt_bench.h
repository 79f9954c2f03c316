// Drives a design through its ports, cycle by cycle. The including file defines its shape (templates/simulate.cpp.jinja).
//
// A cycle ends with a rising edge of the clock. Within it the wires are set, settle, are looked at, and the edge comes; a
// transfer has the number of the cycle whose edge makes it. Cycle 0 is the first after the reset at the start.
#pragma once
#include <algorithm>
#include <memory>

#include "hwt_registers.h"
#include "hwt_task.h"

constexpr int START_RESET = 4;              // cycles of the reset at the start
constexpr int64_t REPORT = int64_t(1) << 18;  // cycles between two words of progress

class Bench {
public:
    Bench(VerilatedContext& context, Task given, std::vector<int64_t> samples, const std::string& directory)
        : task(std::move(given)), codes(std::move(samples)), top(&context),
          source(codes, N_FEATURES, INPUT_BYTES, pauses(0)), result_pauses(pauses(1)), output_pauses(pauses(2)),
          registers(top, uint64_t(task.seed), uint64_t(task.chance[3]), uint64_t(task.burst)),
          inputs(directory + "/inputs.bin"), results(directory + "/results.bin"), outputs(directory + "/outputs.bin"),
          done(directory + "/events.bin") {}

    // Returns the number of cycles.
    int64_t run(Waveform& waveform) {
        waveform.open(top);
        reset_at_start();
        for (; settling < task.settle; ++cycle) {
            begin_event();
            drive();
            top.aclk = 0;
            top.eval();
            waveform.dump(10 * cycle);
            if (reset_left == 0) observe();
            top.aclk = 1;
            top.eval();
            waveform.dump(10 * cycle + 5);
            advance();
            watch();
        }
        report();
        for (Records* each : {&inputs, &results, &outputs, &done}) each->close();
        return cycle;
    }

private:
    Pauses pauses(int stream) const {
        return Pauses(uint64_t(task.seed), uint64_t(stream), uint64_t(task.chance[stream]), uint64_t(task.burst));
    }

    void reset_at_start() {
        top.aresetn = 0;
        top.s_axis_tvalid = 0;
        top.s_axi_awvalid = top.s_axi_wvalid = top.s_axi_arvalid = 0;
        for (int count = 0; count < START_RESET; ++count) {
            top.aclk = 0;
            top.eval();
            top.aclk = 1;
            top.eval();
        }
        top.aresetn = 1;
    }

    bool events_left() const { return event < task.events.size(); }

    bool due(const Event& next) const {
        if (next.clock == Clock::cycle) return cycle >= next.moment;
        return (next.clock == Clock::beats ? source.position() - first_beat : results.count() - first_result) >= next.moment;
    }

    void begin_event() {
        if (!events_left() || reset_left > 0 || registers.busy()) return;
        const Event& next = task.events[event];
        if (!begun) {
            if (!due(next)) return;
            begun = true;
            event_cycle = cycle;
            progress = cycle;
        }
        switch (next.kind) {
            case Kind::write: registers.write(next.address, uint32_t(next.value)); break;
            case Kind::read: registers.read(next.address); break;
            case Kind::hard_reset:
                reset_left = next.value;
                source.withdraw();
                forget();
                break;
            case Kind::soft_reset:  // the sample on offer is let in first: a sender may not take it back
                hold = true;
                if (source.pending()) return;
                soft = true;
                registers.write(next.address, uint32_t(next.value));
                break;
        }
    }

    void end_event(int64_t value, int64_t response) {
        const int64_t row[] = {event_cycle, cycle, value, response, inputs.count(), results.count(), outputs.count()};
        done.add(row, std::size(row));
        begun = false;
        progress = cycle;
        const Kind kind = task.events[event++].kind;
        if (kind != Kind::hard_reset && kind != Kind::soft_reset) return;
        hold = soft = false;
        forget();
        source.jump(task.segment_end[segment++]);
        first_beat = source.position();
        first_input = inputs.count();
        first_result = results.count();
        first_output = outputs.count();
    }

    void forget() {
        result_promise.forget();
        output_promise.forget();
        registers.forget();
    }

    void drive() {
        top.aresetn = reset_left == 0;
        if (!source.offer(hold || reset_left > 0, task.segment_end[segment])) {
            top.s_axis_tvalid = 0;
        } else {
            const int64_t beat = source.position();
            while (wrong < task.wrong_last.size() && task.wrong_last[wrong] < beat) ++wrong;
            const bool invert = wrong < task.wrong_last.size() && task.wrong_last[wrong] == beat;
            top.s_axis_tvalid = 1;
            top.s_axis_tlast = ((beat - first_beat) / N_CHANNELS % N_STEPS == N_STEPS - 1) != invert;
        }
        set_bytes(top.s_axis_tdata, source.data().data(), source.data().size());
        const bool result_pause = result_pauses.now(), output_pause = output_pauses.now();
#if HAS_RESULT
        top.m_axis_tready = !result_pause;
#endif
#if HAS_OUTPUT
        top.m_axis_output_tready = !output_pause;
#endif
        (void)result_pause, (void)output_pause;
        registers.drive();
    }

    void observe() {
        if (top.s_axis_tvalid && top.s_axis_tready) {
            inputs.add(&cycle, 1);
            accepted = true;
            progress = cycle;
        }
#if HAS_RESULT
        int64_t row[5] = {cycle, 0, top.m_axis_tuser, top.m_axis_tlast, 0};
        if (top.m_axis_tvalid) get_codes(top.m_axis_tdata, row + 1, 1, SCORE_BYTES, SCORE_SIGNED);
#if N_CHANNELS > 1
        row[4] = top.m_axis_tid;
#endif
        if (!soft) result_promise.observe(top.m_axis_tvalid, top.m_axis_tready, row + 1, cycle);
        if (top.m_axis_tvalid && top.m_axis_tready) {
            const int64_t count = results.count() - first_result, window = count / N_CHANNELS;
            const int64_t needed = (window * N_STEPS + N_STEPS - 1) * N_CHANNELS + count % N_CHANNELS + 1;
            // No result comes before its window's last sample, and none too many: that too would be before its time.
            if (inputs.count() - first_input < needed)
                give_up(EXIT_FAILED, "m_axis: result %lld came after %lld of the %lld samples that it needs, in cycle %lld",
                        (long long)count, (long long)(inputs.count() - first_input), (long long)needed, (long long)cycle);
            results.add(row, std::size(row));
            progress = cycle;
        }
#endif
#if HAS_OUTPUT
        int64_t output[2 + N_OUTPUTS];
        output[0] = cycle;
        output[1] = top.m_axis_output_tlast;
        if (top.m_axis_output_tvalid)
            get_codes(top.m_axis_output_tdata, output + 2, N_OUTPUTS, OUTPUT_BYTES, OUTPUT_SIGNED);
        if (!soft) output_promise.observe(top.m_axis_output_tvalid, top.m_axis_output_tready, output + 1, cycle);
        if (top.m_axis_output_tvalid && top.m_axis_output_tready) {
            const int64_t count = outputs.count() - first_output;
            const int64_t begun_windows = (inputs.count() - first_input + N_STEPS * N_CHANNELS - 1) / (N_STEPS * N_CHANNELS);
            if (count >= begun_windows * OUTPUTS_PER_WINDOW)
                give_up(EXIT_FAILED, "m_axis_output: vector %lld came before its window began, in cycle %lld",
                        (long long)count, (long long)cycle);
            outputs.add(output, std::size(output));
            progress = cycle;
        }
#endif
        if (registers.observe(cycle)) finished = true;
    }

    // Behind the edge.
    void advance() {
        registers.advance();
        if (accepted) source.accept();
        accepted = false;
        if (finished) end_event(registers.value, registers.response);
        finished = false;
        if (reset_left > 0 && --reset_left == 0) end_event(0, 0);
    }

    void watch() {
        const int64_t windows = (source.position() - first_beat) / (N_STEPS * N_CHANNELS);
        const bool all_sent = segment + 1 == task.segment_end.size() && source.position() == task.segment_end[segment];
        const bool all_there = (!HAS_RESULT || results.count() - first_result == windows * N_CHANNELS) &&
                               (!HAS_OUTPUT || outputs.count() - first_output == windows * OUTPUTS_PER_WINDOW);
        if (all_sent && all_there && !events_left()) {
            ++settling;  // what comes now is too much, and fails
            return;
        }
        if (all_sent && all_there && task.events[event].clock == Clock::cycle && !begun) progress = cycle;
        if (cycle - progress >= task.patience)
            give_up(EXIT_FAILED,
                    "nothing moved for %lld cycles up to cycle %lld: %lld of %lld samples were accepted, %lld results and %lld "
                    "vectors came, %lld of %lld events were done",
                    (long long)task.patience, (long long)cycle, (long long)source.position(),
                    (long long)task.segment_end.back(), (long long)results.count(), (long long)outputs.count(),
                    (long long)event, (long long)task.events.size());
        if (cycle % REPORT == REPORT - 1) report();
    }

    void report() {
        const int64_t windows = HAS_RESULT ? results.count() / N_CHANNELS : outputs.count() / OUTPUTS_PER_WINDOW;
        std::printf("windows %lld\n", (long long)windows);
        std::fflush(stdout);
    }

    Task task;
    std::vector<int64_t> codes;
    Vdesign top;
    Source source;
    Pauses result_pauses, output_pauses;
    Promise result_promise{"m_axis", 4}, output_promise{"m_axis_output", 1 + N_OUTPUTS};
    Registers<Vdesign> registers;
    Records inputs, results, outputs, done;
    int64_t cycle = 0, progress = 0, settling = 0, reset_left = 0, event_cycle = 0;
    // Where the stretch since the last reset begins: among the samples given, and among what was recorded.
    int64_t first_beat = 0, first_input = 0, first_result = 0, first_output = 0;
    size_t event = 0, segment = 0, wrong = 0;
    bool begun = false, hold = false, soft = false, accepted = false, finished = false;
};

// simulate DIRECTORY [WAVEFORM FIRST LAST]: reads task.bin and samples.bin there, and writes what it saw beside them.
inline int bench_main(int count, char** arguments) {
    VerilatedContext context;
    Waveform waveform(context, count, arguments);
    try {
        const std::string directory = arguments[1];
        Task task{Words(directory + "/task.bin")};
        context.randReset(2);  // registers without an initial value begin with random ones
        context.randSeed(int(task.seed % 0x3FFFFFFF) + 1);
        // On the heap: a large design is larger than a stack.
        auto bench = std::make_unique<Bench>(context, std::move(task), read_words(directory + "/samples.bin"), directory);
        const int64_t cycles = bench->run(waveform);
        waveform.close();
        std::printf("done %lld\n", (long long)cycles);
        return 0;
    } catch (const Failure& failure) {
        waveform.close();  // it shows what went wrong
        std::printf("failed %s\n", failure.message.c_str());
        return failure.code;
    }
}
