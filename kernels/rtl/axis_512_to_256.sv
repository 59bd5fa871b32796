// Converts a wide packet stream to a narrow one, by default VNx's 512 bits to the core's 256. The lower half
// of a beat is sent first, then its upper half if it has bytes. One output beat is sent every cycle.
//
// TKEEP gives the byte count of a beat, without gaps, as in AMD's network layer.
module axis_512_to_256 #(
    parameter int BYTES = 32,  // bytes of a narrow beat
    parameter int USER  = 16   // sideband bits, copied with each beat, such as TDEST
) (
    input  logic                clk,
    input  logic                rst_n,
    input  logic                s_valid,
    output logic                s_ready,
    input  logic [16*BYTES-1:0] s_data,
    input  logic [ 2*BYTES-1:0] s_keep,
    input  logic                s_last,
    input  logic [    USER-1:0] s_user,
    output logic                m_valid,
    input  logic                m_ready,
    output logic [ 8*BYTES-1:0] m_data,
    output logic [   BYTES-1:0] m_keep,
    output logic                m_last,
    output logic [    USER-1:0] m_user
);
  logic ready, last, upper, more;
  logic [16*BYTES-1:0] data;
  logic [ 2*BYTES-1:0] keep;
  axis_skid #(
      .W(18 * BYTES + 1 + USER)
  ) u_skid (
      .clk,
      .rst_n,
      .s_valid,
      .s_ready,
      .s_data ({s_last, s_keep, s_user, s_data}),
      .m_valid,
      .m_ready(ready),
      .m_data ({last, keep, m_user, data})
  );

  // A beat stays in the stage until its last half is sent, so no half is stored twice.
  assign more   = keep[BYTES] && !upper;
  assign ready  = m_ready && !more;
  assign m_data = upper ? data[16*BYTES-1:8*BYTES] : data[8*BYTES-1:0];
  assign m_keep = upper ? keep[2*BYTES-1:BYTES] : keep[BYTES-1:0];
  assign m_last = last && !more;
  always_ff @(posedge clk)
    if (!rst_n) upper <= 1'b0;
    else if (m_valid && m_ready) upper <= more;
endmodule
