// The norm of an aligned vector, as kernels/quantize/fixed_rotation.ts computes it: squares are summed exactly,
// the root is rounded to binary32 and to its stored type. The thresholds of the codes times the norm follow, in
// units of the aligned values.
//
// A vector's result needs no permission: the receiver has room for those of all vectors on their way.
module vector_norm (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_half,         // values are 1: f16, 0: bf16
    input  logic         cfg_norm_half,    // norms, likewise
    input  logic [  3:0] cfg_bits,
    input  logic         s_valid,
    input  logic [351:0] s_magnitudes,
    input  logic         s_end,            // the vector's last beat
    input  logic         s_last,           // the packet's last beat
    input  logic [  7:0] s_peak,
    output logic         m_valid,
    output logic [ 15:0] m_norm,
    output logic         m_last,
    output logic         m_zero,           // all values are 0
    // Positive thresholds: whole units, at most 2^30, and whether more follows. Absent ones are 2^30.
    output logic [216:0] m_thresholds,
    output logic [  6:0] m_more
);
  // ---- the sum of squares ----
  logic [3:0] valid, ends, lasts;
  logic [7:0] peaks[4];
  logic [703:0] squares;
  logic [45:0] quarters[4];
  logic [47:0] sum;
  logic [51:0] total;
  always_ff @(posedge clk)
    if (!rst_n) valid <= '0;
    else valid <= {valid[2:0], s_valid};
  for (genvar i = 0; i < 16; i++) begin : g_square
    always_ff @(posedge clk)
      if (s_valid) squares[44*i+:44] <= 44'(s_magnitudes[22*i+:22]) * 44'(s_magnitudes[22*i+:22]);
  end
  for (genvar i = 0; i < 4; i++) begin : g_quarter
    always_ff @(posedge clk)
      if (valid[0])
        quarters[i] <= (46'(squares[176*i+:44]) + 46'(squares[176*i+44+:44])) +
            (46'(squares[176*i+88+:44]) + 46'(squares[176*i+132+:44]));
  end
  always_ff @(posedge clk) begin
    ends <= {ends[2:0], s_end};
    lasts <= {lasts[2:0], s_last};
    peaks[0] <= s_peak;
    for (int i = 1; i < 4; i++) peaks[i] <= peaks[i-1];
    if (valid[1]) sum <= (48'(quarters[0]) + 48'(quarters[1])) + (48'(quarters[2]) + 48'(quarters[3]));
  end
  always_ff @(posedge clk)
    if (!rst_n) total <= '0;
    else if (valid[2]) total <= (valid[3] && ends[3] ? 52'd0 : total) + {4'd0, sum};
    else if (valid[3] && ends[3]) total <= '0;

  // ---- its root, rounded ----
  logic r_valid, r_more, r_last;
  logic [25:0] r_root;
  logic [4:0] r_zeros;
  logic [7:0] r_peak, peak7;
  logic last7, zero7;
  logic [2:0] rounding;       // cycles of round_float, and what belongs to its norms
  logic [9:0] aside[3];
  logic [15:0] norm;
  logic signed [9:0] exponent;
  integer_root #(
      .U(9)
  ) u_root (
      .clk,
      .rst_n,
      .s_valid (valid[3] && ends[3]),
      .s_square(total),
      .s_user  ({lasts[3], peaks[3]}),
      .m_valid (r_valid),
      .m_root  (r_root),
      .m_more  (r_more),
      .m_zeros (r_zeros),
      .m_user  ({r_last, r_peak})
  );
  assign exponent = 10'(r_peak) - (cfg_half ? 10'd15 : 10'd127) + 10'd4 - 10'(r_zeros);
  round_float #(
      .SATURATE(1)
  ) u_round (
      .clk,
      .ce        (1'b1),
      .cfg_half  (cfg_norm_half),
      .s_sign    (1'b0),
      .s_exponent(exponent),
      .s_fraction({r_root, 7'd0, r_more}),
      .m_data    (norm)
  );
  always_ff @(posedge clk)
    if (!rst_n) rounding <= 3'd0;
    else rounding <= {rounding[1:0], r_valid};
  always_ff @(posedge clk) begin
    aside[0] <= {r_last, r_root == 26'd0, r_peak};
    for (int k = 1; k < 3; k++) aside[k] <= aside[k-1];
  end
  assign {last7, zero7, peak7} = aside[2];

  // ---- thresholds: sums of two levels times the norm, then in units ----
  logic [111:0] levels;
  logic [7:0] field, place;
  logic [10:0] mantissa;
  logic signed [9:0] units;  // log2 of the norm's unit over that of a threshold
  logic [181:0] products;
  logic [5:0] shift8;
  logic beyond8, v8, last8, zero8;
  logic [15:0] norm8;
  codebook u_codebook (
      .cfg_bits,
      .levels
  );
  assign field = cfg_norm_half ? {3'd0, norm[14:10]} : norm[14:7];
  assign mantissa = cfg_norm_half ? {field != 8'd0, norm[9:0]} : {field != 8'd0, norm[6:0], 3'd0};
  assign place = field == 8'd0 ? 8'd1 : field;
  assign units = 10'(place) - 10'(peak7) + (cfg_half ? 10'd15 : 10'd127) -
      (cfg_norm_half ? 10'd25 : 10'd137) + 10'd8;
  for (genvar i = 0; i < 7; i++) begin : g_threshold
    logic [14:0] two;
    logic [71:0] moved;
    logic more, is_absent;
    assign two = {1'b0, levels[14*i+:14]} + {1'b0, levels[14*i+14+:14]};
    assign moved = {products[26*i+:26], 46'd0} >> shift8;
    assign more = moved[71:56] != 16'd0 || beyond8;
    assign is_absent = cfg_bits == 4'd2 ? i >= 1 : cfg_bits == 4'd3 ? i >= 3 : 1'b0;
    always_ff @(posedge clk) begin
      if (rounding[2]) products[26*i+:26] <= 26'(two) * 26'(mantissa);
      if (v8) begin
        m_thresholds[31*i+:31] <= is_absent || more ? 31'h4000_0000 : {1'b0, moved[55:26]};
        m_more[i] <= moved[25:0] != 26'd0 && !more && !is_absent;
      end
    end
  end
  always_ff @(posedge clk)
    if (!rst_n) {v8, m_valid} <= 2'd0;
    else {v8, m_valid} <= {rounding[2], v8};
  always_ff @(posedge clk) begin
    // The greatest shift leaves a fraction, whatever is beyond it.
    shift8 <= units < -10'sd26 ? 6'd46 : 6'(10'sd20 - units);
    beyond8 <= units > 10'sd19;
    {norm8, last8, zero8} <= {norm, last7, zero7};
    {m_norm, m_last, m_zero} <= {norm8, last8, zero8};
  end
endmodule
