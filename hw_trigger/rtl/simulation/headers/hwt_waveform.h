// A waveform of some cycles, where the simulation was built for it: cycle n is the time from 10 n to 10 n + 10, its edge at 10 n + 5.
#pragma once
#include <memory>

#ifdef TRACE_CLASS
class Waveform {
public:
    Waveform(VerilatedContext& context, int count, char** arguments) {
        if (count < 5) return;
        path = arguments[2];
        first = 10 * std::atoll(arguments[3]);
        last = 10 * std::atoll(arguments[4]) + 10;
        context.traceEverOn(true);
    }
    template <class Design>
    void open(Design& top) {
        if (path == nullptr) return;
        file = std::make_unique<TRACE_CLASS>();
        top.trace(file.get(), 99);
        file->open(path);
        if (!file->isOpen()) give_up(EXIT_FILES, "cannot write %s", path);
    }
    void dump(int64_t time) {
        if (file != nullptr && time >= first && time < last) file->dump(uint64_t(time));
    }
    void close() {
        if (file != nullptr) file->close();
    }

private:
    const char* path = nullptr;
    int64_t first = 0, last = 0;
    std::unique_ptr<TRACE_CLASS> file;
};
#else
class Waveform {
public:
    Waveform(VerilatedContext&, int, char**) {}
    template <class Design>
    void open(Design&) {}
    void dump(int64_t) {}
    void close() {}
};
#endif
