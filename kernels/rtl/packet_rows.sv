// The pipeline of rows, packets of rows in and packets of samples out: resize by any filter, and normalisation
// where the arguments say so (kernels/rtl/registers.ts).
module packet_rows #(
    parameter int AW = 7,   // 2^AW beats are stored on either side
    parameter int WW = 9,   // 2^WW words of 32 bytes are the longest row
    parameter int SW = 12,  // 2^SW steps of the columns' filter
    parameter int VW = 11,  // 2^VW times sixteen weights
    parameter int RW = 12,  // 2^RW words of the ring
    parameter int OW = 12,  // 2^OW output rows
    parameter int TW = 13   // 2^TW weights of rows
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
    // Of no use here: a packet brings several answers or none, and sockets go one by one.
    output logic [ 15:0] m_axis_tdest
);
  localparam int ARGS = 36;
  /* verilator lint_off UNUSEDSIGNAL */  // arguments are words, whatever they need; no table has pages
  logic [32*ARGS-1:0] cfg;
  logic page_begin, page_done, page_bank, limit_valid;
  logic [15:0] page_number;
  logic [31:0] limit_epoch;
  /* verilator lint_on UNUSEDSIGNAL */
  logic taken, load_valid;
  logic [3:0] load_table;
  logic [15:0] load_addr;
  logic [63:0] load_data;
  logic to_valid, to_ready, to_last;
  logic [255:0] to_data;
  logic [1:0] to_part;
  logic from_valid, from_ready, from_last;
  logic [255:0] from_data;
  logic [1:0] from_part, from_bad;
  logic signed [2:0] gained;
  logic refuse;
  logic [4:0] refuse_reason;
  packet_shell #(
      .AW  (AW),
      .ARGS(ARGS)
  ) u_shell (
      .more('0),
      .most,
      .epochs ('0),
      .stalled(1'b0),
      .swapped(1'b0),
      .over   (1'b0),
      .*
  );

  // ---- answers that planes or the answer's store do not hold: no packet is taken ----
  localparam logic [31:0] PLANES = 32'd2048;
  logic [31:0] room, bytes;
  logic [13:0] most;
  assign room = cfg[32*34+:2] == 2'd3 ? '0 : 32'(32 * 2 ** AW) >> cfg[32*34+:2];
  assign bytes = room < PLANES ? room : PLANES;
  // Bytes of 8-bit samples, of a row's packets and of its last one; none is as wrong as too many. There are no
  // samples of eight bytes.
  assign most = cfg[32*20+:32] - 32'd1 < bytes && cfg[32*21+:32] - 32'd1 < bytes ? '1 : '0;

  // ---- rows to output rows ----
  logic r_valid, r_last, p_left;
  logic [255:0] r_data;
  logic [1:0] r_part;
  resample_rows #(
      .WW(WW),
      .SW(SW),
      .VW(VW),
      .RW(RW),
      .OW(OW),
      .TW(TW)
  ) u_resample (
      .clk,
      .rst_n,
      .clear  (taken),
      .cfg    (cfg[32*32-1:0]),
      .load_valid,
      .load_table,
      .load_addr,
      .load_data,
      .s_valid(to_valid),
      .s_ready(to_ready),
      .s_data (to_data),
      .s_part (to_part),
      .s_last (to_last),
      .refuse,
      .refuse_reason,
      .gained,
      .m_valid(r_valid),
      .m_data (r_data),
      .m_part (r_part),
      .m_last (r_last),
      .left   (p_left)
  );

  // ---- normalise, or not ----
  logic p_valid, p_ready, p_last;
  logic [255:0] p_data;
  logic [31:0] p_odd, p_upper;
  logic [5:0] p_count;
  logic [1:0] p_part, p_bad;
  assign p_left = p_valid && p_ready && p_last;
  packet_planes u_planes (
      .clk,
      .rst_n,
      .cfg_channels(cfg[32*4+:3]),
      .cfg_planar  (cfg[32*33]),
      .cfg_size    (cfg[32*34+:2]),
      .s_valid     (r_valid),
      // The resize begins no packet that has no place here.
      /* verilator lint_off PINCONNECTEMPTY */
      .s_ready     (),
      /* verilator lint_on PINCONNECTEMPTY */
      .s_data      (r_data),
      .s_part      (r_part),
      .s_last      (r_last),
      .s_bad       (2'd0),
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
      .cfg_levels(cfg[32*32]),
      .cfg_size  (cfg[32*34+:2]),
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
