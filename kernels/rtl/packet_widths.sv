// Path of a packet on a card between 512 and 256 bits: packed to the wide stream and split again. It tests
// both converters with any bytes, because nothing is checked here.
module packet_widths (
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
    /* verilator lint_off UNUSEDSIGNAL */  // accepted and discarded
    input  logic [ 63:0] s_axis_table_tdata,
    /* verilator lint_on UNUSEDSIGNAL */
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
  // ---- counters for the host: packets inside, and cycles with a packet inside ----
  logic begun, beat_in, beat_out, enters, leaves;
  logic [9:0] present;
  assign beat_in  = s_axis_tvalid && s_axis_tready;
  assign beat_out = m_axis_tvalid && m_axis_tready;
  assign enters   = beat_in && !begun;
  assign leaves   = beat_out && m_axis_tlast;
  always_ff @(posedge clk)
    if (!rst_n) begin
      begun   <= 1'b0;
      present <= '0;
    end else begin
      if (beat_in) begun <= !s_axis_tlast;
      present <= present + 10'(enters) - 10'(leaves);
    end

  localparam int ARGS = 4, COUNTS = 29;
  logic start;
  logic [32*COUNTS-1:0] counts;
  /* verilator lint_off UNUSEDSIGNAL */  // arguments are stored without effect
  logic [32*ARGS-1:0] args;
  /* verilator lint_on UNUSEDSIGNAL */
  axil_control #(
      .ARGS  (ARGS),
      .COUNTS(COUNTS)
  ) u_control (
      .taken(start),
      .*
  );
  assign s_axis_table_tready = 1'b1;
  packet_counters #(
      .COUNTS(COUNTS)
  ) u_counters (
      .clk,
      .rst_n,
      .present,
      .working    (enters || present != 10'd0),
      .loading    (s_axis_table_tvalid),
      .stalled    (1'b0),
      .swapped    (1'b0),
      .beat_in,
      .beat_out,
      .packet_out (leaves),
      .drop       (1'b0),
      .drop_reason(4'd0),
      .late       (1'b0),
      .late_reason(2'd0),
      .over       (1'b0),
      .refuse     (1'b0),
      .refuse_reason(5'd0),
      .counts
  );

  // ---- there and back ----
  logic wide_valid, wide_ready, wide_last;
  logic [511:0] wide_data;
  logic [ 63:0] wide_keep;
  logic [ 15:0] wide_user;
  axis_256_to_512 u_pack (
      .clk,
      .rst_n,
      .s_valid(s_axis_tvalid),
      .s_ready(s_axis_tready),
      .s_data (s_axis_tdata),
      .s_keep (s_axis_tkeep),
      .s_last (s_axis_tlast),
      .s_user (s_axis_tdest),
      .m_valid(wide_valid),
      .m_ready(wide_ready),
      .m_data (wide_data),
      .m_keep (wide_keep),
      .m_last (wide_last),
      .m_user (wide_user)
  );
  axis_512_to_256 u_split (
      .clk,
      .rst_n,
      .s_valid(wide_valid),
      .s_ready(wide_ready),
      .s_data (wide_data),
      .s_keep (wide_keep),
      .s_last (wide_last),
      .s_user (wide_user),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .m_data (m_axis_tdata),
      .m_keep (m_axis_tkeep),
      .m_last (m_axis_tlast),
      .m_user (m_axis_tdest)
  );
endmodule
