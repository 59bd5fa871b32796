// round(code x scale + addend): the product is exact, the sum is rounded to binary32, then to bf16 or f16. Twelve
// registers from the code to the value; a code enters every cycle.
module dequantize_lane (
    input  logic               clk,
    input  logic               ce,
    input  logic               cfg_half,       // values are f16
    input  logic        [ 3:0] cfg_bits,       // of a code
    input  logic               cfg_signed,     // integers are two's complement
    input  logic        [ 1:0] cfg_mantissa,   // mantissa bits of a float; 0: integers
    input  logic signed [ 8:0] cfg_least,      // least exponent of a float; integers are m x 2^-least
    input  logic        [ 6:0] cfg_upper,      // greatest finite float, without sign
    input  logic        [ 6:0] cfg_infinity,   // code of infinity; no more than `upper` if there is none
    input  logic        [ 7:0] code,
    // Beside the code, and two and four cycles behind it.
    input  logic        [ 7:0] zero,
    input  logic               is_void,        // the group is NaN
    input  logic signed [10:0] scale_exponent,
    input  logic        [10:0] scale_mantissa,
    input  logic               addend_sign,
    input  logic signed [10:0] addend_exponent,
    input  logic        [10:0] addend_mantissa,
    output logic        [15:0] value
);
  localparam int W = 19;  // bits of a product
  // ---- 1: the code's number: a magnitude of 8 bits, times a power of two ----
  logic [6:0] place, field, fraction;
  logic [7:0] mask;
  logic signed [9:0] whole;
  logic sign0, sign1, nan0, infinite0, infinite1;
  logic [7:0] m0, m1;
  logic signed [10:0] e0, e1;
  assign mask = 8'hff >> (4'd9 - cfg_bits);  // all but the sign
  assign place = code[6:0] & mask[6:0];
  assign field = place >> cfg_mantissa;
  assign fraction = place & ~(7'h7f << cfg_mantissa);
  always_comb begin
    whole = $signed({2'd0, code & {mask[6:0], 1'b1}});
    if (cfg_signed && |(code & (mask + 8'd1))) whole = whole | $signed({2'b11, ~{mask[6:0], 1'b1}});
    whole = whole - $signed({2'd0, zero});
    infinite0 = 1'b0;
    nan0 = is_void;
    if (cfg_mantissa == 2'd0) begin
      sign0 = whole < 0;
      m0 = sign0 ? 8'(-whole) : whole[7:0];
      e0 = 11'sd7 - 11'(cfg_least);
    end else begin
      sign0 = |(code & (mask + 8'd1));
      m0 = {1'b0, fraction} | (field == 7'd0 ? 8'd0 : 8'd1 << cfg_mantissa);
      e0 = 11'(cfg_least) + 11'sd7 - $signed({9'd0, cfg_mantissa}) + (field == 7'd0 ? 11'sd0 : $signed({4'd0, field}) - 11'sd1);
      if (place > cfg_upper) begin
        infinite0 = place == cfg_infinity;
        if (!infinite0) nan0 = 1'b1;
      end
    end
  end
  logic [10:0] nans;
  always_ff @(posedge clk)
    if (ce) begin
      nans <= {nans[9:0], nan0};
      {sign1, infinite1, e1, m1} <= {sign0, infinite0, e0, m0};
    end

  // ---- 2: highest bit first ----
  logic [2:0] zeros;
  logic sign2;
  logic [7:0] m2;
  logic signed [10:0] e2;
  always_comb begin
    zeros = 3'd0;
    for (int i = 0; i < 8; i++) if (m1[i]) zeros = 3'd7 - 3'(i);
  end
  always_ff @(posedge clk)
    if (ce) begin
      sign2 <= sign1;
      m2 <= m1 << zeros;
      if (m1 == '0) e2 <= -11'sd512;
      else if (infinite1) e2 <= 11'sd600;
      else e2 <= e1 - $signed({8'd0, zeros});
    end

  // ---- 3 and 4: times the scale; beyond binary32 it is infinite, whatever is added ----
  logic sign3, sign4;
  logic [W-1:0] m3, m4;
  logic signed [10:0] e3, e4, high;
  assign high = e3 + (m3[W-1] ? 11'sd1 : 11'sd0);
  always_ff @(posedge clk)
    if (ce) begin
      {sign3, sign4} <= {sign2, sign3};
      m3 <= W'(m2) * W'(scale_mantissa);
      e3 <= m2 == '0 ? -11'sd512 : e2 + scale_exponent;
      m4 <= m3[W-1] ? m3 : m3 << 1;
      e4 <= high > 11'sd127 ? 11'sd400 : high;
    end

  // ---- 5 to 8: the sum ----
  logic sign8;
  logic signed [10:0] e8;
  logic [23:0] m8;
  float_add #(
      .W(W)
  ) u_sum (
      .clk,
      .ce,
      .a_sign    (sign4),
      .a_exponent(e4),
      .a_mantissa(m4),
      .b_sign    (addend_sign),
      .b_exponent(addend_exponent),
      .b_mantissa({addend_mantissa, 8'd0}),
      .m_sign    (sign8),
      .m_exponent(e8),
      .m_mantissa(m8)
  );

  // ---- 9 to 11: rounded; greater magnitudes become infinite ----
  /* verilator lint_off UNUSEDSIGNAL */  // the place of the sign
  logic [15:0] magnitude;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [15:0] infinity;
  logic [2:0] signs;
  assign infinity = cfg_half ? 16'h7c00 : 16'h7f80;
  round_number #(
      .N(24)
  ) u_round (
      .clk,
      .ce,
      .cfg_floating(1'b1),
      .cfg_mantissa(cfg_half ? 4'd10 : 4'd7),
      .cfg_least   (cfg_half ? -9'sd14 : -9'sd126),
      .cfg_limit   (infinity),
      .cfg_positive(1'b0),
      .exponent    (e8),
      .magnitude   (m8),
      .sticky      (1'b0),
      .code        (magnitude)
  );

  // ---- 12: sign and NaN ----
  always_ff @(posedge clk)
    if (ce) begin
      signs <= {signs[1:0], sign8};
      value <= nans[10] ? (cfg_half ? 16'h7e00 : 16'h7fc0) : {signs[2], magnitude[14:0]};
    end
endmodule
