// Table mover of kernels with pages: `onpath_tables` with a stream of 256 bits, and with descriptors and entries
// read ahead. Its registers and its list are the same.
module onpath_pages (
    input  logic         ap_clk,
    input  logic         ap_rst_n,
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
    output logic         m_axi_gmem_arvalid,
    input  logic         m_axi_gmem_arready,
    output logic [ 63:0] m_axi_gmem_araddr,
    output logic [  7:0] m_axi_gmem_arlen,
    input  logic         m_axi_gmem_rvalid,
    output logic         m_axi_gmem_rready,
    input  logic [511:0] m_axi_gmem_rdata,
    input  logic [  1:0] m_axi_gmem_rresp,
    input  logic         m_axi_gmem_rlast,
    output logic         m_axis_table_tvalid,
    input  logic         m_axis_table_tready,
    output logic [255:0] m_axis_table_tdata
);
  logic running, finish;
  logic [31:0] errors;
  /* verilator lint_off UNUSEDSIGNAL */  // addresses are multiples of 64; `memory` is for the linker
  logic [3*64-1:0] args;
  /* verilator lint_on UNUSEDSIGNAL */
  mover_control #(
      .ARGS(3)
  ) u_control (
      .clk  (ap_clk),
      .rst_n(ap_rst_n),
      .*
  );

  logic begun, sent, failed;
  page_fetch u_fetch (
      .clk    (ap_clk),
      .rst_n  (ap_rst_n),
      .go     (running && !begun),
      .list   (args[63:6]),
      .count  (args[95:64]),
      .idle   (sent),
      .failed,
      .m_axi_gmem_arvalid,
      .m_axi_gmem_arready,
      .m_axi_gmem_araddr,
      .m_axi_gmem_arlen,
      .m_axi_gmem_rvalid,
      .m_axi_gmem_rready,
      .m_axi_gmem_rdata,
      .m_axi_gmem_rresp,
      .m_axi_gmem_rlast,
      .m_valid(m_axis_table_tvalid),
      .m_ready(m_axis_table_tready),
      .m_data (m_axis_table_tdata)
  );
  assign finish = begun && sent;
  always_ff @(posedge ap_clk)
    if (!ap_rst_n) begin
      begun  <= 1'b0;
      errors <= '0;
    end else begin
      begun  <= running && !finish;
      errors <= errors + {31'd0, failed};
    end
endmodule
