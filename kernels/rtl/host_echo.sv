// Kernel on a card with its two movers, as v++ links them: the echo with its converters and `quiet_watch`,
// and external memory. It tests the movers. The stream of the tables mover is observable, and can be stalled.
// An answer's header can be changed to announce a wrong length, which the echo never does.
module host_echo (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         s_axi_core_awvalid,
    output logic         s_axi_core_awready,
    input  logic [11:0]  s_axi_core_awaddr,
    input  logic         s_axi_core_wvalid,
    output logic         s_axi_core_wready,
    input  logic [31:0]  s_axi_core_wdata,
    input  logic [3:0]   s_axi_core_wstrb,
    output logic         s_axi_core_bvalid,
    input  logic         s_axi_core_bready,
    output logic [1:0]   s_axi_core_bresp,
    input  logic         s_axi_core_arvalid,
    output logic         s_axi_core_arready,
    input  logic [11:0]  s_axi_core_araddr,
    output logic         s_axi_core_rvalid,
    input  logic         s_axi_core_rready,
    output logic [31:0]  s_axi_core_rdata,
    output logic [1:0]   s_axi_core_rresp,
    input  logic         s_axi_packets_awvalid,
    output logic         s_axi_packets_awready,
    input  logic [11:0]  s_axi_packets_awaddr,
    input  logic         s_axi_packets_wvalid,
    output logic         s_axi_packets_wready,
    input  logic [31:0]  s_axi_packets_wdata,
    input  logic [3:0]   s_axi_packets_wstrb,
    output logic         s_axi_packets_bvalid,
    input  logic         s_axi_packets_bready,
    output logic [1:0]   s_axi_packets_bresp,
    input  logic         s_axi_packets_arvalid,
    output logic         s_axi_packets_arready,
    input  logic [11:0]  s_axi_packets_araddr,
    output logic         s_axi_packets_rvalid,
    input  logic         s_axi_packets_rready,
    output logic [31:0]  s_axi_packets_rdata,
    output logic [1:0]   s_axi_packets_rresp,
    input  logic         s_axi_tables_awvalid,
    output logic         s_axi_tables_awready,
    input  logic [11:0]  s_axi_tables_awaddr,
    input  logic         s_axi_tables_wvalid,
    output logic         s_axi_tables_wready,
    input  logic [31:0]  s_axi_tables_wdata,
    input  logic [3:0]   s_axi_tables_wstrb,
    output logic         s_axi_tables_bvalid,
    input  logic         s_axi_tables_bready,
    output logic [1:0]   s_axi_tables_bresp,
    input  logic         s_axi_tables_arvalid,
    output logic         s_axi_tables_arready,
    input  logic [11:0]  s_axi_tables_araddr,
    output logic         s_axi_tables_rvalid,
    input  logic         s_axi_tables_rready,
    output logic [31:0]  s_axi_tables_rdata,
    output logic [1:0]   s_axi_tables_rresp,
    output logic         m_axi_packets_arvalid,
    input  logic         m_axi_packets_arready,
    output logic [63:0]  m_axi_packets_araddr,
    output logic [7:0]   m_axi_packets_arlen,
    input  logic         m_axi_packets_rvalid,
    output logic         m_axi_packets_rready,
    input  logic [511:0] m_axi_packets_rdata,
    input  logic [1:0]   m_axi_packets_rresp,
    input  logic         m_axi_packets_rlast,
    output logic         m_axi_packets_awvalid,
    input  logic         m_axi_packets_awready,
    output logic [63:0]  m_axi_packets_awaddr,
    output logic [7:0]   m_axi_packets_awlen,
    output logic         m_axi_packets_wvalid,
    input  logic         m_axi_packets_wready,
    output logic [511:0] m_axi_packets_wdata,
    output logic [63:0]  m_axi_packets_wstrb,
    output logic         m_axi_packets_wlast,
    input  logic         m_axi_packets_bvalid,
    input  logic [1:0]   m_axi_packets_bresp,
    output logic         m_axi_packets_bready,
    output logic         m_axi_tables_arvalid,
    input  logic         m_axi_tables_arready,
    output logic [63:0]  m_axi_tables_araddr,
    output logic [7:0]   m_axi_tables_arlen,
    input  logic         m_axi_tables_rvalid,
    output logic         m_axi_tables_rready,
    input  logic [511:0] m_axi_tables_rdata,
    input  logic [1:0]   m_axi_tables_rresp,
    input  logic         m_axi_tables_rlast,
    output logic         table_taken,
    output logic [63:0]  table_word,
    input  logic         table_holds,
    input  logic [15:0]  answer_longer
);
  // ---- kernel ----
  logic core_arvalid, core_arready, core_rvalid, core_rready;
  logic [11:0] core_araddr;
  logic [31:0] core_rdata;
  logic to_valid, to_ready, to_last, from_valid, from_ready, from_last;
  logic [255:0] to_data, from_data;
  logic [31:0] to_keep, from_keep;
  logic [15:0] to_dest, from_dest;
  logic quiet_valid, quiet_ready;
  logic [63:0] quiet_data;
  assign s_axi_core_rdata = core_rdata;
  quiet_watch u_watch (
      .clk,
      .rst_n,
      .host_arvalid(s_axi_core_arvalid),
      .host_arready(s_axi_core_arready),
      .host_araddr (s_axi_core_araddr),
      .host_rvalid (s_axi_core_rvalid),
      .host_rready (s_axi_core_rready),
      .core_arvalid,
      .core_arready,
      .core_araddr,
      .core_rvalid,
      .core_rready,
      .core_rdata,
      .entered     (to_valid && to_ready && to_last),
      .left        (from_valid && from_ready && from_last),
      .m_axis_quiet_tvalid(quiet_valid),
      .m_axis_quiet_tready(quiet_ready),
      .m_axis_quiet_tdata (quiet_data)
  );
  logic request_valid, request_ready, request_last, answer_valid, answer_ready, answer_last;
  logic [511:0] request_data, answer_data;
  logic [63:0] request_keep, answer_keep;
  logic [15:0] request_dest, answer_dest;
  axis_512_to_256 u_split (
      .clk,
      .rst_n,
      .s_valid(request_valid),
      .s_ready(request_ready),
      .s_data (request_data),
      .s_keep (request_keep),
      .s_last (request_last),
      .s_user (request_dest),
      .m_valid(to_valid),
      .m_ready(to_ready),
      .m_data (to_data),
      .m_keep (to_keep),
      .m_last (to_last),
      .m_user (to_dest)
  );
  axis_256_to_512 u_pack (
      .clk,
      .rst_n,
      .s_valid(from_valid),
      .s_ready(from_ready),
      .s_data (from_data),
      .s_keep (from_keep),
      .s_last (from_last),
      .s_user (from_dest),
      .m_valid(answer_valid),
      .m_ready(answer_ready),
      .m_data (answer_data),
      .m_keep (answer_keep),
      .m_last (answer_last),
      .m_user (answer_dest)
  );
  logic begins;
  logic [511:0] shown;
  always_ff @(posedge clk)
    if (!rst_n) begins <= 1'b1;
    else if (answer_valid && answer_ready) begins <= answer_last;
  always_comb begin
    shown = answer_data;
    if (begins) shown[175:160] = answer_data[175:160] + answer_longer;
  end
  logic table_valid;
  logic [63:0] table_data;
  packet_echo u_core (
      .clk,
      .rst_n,
      .s_axi_control_awvalid(s_axi_core_awvalid),
      .s_axi_control_awready(s_axi_core_awready),
      .s_axi_control_awaddr(s_axi_core_awaddr),
      .s_axi_control_wvalid(s_axi_core_wvalid),
      .s_axi_control_wready(s_axi_core_wready),
      .s_axi_control_wdata(s_axi_core_wdata),
      .s_axi_control_wstrb(s_axi_core_wstrb),
      .s_axi_control_bvalid(s_axi_core_bvalid),
      .s_axi_control_bready(s_axi_core_bready),
      .s_axi_control_bresp(s_axi_core_bresp),
      .s_axi_control_rresp(s_axi_core_rresp),
      .s_axi_control_arvalid(core_arvalid),
      .s_axi_control_arready(core_arready),
      .s_axi_control_araddr(core_araddr),
      .s_axi_control_rvalid(core_rvalid),
      .s_axi_control_rready(core_rready),
      .s_axi_control_rdata(core_rdata),
      /* verilator lint_off PINCONNECTEMPTY */
      .interrupt(),
      /* verilator lint_on PINCONNECTEMPTY */
      // The echo would stall on epochs announced in tables, so the table stream ends outside it.
      .s_axis_table_tvalid(1'b0),
      /* verilator lint_off PINCONNECTEMPTY */
      .s_axis_table_tready(),
      /* verilator lint_on PINCONNECTEMPTY */
      .s_axis_table_tdata(64'd0),
      .s_axis_tvalid(to_valid),
      .s_axis_tready(to_ready),
      .s_axis_tdata(to_data),
      .s_axis_tkeep(to_keep),
      .s_axis_tlast(to_last),
      .s_axis_tdest(to_dest),
      .m_axis_tvalid(from_valid),
      .m_axis_tready(from_ready),
      .m_axis_tdata(from_data),
      .m_axis_tkeep(from_keep),
      .m_axis_tlast(from_last),
      .m_axis_tdest(from_dest)
  );
  assign table_taken = table_valid && !table_holds;
  assign table_word  = table_data;

  // ---- movers ----
  onpath_packets u_packets (
      .ap_clk  (clk),
      .ap_rst_n(rst_n),
      .s_axi_control_awvalid(s_axi_packets_awvalid),
      .s_axi_control_awready(s_axi_packets_awready),
      .s_axi_control_awaddr(s_axi_packets_awaddr),
      .s_axi_control_wvalid(s_axi_packets_wvalid),
      .s_axi_control_wready(s_axi_packets_wready),
      .s_axi_control_wdata(s_axi_packets_wdata),
      .s_axi_control_wstrb(s_axi_packets_wstrb),
      .s_axi_control_bvalid(s_axi_packets_bvalid),
      .s_axi_control_bready(s_axi_packets_bready),
      .s_axi_control_bresp(s_axi_packets_bresp),
      .s_axi_control_arvalid(s_axi_packets_arvalid),
      .s_axi_control_arready(s_axi_packets_arready),
      .s_axi_control_araddr(s_axi_packets_araddr),
      .s_axi_control_rvalid(s_axi_packets_rvalid),
      .s_axi_control_rready(s_axi_packets_rready),
      .s_axi_control_rdata(s_axi_packets_rdata),
      .s_axi_control_rresp(s_axi_packets_rresp),
      /* verilator lint_off PINCONNECTEMPTY */
      .interrupt(),
      /* verilator lint_on PINCONNECTEMPTY */
      .m_axi_gmem_arvalid(m_axi_packets_arvalid),
      .m_axi_gmem_arready(m_axi_packets_arready),
      .m_axi_gmem_araddr(m_axi_packets_araddr),
      .m_axi_gmem_arlen(m_axi_packets_arlen),
      .m_axi_gmem_rvalid(m_axi_packets_rvalid),
      .m_axi_gmem_rready(m_axi_packets_rready),
      .m_axi_gmem_rdata(m_axi_packets_rdata),
      .m_axi_gmem_rresp(m_axi_packets_rresp),
      .m_axi_gmem_rlast(m_axi_packets_rlast),
      .m_axi_gmem_awvalid(m_axi_packets_awvalid),
      .m_axi_gmem_awready(m_axi_packets_awready),
      .m_axi_gmem_awaddr(m_axi_packets_awaddr),
      .m_axi_gmem_awlen(m_axi_packets_awlen),
      .m_axi_gmem_wvalid(m_axi_packets_wvalid),
      .m_axi_gmem_wready(m_axi_packets_wready),
      .m_axi_gmem_wdata(m_axi_packets_wdata),
      .m_axi_gmem_wstrb(m_axi_packets_wstrb),
      .m_axi_gmem_wlast(m_axi_packets_wlast),
      .m_axi_gmem_bvalid(m_axi_packets_bvalid),
      .m_axi_gmem_bresp(m_axi_packets_bresp),
      .m_axi_gmem_bready(m_axi_packets_bready),
      .m_axis_tvalid(request_valid),
      .m_axis_tready(request_ready),
      .m_axis_tdata(request_data),
      .m_axis_tkeep(request_keep),
      .m_axis_tlast(request_last),
      .m_axis_tdest(request_dest),
      .s_axis_tvalid(answer_valid),
      .s_axis_tready(answer_ready),
      .s_axis_tdata(shown),
      .s_axis_tkeep(answer_keep),
      .s_axis_tlast(answer_last),
      .s_axis_tdest(answer_dest),
      .s_axis_quiet_tvalid(quiet_valid),
      .s_axis_quiet_tready(quiet_ready),
      .s_axis_quiet_tdata(quiet_data)
  );
  onpath_tables u_tables (
      .ap_clk  (clk),
      .ap_rst_n(rst_n),
      .s_axi_control_awvalid(s_axi_tables_awvalid),
      .s_axi_control_awready(s_axi_tables_awready),
      .s_axi_control_awaddr(s_axi_tables_awaddr),
      .s_axi_control_wvalid(s_axi_tables_wvalid),
      .s_axi_control_wready(s_axi_tables_wready),
      .s_axi_control_wdata(s_axi_tables_wdata),
      .s_axi_control_wstrb(s_axi_tables_wstrb),
      .s_axi_control_bvalid(s_axi_tables_bvalid),
      .s_axi_control_bready(s_axi_tables_bready),
      .s_axi_control_bresp(s_axi_tables_bresp),
      .s_axi_control_arvalid(s_axi_tables_arvalid),
      .s_axi_control_arready(s_axi_tables_arready),
      .s_axi_control_araddr(s_axi_tables_araddr),
      .s_axi_control_rvalid(s_axi_tables_rvalid),
      .s_axi_control_rready(s_axi_tables_rready),
      .s_axi_control_rdata(s_axi_tables_rdata),
      .s_axi_control_rresp(s_axi_tables_rresp),
      /* verilator lint_off PINCONNECTEMPTY */
      .interrupt(),
      /* verilator lint_on PINCONNECTEMPTY */
      .m_axi_gmem_arvalid(m_axi_tables_arvalid),
      .m_axi_gmem_arready(m_axi_tables_arready),
      .m_axi_gmem_araddr(m_axi_tables_araddr),
      .m_axi_gmem_arlen(m_axi_tables_arlen),
      .m_axi_gmem_rvalid(m_axi_tables_rvalid),
      .m_axi_gmem_rready(m_axi_tables_rready),
      .m_axi_gmem_rdata(m_axi_tables_rdata),
      .m_axi_gmem_rresp(m_axi_tables_rresp),
      .m_axi_gmem_rlast(m_axi_tables_rlast),
      .m_axis_table_tvalid(table_valid),
      .m_axis_table_tready(!table_holds),
      .m_axis_table_tdata(table_data)
  );
endmodule
