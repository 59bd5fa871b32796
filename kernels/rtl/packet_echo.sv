// The kernel that computes nothing: sound packets come back as they went, the others are counted. It
// proves the packet path of a card, and of this RTL.
module packet_echo #(
    parameter int AW = 7
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [ 31:0] cfg_plan,
    input  logic [  7:0] cfg_kind,
    input  logic [ 13:0] cfg_longest,
    input  logic [  2:0] cfg_item,
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [255:0] s_axis_tdata,
    input  logic [ 31:0] s_axis_tkeep,
    input  logic         s_axis_tlast,
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [255:0] m_axis_tdata,
    output logic [ 31:0] m_axis_tkeep,
    output logic         m_axis_tlast,
    output logic         drop,
    output logic [  3:0] drop_reason,
    output logic         late
);
  logic valid, ready, last;
  logic [255:0] data;
  logic [1:0] part;
  packet_in #(
      .AW(AW)
  ) u_in (
      .clk,
      .rst_n,
      .cfg_plan,
      .cfg_kind,
      .cfg_longest,
      .cfg_item,
      .s_axis_tvalid,
      .s_axis_tready,
      .s_axis_tdata,
      .s_axis_tkeep,
      .s_axis_tlast,
      .m_valid (valid),
      .m_ready (ready),
      .m_data  (data),
      .m_part  (part),
      .m_last  (last),
      .drop,
      .drop_reason
  );
  packet_out #(
      .AW(AW)
  ) u_out (
      .clk,
      .rst_n,
      .s_valid (valid),
      .s_ready (ready),
      .s_data  (data),
      .s_part  (part),
      .s_last  (last),
      .s_bad   (1'b0),
      .m_axis_tvalid,
      .m_axis_tready,
      .m_axis_tdata,
      .m_axis_tkeep,
      .m_axis_tlast,
      .late
  );
endmodule
