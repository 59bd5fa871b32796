// round((value + addend) / divisor): the sum is rounded to binary32, the quotient once to the format. Sixteen
// registers from the value to the code; a value enters every cycle.
//
// The reference rounds the quotient to binary32 first. That changes no code: a quotient of a dividend of 24 bits
// and a divisor of 11 that is no midpoint of two codes differs from it by more than half a unit of binary32.
module quantize_lane #(
    parameter int BOUNDED = 0  // 1: a sum beyond binary32 becomes its greatest finite number
) (
    input  logic               clk,
    input  logic               ce,
    input  logic               cfg_half,       // values are f16
    input  logic               cfg_floating,   // as in round_number
    input  logic        [ 3:0] cfg_mantissa,
    input  logic signed [ 8:0] cfg_least,
    input  logic        [15:0] cfg_limit,
    input  logic               cfg_positive,
    input  logic        [15:0] value,
    // A cycle behind the value.
    input  logic               addend_sign,
    input  logic signed [10:0] addend_exponent,
    input  logic        [10:0] addend_mantissa,
    // Five to eleven cycles behind the value, and twelve.
    input  logic        [76:0] divisors,
    input  logic signed [10:0] divisor_exponent,
    output logic               is_nan,         // the value, beside its code
    output logic               sign,
    output logic               is_zero,        // the sum
    output logic        [15:0] code
);
  // ---- 1: the value's parts ----
  logic sign0, nan0, sign1;
  logic signed [10:0] e0, e1;
  logic [10:0] m0, m1;
  logic [14:0] nans;
  float_unpack u_value (
      .cfg_half,
      .raw     (value),
      .sign    (sign0),
      .exponent(e0),
      .mantissa(m0),
      .is_nan  (nan0)
  );
  always_ff @(posedge clk)
    if (ce) begin
      {sign1, e1, m1} <= {sign0, e0, m0};
      {is_nan, nans} <= {nans, nan0};
    end

  // ---- 2 to 5: the sum ----
  logic sign5;
  logic signed [10:0] e5, bounded;
  logic [23:0] m5, dividend;
  float_add u_sum (
      .clk,
      .ce,
      .a_sign    (sign1),
      .a_exponent(e1),
      .a_mantissa(m1),
      .b_sign    (addend_sign),
      .b_exponent(addend_exponent),
      .b_mantissa(addend_mantissa),
      .m_sign    (sign5),
      .m_exponent(e5),
      .m_mantissa(m5)
  );
  assign bounded = BOUNDED == 1 && e5 > 11'sd127 ? 11'sd127 : e5;
  assign dividend = BOUNDED == 1 && e5 > 11'sd127 ? '1 : m5;

  // ---- 6 to 12: the quotient ----
  logic [13:0] q12;
  logic remains;
  logic [9:0] signs;
  logic signed [10:0] line[7];
  mantissa_divide u_divide (
      .clk,
      .ce,
      .dividend,
      .divisors,
      .quotient(q12),
      .remains
  );
  always_ff @(posedge clk)
    if (ce) begin
      {sign, signs} <= {signs, sign5};
      line[0] <= bounded;
      for (int k = 1; k < 7; k++) line[k] <= line[k-1];
    end

  // ---- 13: highest bit first ----
  logic signed [10:0] e13;
  logic [12:0] m13;
  logic sticky13;
  always_ff @(posedge clk)
    if (ce) begin
      e13 <= line[6] - divisor_exponent - (q12[13] ? 11'sd0 : 11'sd1);
      m13 <= q12[13] ? q12[13:1] : q12[12:0];
      sticky13 <= remains || (q12[13] && q12[0]);
    end

  // ---- 14 to 16: the code ----
  logic [1:0] zeros;
  always_ff @(posedge clk) if (ce) {is_zero, zeros} <= {zeros, m13 == '0};
  round_number u_round (
      .clk,
      .ce,
      .cfg_floating,
      .cfg_mantissa,
      .cfg_least,
      .cfg_limit,
      .cfg_positive,
      .exponent (e13),
      .magnitude(m13),
      .sticky   (sticky13),
      .code
  );
endmodule
