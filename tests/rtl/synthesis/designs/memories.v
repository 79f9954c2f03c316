// Memories of each kind, one a block.
module wide_rom (input clk, input [9:0] address, output reg [63:0] data);
    reg [63:0] words [0:1023];
    integer i;
    initial for (i = 0; i < 1024; i = i + 1) words[i] = {i * 32'h9E3779B1, i * 32'h85EBCA77 + 32'd7};
    always @(posedge clk) data <= words[address];
endmodule

module short_rom (input clk, input [3:0] address, output reg [63:0] data);
    reg [63:0] words [0:15];
    integer i;
    initial for (i = 0; i < 16; i = i + 1) words[i] = {i * 32'h9E3779B1, i * 32'h85EBCA77 + 32'd7};
    always @(posedge clk) data <= words[address];
endmodule

module table_rom (input clk, input [7:0] address, output reg [7:0] data);
    reg [7:0] words [0:255];
    integer i;
    initial for (i = 0; i < 256; i = i + 1) words[i] = (i * i * 32'h9E3779B1) >> 17;
    wire [7:0] word = words[address];
    always @(posedge clk) data <= word ^ address;
endmodule

module state_ram (input clk, input write, input [4:0] write_address, read_address, input [15:0] value, output reg [15:0] data);
    reg [15:0] words [0:31];
    integer i;
    initial for (i = 0; i < 32; i = i + 1) words[i] = 0;
    wire [15:0] word = words[read_address];
    always @(posedge clk) begin
        if (write) words[write_address] <= value;
        data <= word + 16'd1;
    end
endmodule

// Written and read at once, over more words than LUTs hold well, with an enable of the read port.
module long_ram (input clk, enable, write, input [9:0] write_address, read_address, input [35:0] value, output reg [35:0] data);
    reg [35:0] words [0:1023];
    integer i;
    initial for (i = 0; i < 1024; i = i + 1) words[i] = i;
    always @(posedge clk) begin
        if (write) words[write_address] <= value;
        if (enable) data <= words[read_address];
    end
endmodule

// Whose output has a value at the start, and another one after a reset.
module started_rom #(parameter WIDTH = 9, WORDS = 2048) (
    input clk, enable, reset, input [$clog2(WORDS)-1:0] address, output reg [WIDTH-1:0] data
);
    reg [WIDTH-1:0] words [0:WORDS-1];
    integer i;
    initial begin
        for (i = 0; i < WORDS; i = i + 1) words[i] = {i * 32'h9E3779B1, i * 32'h85EBCA77, i * 32'hC2B2AE3D};
        data = {24'h123456, 24'h9ABCDE, 24'hF0F1E2};
    end
    always @(posedge clk) if (enable) data <= reset ? {24'hE1D2C3, 24'hB4A596, 24'h8778A9} : words[address];
endmodule

// A shift register without reset.
module delay_line (input clk, input [3:0] value, output [3:0] data);
    reg [3:0] stages [0:19];
    integer i;
    always @(posedge clk) begin
        stages[0] <= value;
        for (i = 1; i < 20; i = i + 1) stages[i] <= stages[i - 1];
    end
    assign data = stages[19];
endmodule

module memories (
    input aclk, input [9:0] address, input write, input [4:0] write_address, input [15:0] value,
    input enable, long_write, input [9:0] long_write_address, input [35:0] long_value,
    output [63:0] wide, short_word, output [7:0] entry, output [15:0] state, output [35:0] long_state, output [3:0] line,
    input shown, reset, output [8:0] narrow, output [35:0] middle, output [71:0] widest
);
    wide_rom wide_words (.clk(aclk), .address(address), .data(wide));
    short_rom short_words (.clk(aclk), .address(address[3:0]), .data(short_word));
    table_rom table_words (.clk(aclk), .address(address[7:0]), .data(entry));
    state_ram states (.clk(aclk), .write(write), .write_address(write_address), .read_address(address[4:0]), .value(value),
                      .data(state));
    long_ram long_words (.clk(aclk), .enable(enable), .write(long_write), .write_address(long_write_address),
                         .read_address(address), .value(long_value), .data(long_state));
    delay_line line_stages (.clk(aclk), .value(value[3:0]), .data(line));
    started_rom narrow_start (.clk(aclk), .enable(shown), .reset(reset), .address({address, write}), .data(narrow));
    started_rom #(.WIDTH(36), .WORDS(512)) middle_start (
        .clk(aclk), .enable(shown), .reset(reset), .address(address[8:0]), .data(middle)
    );
    started_rom #(.WIDTH(72), .WORDS(512)) widest_start (
        .clk(aclk), .enable(shown), .reset(reset), .address(address[8:0]), .data(widest)
    );
endmodule
