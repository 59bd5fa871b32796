// Bilinear resize, whole packets in and whole packets out.
module packet_resize #(
    parameter int AW = 7
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [ 31:0] cfg_plan,
    input  logic [  7:0] cfg_kind,
    input  logic [ 13:0] cfg_longest,
    input  logic [  2:0] cfg_item,
    input  logic [  2:0] cfg_channels,
    input  logic [ 31:0] cfg_weights,
    input  logic [  5:0] cfg_fraction,
    input  logic [  6:0] cfg_ties,
    input  logic         load_weights,
    input  logic         load_terms,
    input  logic [ 15:0] load_addr,
    input  logic [ 63:0] load_data,
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
  logic valid, ready, last, c_valid, c_ready, c_last, c_bad;
  logic [255:0] data, c_data;
  logic [1:0] part, c_part;
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
  resize_cells u_core (
      .clk,
      .rst_n,
      .cfg_channels,
      .cfg_weights,
      .cfg_fraction,
      .cfg_ties,
      .load_weights,
      .load_terms,
      .load_addr,
      .load_data,
      .s_valid(valid),
      .s_ready(ready),
      .s_data (data),
      .s_part (part),
      .s_last (last),
      .m_valid(c_valid),
      .m_ready(c_ready),
      .m_data (c_data),
      .m_part (c_part),
      .m_last (c_last),
      .m_bad  (c_bad)
  );
  packet_out #(
      .AW(AW)
  ) u_out (
      .clk,
      .rst_n,
      .s_valid (c_valid),
      .s_ready (c_ready),
      .s_data  (c_data),
      .s_part  (c_part),
      .s_last  (c_last),
      .s_bad   (c_bad),
      .m_axis_tvalid,
      .m_axis_tready,
      .m_axis_tdata,
      .m_axis_tkeep,
      .m_axis_tlast,
      .late
  );
endmodule
