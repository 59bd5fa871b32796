// Rotated vectors of a KV cache: values to codes and norms, or back, as the arguments state
// (kernels/rtl/registers.ts). kernels/quantize/fixed_rotation.ts has the arithmetic.
module packet_rotate #(
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
  localparam int ARGS = 10;
  /* verilator lint_off UNUSEDSIGNAL */  // arguments are words; no table is loaded or paged
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

  // ---- longest payload: the values of its answer fit the store; wrong arguments take none ----
  logic decode, sound;
  logic [3:0] bits, channels;
  logic [13:0] most;
  assign decode = cfg[32*4];
  assign bits = cfg[32*5+:4];
  assign channels = cfg[32*6+:4];
  assign sound = bits >= 4'd2 && bits <= 4'd4 && channels >= 4'd6 && channels <= 4'd8;
  // Codes of 2^(AW + 4) values, and their norms.
  assign most = !sound ? '0 : decode ? (14'(bits) << (AW + 1)) + (14'(32 * 2 ** AW) >> channels) : '1;

  packet_shell #(
      .AW   (AW),
      .ARGS (ARGS),
      .OVER (14)  // as the checks name a wrong length
  ) u_shell (
      .more('0),
      .most,
      .from_bad     (2'd0),
      .epochs       ('0),
      .stalled      (1'b0),
      .swapped      (1'b0),
      .gained       (3'sd0),
      .refuse       (1'b0),
      .refuse_reason(5'd0),
      .*
  );

  // ---- a packet into its parts ----
  logic h_valid, h_ready, g_valid, g_ready, d_valid, d_ready, d_last;
  logic [319:0] h_data;
  rotate_intake u_intake (
      .clk,
      .rst_n,
      .cfg_decode(decode),
      .cfg_bits  (bits),
      .cfg_log   (channels),
      .s_valid   (to_valid),
      .s_ready   (to_ready),
      .s_data    (to_data),
      .s_part    (to_part),
      .s_last    (to_last),
      .h_valid,
      .h_ready,
      .h_data,
      .d_valid,
      .d_ready,
      .d_last,
      .n_valid   (g_valid),
      .n_ready   (g_ready),
      .over
  );
  logic head_valid, head_ready;
  logic [319:0] head_data;
  beat_fifo #(
      .W (320),
      .AW(5)
  ) u_heads (
      .clk,
      .rst_n,
      .s_valid(h_valid),
      .s_ready(h_ready),
      .s_data (h_data),
      .m_valid(head_valid),
      .m_ready(head_ready),
      .m_data (head_data)
  );

  // ---- and the parts of its answer together ----
  logic m_valid, m_ready, m_last, n_valid, n_ready, n_last;
  logic [255:0] m_data, n_data;
  rotate_lanes u_lanes (
      .clk,
      .rst_n,
      .cfg_decode   (decode),
      .cfg_bits     (bits),
      .cfg_log      (channels),
      .cfg_half     (cfg[32*7]),
      .cfg_norm_half(cfg[32*8]),
      .s_valid      (d_valid),
      .s_ready      (d_ready),
      .s_data       (to_data),
      .s_last       (d_last),
      .g_valid,
      .g_ready,
      .m_valid,
      .m_ready,
      .m_data,
      .m_last,
      .n_valid,
      .n_ready,
      .n_data,
      .n_last
  );
  rotate_answer u_answer (
      .clk,
      .rst_n,
      .cfg_decode(decode),
      .h_valid   (head_valid),
      .h_ready   (head_ready),
      .h_data    (head_data),
      .d_valid   (m_valid),
      .d_ready   (m_ready),
      .d_data    (m_data),
      .d_last    (m_last),
      .n_valid,
      .n_ready,
      .n_data,
      .n_last,
      .m_valid   (from_valid),
      .m_ready   (from_ready),
      .m_data    (from_data),
      .m_part    (from_part),
      .m_last    (from_last)
  );
endmodule
