// Joins the answers of 2^LN instances to one stream, whole packets in turn. An instance whose answer has begun
// keeps the stream until its last beat; then the next one with an answer follows, so none waits for more than one
// answer of each other.
module flow_collect #(
    parameter int LN = 2,   // log2 of the instances
    parameter int W  = 512  // bits of a beat, with its sideband
) (
    input  logic              clk,
    input  logic              rst_n,
    input  logic [ 2**LN-1:0] s_valid,
    output logic [ 2**LN-1:0] s_ready,
    input  logic [ 2**LN-1:0] s_last,
    input  logic [W*2**LN-1:0] s_data,
    output logic              m_valid,
    input  logic              m_ready,
    output logic              m_last,
    output logic [     W-1:0] m_data
);
  logic begun;  // an instance has the stream: a beat that is offered stays the same
  logic [LN-1:0] from, next, now;
  logic ready;
  always_comb begin
    next = from;
    for (int step = 2 ** LN - 1; step > 0; step--)
      if (s_valid[LN'(32'(from)+step)]) next = LN'(32'(from) + step);
  end
  assign now = begun ? from : next;
  always_comb begin
    s_ready = '0;
    s_ready[now] = ready;
  end
  always_ff @(posedge clk)
    if (!rst_n) begin
      begun <= 1'b0;
      from   <= '0;
    end else if (s_valid[now]) begin
      begun <= !(ready && s_last[now]);
      from   <= now;
    end
  axis_skid #(
      .W(W + 1)
  ) u_out (
      .clk,
      .rst_n,
      .s_valid(s_valid[now]),
      .s_ready(ready),
      .s_data ({s_last[now], s_data[W*now+:W]}),
      .m_valid,
      .m_ready,
      .m_data ({m_last, m_data})
  );
endmodule
