// Converts a narrow packet stream to a wide one, by default the core's 256 bits to VNx's 512. Two beats
// become one, the first in the lower half. The last beat of a packet with an odd beat count has an empty
// upper half. One input beat is accepted every cycle.
module axis_256_to_512 #(
    parameter int BYTES = 32,  // bytes of a narrow beat
    parameter int USER  = 16   // sideband bits, taken from a packet's last beat, such as TDEST
) (
    input  logic                clk,
    input  logic                rst_n,
    input  logic                s_valid,
    output logic                s_ready,
    input  logic [ 8*BYTES-1:0] s_data,
    input  logic [   BYTES-1:0] s_keep,
    input  logic                s_last,
    input  logic [    USER-1:0] s_user,
    output logic                m_valid,
    input  logic                m_ready,
    output logic [16*BYTES-1:0] m_data,
    output logic [ 2*BYTES-1:0] m_keep,
    output logic                m_last,
    output logic [    USER-1:0] m_user
);
  logic half;  // a lower half is stored, its upper half is missing
  logic [8*BYTES-1:0] data;
  logic [  BYTES-1:0] keep;
  logic [16*BYTES-1:0] whole;
  logic [ 2*BYTES-1:0] kept;
  assign whole = half ? {s_data, data} : {{8 * BYTES{1'b0}}, s_data};
  assign kept  = half ? {s_keep, keep} : {{BYTES{1'b0}}, s_keep};
  always_ff @(posedge clk)
    if (!rst_n) half <= 1'b0;
    else if (s_valid && s_ready) half <= !half && !s_last;
  always_ff @(posedge clk)
    if (s_valid && s_ready) begin
      data <= s_data;
      keep <= s_keep;
    end

  // A lower half also stalls on the output stage, although it does not enter it. So `ready` depends on
  // registers only, and a full stage always has enough beats to send.
  axis_skid #(
      .W(18 * BYTES + 1 + USER)
  ) u_skid (
      .clk,
      .rst_n,
      .s_valid(s_valid && (half || s_last)),
      .s_ready,
      .s_data ({s_last, kept, s_user, whole}),
      .m_valid,
      .m_ready,
      .m_data ({m_last, m_keep, m_user, m_data})
  );
endmodule
