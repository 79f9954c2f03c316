// Behaviour of a DSP48E2 (UG579) in the modes that Yosys makes, for simulating a netlist. Any other mode ends the simulation with an error:
// SIMD, pattern detection, registers of the control inputs, the W multiplexer, all of the carry's inputs but CARRYIN, INMODE[0].
module DSP48E2 #(
    parameter integer ACASCREG = 1, ADREG = 1, ALUMODEREG = 1, AREG = 1, BCASCREG = 1, BREG = 1, CARRYINREG = 1,
    parameter integer CARRYINSELREG = 1, CREG = 1, DREG = 1, INMODEREG = 1, MREG = 1, OPMODEREG = 1, PREG = 1,
    parameter AMULTSEL = "A", A_INPUT = "DIRECT", BMULTSEL = "B", B_INPUT = "DIRECT", PREADDINSEL = "A",
    parameter AUTORESET_PATDET = "NO_RESET", AUTORESET_PRIORITY = "RESET", SEL_MASK = "MASK", SEL_PATTERN = "PATTERN",
    parameter USE_MULT = "MULTIPLY", USE_PATTERN_DETECT = "NO_PATDET", USE_SIMD = "ONE48",
    parameter [47:0] MASK = 48'h3FFFFFFFFFFF, PATTERN = 48'h0,
    parameter [3:0] IS_ALUMODE_INVERTED = 0,
    parameter [0:0] IS_CARRYIN_INVERTED = 0, IS_CLK_INVERTED = 0,
    parameter [4:0] IS_INMODE_INVERTED = 0,
    parameter [8:0] IS_OPMODE_INVERTED = 0
) (
    output [29:0] ACOUT, output [17:0] BCOUT, output CARRYCASCOUT, output [3:0] CARRYOUT, output MULTSIGNOUT, OVERFLOW,
    output signed [47:0] P, output PATTERNBDETECT, PATTERNDETECT, output [47:0] PCOUT, output UNDERFLOW,
    input signed [29:0] A, ACIN, input [3:0] ALUMODE, input signed [17:0] B, BCIN, input signed [47:0] C,
    input CARRYCASCIN, CARRYIN, input [2:0] CARRYINSEL, input CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED,
    input CEINMODE, CEM, CEP, CLK, input signed [26:0] D, input [4:0] INMODE, input MULTSIGNIN, input [8:0] OPMODE,
    input signed [47:0] PCIN, input RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP
);
    localparam CONTROL_REGISTERS = ALUMODEREG + CARRYINREG + CARRYINSELREG + INMODEREG + OPMODEREG;
    localparam INVERTED = |IS_ALUMODE_INVERTED | IS_CARRYIN_INVERTED | IS_CLK_INVERTED | |IS_INMODE_INVERTED | |IS_OPMODE_INVERTED;

    initial begin
        if (CONTROL_REGISTERS != 0 || INVERTED) $fatal(1, "DSP48E2 %m: registers of control inputs, or inverted ones");
        if (USE_SIMD != "ONE48" || USE_PATTERN_DETECT != "NO_PATDET") $fatal(1, "DSP48E2 %m: SIMD or pattern detection");
        if (BMULTSEL != "B" || PREADDINSEL != "A") $fatal(1, "DSP48E2 %m: BMULTSEL %s, PREADDINSEL %s", BMULTSEL, PREADDINSEL);
        if (AMULTSEL != "A" && AMULTSEL != "AD") $fatal(1, "DSP48E2 %m: AMULTSEL %s", AMULTSEL);
    end

    always @(posedge CLK) begin
        if (ALUMODE != 4'b0000 && ALUMODE != 4'b0011) $fatal(1, "DSP48E2 %m: ALUMODE %b", ALUMODE);
        if (CARRYINSEL != 3'b000 || INMODE[0] || INMODE[4]) $fatal(1, "DSP48E2 %m: CARRYINSEL %b, INMODE %b", CARRYINSEL, INMODE);
        if (OPMODE[8:7] != 2'b00 || OPMODE[3:2] == 2'b10) $fatal(1, "DSP48E2 %m: OPMODE %b", OPMODE);
        if ((OPMODE[1:0] == 2'b01) != (OPMODE[3:2] == 2'b01)) $fatal(1, "DSP48E2 %m: OPMODE %b", OPMODE);
        if (OPMODE[1:0] == 2'b01 && USE_MULT != "MULTIPLY") $fatal(1, "DSP48E2 %m: OPMODE %b without USE_MULT", OPMODE);
        if (OPMODE[6:4] == 3'b100 || OPMODE[6:4] == 3'b111) $fatal(1, "DSP48E2 %m: OPMODE %b", OPMODE);
        if (PREG == 0 && (OPMODE[1:0] == 2'b10 || OPMODE[5:4] == 2'b10)) $fatal(1, "DSP48E2 %m: OPMODE %b without PREG", OPMODE);
    end

    // Operands.
    wire signed [29:0] a0 = A_INPUT == "CASCADE" ? ACIN : A;
    wire signed [17:0] b0 = B_INPUT == "CASCADE" ? BCIN : B;
    reg signed [29:0] a1r = 0, a2r = 0;
    reg signed [17:0] b1r = 0, b2r = 0;
    reg signed [47:0] cr = 0;
    reg signed [26:0] dr = 0, adr = 0;
    wire signed [29:0] a1 = AREG == 2 ? a1r : a0;
    wire signed [17:0] b1 = BREG == 2 ? b1r : b0;
    wire signed [29:0] a2 = AREG == 0 ? a0 : a2r;
    wire signed [17:0] b2 = BREG == 0 ? b0 : b2r;
    wire signed [47:0] c1 = CREG == 0 ? C : cr;
    wire signed [26:0] d1 = DREG == 0 ? D : dr;
    assign ACOUT = AREG == 2 && ACASCREG == 1 ? a1 : a2;
    assign BCOUT = BREG == 2 && BCASCREG == 1 ? b1 : b2;

    // Pre-adder and multiplier.
    wire signed [26:0] gated_a = INMODE[1] ? 27'sd0 : a2[26:0];
    wire signed [26:0] gated_d = INMODE[2] ? d1 : 27'sd0;
    wire signed [26:0] ad0 = INMODE[3] ? gated_d - gated_a : gated_d + gated_a;
    wire signed [26:0] ad = ADREG == 0 ? ad0 : adr;
    wire signed [26:0] multiplicand = AMULTSEL == "AD" ? ad : gated_a;
    wire signed [44:0] m0 = multiplicand * b2;
    reg signed [44:0] mr = 0;
    wire signed [44:0] m = MREG == 0 ? m0 : mr;

    // Multiplexers and adder.
    reg signed [47:0] x, y, z;
    reg signed [47:0] pr = 0;
    always @* begin
        case (OPMODE[1:0])
            2'b01: x = {{3{m[44]}}, m};
            2'b10: x = pr;
            2'b11: x = {a2, b2};
            default: x = 0;
        endcase
        y = OPMODE[3:2] == 2'b11 ? c1 : 48'sd0;  // 01: the multiplier's second partial product, part of x here
        case (OPMODE[6:4])
            3'b001: z = PCIN;
            3'b010: z = pr;
            3'b011: z = c1;
            3'b101: z = PCIN >>> 17;
            3'b110: z = pr >>> 17;
            default: z = 0;
        endcase
    end
    wire signed [47:0] sum = x + y + {47'b0, CARRYIN};
    wire signed [47:0] p0 = ALUMODE == 4'b0011 ? z - sum : z + sum;
    assign P = PREG == 0 ? p0 : pr;
    assign PCOUT = P;

    always @(posedge CLK) begin
        if (RSTA) begin a1r <= 0; a2r <= 0; end
        else begin if (CEA1) a1r <= a0; if (CEA2) a2r <= a1; end
        if (RSTB) begin b1r <= 0; b2r <= 0; end
        else begin if (CEB1) b1r <= b0; if (CEB2) b2r <= b1; end
        if (RSTC) cr <= 0; else if (CEC) cr <= C;
        if (RSTD) begin dr <= 0; adr <= 0; end
        else begin if (CED) dr <= D; if (CEAD) adr <= ad0; end
        if (RSTM) mr <= 0; else if (CEM) mr <= m0;
        if (RSTP) pr <= 0; else if (CEP) pr <= p0;
    end

    assign CARRYCASCOUT = 0;
    assign CARRYOUT = 0;
    assign MULTSIGNOUT = 0;
    assign OVERFLOW = 0;
    assign PATTERNBDETECT = 0;
    assign PATTERNDETECT = 0;
    assign UNDERFLOW = 0;
endmodule
