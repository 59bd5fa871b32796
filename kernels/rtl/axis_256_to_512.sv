// A narrow stream of packets onto a wide one, by default the core's 256 bits onto VNx's 512: two beats become
// one, the first its lower half; a packet of an odd number of beats ends in a beat without an upper half. A
// beat is taken every cycle.
module axis_256_to_512 #(
    parameter int BYTES = 32,  // of a narrow beat
    parameter int USER  = 16   // bits that go with each packet as its last beat has them, TDEST for example
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
  logic half;  // a lower half waits for its upper one
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

  // A lower half waits for the stage too, though it does not go there: what is taken then depends on
  // registers alone, and a stage that is full has beats enough to leave.
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
