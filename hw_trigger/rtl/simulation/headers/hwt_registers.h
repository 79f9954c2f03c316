// The master of the AXI4-Lite registers: one access at a time, each channel with pauses of its own.
#pragma once
#include "hwt_streams.h"

template <class Design>
class Registers {
public:
    Registers(Design& top, uint64_t seed, uint64_t chance, uint64_t burst)
        : top(top), address_pauses(seed, 3, chance, burst), data_pauses(seed, 4, chance, burst),
          response_pauses(seed, 5, chance, burst) {}

    void write(uint32_t address, uint32_t value) {
        top.s_axi_awaddr = address;
        top.s_axi_wdata = value;
        top.s_axi_wstrb = 0xF;
        address_open = data_open = true;
        writing = true;
    }
    void read(uint32_t address) {
        top.s_axi_araddr = address;
        address_open = true;
        reading = true;
    }
    bool busy() const { return writing || reading; }

    // Set the wires of this cycle. VALID, once 1, stays until READY; a pause delays it, or READY of the response.
    void drive() {
        const bool address_pause = address_pauses.now(), data_pause = data_pauses.now(), pause = response_pauses.now();
        if (address_open && !address_pause) (writing ? top.s_axi_awvalid : top.s_axi_arvalid) = 1;
        if (data_open && !data_pause) top.s_axi_wvalid = 1;
        top.s_axi_bready = writing && !pause;
        top.s_axi_rready = reading && !pause;
    }

    // Look at the settled wires of this cycle; true when the access ends with it.
    bool observe(int64_t cycle) {
        const int64_t b = top.s_axi_bresp, r[2] = {top.s_axi_rresp, top.s_axi_rdata};
        write_promise.observe(top.s_axi_bvalid, top.s_axi_bready, &b, cycle);
        read_promise.observe(top.s_axi_rvalid, top.s_axi_rready, r, cycle);
        // AXI: a response follows its request, never comes with or before it.
        if ((top.s_axi_bvalid && (!writing || address_open || data_open)) || (top.s_axi_rvalid && (!reading || address_open)))
            give_up(EXIT_FAILED, "s_axi: a response that nothing asked for, in cycle %lld", (long long)cycle);
        accepted_address = (top.s_axi_awvalid && top.s_axi_awready) || (top.s_axi_arvalid && top.s_axi_arready);
        accepted_data = top.s_axi_wvalid && top.s_axi_wready;
        if (top.s_axi_bvalid && top.s_axi_bready) {
            writing = false;
            response = b;
            value = 0;
            return true;
        }
        if (top.s_axi_rvalid && top.s_axi_rready) {
            reading = false;
            response = r[0];
            value = r[1];
            return true;
        }
        return false;
    }

    // Behind the clock edge: what was accepted is no longer offered.
    void advance() {
        if (accepted_address) {
            top.s_axi_awvalid = top.s_axi_arvalid = 0;
            address_open = false;
        }
        if (accepted_data) {
            top.s_axi_wvalid = 0;
            data_open = false;
        }
        accepted_address = accepted_data = false;
    }

    void forget() {
        write_promise.forget();
        read_promise.forget();
    }

    int64_t value = 0, response = 0;  // of the access that ended last

private:
    Design& top;
    Pauses address_pauses, data_pauses, response_pauses;
    Promise write_promise{"s_axi_b", 1}, read_promise{"s_axi_r", 2};
    bool writing = false, reading = false, address_open = false, data_open = false;
    bool accepted_address = false, accepted_data = false;
};
