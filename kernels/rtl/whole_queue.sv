// Queue of a stream's packets that offers a packet once it is whole, so that it leaves without a gap, however slowly
// it came. A packet longer than the queue leaves as it comes.
module whole_queue #(
    parameter int W  = 512,  // bits of a beat, with its sideband
    parameter int AW = 5     // 2^AW beats
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         s_valid,
    output logic         s_ready,
    input  logic         s_last,
    input  logic [W-1:0] s_data,
    output logic         m_valid,
    input  logic         m_ready,
    output logic         m_last,
    output logic [W-1:0] m_data
);
  logic [AW+1:0] whole;  // packets of which the last beat is inside
  logic there, open, begun;
  beat_fifo #(
      .W (W + 1),
      .AW(AW)
  ) u_beats (
      .clk,
      .rst_n,
      .s_valid,
      .s_ready,
      .s_data ({s_last, s_data}),
      .m_valid(there),
      .m_ready(m_ready && open),
      .m_data ({m_last, m_data})
  );
  // A beat that has been offered stays offered.
  assign open = begun || whole != '0 || !s_ready;
  assign m_valid = there && open;
  always_ff @(posedge clk)
    if (!rst_n) begin
      whole <= '0;
      begun <= 1'b0;
    end else begin
      whole <= whole + (AW + 2)'(s_valid && s_ready && s_last) - (AW + 2)'(m_valid && m_ready && m_last);
      if (m_valid) begun <= !(m_ready && m_last);
    end
endmodule
