// Drives the design `memories` with random bits.
module bench (input clk, input [127:0] random, output [319:0] result);
    reg started = 0;
    always @(posedge clk) started <= 1;
    memories unit (
        .aclk(clk), .address(random[9:0]), .write(random[10]), .write_address(random[15:11]), .value(random[31:16]),
        .enable(random[33:32] != 0), .long_write(random[34]), .long_write_address(random[44:35]), .long_value(random[80:45]),
        .short_word(result[63:0]), .wide(result[127:64]), .entry(result[135:128]), .state(result[151:136]),
        .long_state(result[187:152]), .line(result[191:188]),
        .shown(started && random[85:84] != 0), .reset(random[83:81] == 0),
        .narrow(result[200:192]), .middle(result[236:201]), .widest(result[308:237])
    );
    assign result[319:309] = 0;
endmodule
