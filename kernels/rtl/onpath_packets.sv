// Packet mover: slots of the card's memory to a kernel, and its answers to slots after a status block.
// kernels/rtl/movers.ts defines the layout. A run is complete when all packets are sent, the kernel holds
// none, and memory has confirmed every answer and the status.
module onpath_packets (
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
    /* verilator lint_off UNUSEDSIGNAL */  // beats are counted; Vitis requires the port
    input  logic         m_axi_gmem_rlast,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic         m_axi_gmem_awvalid,
    input  logic         m_axi_gmem_awready,
    output logic [ 63:0] m_axi_gmem_awaddr,
    output logic [  7:0] m_axi_gmem_awlen,
    output logic         m_axi_gmem_wvalid,
    input  logic         m_axi_gmem_wready,
    output logic [511:0] m_axi_gmem_wdata,
    output logic [ 63:0] m_axi_gmem_wstrb,
    output logic         m_axi_gmem_wlast,
    input  logic         m_axi_gmem_bvalid,
    input  logic [  1:0] m_axi_gmem_bresp,
    output logic         m_axi_gmem_bready,
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [511:0] m_axis_tdata,
    output logic [ 63:0] m_axis_tkeep,
    output logic         m_axis_tlast,
    output logic [ 15:0] m_axis_tdest,
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [511:0] s_axis_tdata,
    /* verilator lint_off UNUSEDSIGNAL */  // the length comes from the answer's header
    input  logic [ 63:0] s_axis_tkeep,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic         s_axis_tlast,
    /* verilator lint_off UNUSEDSIGNAL */  // there is only one sender
    input  logic [ 15:0] s_axis_tdest,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic         s_axis_quiet_tvalid,
    output logic         s_axis_quiet_tready,
    input  logic [ 63:0] s_axis_quiet_tdata   // format of `quiet_watch`
);
  logic running, finish;
  /* verilator lint_off UNUSEDSIGNAL */  // counts are words, slots have less than 128 KiB
  logic [6*64-1:0] args;
  /* verilator lint_on UNUSEDSIGNAL */
  mover_control #(
      .ARGS(6)
  ) u_control (
      .clk  (ap_clk),
      .rst_n(ap_rst_n),
      .*
  );

  localparam logic [1:0] REST = 2'd0, MOVE = 2'd1, CLOSE = 2'd2, SETTLE = 2'd3;
  logic [1:0] state;
  logic read_failed, write_failed, refused;
  logic [31:0] errors, errors_before;  // since reset, and before this run
  logic begin_, fetched, packet, answer, stored, closing, quiet, calm;
  assign begin_ = state == REST && running;
  assign m_axis_tdest = 16'd0;
  packet_fetch u_fetch (
      .clk  (ap_clk),
      .rst_n(ap_rst_n),
      .go   (begin_),
      .from (args[63:6]),
      .count(args[159:128]),
      .slot (args[208:192]),
      .idle (fetched),
      .packet,
      .failed(read_failed),
      .m_axi_gmem_arvalid,
      .m_axi_gmem_arready,
      .m_axi_gmem_araddr,
      .m_axi_gmem_arlen,
      .m_axi_gmem_rvalid,
      .m_axi_gmem_rready,
      .m_axi_gmem_rdata,
      .m_axi_gmem_rresp,
      .m_axis_tvalid,
      .m_axis_tready,
      .m_axis_tdata,
      .m_axis_tkeep,
      .m_axis_tlast
  );
  packet_store u_store (
      .clk  (ap_clk),
      .rst_n(ap_rst_n),
      .go   (begin_),
      .close(closing),
      .to   (args[127:70]),
      .room (args[351:320]),
      .slot (args[272:256]),
      .idle (stored),
      .answer,
      .failed(write_failed),
      .errors(errors - errors_before),
      .refused,
      .s_axis_tvalid,
      .s_axis_tready,
      .s_axis_tdata,
      .s_axis_tlast,
      .m_axi_gmem_awvalid,
      .m_axi_gmem_awready,
      .m_axi_gmem_awaddr,
      .m_axi_gmem_awlen,
      .m_axi_gmem_wvalid,
      .m_axi_gmem_wready,
      .m_axi_gmem_wdata,
      .m_axi_gmem_wstrb,
      .m_axi_gmem_wlast,
      .m_axi_gmem_bvalid,
      .m_axi_gmem_bresp,
      .m_axi_gmem_bready
  );

  // ---- what memory has refused; a slot of less than a beat would never end ----
  assign refused = args[208:198] == 11'd0;
  always_ff @(posedge ap_clk)
    if (!ap_rst_n) errors <= '0;
    else errors <= errors + {31'd0, read_failed} + {31'd0, write_failed};
  always_ff @(posedge ap_clk) if (begin_) errors_before <= errors;

  // ---- the kernel is idle once it has taken all packets sent, and all its answers are received ----
  logic [31:0] sent, received, entered, left;
  assign s_axis_quiet_tready = 1'b1;
  always_ff @(posedge ap_clk)
    if (!ap_rst_n) begin
      sent <= '0;
      received <= '0;
      entered <= '0;
      left <= '0;
    end else begin
      sent <= sent + {31'd0, packet};
      received <= received + {31'd0, answer};
      if (s_axis_quiet_tvalid) {left, entered} <= s_axis_quiet_tdata;
    end
  assign quiet = entered == sent && left == received;
  assign calm = fetched && !m_axis_tvalid && quiet && stored;
  assign closing = state == CLOSE;
  // The status is written one cycle after its request.
  assign finish = state == SETTLE && stored;
  always_ff @(posedge ap_clk)
    if (!ap_rst_n) state <= REST;
    else
      case (state)
        REST: if (running) state <= MOVE;
        MOVE: if (calm) state <= CLOSE;
        CLOSE: state <= SETTLE;
        default: if (finish) state <= REST;
      endcase
endmodule
