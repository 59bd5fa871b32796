// Scale and minimum of each group, from its extremes. Sixteen registers; a group enters every cycle.
module group_scales (
    input  logic               clk,
    input  logic               rst_n,
    input  logic               cfg_half,          // values are f16
    input  logic               cfg_stored,        // scales and minima are f16
    input  logic               cfg_range,         // 1: of the range; 0: of the greatest magnitude
    input  logic               cfg_power,         // 1: powers of two, by MX
    input  logic        [ 4:0] cfg_top,           // exponent of the format's greatest number, of MX
    input  logic        [10:0] cfg_divisor,       // mantissa and exponent of what the range is divided by
    input  logic        [ 3:0] cfg_divisor_shift,
    input  logic               s_valid,
    input  logic        [15:0] s_greatest,
    input  logic        [15:0] s_least,
    output logic               m_valid,
    output logic        [15:0] m_scale,           // of MX its code
    output logic        [15:0] m_minimum,
    output logic        [15:0] m_least,
    output logic               m_void             // the group has NaN or an infinity, by MX
);
  localparam int LATENCY = 16;
  logic [LATENCY-1:0] valid;
  always_ff @(posedge clk)
    if (!rst_n) valid <= '0;
    else valid <= {valid[LATENCY-2:0], s_valid};
  assign m_valid = valid[LATENCY-1];

  // ---- 1: the least value is subtracted; powers are read from the exponent ----
  logic sign0, sign1;
  logic signed [10:0] e0, e1, e_most, power;
  logic [10:0] m0, m1;
  logic [8:0] line[LATENCY];
  logic [15:0] leasts[LATENCY];
  float_unpack u_least (
      .cfg_half,
      .raw     (s_least),
      .sign    (sign0),
      .exponent(e0),
      .mantissa(m0),
      /* verilator lint_off PINCONNECTEMPTY */
      .is_nan  ()
      /* verilator lint_on PINCONNECTEMPTY */
  );
  float_unpack u_greatest (
      .cfg_half,
      .raw     (s_greatest),
      .exponent(e_most),
      /* verilator lint_off PINCONNECTEMPTY */
      .sign    (),
      .mantissa(),
      .is_nan  ()
      /* verilator lint_on PINCONNECTEMPTY */
  );
  assign power = e_most - $signed({6'd0, cfg_top}) + 11'sd127;
  always_ff @(posedge clk) begin
    sign1 <= cfg_range ? !sign0 : 1'b1;
    e1 <= cfg_range ? e0 : -11'sd512;
    m1 <= cfg_range ? m0 : '0;
    line[0] <= {e_most == 11'sd400, power < 0 ? 8'd0 : power[7:0]};
    leasts[0] <= s_least;
    for (int k = 1; k < LATENCY; k++) begin
      line[k] <= line[k-1];
      leasts[k] <= leasts[k-1];
    end
  end

  // ---- both are rounded to the stored type ----
  logic signed [8:0] least_exponent;
  logic [3:0] mantissa_bits;
  logic [15:0] greatest_stored, step, minimum;
  logic is_zero, sign;
  assign least_exponent = cfg_stored ? -9'sd14 : -9'sd126;
  assign mantissa_bits = cfg_stored ? 4'd10 : 4'd7;
  assign greatest_stored = cfg_stored ? 16'h7bff : 16'h7f7f;
  quantize_lane #(
      .BOUNDED(1)
  ) u_scale (
      .clk,
      .ce              (1'b1),
      .cfg_half,
      .cfg_floating    (1'b1),
      .cfg_mantissa    (mantissa_bits),
      .cfg_least       (least_exponent),
      .cfg_limit       (greatest_stored),
      .cfg_positive    (1'b1),
      .value           (s_greatest),
      .addend_sign     (sign1),
      .addend_exponent (e1),
      .addend_mantissa (m1),
      .divisors        ({7{cfg_divisor}}),
      .divisor_exponent({7'd0, cfg_divisor_shift}),
      /* verilator lint_off PINCONNECTEMPTY */
      .is_nan          (),
      .sign            (),
      /* verilator lint_on PINCONNECTEMPTY */
      .is_zero,
      .code            (step)
  );
  quantize_lane u_minimum (
      .clk,
      .ce              (1'b1),
      .cfg_half,
      .cfg_floating    (1'b1),
      .cfg_mantissa    (mantissa_bits),
      .cfg_least       (least_exponent),
      .cfg_limit       (greatest_stored),
      .cfg_positive    (1'b0),
      .value           (s_least),
      .addend_sign     (1'b1),
      .addend_exponent (-11'sd512),
      .addend_mantissa (11'd0),
      .divisors        ({7{11'h400}}),
      .divisor_exponent(11'sd0),
      /* verilator lint_off PINCONNECTEMPTY */
      .is_nan          (),
      .is_zero         (),
      /* verilator lint_on PINCONNECTEMPTY */
      .sign,
      .code            (minimum)
  );
  assign m_void = cfg_power && line[LATENCY-1][8];
  always_comb begin
    if (cfg_power) m_scale = m_void ? 16'd255 : {8'd0, line[LATENCY-1][7:0]};
    else if (is_zero) m_scale = cfg_stored ? 16'h3c00 : 16'h3f80;
    else m_scale = step;
  end
  assign m_minimum = {sign && minimum != '0, minimum[14:0]};
  assign m_least = leasts[LATENCY-1];
endmodule
