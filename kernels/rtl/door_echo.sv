// A kernel behind its door, for the tests of `onpath_door`: the echo, whose bus is half as wide as the door's. The door's
// registers are behind those of the echo, from 0x800 on.
module door_echo #(
    parameter int AW = 6
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
    input  logic         s_axis_table_tvalid,
    output logic         s_axis_table_tready,
    input  logic [ 63:0] s_axis_table_tdata,
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
  // A register above 0x800 is the door's. The test's host makes one access at a time.
  localparam logic [11:0] PRESENT = 12'h270;
  logic to_door, of_door, b_valid[2], r_valid[2];
  logic [11:0] address;
  logic [31:0] read[2];
  assign to_door = s_axi_control_awaddr[11];
  assign of_door = s_axi_control_araddr[11];
  assign s_axi_control_bvalid = b_valid[0] || b_valid[1];
  assign s_axi_control_rvalid = r_valid[0] || r_valid[1];
  assign s_axi_control_bresp = 2'd0;
  assign s_axi_control_rresp = 2'd0;
  always_ff @(posedge clk) if (s_axi_control_arvalid && s_axi_control_arready) address <= s_axi_control_araddr;
  logic [1:0] aw_ready, w_ready, ar_ready;
  assign s_axi_control_awready = aw_ready[to_door];
  assign s_axi_control_wready = w_ready[to_door];
  assign s_axi_control_arready = ar_ready[of_door];

  logic d_valid, d_ready, d_last, to_valid, to_ready, to_last, from_valid, from_ready, from_last;
  logic [511:0] d_data;
  logic [63:0] d_keep;
  logic [15:0] d_dest, to_dest, from_dest;
  logic [255:0] to_data, from_data;
  logic [31:0] to_keep, from_keep;
  /* verilator lint_off PINCONNECTEMPTY */
  onpath_door #(
      .AW(AW)
  ) u_door (
      .ap_clk(clk),
      .ap_rst_n(rst_n),
      .s_axi_control_awvalid(s_axi_control_awvalid && to_door == 1),
      .s_axi_control_awready(aw_ready[1]),
      .s_axi_control_awaddr({1'b0, s_axi_control_awaddr[10:0]}),
      .s_axi_control_wvalid(s_axi_control_wvalid && to_door == 1),
      .s_axi_control_wready(w_ready[1]),
      .s_axi_control_wdata,
      .s_axi_control_wstrb,
      .s_axi_control_bvalid(b_valid[1]),
      .s_axi_control_bready,
      .s_axi_control_bresp(),
      .s_axi_control_arvalid(s_axi_control_arvalid && of_door == 1),
      .s_axi_control_arready(ar_ready[1]),
      .s_axi_control_araddr({1'b0, s_axi_control_araddr[10:0]}),
      .s_axi_control_rvalid(r_valid[1]),
      .s_axi_control_rready,
      .s_axi_control_rdata(read[1]),
      .s_axi_control_rresp(),
      .interrupt(),
      .s_axis_tvalid,
      .s_axis_tready,
      .s_axis_tdata,
      .s_axis_tkeep,
      .s_axis_tlast,
      .s_axis_tdest,
      .m_axis_tvalid(d_valid),
      .m_axis_tready(d_ready),
      .m_axis_tdata(d_data),
      .m_axis_tkeep(d_keep),
      .m_axis_tlast(d_last),
      .m_axis_tdest(d_dest)
  );
  axis_512_to_256 u_split (
      .clk,
      .rst_n,
      .s_valid(d_valid),
      .s_ready(d_ready),
      .s_data (d_data),
      .s_keep (d_keep),
      .s_last (d_last),
      .s_user (d_dest),
      .m_valid(to_valid),
      .m_ready(to_ready),
      .m_data (to_data),
      .m_keep (to_keep),
      .m_last (to_last),
      .m_user (to_dest)
  );
  packet_echo u_echo (
      .clk,
      .rst_n,
      .s_axi_control_awvalid(s_axi_control_awvalid && to_door == 0),
      .s_axi_control_awready(aw_ready[0]),
      .s_axi_control_awaddr({1'b0, s_axi_control_awaddr[10:0]}),
      .s_axi_control_wvalid(s_axi_control_wvalid && to_door == 0),
      .s_axi_control_wready(w_ready[0]),
      .s_axi_control_wdata,
      .s_axi_control_wstrb,
      .s_axi_control_bvalid(b_valid[0]),
      .s_axi_control_bready,
      .s_axi_control_bresp(),
      .s_axi_control_arvalid(s_axi_control_arvalid && of_door == 0),
      .s_axi_control_arready(ar_ready[0]),
      .s_axi_control_araddr({1'b0, s_axi_control_araddr[10:0]}),
      .s_axi_control_rvalid(r_valid[0]),
      .s_axi_control_rready,
      .s_axi_control_rdata(read[0]),
      .s_axi_control_rresp(),
      .interrupt(),
      .s_axis_table_tvalid,
      .s_axis_table_tready,
      .s_axis_table_tdata,
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
  /* verilator lint_on PINCONNECTEMPTY */
  axis_256_to_512 u_pack (
      .clk,
      .rst_n,
      .s_valid(from_valid),
      .s_ready(from_ready),
      .s_data (from_data),
      .s_keep (from_keep),
      .s_last (from_last),
      .s_user (from_dest),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .m_data (m_axis_tdata),
      .m_keep (m_axis_tkeep),
      .m_last (m_axis_tlast),
      .m_user (m_axis_tdest)
  );

  // ---- packets before the echo, and answers behind it, are present too ----
  logic [31:0] outside;
  always_ff @(posedge clk)
    outside <= !rst_n ? 32'd0 : outside + 32'(s_axis_tvalid && s_axis_tready && s_axis_tlast) - 32'(u_door.dropped) -
        32'(to_valid && to_ready && to_last) + 32'(from_valid && from_ready && from_last) -
        32'(m_axis_tvalid && m_axis_tready && m_axis_tlast);
  assign s_axi_control_rdata = read[address[11]] + (address == PRESENT ? outside : 32'd0);
endmodule
