// Door of a card in network mode, between the network shell and a kernel. The shell cannot be stopped: beats that come
// while the kernel stalls would be lost in the middle of packets. The door stores packets while tables load, and drops
// whole packets once its store is full. It counts both. kernels/rtl/registers.ts names the registers.
module onpath_door #(
    parameter int AW = 12  // 2^AW beats of 64 bytes are stored
) (
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
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [511:0] s_axis_tdata,
    input  logic [ 63:0] s_axis_tkeep,
    input  logic         s_axis_tlast,
    input  logic [ 15:0] s_axis_tdest,
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [511:0] m_axis_tdata,
    output logic [ 63:0] m_axis_tkeep,
    output logic         m_axis_tlast,
    output logic [ 15:0] m_axis_tdest
);
  localparam int COUNTS = 7;
  logic start, stored, dropped;
  logic [31:0] args;
  logic [AW:0] limit, held;
  logic [32*COUNTS-1:0] counts;
  axil_control #(
      .ARGS  (1),
      .COUNTS(COUNTS)
  ) u_control (
      .clk  (ap_clk),
      .rst_n(ap_rst_n),
      .taken(start),
      .*
  );

  // ---- the limit is in use at once; 0 and limits beyond the store are the whole store ----
  localparam logic [AW:0] ALL = {1'b1, {AW{1'b0}}};
  always_ff @(posedge ap_clk)
    if (!ap_rst_n) limit <= ALL;
    else if (start)
      limit <= args == 32'd0 || args > 32'(ALL) ? ALL : args[AW:0] < (AW + 1)'(2) ? (AW + 1)'(2) : args[AW:0];

  assign s_axis_tready = 1'b1;
  drop_queue #(
      .W (16 + 64 + 512),
      .AW(AW)
  ) u_queue (
      .clk    (ap_clk),
      .rst_n  (ap_rst_n),
      .limit,
      .s_valid(s_axis_tvalid),
      .s_last (s_axis_tlast),
      .s_data ({s_axis_tdest, s_axis_tkeep, s_axis_tdata}),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .m_last (m_axis_tlast),
      .m_data ({m_axis_tdest, m_axis_tkeep, m_axis_tdata}),
      .stored,
      .dropped,
      .held
  );

  // ---- counters since reset; they wrap around ----
  logic [31:0] beats_in, packets_stored, packets_dropped, beats_out, packets_out, most;
  assign counts = {most, 32'(held), packets_out, beats_out, packets_dropped, packets_stored, beats_in};
  always_ff @(posedge ap_clk)
    if (!ap_rst_n) begin
      beats_in <= '0;
      packets_stored <= '0;
      packets_dropped <= '0;
      beats_out <= '0;
      packets_out <= '0;
      most <= '0;
    end else begin
      beats_in <= beats_in + {31'd0, s_axis_tvalid};
      packets_stored <= packets_stored + {31'd0, stored};
      packets_dropped <= packets_dropped + {31'd0, dropped};
      beats_out <= beats_out + {31'd0, m_axis_tvalid && m_axis_tready};
      packets_out <= packets_out + {31'd0, m_axis_tvalid && m_axis_tready && m_axis_tlast};
      if (32'(held) > most) most <= 32'(held);
    end
endmodule
