// The kernel that computes nothing: sound packets come back as they went, the others are counted. It
// proves the packet path of a card, and of this RTL. Tables are taken and forgotten.
module packet_echo #(
    parameter int AW = 7
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
  localparam int ARGS = 5;
  /* verilator lint_off UNUSEDSIGNAL */  // what only kernels with arguments and tables of their own use
  logic [32*ARGS-1:0] cfg;
  logic load_valid;
  logic [3:0] load_table;
  logic [15:0] load_addr;
  logic [63:0] load_data;
  logic taken, page_begin, page_done, page_bank, limit_valid;
  logic [15:0] page_number;
  logic [31:0] limit_epoch;
  /* verilator lint_on UNUSEDSIGNAL */
  logic valid, ready, last;
  logic [255:0] data;
  logic [1:0] part;
  packet_shell #(
      .AW  (AW),
      .ARGS(ARGS)
  ) u_shell (
      .more('0),
      .most      ('1),
      .to_valid  (valid),
      .to_ready  (ready),
      .to_data   (data),
      .to_part   (part),
      .to_last   (last),
      .from_valid(valid),
      .from_ready(ready),
      .from_data (data),
      .from_part (part),
      .from_last (last),
      .from_bad  (2'd0),
      .epochs    ('0),
      .stalled   (1'b0),
      .swapped   (1'b0),
      .over      (1'b0),
      .gained       (3'sd0),
      .refuse       (1'b0),
      .refuse_reason(5'd0),
      .*
  );
endmodule
