// Behaviour of block RAMs of the 7-series (UG473) and of UltraScale+ (UG573) as Yosys uses them, for simulating a netlist: no
// output registers, cascades, error correction or asymmetric widths of one port; other modes end the simulation with an error.

// The core: bytes of 9 bits, the ninth their parity bit. Addresses count bits, without parity. A port of 1, 2 or 4 bits has none.
module hwt_block_ram #(
    parameter integer BYTES = 2048, READ_A = 0, READ_B = 0, WRITE_A = 0, WRITE_B = 0,
    parameter MODE_A = "NO_CHANGE", MODE_B = "NO_CHANGE",
    parameter [BYTES*8-1:0] DATA = 0,
    parameter [BYTES-1:0] PARITY = 0,
    parameter [35:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0  // outputs at the start, and after a reset
) (
    input clk_a, enable_a, reset_a, input [14:0] address_a, input [7:0] write_a, input [71:0] in_a, output reg [71:0] out_a,
    input clk_b, enable_b, reset_b, input [14:0] address_b, input [7:0] write_b, input [71:0] in_b, output reg [71:0] out_b
);
    localparam integer HALF = BYTES == 2048 ? 18 : 36;  // bits of a port, of which the widest words take two
    reg [8:0] bytes [0:BYTES-1];
    integer i, j, k;

    initial begin
        for (i = 0; i < BYTES; i = i + 1) bytes[i] = {PARITY[i], DATA[i*8 +: 8]};
        out_a = start(READ_A, INIT_A, INIT_B);
        out_b = start(READ_B, INIT_B, 0);
        if (READ_A != 0 && WRITE_A != 0 && READ_A != WRITE_A) $fatal(1, "block RAM %m: port A reads %0d and writes %0d", READ_A, WRITE_A);
        if (READ_B != 0 && WRITE_B != 0 && READ_B != WRITE_B) $fatal(1, "block RAM %m: port B reads %0d and writes %0d", READ_B, WRITE_B);
    end

    // Ports carry {parity, data} as the cells do; a word here is whole bytes, or a part of one.
    function [71:0] word(input integer width, input [14:0] address);
        integer n;
        begin
            word = 0;
            if (width >= 9) begin
                for (n = 0; n < 8; n = n + 1)
                    if (n < width / 9) begin
                        word[n*8 +: 8] = bytes[(address / 8 / (width / 9) * (width / 9) + n) % BYTES][7:0];
                        word[64 + n] = bytes[(address / 8 / (width / 9) * (width / 9) + n) % BYTES][8];
                    end
            end else if (width > 0) begin
                for (n = 0; n < 4; n = n + 1)
                    if (n < width) word[n] = bytes[(address / 8) % BYTES][(address % 8) / width * width + n];
            end
        end
    endfunction

    // A word that parameters of the cell give: data below, parity above it; the second half of the widest words is the other
    // port's.
    function [71:0] start(input integer width, input [35:0] own, input [35:0] other);
        integer n, m;
        begin
            start = width < 9 ? {36'b0, own} : 72'b0;
            m = width > HALF ? HALF / 9 : width / 9;
            for (n = 0; n < 8; n = n + 1)
                if (n < m) begin
                    start[n*8 +: 8] = own[n*8 +: 8];
                    start[64 + n] = own[m*8 + n];
                end else if (n < width / 9) begin
                    start[n*8 +: 8] = other[(n-m)*8 +: 8];
                    start[64 + n] = other[m*8 + n - m];
                end
        end
    endfunction

    // What a word is after a write.
    function [71:0] merged(input integer width, input [71:0] old, input [71:0] value, input [7:0] enables);
        integer n;
        begin
            merged = old;
            for (n = 0; n < 8; n = n + 1)
                if (enables[n] && n < (width + 8) / 9) begin
                    merged[n*8 +: 8] = value[n*8 +: 8];
                    merged[64 + n] = value[64 + n];
                end
        end
    endfunction

    always @(posedge clk_a) if (enable_a) begin
        if (WRITE_A != 0)
            for (j = 0; j < 8; j = j + 1)
                if (write_a[j] && j < (WRITE_A + 8) / 9) begin
                    if (WRITE_A >= 9)
                        bytes[(address_a / 8 / ((WRITE_A + 8) / 9) * ((WRITE_A + 8) / 9) + j) % BYTES] <= {in_a[64+j], in_a[j*8 +: 8]};
                    else if (WRITE_A == 4) bytes[(address_a / 8) % BYTES][address_a % 8 / 4 * 4 +: 4] <= in_a[3:0];
                    else if (WRITE_A == 2) bytes[(address_a / 8) % BYTES][address_a % 8 / 2 * 2 +: 2] <= in_a[1:0];
                    else bytes[(address_a / 8) % BYTES][address_a % 8] <= in_a[0];
                end
        if (reset_a) out_a <= start(READ_A, SRVAL_A, SRVAL_B);
        else if (WRITE_A == 0 || write_a == 0 || MODE_A == "READ_FIRST") out_a <= word(READ_A, address_a);
        else if (MODE_A == "WRITE_FIRST") out_a <= merged(READ_A, word(READ_A, address_a), in_a, write_a);
    end

    always @(posedge clk_b) if (enable_b) begin
        if (WRITE_B != 0)
            for (k = 0; k < 8; k = k + 1)
                if (write_b[k] && k < (WRITE_B + 8) / 9) begin
                    if (WRITE_B >= 9)
                        bytes[(address_b / 8 / ((WRITE_B + 8) / 9) * ((WRITE_B + 8) / 9) + k) % BYTES] <= {in_b[64+k], in_b[k*8 +: 8]};
                    else if (WRITE_B == 4) bytes[(address_b / 8) % BYTES][address_b % 8 / 4 * 4 +: 4] <= in_b[3:0];
                    else if (WRITE_B == 2) bytes[(address_b / 8) % BYTES][address_b % 8 / 2 * 2 +: 2] <= in_b[1:0];
                    else bytes[(address_b / 8) % BYTES][address_b % 8] <= in_b[0];
                end
        if (reset_b) out_b <= start(READ_B, SRVAL_B, 0);
        else if (WRITE_B == 0 || write_b == 0 || MODE_B == "READ_FIRST") out_b <= word(READ_B, address_b);
        else if (MODE_B == "WRITE_FIRST") out_b <= merged(READ_B, word(READ_B, address_b), in_b, write_b);
    end

endmodule
