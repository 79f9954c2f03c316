// Clocks a module `bench` and prints what it puts out in every cycle, in hexadecimal.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "Vbench.h"
#include "verilated.h"

double sc_time_stamp() { return 0; }

int main(int, char** argv) {
    const int cycles = std::atoi(argv[1]);
    uint64_t state = 88172645463325252u;
    VerilatedContext context;
    Vbench bench(&context);
    for (int cycle = 0; cycle < cycles; ++cycle) {
        for (auto word = 0; word < 4; ++word) {
            state ^= state << 13;  // Marsaglia's xorshift
            state ^= state >> 7;
            state ^= state << 17;
            bench.random[word] = uint32_t(state >> 16);
        }
        bench.clk = 0;
        bench.eval();
        bench.clk = 1;
        bench.eval();
        for (unsigned word = sizeof(bench.result) / 4; word-- > 0;) std::printf("%08x", bench.result[word]);
        std::printf("\n");
    }
    return 0;
}
