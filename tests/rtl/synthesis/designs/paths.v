// Two registers with known logic between them, and a block RAM whose output goes through a LUT.
module paths (input aclk, input [5:0] a, input [15:0] b, c, input [9:0] address, output reg q, output reg [15:0] sum, output reg [31:0] read);
    (* keep *) reg [5:0] held;
    (* keep *) reg [15:0] left, right;
    (* keep *) reg [9:0] where;
    reg [31:0] words [0:1023];
    reg [31:0] word;
    integer i;
    initial for (i = 0; i < 1024; i = i + 1) words[i] = i * 32'h9E3779B1;
    always @(posedge aclk) begin
        held <= a;
        q <= ^held;
        left <= b;
        right <= c;
        sum <= left + right;
        where <= address;
        word <= words[where];
        read <= word ^ {32{q}};
    end
endmodule
