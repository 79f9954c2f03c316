// Multiplications of each kind, one a block.

// A lane of a matrix product: acc <= m + (first ? 0 : acc), with a register for each operand, the product and the sum.
module product #(parameter A = 8, parameter B = 8, parameter P = 24) (
    input clk, input first, input signed [A-1:0] a, input signed [B-1:0] b, output reg signed [P-1:0] sum
);
    reg signed [A-1:0] a1;
    reg signed [B-1:0] b1;
    reg signed [A+B-1:0] m;
    reg first1, first2;
    always @(posedge clk) begin
        a1 <= a;
        b1 <= b;
        m <= a1 * b1;
        first1 <= first;
        first2 <= first1;
        sum <= m + (first2 ? $signed({P{1'b0}}) : sum);
    end
endmodule

// Four packed products and the tree of their sums.
module product_tree (input clk, input signed [26:0] w, input signed [35:0] h, output reg signed [47:0] sum);
    reg signed [26:0] w1, w2, w3, w4;
    reg signed [8:0] h1, h2, h3, h4;
    reg signed [35:0] m1, m2, m3, m4;
    always @(posedge clk) begin
        w1 <= w; w2 <= w1; w3 <= w2; w4 <= w3;
        h1 <= h[8:0]; h2 <= h[17:9]; h3 <= h[26:18]; h4 <= h[35:27];
        m1 <= w1 * h1; m2 <= w2 * h2; m3 <= w3 * h3; m4 <= w4 * h4;
        sum <= (m1 + m2) + (m3 + m4);
    end
endmodule

// With a constant weight.
module product_constant (input clk, input signed [7:0] a, output reg signed [15:0] m);
    always @(posedge clk) m <= a * 8'sd93;
endmodule

module multiply #(parameter W = 8) (input clk, input signed [W-1:0] a, b, output reg signed [2*W-1:0] m);
    reg signed [W-1:0] a1, b1;
    always @(posedge clk) begin
        a1 <= a;
        b1 <= b;
        m <= a1 * b1;
    end
endmodule

// A lane one level further down, under a name that says nothing.
module engine (input clk, input first, input signed [7:0] a, b, output signed [23:0] sum);
    product lane (.clk(clk), .first(first), .a(a), .b(b), .sum(sum));
endmodule

module multipliers (
    input aclk, input first, input signed [7:0] a, b, input signed [7:0] w1, w2, input signed [35:0] h,
    output signed [23:0] sum, engine_sum, output signed [47:0] packed_sum, tree_sum, output signed [15:0] constant_m, small_m,
    output signed [23:0] wide_m
);
    // Two products in one: (w1 << 19) + w2.
    wire signed [26:0] pair = {w1 - {7'd0, w2[7]}, {11{w2[7]}}, w2};
    product plain (.clk(aclk), .first(first), .a(a), .b(b), .sum(sum));
    product #(.A(27), .B(9), .P(48)) pairs (.clk(aclk), .first(first), .a(pair), .b(h[8:0]), .sum(packed_sum));
    product_tree tree (.clk(aclk), .w(pair), .h(h), .sum(tree_sum));
    product_constant fixed (.clk(aclk), .a(a), .m(constant_m));
    engine deep (.clk(aclk), .first(first), .a(b), .b(w1), .sum(engine_sum));
    multiply little (.clk(aclk), .a(a), .b(w1), .m(small_m));
    multiply #(.W(12)) wide (.clk(aclk), .a(h[11:0]), .b(h[23:12]), .m(wide_m));
endmodule
