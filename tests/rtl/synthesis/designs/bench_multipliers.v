// Drives the design `multipliers` with random bits.
module bench (input clk, input [127:0] random, output [255:0] result);
    multipliers unit (
        .aclk(clk), .first(random[1:0] == 0), .a(random[15:8]), .b(random[23:16]), .w1(random[31:24]), .w2(random[39:32]),
        .h(random[75:40]), .sum(result[23:0]), .packed_sum(result[71:24]), .tree_sum(result[119:72]),
        .constant_m(result[135:120]), .small_m(result[151:136]), .wide_m(result[175:152]), .engine_sum(result[199:176])
    );
    assign result[255:200] = 0;
endmodule
