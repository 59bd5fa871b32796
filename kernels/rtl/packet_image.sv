// The image pipeline, whole packets in and whole packets out: resize of cells, normalisation of samples,
// or both, as the arguments say (kernels/rtl/registers.ts). Its terms may be pages, swapped as epochs go.
module packet_image #(
    parameter int AW = 7,                         // 2^AW beats are stored on either side
    parameter int LANES = 6,                      // samples that resize makes in a cycle: 6, 3, 2 or 1
    parameter int PRODUCTS = 0,                   // 1: tables of OpenCV's two passes instead of terms
    parameter int XW = PRODUCTS != 0 ? 10 : 14,   // 2^XW weight indexes; of products phases an axis
    parameter int IW = PRODUCTS != 0 ? 7 : 10,    // 2^IW weights; of products an axis
    parameter int LOADS = PRODUCTS != 0 ? 1 : 8   // entries of a page that are written in a cycle: 8 or 1
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
    input  logic [255:0] s_axis_table_tdata,
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
  localparam int ARGS = 14;
  /* verilator lint_off UNUSEDSIGNAL */  // arguments are words, whatever they need
  logic [32*ARGS-1:0] cfg;
  /* verilator lint_on UNUSEDSIGNAL */
  logic load_valid;
  logic [3:0] load_table;
  logic [15:0] load_addr;
  logic [255:0] load_data;
  logic to_valid, to_ready, to_last;
  logic [255:0] to_data;
  logic [1:0] to_part;
  logic from_valid, from_ready, from_last;
  logic [1:0] from_bad;
  logic taken, page_begin, page_done, page_bank, limit_valid, over, stalled;
  logic [15:0] page_number;
  logic [31:0] limit_epoch, epochs;
  logic [255:0] from_data;
  logic [1:0] from_part;
  packet_shell #(
      .AW  (AW),
      .ARGS(ARGS),
      .BANK(IW + 3),
      .LW  (256)
  ) u_shell (
      .more('0),
      .most,
      .swapped(page_done),
      .gained       (3'sd0),
      .refuse       (1'b0),
      .refuse_reason(5'd0),
      .*
  );

  // ---- packets wait for their pages, where tables have some ----
  logic g_valid, g_ready, paged;
  logic [31:0] pages;
  logic [1:0] there;
  assign paged = PRODUCTS == 0 && cfg[32*12];
  page_gate u_gate (
      .clk,
      .rst_n,
      .cfg_paged(paged),
      .taken,
      .page_begin,
      .page_done,
      .page_bank,
      .page_number,
      .limit_valid,
      .limit_epoch,
      .epochs,
      .pages,
      .there,
      .s_valid(to_valid),
      .s_ready(to_ready),
      .s_epoch(to_data[255:224]),
      .s_part (to_part),
      .s_last (to_last),
      .m_valid(g_valid),
      .m_ready(g_ready),
      .stalled,
      .over
  );

  logic [2:0] channels;
  logic resize;
  assign channels = cfg[32*4+:3];
  assign resize = cfg[32*5];

  // ---- samples that come are as many as planes hold, and as long as the answer's store when they leave ----
  // Cells have more bytes than their samples become, whatever the type: what the door holds is no more. There
  // are no samples of eight bytes.
  localparam logic [31:0] PLANES = 32'd2048;
  logic [31:0] room;
  logic [13:0] most;
  assign room = 32'(32 * 2 ** AW) >> cfg[32*11+:2];
  assign most = cfg[32*11+:2] == 2'd3 ? '0 : resize ? '1 : room < PLANES ? 14'(room) : 14'(PLANES);

  // ---- resize, or not ----
  logic r_ready, r_valid, r_last, q_ready;
  logic [1:0] r_bad;
  logic [255:0] r_data;
  logic [1:0] r_part;
  resize_cells #(
      .PRODUCTS(PRODUCTS),
      .LANES   (LANES),
      .XW      (XW),
      .IW      (IW),
      .LOADS   (LOADS)
  ) u_resize (
      .clk,
      .rst_n,
      .cfg_channels(channels),
      .cfg_weights (cfg[32*6+:32]),
      .cfg_fraction(cfg[32*7+:6]),
      .cfg_ties    (cfg[32*8+:7]),
      .cfg_paged   (paged),
      .pages,
      .there,
      .load_valid,
      .load_table,
      .load_addr,
      .load_data,
      .s_valid     (g_valid && resize),
      .s_ready     (r_ready),
      .s_data      (to_data),
      .s_part      (to_part),
      .s_last      (to_last),
      .m_valid     (r_valid),
      .m_ready     (q_ready),
      .m_data      (r_data),
      .m_part      (r_part),
      .m_last      (r_last),
      .m_bad       (r_bad)
  );
  assign g_ready = resize ? r_ready : q_ready;

  // A packet's last samples and the next one's header come at once: a few beats wait here, not the core.
  logic s_valid, s_ready, s_last;
  logic [1:0] s_bad;
  logic [255:0] s_data;
  logic [1:0] s_part;
  beat_fifo #(
      .W (261),
      .AW(4)
  ) u_queue (
      .clk,
      .rst_n,
      .s_valid(resize ? r_valid : g_valid),
      .s_ready(q_ready),
      .s_data (resize ? {r_bad, r_last, r_part, r_data} : {2'd0, to_last, to_part, to_data}),
      .m_valid(s_valid),
      .m_ready(s_ready),
      .m_data ({s_bad, s_last, s_part, s_data})
  );

  // ---- normalise, or not ----
  logic p_valid, p_ready, p_last;
  logic [1:0] p_bad;
  logic [255:0] p_data;
  logic [31:0] p_odd, p_upper;
  logic [5:0] p_count;
  logic [1:0] p_part;
  packet_planes u_planes (
      .clk,
      .rst_n,
      .cfg_channels(channels),
      .cfg_planar  (cfg[32*10]),
      .cfg_size    (cfg[32*11+:2]),
      .s_valid,
      .s_ready,
      .s_data,
      .s_part,
      .s_last,
      .s_bad,
      .m_valid     (p_valid),
      .m_ready     (p_ready),
      .m_data      (p_data),
      .m_odd       (p_odd),
      .m_upper     (p_upper),
      .m_count     (p_count),
      .m_part      (p_part),
      .m_last      (p_last),
      .m_bad       (p_bad)
  );
  normalize_levels u_levels (
      .clk,
      .rst_n,
      .cfg_levels(cfg[32*9]),
      .cfg_size  (cfg[32*11+:2]),
      .load      (load_valid && load_table == 4'd2),
      .load_addr (load_addr[9:0]),
      .load_data (load_data[31:0]),
      .s_valid   (p_valid),
      .s_ready   (p_ready),
      .s_data    (p_data),
      .s_odd     (p_odd),
      .s_upper   (p_upper),
      .s_count   (p_count),
      .s_part    (p_part),
      .s_last    (p_last),
      .s_bad     (p_bad),
      .m_valid   (from_valid),
      .m_ready   (from_ready),
      .m_data    (from_data),
      .m_part    (from_part),
      .m_last    (from_last),
      .m_bad     (from_bad)
  );
endmodule
