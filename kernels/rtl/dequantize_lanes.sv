// Sixteen codes a cycle to values, by the scale, the zero point or the minimum of their group.
module dequantize_lanes (
    input  logic               clk,
    input  logic               rst_n,
    input  logic               cfg_half,      // values are f16
    input  logic               cfg_stored,    // scales and minima are f16
    input  logic               cfg_power,     // scales are powers of two, by MX
    input  logic               cfg_zeros,     // groups have zero points
    input  logic               cfg_minima,    // groups have minima
    input  logic        [ 3:0] cfg_bits,      // as in dequantize_lane
    input  logic        [ 1:0] cfg_mantissa,
    input  logic signed [ 8:0] cfg_least,
    input  logic        [ 6:0] cfg_upper,
    input  logic        [ 6:0] cfg_infinity,
    // Sixteen codes, one a byte; of a group's first ones also what belongs to the group.
    input  logic               s_valid,
    output logic               s_ready,
    input  logic        [127:0] s_codes,
    input  logic               s_first,
    input  logic        [15:0] s_scale,       // of MX its code
    input  logic        [15:0] s_minimum,
    input  logic        [ 7:0] s_zero,
    output logic               m_valid,
    input  logic               m_ready,
    output logic        [255:0] m_data
);
  localparam int LATENCY = 12;  // of a lane
  logic ce;
  assign ce = !m_valid || m_ready;
  assign s_ready = ce;

  // ---- 0: the group's numbers stay for all of its beats ----
  logic [LATENCY:0] valid;
  logic [127:0] codes;
  logic [15:0] scale, minimum;
  logic [7:0] zero;
  assign m_valid = valid[LATENCY];
  always_ff @(posedge clk)
    if (!rst_n) valid <= '0;
    else if (ce) valid <= {valid[LATENCY-1:0], s_valid};
  always_ff @(posedge clk)
    if (ce) begin
      codes <= s_codes;
      if (s_valid && s_first) {scale, minimum, zero} <= {s_scale, s_minimum, cfg_zeros ? s_zero : 8'd0};
    end

  // ---- 1 to 4: their parts follow the codes ----
  logic minimum_sign;
  logic [3:0] addend_sign;
  logic signed [10:0] minimum_exponent, stored_exponent, scale_exponent[2], addend_exponent[4];
  logic [10:0] minimum_mantissa, stored_mantissa, scale_mantissa[2], addend_mantissa[4];
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
      scale_exponent[0] <= cfg_power ? $signed({3'd0, scale[7:0]}) - 11'sd127 : stored_exponent;
      scale_mantissa[0] <= cfg_power ? 11'h400 : stored_mantissa;
      scale_exponent[1] <= scale_exponent[0];
      scale_mantissa[1] <= scale_mantissa[0];
      addend_sign <= {addend_sign[2:0], cfg_minima ? minimum_sign : 1'b1};
      addend_exponent[0] <= cfg_minima ? minimum_exponent : -11'sd512;
      addend_mantissa[0] <= cfg_minima ? minimum_mantissa : '0;
      for (int k = 1; k < 4; k++) begin
        addend_exponent[k] <= addend_exponent[k-1];
        addend_mantissa[k] <= addend_mantissa[k-1];
      end
    end

  for (genvar i = 0; i < 16; i++) begin : g_lane
    dequantize_lane u_lane (
        .clk,
        .ce,
        .cfg_half,
        .cfg_bits,
        .cfg_signed     (!cfg_zeros && !cfg_minima),
        .cfg_mantissa,
        .cfg_least,
        .cfg_upper,
        .cfg_infinity,
        .code           (codes[8*i+:8]),
        .zero,
        .is_void        (cfg_power && scale[7:0] == 8'd255),
        .scale_exponent (scale_exponent[1]),
        .scale_mantissa (scale_mantissa[1]),
        .addend_sign    (addend_sign[3]),
        .addend_exponent(addend_exponent[3]),
        .addend_mantissa(addend_mantissa[3]),
        .value          (m_data[16*i+:16])
    );
  end
endmodule
