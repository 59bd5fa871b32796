// Sum of two numbers, rounded once to the 24 bits of binary32, ties to even. The exponent is not bounded. Four
// registers; one sum enters every cycle.
//
// A mantissa of W bits has its highest bit set, or is zero with an exponent below that of any other number. The
// sum with -0 is the other number, with its sign.
module float_add #(
    parameter int W = 11  // bits of a mantissa: m x 2^(e - W + 1)
) (
    input  logic                clk,
    input  logic                ce,
    input  logic                a_sign,
    input  logic signed [ 10:0] a_exponent,
    input  logic        [W-1:0] a_mantissa,
    input  logic                b_sign,
    input  logic signed [ 10:0] b_exponent,
    input  logic        [W-1:0] b_mantissa,
    output logic                m_sign,
    output logic signed [ 10:0] m_exponent,
    output logic        [ 23:0] m_mantissa
);
  localparam int F = 27;  // 24 bits and three that decide the rounding
  // ---- 1: the greater magnitude first ----
  logic above, sign1, minus1;
  logic signed [10:0] e1;
  logic [11:0] gap;
  logic [4:0] shift1;
  logic [W-1:0] great1, small1;
  assign above = a_exponent > b_exponent || (a_exponent == b_exponent && a_mantissa >= b_mantissa);
  assign gap = above ? 12'(a_exponent) - 12'(b_exponent) : 12'(b_exponent) - 12'(a_exponent);
  always_ff @(posedge clk)
    if (ce) begin
      sign1 <= above ? a_sign : b_sign;
      minus1 <= a_sign != b_sign;
      e1 <= above ? a_exponent : b_exponent;
      great1 <= above ? a_mantissa : b_mantissa;
      small1 <= above ? b_mantissa : a_mantissa;
      shift1 <= gap > 12'd31 ? 5'd31 : gap[4:0];
    end

  // ---- 2: aligned, and added or subtracted; bits that are shifted out leave a mark ----
  logic sign2;
  logic signed [10:0] e2;
  logic [F-1:0] wide, aligned;
  logic [F:0] sum2;
  assign wide = {small1, (F - W)'(0)};
  always_comb begin
    aligned = wide >> shift1;
    if ((aligned << shift1) != wide) aligned[0] = 1'b1;
  end
  always_ff @(posedge clk)
    if (ce) begin
      sign2 <= sign1 && !(minus1 && great1 == small1 && shift1 == 5'd0);
      e2 <= e1;
      sum2 <= minus1 ? {1'b0, great1, (F - W)'(0)} - {1'b0, aligned} : {1'b0, great1, (F - W)'(0)} + {1'b0, aligned};
    end

  // ---- 3: highest bit first ----
  logic sign3;
  logic [4:0] zeros;
  logic signed [10:0] e3;
  logic [F:0] sum3;
  always_comb begin
    zeros = 5'd0;
    for (int i = 0; i <= F; i++) if (sum2[i]) zeros = 5'(F - i);
  end
  always_ff @(posedge clk)
    if (ce) begin
      sign3 <= sign2;
      e3 <= sum2 == '0 ? -11'sd512 : e2 + 11'sd1 - $signed({6'd0, zeros});
      sum3 <= sum2 << zeros;
    end

  // ---- 4: rounded ----
  logic [24:0] rounded;
  assign rounded = {1'b0, sum3[F:4]} + 25'(sum3[3] && (sum3[4] || sum3[2:0] != 3'd0));
  always_ff @(posedge clk)
    if (ce) begin
      m_sign <= sign3;
      m_exponent <= rounded[24] ? e3 + 11'sd1 : e3;
      m_mantissa <= rounded[24] ? 24'h80_0000 : rounded[23:0];
    end
endmodule
