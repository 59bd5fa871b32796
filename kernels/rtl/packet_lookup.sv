// Any function over a small domain: each item of a packet is looked up by tables, as the arguments state
// (kernels/rtl/registers.ts). lookup_lanes.sv has the formula.
module packet_lookup #(
    parameter int AW = 7,   // 2^AW beats are stored on either side
    parameter int FW = 10,  // 2^FW entries of `first`
    parameter int SW = 13   // 2^SW entries of `second`
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
  localparam int ARGS = 9;
  /* verilator lint_off UNUSEDSIGNAL */  // arguments are words; nothing is paged
  logic [32*ARGS-1:0] cfg;
  logic taken, page_begin, page_done, page_bank, limit_valid;
  logic [15:0] page_number;
  logic [31:0] limit_epoch;
  /* verilator lint_on UNUSEDSIGNAL */
  logic load_valid;
  logic [3:0] load_table;
  logic [15:0] load_addr;
  logic [63:0] load_data;
  logic to_valid, to_ready, to_last, from_valid, from_ready, from_last;
  logic [255:0] to_data, from_data;
  logic [1:0] to_part, from_part;

  // ---- longest payload: its answer fits the store, and the shell's items are whole items of the tables ----
  logic item, whole;
  logic [1:0] size;
  logic [13:0] most;
  logic [31:0] room;
  assign item = cfg[32*5];
  assign size = cfg[32*6+:2];
  assign whole = !item || (cfg[32*3+:3] != 3'd0 && !cfg[32*3+8]);
  assign room = 32'(32 * 2 ** AW) >> size << item;
  assign most = !whole || size == 2'd3 ? '0 : room > 32'd16383 ? '1 : 14'(room);

  packet_shell #(
      .AW  (AW),
      .ARGS(ARGS)
  ) u_shell (
      .more('0),
      .most,
      .from_bad     (2'd0),
      .epochs       ('0),
      .stalled      (1'b0),
      .swapped      (1'b0),
      .over         (1'b0),
      .gained       (3'sd0),
      .refuse       (1'b0),
      .refuse_reason(5'd0),
      .*
  );
  lookup_lanes #(
      .FW(FW),
      .SW(SW)
  ) u_lanes (
      .clk,
      .rst_n,
      .cfg_low (cfg[32*4+:5]),
      .cfg_item(item),
      .cfg_size(size),
      .cfg_swap(cfg[32*7]),
      .load_valid,
      .load_table,
      .load_addr,
      .load_data,
      .s_valid (to_valid),
      .s_ready (to_ready),
      .s_data  (to_data),
      .s_part  (to_part),
      .s_last  (to_last),
      .m_valid (from_valid),
      .m_ready (from_ready),
      .m_data  (from_data),
      .m_part  (from_part),
      .m_last  (from_last)
  );
endmodule
