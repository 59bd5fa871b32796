// Sixteen values a cycle to codes, by the scale of their group, and the entries of their group's metadata. A
// seventeenth lane computes the zero point.
module quantize_lanes (
    input  logic               clk,
    input  logic               rst_n,
    input  logic               cfg_half,      // values are f16
    input  logic               cfg_stored,    // scales and minima are f16
    input  logic               cfg_power,     // scales are powers of two, by MX
    input  logic               cfg_zeros,     // groups have zero points
    input  logic               cfg_minima,    // groups have minima
    input  logic               cfg_floating,  // codes are floats, as round_number has them
    input  logic        [ 3:0] cfg_mantissa,
    input  logic signed [ 8:0] cfg_least,
    input  logic signed [ 9:0] cfg_lower,     // least code of integers
    input  logic signed [ 9:0] cfg_upper,     // greatest code
    input  logic        [ 3:0] cfg_sign,      // place of a float's sign in its code
    input  logic        [ 7:0] cfg_nan,       // code of NaN
    // Beats of values; of a group's first one also what belongs to the group.
    input  logic               s_valid,
    output logic               s_ready,
    input  logic        [255:0] s_data,
    input  logic               s_first,
    input  logic               s_last,        // the packet's last group
    input  logic        [ 4:0] s_start,       // of the second region of metadata
    input  logic        [15:0] s_scale,
    input  logic        [15:0] s_minimum,
    input  logic        [15:0] s_least,
    input  logic               s_void,        // all codes are zero
    output logic               m_valid,
    input  logic               m_ready,
    output logic        [127:0] m_codes,
    // Entries of metadata, once per group.
    output logic               e_valid,
    output logic               e_last,
    output logic        [ 4:0] e_start,
    output logic        [15:0] e_first,
    output logic        [15:0] e_second
);
  localparam int LATENCY = 16;  // of a lane
  logic ce;
  assign ce = !m_valid || m_ready;
  assign s_ready = ce;

  // ---- 0: the group's numbers stay for all of its beats ----
  logic [LATENCY:0] valid, first, void_;
  logic [255:0] data;
  logic [15:0] scale, minimum, least;
  logic [37:0] entries[LATENCY+1];
  always_ff @(posedge clk)
    if (!rst_n) valid <= '0;
    else if (ce) valid <= {valid[LATENCY-1:0], s_valid};
  always_ff @(posedge clk)
    if (ce) begin
      data <= s_data;
      first <= {first[LATENCY-1:0], s_first};
      void_ <= {void_[LATENCY-1:0], s_first ? s_void : void_[0]};
      if (s_valid && s_first) begin
        {scale, minimum, least} <= {s_scale, s_minimum, s_least};
        entries[0] <= {s_last, s_start, cfg_minima ? s_minimum : s_scale, cfg_minima ? s_scale : 16'd0};
      end
      for (int k = 1; k <= LATENCY; k++) entries[k] <= entries[k-1];
    end

  // ---- 1: their parts; they follow the values ----
  logic addend_sign, minimum_sign;
  logic signed [10:0] addend_exponent, minimum_exponent, stored_exponent, exponents[12];
  logic [10:0] addend_mantissa, minimum_mantissa, stored_mantissa, mantissas[11];
  logic [76:0] divisors;
  float_unpack u_scale (
      .cfg_half(cfg_stored),
      .raw     (scale),
      .exponent(stored_exponent),
      .mantissa(stored_mantissa),
      /* verilator lint_off PINCONNECTEMPTY */
      .sign    (),
      .is_nan  ()
      /* verilator lint_on PINCONNECTEMPTY */
  );
  float_unpack u_minimum (
      .cfg_half(cfg_stored),
      .raw     (minimum),
      .sign    (minimum_sign),
      .exponent(minimum_exponent),
      .mantissa(minimum_mantissa),
      /* verilator lint_off PINCONNECTEMPTY */
      .is_nan  ()
      /* verilator lint_on PINCONNECTEMPTY */
  );
  always_ff @(posedge clk)
    if (ce) begin
      addend_sign <= cfg_minima ? !minimum_sign : 1'b1;
      addend_exponent <= cfg_minima ? minimum_exponent : -11'sd512;
      addend_mantissa <= cfg_minima ? minimum_mantissa : '0;
      exponents[0] <= cfg_power ? $signed({3'd0, scale[7:0]}) - 11'sd127 : stored_exponent;
      mantissas[0] <= cfg_power ? 11'h400 : stored_mantissa;
      for (int k = 1; k < 12; k++) exponents[k] <= exponents[k-1];
      for (int k = 1; k < 11; k++) mantissas[k] <= mantissas[k-1];
    end
  always_comb for (int k = 0; k < 7; k++) divisors[11*k+:11] = mantissas[4+k];

  // ---- the lanes ----
  logic [15:0] limit, codes[16], zero_found;
  logic [15:0] signs, nans;
  // Integers are limited below, with their sign.
  assign limit = cfg_floating ? 16'(cfg_upper) : 16'd511;
  for (genvar i = 0; i < 16; i++) begin : g_lane
    quantize_lane u_lane (
        .clk,
        .ce,
        .cfg_half,
        .cfg_floating,
        .cfg_mantissa,
        .cfg_least,
        .cfg_limit       (limit),
        .cfg_positive    (1'b0),
        .value           (data[16*i+:16]),
        .addend_sign,
        .addend_exponent,
        .addend_mantissa,
        .divisors,
        .divisor_exponent(exponents[11]),
        .is_nan          (nans[i]),
        .sign            (signs[i]),
        /* verilator lint_off PINCONNECTEMPTY */
        .is_zero         (),
        /* verilator lint_on PINCONNECTEMPTY */
        .code            (codes[i])
    );
  end
  quantize_lane u_zero (
      .clk,
      .ce,
      .cfg_half,
      .cfg_floating    (1'b0),
      .cfg_mantissa    (4'd0),
      .cfg_least       (9'sd0),
      .cfg_limit       (16'(cfg_upper)),
      .cfg_positive    (1'b0),
      .value           (least),
      .addend_sign     (1'b1),
      .addend_exponent (-11'sd512),
      .addend_mantissa (11'd0),
      .divisors,
      .divisor_exponent(exponents[11]),
      /* verilator lint_off PINCONNECTEMPTY */
      .is_nan          (),
      .sign            (),
      .is_zero         (),
      /* verilator lint_on PINCONNECTEMPTY */
      .code            (zero_found)
  );

  // ---- 17: signs, zero points, and codes without a magnitude ----
  logic signed [9:0] zero, held;
  assign zero = !cfg_zeros ? '0 : first[LATENCY] ? $signed(zero_found[9:0]) : held;
  always_ff @(posedge clk)
    if (!rst_n) m_valid <= 1'b0;
    else if (ce) m_valid <= valid[LATENCY];
  always_ff @(posedge clk)
    if (ce) begin
      if (valid[LATENCY]) held <= zero;
      for (int i = 0; i < 16; i++) m_codes[8*i+:8] <= code(codes[i][9:0], signs[i], nans[i]);
    end
  function automatic logic [7:0] code(input logic [9:0] magnitude, input logic sign, input logic is_nan);
    logic signed [10:0] sum;
    sum = (sign ? -$signed({1'b0, magnitude}) : $signed({1'b0, magnitude})) + 11'(zero);
    if (void_[LATENCY]) code = '0;
    else if (cfg_floating) code = is_nan ? cfg_nan : magnitude[7:0] | 8'({sign, 7'd0} >> (4'd7 - cfg_sign));
    else if (sum < 11'(cfg_lower)) code = cfg_lower[7:0];
    else if (sum > 11'(cfg_upper)) code = cfg_upper[7:0];
    else code = sum[7:0];
  endfunction
  assign e_valid = ce && valid[LATENCY] && first[LATENCY];
  assign {e_last, e_start, e_first} = entries[LATENCY][37:16];
  assign e_second = cfg_zeros ? zero_found : entries[LATENCY][15:0];
endmodule
