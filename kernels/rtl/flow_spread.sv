// Distributes the packets of one stream to 2^LN instances by their flow, so that an instance has all packets of a
// flow in their order. Bits 95:64 of a packet's first beat are its flow's number; the exclusive or of their parts is
// the instance. Packets that are placed need no order: with PLACED their sequence number, bits 127:96, counts too, and
// one flow has all instances. Data and last are shared by all instances: only valid and ready belong to one.
module flow_spread #(
    parameter int LN     = 2,    // log2 of the instances, 1 to 4
    parameter int W      = 512,  // bits of a beat, with its sideband above it
    parameter int PLACED = 0     // 1: packets of a flow need no order
) (
    input  logic             clk,
    input  logic             rst_n,
    input  logic             s_valid,
    output logic             s_ready,
    input  logic             s_last,
    input  logic [    W-1:0] s_data,
    output logic [2**LN-1:0] m_valid,
    input  logic [2**LN-1:0] m_ready,
    output logic             m_last,
    output logic [    W-1:0] m_data
);
  // The choice needs the beat, so ready comes from registers before it.
  logic valid, ready;
  axis_skid #(
      .W(W + 1)
  ) u_in (
      .clk,
      .rst_n,
      .s_valid,
      .s_ready,
      .s_data ({s_last, s_data}),
      .m_valid(valid),
      .m_ready(ready),
      .m_data ({m_last, m_data})
  );
  logic begun;  // the packet's first beat has passed
  logic [LN-1:0] chosen, folded, to;
  always_comb begin
    folded = '0;
    for (int n = 0; n < 32; n++) folded[n%LN] ^= m_data[64+n] ^ (PLACED != 0 && m_data[96+n]);
  end
  assign to = begun ? chosen : folded;
  assign ready = m_ready[to];
  always_comb begin
    m_valid = '0;
    m_valid[to] = valid;
  end
  always_ff @(posedge clk)
    if (!rst_n) begun <= 1'b0;
    else if (valid && ready) begun <= !m_last;
  always_ff @(posedge clk) if (valid && ready) chosen <= to;
endmodule
