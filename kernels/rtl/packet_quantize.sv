// Values of KV caches to codes, group by group, as the arguments state (kernels/rtl/registers.ts). Scales are
// computed from the groups, or follow the values in the packet; they follow the codes in the answer.
module packet_quantize #(
    parameter int AW = 7  // 2^AW beats are stored on either side
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         s_axi_control_awvalid,
    output logic         s_axi_control_awready,
    input  logic [ 11:0] s_axi_control_awaddr,
    input  logic         s_axi_control_wvalid,
    output logic         s_axi_control_wready,
    input  logic [ 31:0] s_axi_control_wdata,
    input  logic [  3:0] s_axi_control_wstrb,
    output logic         s_axi_control_bvalid,
    input  logic         s_axi_control_bready,
    output logic [  1:0] s_axi_control_bresp,
    input  logic         s_axi_control_arvalid,
    output logic         s_axi_control_arready,
    input  logic [ 11:0] s_axi_control_araddr,
    output logic         s_axi_control_rvalid,
    input  logic         s_axi_control_rready,
    output logic [ 31:0] s_axi_control_rdata,
    output logic [  1:0] s_axi_control_rresp,
    /* verilator lint_off SYMRSVDWORD */  // Vitis' name
    output logic         interrupt,
    /* verilator lint_on SYMRSVDWORD */
    input  logic         s_axis_table_tvalid,
    output logic         s_axis_table_tready,
    input  logic [ 63:0] s_axis_table_tdata,
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [255:0] s_axis_tdata,
    input  logic [ 31:0] s_axis_tkeep,
    input  logic         s_axis_tlast,
    input  logic [ 15:0] s_axis_tdest,
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [255:0] m_axis_tdata,
    output logic [ 31:0] m_axis_tkeep,
    output logic         m_axis_tlast,
    output logic [ 15:0] m_axis_tdest
);
  localparam int ARGS = 18, ITEMS = 14;
  /* verilator lint_off UNUSEDSIGNAL */  // arguments are words; nothing is paged or looked up
  logic [32*ARGS-1:0] cfg;
  logic taken, page_begin, page_done, page_bank, limit_valid, load_valid;
  logic [15:0] page_number, load_addr;
  logic [31:0] limit_epoch;
  logic [3:0] load_table;
  logic [63:0] load_data;
  /* verilator lint_on UNUSEDSIGNAL */
  logic to_valid, to_ready, to_last, from_valid, from_ready, from_last, over;
  logic [255:0] to_data, from_data;
  logic [1:0] to_part, from_part;
  packet_shell #(
      .AW  (AW),
      .ARGS(ARGS),
      .OVER(ITEMS)
  ) u_shell (
      .more('0),
      .most         ('1),
      .from_bad     (2'd0),
      .epochs       ('0),
      .stalled      (1'b0),
      .swapped      (1'b0),
      .gained       (3'sd0),
      .refuse       (1'b0),
      .refuse_reason(5'd0),
      .*
  );

  // ---- arguments ----
  typedef enum logic [1:0] {ONE, GIVEN, COMPUTED, POWER} scaling_t;
  logic [4:0] beats;  // of a group
  logic [3:0] bits;   // of a code
  logic half, stored, zeros, minima, valid;
  scaling_t scaling;
  logic [1:0] in_first, out_first, out_second;
  assign beats = cfg[32*4+:5];
  assign bits = cfg[32*5+:4];
  assign {stored, half} = cfg[32*7+:2];
  assign scaling = scaling_t'(cfg[32*8+:2]);
  assign zeros = cfg[32*9+:2] == 2'd1;
  assign minima = cfg[32*9+:2] == 2'd2;
  assign valid = beats != 5'd0 && beats <= 5'd16 && (bits == 4'd2 || bits == 4'd4 || bits == 4'd6 || bits == 4'd8);
  assign in_first = scaling == GIVEN ? 2'd2 : 2'd0;
  assign out_first = scaling == COMPUTED ? 2'd2 : scaling == POWER ? 2'd1 : 2'd0;
  assign out_second = zeros ? 2'd1 : minima ? 2'd2 : 2'd0;

  // ---- packets, taken apart ----
  logic n_put, n_room, n_valid, n_ready, h_put, h_room, h_valid, h_ready, b_put, b_room, b_valid;
  logic f_put, f_room;
  logic [7:0] n_new, n_groups, h_main_new, h_main;
  logic [8:0] h_first_new, h_first;
  logic [4:0] h_metadata_new, h_metadata;
  logic [255:0] h_new, h_data, beat_new, b_data;
  group_packets #(
      .AW(AW)
  ) u_packets (
      .clk,
      .rst_n,
      .cfg_valid     (valid),
      .cfg_reciprocal(cfg[32*6+:17]),
      .cfg_in_main   ({beats, 5'd0}),
      .cfg_in_first  (in_first),
      .cfg_in_second (2'd0),
      .cfg_out_main  (10'(beats) * {5'd0, bits, 1'b0}),
      .cfg_out_first (out_first),
      .cfg_out_second(out_second),
      .s_valid       (to_valid),
      .s_ready       (to_ready),
      .s_data        (to_data),
      .s_part        (to_part),
      .s_last        (to_last),
      .dropped       (over),
      .n_valid       (n_put),
      .n_ready       (n_room),
      .n_groups      (n_new),
      .h_valid       (h_put),
      .h_ready       (h_room),
      .h_data        (h_new),
      .h_main        (h_main_new),
      .h_first       (h_first_new),
      .h_metadata    (h_metadata_new),
      .b_valid       (b_put),
      .b_ready       (b_room),
      .f_valid       (f_put),
      .f_ready       (f_room),
      /* verilator lint_off PINCONNECTEMPTY */
      .g_valid       (),
      /* verilator lint_on PINCONNECTEMPTY */
      .g_ready       (1'b1),
      .m_data        (beat_new)
  );
  beat_fifo #(
      .W (8),
      .AW(6)
  ) u_groups (
      .clk,
      .rst_n,
      .s_valid(n_put),
      .s_ready(n_room),
      .s_data (n_new),
      .m_valid(n_valid),
      .m_ready(n_ready),
      .m_data (n_groups)
  );
  beat_fifo #(
      .W (278),
      .AW(6)
  ) u_headers (
      .clk,
      .rst_n,
      .s_valid(h_put),
      .s_ready(h_room),
      .s_data ({h_metadata_new, h_first_new, h_main_new, h_new}),
      .m_valid(h_valid),
      .m_ready(h_ready),
      .m_data ({h_metadata, h_first, h_main, h_data})
  );
  // Given scales come behind their values, so all values of a packet have room.
  logic steps, starts, passes, first, last_group, ready_group;
  logic [4:0] start;
  beat_fifo #(
      .W (256),
      .AW(AW + 1)
  ) u_values (
      .clk,
      .rst_n,
      .s_valid(b_put),
      .s_ready(b_room),
      .s_data (beat_new),
      .m_valid(b_valid),
      .m_ready(steps),
      .m_data (b_data)
  );

  // ---- scales: given, or computed while values wait; a group that is inside has a value there ----
  logic given_valid, extreme, scaled, s_valid, void_new, void_;
  logic [15:0] given, greatest, least_new, scale_new, minimum_new, least_wide, scale, minimum, least;
  metadata_reader u_given (
      .clk,
      .rst_n,
      .cfg_double(1'b1),
      .s_valid   (f_put),
      .s_ready   (f_room),
      .s_data    (beat_new),
      .start     (5'd0),
      .step      (starts && scaling == GIVEN),
      .last      (last_group),
      .m_valid   (given_valid),
      .m_entry   (given)
  );
  group_extremes u_extremes (
      .clk,
      .rst_n,
      .cfg_beats (beats),
      .cfg_range (zeros || minima),
      .cfg_zero  (zeros),
      .s_valid   (b_put && scaling[1]),
      .s_data    (beat_new),
      .m_valid   (extreme),
      .m_greatest(greatest),
      .m_least   (least_new)
  );
  group_scales u_scales (
      .clk,
      .rst_n,
      .cfg_half         (half),
      .cfg_stored       (stored),
      .cfg_range        (zeros || minima),
      .cfg_power        (scaling == POWER),
      .cfg_top          (cfg[32*16+:5]),
      .cfg_divisor      (cfg[32*15+:11]),
      .cfg_divisor_shift(cfg[32*15+16+:4]),
      .s_valid          (extreme),
      .s_greatest       (greatest),
      .s_least          (least_new),
      .m_valid          (scaled),
      .m_scale          (scale_new),
      .m_minimum        (minimum_new),
      .m_least          (least_wide),
      .m_void           (void_new)
  );
  beat_fifo #(
      .W (49),
      .AW(AW + 2)
  ) u_scaled (
      .clk,
      .rst_n,
      .s_valid(scaled),
      /* verilator lint_off PINCONNECTEMPTY */
      .s_ready(),
      /* verilator lint_on PINCONNECTEMPTY */
      .s_data ({void_new, scale_new, minimum_new, least_wide}),
      .m_valid(s_valid),
      .m_ready(starts && scaling[1]),
      .m_data ({void_, scale, minimum, least})
  );

  // ---- codes, and metadata behind them ----
  logic [15:0] scale_used;
  logic lanes_ready, codes_valid, codes_ready, e_valid, e_last;
  logic [4:0] e_start;
  logic [15:0] e_first, e_second;
  logic [127:0] codes;
  assign ready_group = scaling == ONE || (scaling == GIVEN ? given_valid : s_valid);
  assign passes = n_valid && b_valid && (!first || ready_group);
  assign steps = passes && lanes_ready;
  assign starts = steps && first;
  assign scale_used = scaling == ONE ? (stored ? 16'h3c00 : 16'h3f80) : scaling == GIVEN ? given : scale;
  group_walk u_walk (
      .clk,
      .rst_n,
      .cfg_beats(beats),
      .cfg_entry(out_first),
      .n_valid,
      .n_ready,
      .n_groups,
      .step     (steps),
      .first,
      .last_group,
      .start
  );
  quantize_lanes u_lanes (
      .clk,
      .rst_n,
      .cfg_half    (half),
      .cfg_stored  (stored),
      .cfg_power   (scaling == POWER),
      .cfg_zeros   (zeros),
      .cfg_minima  (minima),
      .cfg_floating(cfg[32*10+:4] != 4'd0),
      .cfg_mantissa(cfg[32*10+:4]),
      .cfg_least   (cfg[32*11+:9]),
      .cfg_lower   (cfg[32*12+:10]),
      .cfg_upper   (cfg[32*13+:10]),
      .cfg_sign    (bits - 4'd1),
      .cfg_nan     (cfg[32*14+:8]),
      .s_valid     (passes),
      .s_ready     (lanes_ready),
      .s_data      (b_data),
      .s_first     (first),
      .s_last      (last_group),
      .s_start     (start),
      .s_scale     (scale_used),
      .s_minimum   (minimum),
      .s_least     (least),
      .s_void      (void_ && scaling == POWER),
      .m_valid     (codes_valid),
      .m_ready     (codes_ready),
      .m_codes     (codes),
      .e_valid,
      .e_last,
      .e_start,
      .e_first,
      .e_second
  );
  logic q_valid, q_ready, p_valid, p_ready, r_valid, r_ready, t_valid, t_ready;
  logic [255:0] q_data, p_data, r_data, t_data;
  code_pack u_pack (
      .clk,
      .rst_n,
      .cfg_bits(bits),
      .s_valid (codes_valid),
      .s_ready (codes_ready),
      .s_codes (codes),
      .s_last  (1'b0),
      .m_valid (q_valid),
      .m_ready (q_ready),
      .m_data  (q_data),
      /* verilator lint_off PINCONNECTEMPTY */
      .m_last  ()
      /* verilator lint_on PINCONNECTEMPTY */
  );
  // Codes of the next packet wait here while metadata and a header leave.
  beat_fifo #(
      .W (256),
      .AW(5)
  ) u_codes (
      .clk,
      .rst_n,
      .s_valid(q_valid),
      .s_ready(q_ready),
      .s_data (q_data),
      .m_valid(p_valid),
      .m_ready(p_ready),
      .m_data (p_data)
  );
  // Room for eight beats of the packet that leaves, and for a beat with each beat of codes that waits behind it.
  metadata_writer u_first (
      .clk,
      .rst_n,
      .cfg_double(out_first[1]),
      .start     (5'd0),
      .s_valid   (e_valid && out_first != 2'd0),
      .s_entry   (e_first),
      .s_last    (e_last),
      .m_valid   (r_valid),
      .m_ready   (r_ready),
      .m_data    (r_data)
  );
  metadata_writer u_second (
      .clk,
      .rst_n,
      .cfg_double(minima),
      .start     (e_start),
      .s_valid   (e_valid && out_second != 2'd0),
      .s_entry   (e_second),
      .s_last    (e_last),
      .m_valid   (t_valid),
      .m_ready   (t_ready),
      .m_data    (t_data)
  );
  group_answers u_answers (
      .clk,
      .rst_n,
      .cfg_second(out_second != 2'd0),
      .h_valid,
      .h_ready,
      .h_data,
      .h_main,
      .h_first,
      .h_metadata,
      .b_valid   (p_valid),
      .b_ready   (p_ready),
      .b_data    (p_data),
      .f_valid   (r_valid),
      .f_ready   (r_ready),
      .f_data    (r_data),
      .g_valid   (t_valid),
      .g_ready   (t_ready),
      .g_data    (t_data),
      .m_valid   (from_valid),
      .m_ready   (from_ready),
      .m_data    (from_data),
      .m_part    (from_part),
      .m_last    (from_last)
  );
endmodule
