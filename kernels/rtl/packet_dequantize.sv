// Codes of KV caches back to values, group by group, as the arguments state (kernels/rtl/registers.ts). Metadata
// follows the codes in the packet, so codes wait for the first entries of it.
module packet_dequantize #(
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
  localparam int ARGS = 15, ITEMS = 14;
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
  logic [1:0] in_first, in_second;
  assign beats = cfg[32*4+:5];
  assign bits = cfg[32*5+:4];
  assign {stored, half} = cfg[32*7+:2];
  assign scaling = scaling_t'(cfg[32*8+:2]);
  assign zeros = cfg[32*9+:2] == 2'd1;
  assign minima = cfg[32*9+:2] == 2'd2;
  assign valid = beats != 5'd0 && beats <= 5'd16 && (bits == 4'd2 || bits == 4'd4 || bits == 4'd6 || bits == 4'd8);
  assign in_first = scaling == ONE ? 2'd0 : scaling == POWER ? 2'd1 : 2'd2;
  assign in_second = zeros ? 2'd1 : minima ? 2'd2 : 2'd0;

  // ---- packets, taken apart ----
  logic n_put, n_room, n_valid, n_ready, h_put, h_room, h_valid, h_ready, b_put, b_room, b_valid, b_ready;
  logic f_put, f_room, g_put, g_room;
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
      .cfg_in_main   (10'(beats) * {5'd0, bits, 1'b0}),
      .cfg_in_first  (in_first),
      .cfg_in_second (in_second),
      .cfg_out_main  ({beats, 5'd0}),
      .cfg_out_first (2'd0),
      .cfg_out_second(2'd0),
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
      .g_valid       (g_put),
      .g_ready       (g_room),
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
  // All codes of a packet have room, because its metadata comes behind them.
  beat_fifo #(
      .W (256),
      .AW(AW + 1)
  ) u_codes (
      .clk,
      .rst_n,
      .s_valid(b_put),
      .s_ready(b_room),
      .s_data (beat_new),
      .m_valid(b_valid),
      .m_ready(b_ready),
      .m_data (b_data)
  );

  // ---- sixteen codes a beat, with the metadata of their group ----
  logic codes_valid, passes, steps, starts, first, last_group, lanes_ready, first_valid, second_valid;
  logic [4:0] start;
  logic [127:0] codes;
  logic [15:0] first_entry, second_entry;
  code_unpack u_unpack (
      .clk,
      .rst_n,
      .cfg_bits(bits),
      .s_valid (b_valid),
      .s_ready (b_ready),
      .s_data  (b_data),
      .s_last  (1'b0),
      .m_valid (codes_valid),
      .m_ready (steps),
      .m_codes (codes),
      /* verilator lint_off PINCONNECTEMPTY */
      .m_last  ()
      /* verilator lint_on PINCONNECTEMPTY */
  );
  assign passes = n_valid && codes_valid &&
      (!first || ((in_first == 2'd0 || first_valid) && (in_second == 2'd0 || second_valid)));
  assign steps = passes && lanes_ready;
  assign starts = steps && first;
  group_walk u_walk (
      .clk,
      .rst_n,
      .cfg_beats(beats),
      .cfg_entry(in_first),
      .n_valid,
      .n_ready,
      .n_groups,
      .step     (steps),
      .first,
      .last_group,
      .start
  );
  metadata_reader u_first (
      .clk,
      .rst_n,
      .cfg_double(in_first[1]),
      .s_valid   (f_put),
      .s_ready   (f_room),
      .s_data    (beat_new),
      .start     (5'd0),
      .step      (starts && in_first != 2'd0),
      .last      (last_group),
      .m_valid   (first_valid),
      .m_entry   (first_entry)
  );
  metadata_reader u_second (
      .clk,
      .rst_n,
      .cfg_double(in_second[1]),
      .s_valid   (g_put),
      .s_ready   (g_room),
      .s_data    (beat_new),
      .start,
      .step      (starts && in_second != 2'd0),
      .last      (last_group),
      .m_valid   (second_valid),
      .m_entry   (second_entry)
  );

  // ---- values ----
  logic [15:0] scale;
  logic v_valid, v_ready, w_valid, w_ready;
  logic [255:0] v_data, w_data;
  assign scale = scaling == ONE ? (stored ? 16'h3c00 : 16'h3f80) : minima ? second_entry : first_entry;
  dequantize_lanes u_lanes (
      .clk,
      .rst_n,
      .cfg_half    (half),
      .cfg_stored  (stored),
      .cfg_power   (scaling == POWER),
      .cfg_zeros   (zeros),
      .cfg_minima  (minima),
      .cfg_bits    (bits),
      .cfg_mantissa(cfg[32*10+:2]),
      .cfg_least   (cfg[32*11+:9]),
      .cfg_upper   (cfg[32*12+:7]),
      .cfg_infinity(cfg[32*13+:7]),
      .s_valid     (passes),
      .s_ready     (lanes_ready),
      .s_codes     (codes),
      .s_first     (first),
      .s_scale     (scale),
      .s_minimum   (first_entry),
      .s_zero      (second_entry[7:0]),
      .m_valid     (v_valid),
      .m_ready     (v_ready),
      .m_data      (v_data)
  );
  // Values of the next packet wait here while a header leaves, and close the gaps between packets.
  beat_fifo #(
      .W (256),
      .AW(5)
  ) u_values (
      .clk,
      .rst_n,
      .s_valid(v_valid),
      .s_ready(v_ready),
      .s_data (v_data),
      .m_valid(w_valid),
      .m_ready(w_ready),
      .m_data (w_data)
  );
  group_answers u_answers (
      .clk,
      .rst_n,
      .cfg_second(1'b0),
      .h_valid,
      .h_ready,
      .h_data,
      .h_main,
      .h_first,
      .h_metadata,
      .b_valid   (w_valid),
      .b_ready   (w_ready),
      .b_data    (w_data),
      .f_valid   (1'b0),
      /* verilator lint_off PINCONNECTEMPTY */
      .f_ready   (),
      .g_ready   (),
      /* verilator lint_on PINCONNECTEMPTY */
      .f_data    ('0),
      .g_valid   (1'b0),
      .g_data    ('0),
      .m_valid   (from_valid),
      .m_ready   (from_ready),
      .m_data    (from_data),
      .m_part    (from_part),
      .m_last    (from_last)
  );
endmodule
