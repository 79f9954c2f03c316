// Sums before and behind multiplications: some may be packed into a DSP, and some must not.

// A register of a difference, which multiplies itself.
module square_product (input clk, input signed [9:0] a, b, output reg signed [21:0] m);
    reg signed [10:0] d;
    reg signed [21:0] m1;
    always @(posedge clk) begin
        d <= a - b;
        m1 <= d * d;
        m <= m1;
    end
endmodule

// A register of a sum that is a factor, and is put out too.
module shared_product (input clk, input signed [9:0] a, b, c, output reg signed [20:0] m, output reg signed [10:0] s);
    always @(posedge clk) begin
        s <= a + b;
        m <= s * c;
    end
endmodule

// A factor that is a sum without its carry.
module wrapped_product (input clk, input signed [9:0] a, b, c, output reg signed [19:0] m);
    reg signed [9:0] s, c1;
    always @(posedge clk) begin
        s <= a + b;
        c1 <= c;
        m <= s * c1;
    end
endmodule

// A signed product whose bits are added as an unsigned number.
module zeros_product (input clk, input signed [9:0] a, b, input [23:0] c, output reg [24:0] sum);
    reg signed [19:0] m;
    always @(posedge clk) begin
        m <= a * b;
        sum <= {5'b0, m} + c;
    end
endmodule

// The last bits of a product, added as a signed number.
module cut_product (input clk, input signed [9:0] a, b, input signed [23:0] c, output reg signed [23:0] sum);
    reg signed [11:0] m;
    always @(posedge clk) begin
        m <= a * b;
        sum <= m + c;
    end
endmodule

// The last bits of a product, added to no more bits.
module modular_product (input clk, input signed [9:0] a, b, input signed [11:0] c, output reg signed [11:0] sum);
    reg signed [11:0] m;
    always @(posedge clk) begin
        m <= a * b;
        sum <= m + c;
    end
endmodule

// A sum that begins with another number than 0. (Its register has an initial value, as all of the project's have; without one an
// ECP5's flip-flops begin with 1 where they can be set.)
module start_product (input clk, first, input signed [9:0] a, b, output reg signed [27:0] sum);
    initial sum = 0;
    reg signed [19:0] m;
    always @(posedge clk) begin
        m <= a * b;
        if (first) sum <= 28'sd1000; else sum <= sum + m;
    end
endmodule

// The same with the sum's start chosen before the adder.
module chosen_product (input clk, first, input signed [9:0] a, b, output reg signed [27:0] sum);
    reg signed [19:0] m;
    always @(posedge clk) begin
        m <= a * b;
        sum <= m + (first ? 28'sd1000 : sum);
    end
endmodule

// A product whose register is set to another number than 0.
module set_product (input clk, first, input signed [9:0] a, b, output reg signed [19:0] m);
    initial m = 0;
    always @(posedge clk) if (first) m <= 20'sd777; else m <= a * b;
endmodule

// A square, added as the unsigned number that it is.
module energy_product (input clk, first, input signed [9:0] a, output reg [29:0] sum);
    reg signed [9:0] a1;
    reg [18:0] m;
    always @(posedge clk) begin
        a1 <= a;
        m <= a1 * a1;
        sum <= (first ? 30'd5 : sum) + m;
    end
endmodule

// A product of unsigned numbers, added as one.
module unsigned_product (input clk, input [9:0] a, b, input [23:0] c, output reg [24:0] sum);
    reg [19:0] m;
    always @(posedge clk) begin
        m <= a * b;
        sum <= m + c;
    end
endmodule

// A product less a number, and a number less a product.
module less_product (input clk, input signed [9:0] a, b, input signed [23:0] c, output reg signed [24:0] one, other);
    reg signed [19:0] m, n;
    always @(posedge clk) begin
        m <= a * b;
        n <= a * (b + 10'sd1);
        one <= m - c;
        other <= c - n;
    end
endmodule

// A sum that is compared with a power of two, and products whose sum goes on to another DSP, whole or only its last bit.
module limit_product (input clk, first, input signed [9:0] a, b, output reg signed [27:0] sum, output over);
    reg signed [19:0] m;
    always @(posedge clk) begin
        m <= a * b;
        sum <= m + (first ? 28'sd0 : sum);
    end
    assign over = sum >= 28'sd262144;
endmodule

module chain_product (input clk, input signed [9:0] a, b, c, output reg signed [21:0] whole, last);
    reg signed [19:0] m, n, o;
    reg signed [9:0] c1;
    always @(posedge clk) begin
        m <= a * b;
        n <= b * c;
        c1 <= c;
        whole <= m + n;
        o <= b * (c + 10'sd1);
        last <= o + $signed({c1, m[0]});
    end
endmodule

module packing (
    input aclk, first, input signed [9:0] a, b, c, input signed [23:0] d,
    output [21:0] square, output [20:0] shared, output [10:0] shared_sum, output [19:0] wrapped, output [24:0] zeros,
    output [23:0] cut, output [11:0] modular, output [27:0] start, chosen, output [19:0] set, output [29:0] energy,
    output [24:0] of_unsigned, one, other,
    output [27:0] limited, output over, output [21:0] whole, last
);
    square_product squares (.clk(aclk), .a(a), .b(b), .m(square));
    shared_product shares (.clk(aclk), .a(a), .b(b), .c(c), .m(shared), .s(shared_sum));
    wrapped_product wraps (.clk(aclk), .a(a), .b(b), .c(c), .m(wrapped));
    zeros_product pads (.clk(aclk), .a(a), .b(b), .c(d), .sum(zeros));
    cut_product cuts (.clk(aclk), .a(a), .b(b), .c(d), .sum(cut));
    modular_product counts (.clk(aclk), .a(a), .b(b), .c(d[11:0]), .sum(modular));
    start_product starts (.clk(aclk), .first(first), .a(b), .b(c), .sum(start));
    chosen_product chooses (.clk(aclk), .first(first), .a(b), .b(c), .sum(chosen));
    set_product sets (.clk(aclk), .first(first), .a(b), .b(c), .m(set));
    energy_product energies (.clk(aclk), .first(first), .a(c), .sum(energy));
    unsigned_product plain (.clk(aclk), .a(b), .b(c), .c(d), .sum(of_unsigned));
    less_product lesser (.clk(aclk), .a(a), .b(b), .c(d), .one(one), .other(other));
    limit_product limits (.clk(aclk), .first(first), .a(a), .b(c), .sum(limited), .over(over));
    chain_product chains (.clk(aclk), .a(a), .b(b), .c(c), .whole(whole), .last(last));
endmodule
