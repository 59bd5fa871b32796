// Rotated vectors, 16 elements a beat, a beat a cycle. Values are aligned, rotated and compared with thresholds;
// or codes become levels, are rotated back and multiplied by norms. Both ways share the transform.
module rotate_lanes (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_decode,
    input  logic [  3:0] cfg_bits,
    input  logic [  3:0] cfg_log,
    input  logic         cfg_half,       // values are 1: f16, 0: bf16
    input  logic         cfg_norm_half,  // norms, likewise
    // Values, or packed codes.
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic         s_last,         // the packet's last beat
    // Norms behind codes, 16 a beat.
    input  logic         g_valid,
    output logic         g_ready,
    // Packed codes, or values.
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic         m_last,
    // Norms of values, 16 a beat.
    output logic         n_valid,
    input  logic         n_ready,
    output logic [255:0] n_data,
    output logic         n_last
);
  logic [3:0] cfg_beats;  // of a vector, less one
  assign cfg_beats = 4'((5'd1 << (cfg_log - 4'd4)) - 5'd1);

  // ---- values to integers, and the norm of each vector ----
  logic a_valid, a_end, a_last, align_ready, x_ready;
  logic [351:0] magnitudes;
  logic [15:0] signs;
  logic [7:0] a_peak;
  vector_align u_align (
      .clk,
      .rst_n,
      .cfg_half,
      .cfg_beats,
      .s_valid     (s_valid && !cfg_decode),
      .s_ready     (align_ready),
      .s_data,
      .s_last,
      .m_valid     (a_valid),
      .m_ready     (x_ready),
      .m_magnitudes(magnitudes),
      .m_signs     (signs),
      .m_end       (a_end),
      .m_last      (a_last),
      .m_peak      (a_peak)
  );
  logic v_valid, v_last, v_zero, t_valid, t_last, t_zero, t_ready;
  logic [15:0] v_norm, t_norm;
  logic [216:0] v_thresholds, t_thresholds;
  logic [6:0] v_more, t_more;
  vector_norm u_norm (
      .clk,
      .rst_n,
      .cfg_half,
      .cfg_norm_half,
      .cfg_bits,
      .s_valid     (a_valid && x_ready),
      .s_magnitudes(magnitudes),
      .s_end       (a_end),
      .s_last      (a_last),
      .s_peak      (a_peak),
      .m_valid     (v_valid),
      .m_norm      (v_norm),
      .m_last      (v_last),
      .m_zero      (v_zero),
      .m_thresholds(v_thresholds),
      .m_more      (v_more)
  );
  beat_fifo #(
      .W (242),
      .AW(5)
  ) u_thresholds (
      .clk,
      .rst_n,
      .s_valid(v_valid),
      // The transform and the queue behind it hold fewer than 32 vectors.
      /* verilator lint_off PINCONNECTEMPTY */
      .s_ready(),
      /* verilator lint_on PINCONNECTEMPTY */
      .s_data ({v_norm, v_last, v_zero, v_more, v_thresholds}),
      .m_valid(t_valid),
      .m_ready(t_ready),
      .m_data ({t_norm, t_last, t_zero, t_more, t_thresholds})
  );

  // ---- codes to levels ----
  logic l_valid, l_last, beats_ready;
  logic [239:0] level_data;
  code_levels u_levels (
      .clk,
      .rst_n,
      .cfg_bits,
      .s_valid (s_valid && cfg_decode),
      .s_ready (beats_ready),
      .s_data,
      .s_last,
      .m_valid (l_valid),
      .m_ready (x_ready),
      .m_levels(level_data),
      .m_last  (l_last)
  );
  assign s_ready = cfg_decode ? beats_ready : align_ready;

  // ---- the transform, and a queue ----
  logic r_valid, r_ready, r_last, y_valid, y_ready, y_last;
  logic [367:0] x_data;
  logic [495:0] r_data, y_data;
  for (genvar i = 0; i < 16; i++) begin : g_element
    logic [22:0] magnitude;
    assign magnitude = {1'b0, magnitudes[22*i+:22]};
    assign x_data[23*i+:23] = cfg_decode ? 23'(signed'(level_data[15*i+:15])) : signs[i] ? -magnitude : magnitude;
  end
  hadamard_lanes #(
      .W(23)
  ) u_transform (
      .clk,
      .rst_n,
      .cfg_log,
      .s_valid(cfg_decode ? l_valid : a_valid),
      .s_ready(x_ready),
      .s_data (x_data),
      .s_last (cfg_decode ? l_last : a_last),
      .m_valid(r_valid),
      .m_ready(r_ready),
      .m_data (r_data),
      .m_last (r_last)
  );
  beat_fifo #(
      .W (497),
      .AW(6)
  ) u_rotated (
      .clk,
      .rst_n,
      .s_valid(r_valid),
      .s_ready(r_ready),
      .s_data ({r_last, r_data}),
      .m_valid(y_valid),
      .m_ready(y_ready),
      .m_data ({y_last, y_data})
  );

  // ---- the norm of a beat: computed, or one of the sixteen of a beat ----
  logic c_ready, p_ready, norms_ready, given, is_end;
  logic [3:0] beat, number;
  logic [255:0] given_data;
  assign is_end = beat == cfg_beats;
  assign y_ready = cfg_decode ? p_ready && given : c_ready && t_valid && norms_ready;
  assign t_ready = y_valid && y_ready && is_end && !cfg_decode;
  always_ff @(posedge clk)
    if (!rst_n) {beat, number} <= '0;
    else if (y_valid && y_ready) begin
      beat <= is_end ? 4'd0 : beat + 4'd1;
      if (is_end) number <= y_last ? 4'd0 : number + 4'd1;
    end
  beat_fifo #(
      .W (256),
      .AW(5)
  ) u_given (
      .clk,
      .rst_n,
      .s_valid(g_valid),
      .s_ready(g_ready),
      .s_data,
      .m_valid(given),
      .m_ready(y_valid && y_ready && is_end && (y_last || number == 4'd15)),
      .m_data (given_data)
  );

  // ---- codes, and the norms in beats ----
  logic c_valid, c_last, k_ready, k_valid, k_last, q_last, q_ready, full;
  logic [127:0] c_codes;
  logic [255:0] k_data, q_data, norms;
  nearest_codes u_nearest (
      .clk,
      .rst_n,
      .cfg_bits,
      .s_valid     (y_valid && t_valid && norms_ready && !cfg_decode),
      .s_ready     (c_ready),
      .s_data      (y_data),
      .s_last      (y_last),
      .s_zero      (t_zero),
      .s_thresholds(t_thresholds),
      .s_more      (t_more),
      .m_valid     (c_valid),
      .m_ready     (k_ready),
      .m_codes     (c_codes),
      .m_last      (c_last)
  );
  code_pack u_pack (
      .clk,
      .rst_n,
      .cfg_bits,
      .s_valid(c_valid),
      .s_ready(k_ready),
      .s_codes(c_codes),
      .s_last (c_last),
      .m_valid(k_valid),
      .m_ready(q_ready),
      .m_data (k_data),
      .m_last (k_last)
  );
  logic coded, coded_last, coded_ready;
  beat_fifo #(
      .W (257),
      .AW(4)
  ) u_coded (
      .clk,
      .rst_n,
      .s_valid(k_valid),
      .s_ready(q_ready),
      .s_data ({k_last, k_data}),
      .m_valid(coded),
      .m_ready(coded_ready),
      .m_data ({coded_last, q_data})
  );
  always_ff @(posedge clk)
    if (!rst_n) full <= 1'b0;
    else full <= t_ready && (t_last || number == 4'd15);
  always_ff @(posedge clk)
    if (t_ready) begin
      if (number == 4'd0) norms <= {240'd0, t_norm};
      else norms[16*number+:16] <= t_norm;
      q_last <= t_last;
    end
  beat_fifo #(
      .W (257),
      .AW(4)
  ) u_norms (
      .clk,
      .rst_n,
      .s_valid(full),
      .s_ready(norms_ready),
      .s_data ({q_last, norms}),
      .m_valid(n_valid),
      .m_ready(n_ready),
      .m_data ({n_last, n_data})
  );

  // ---- values ----
  logic w_valid, w_last;
  logic [255:0] w_data;
  logic [367:0] sums;
  for (genvar i = 0; i < 16; i++) begin : g_sum
    assign sums[23*i+:23] = y_data[31*i+:23];
  end
  value_products u_products (
      .clk,
      .rst_n,
      .cfg_log,
      .cfg_half,
      .cfg_norm_half,
      .s_valid(y_valid && given && cfg_decode),
      .s_ready(p_ready),
      .s_data (sums),
      .s_last (y_last),
      .s_norm (given_data[16*number+:15]),
      .m_valid(w_valid),
      .m_ready(m_ready && cfg_decode),
      .m_data (w_data),
      .m_last (w_last)
  );
  assign coded_ready = m_ready && !cfg_decode;
  assign m_valid = cfg_decode ? w_valid : coded;
  assign m_data = cfg_decode ? w_data : q_data;
  assign m_last = cfg_decode ? w_last : coded_last;
endmodule
