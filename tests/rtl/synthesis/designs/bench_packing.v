// Drives the design `packing` with random bits.
module bench (input clk, input [127:0] random, output [415:0] result);
    packing unit (
        .aclk(clk), .first(random[1:0] == 0), .a(random[13:4]), .b(random[23:14]), .c(random[33:24]), .d(random[63:40]),
        .square(result[21:0]), .shared(result[42:22]), .shared_sum(result[53:43]), .wrapped(result[73:54]),
        .zeros(result[98:74]), .cut(result[122:99]), .modular(result[134:123]), .start(result[162:135]),
        .chosen(result[190:163]), .set(result[210:191]), .energy(result[240:211]), .of_unsigned(result[265:241]),
        .one(result[290:266]), .other(result[315:291]),
        .limited(result[343:316]), .over(result[344]), .whole(result[366:345]), .last(result[388:367])
    );
    assign result[415:389] = 0;
endmodule
