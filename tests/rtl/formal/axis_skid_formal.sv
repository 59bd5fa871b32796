// Proof of axis_skid: a stalled beat stays and does not change; beats leave in order, none is lost or
// duplicated; the capacity is two beats.
module axis_skid_formal #(
    parameter int W = 8
) (
    input logic         clk,
    input logic         rst_n,
    input logic         s_valid,
    input logic [W-1:0] s_data,
    input logic         m_ready
);
  logic s_ready, m_valid;
  logic [W-1:0] m_data;
  axis_skid #(.W(W)) dut (.clk, .rst_n, .s_valid, .s_ready, .s_data, .m_valid, .m_ready, .m_data);
  (* hierconn *) wire \dut.full ;
  (* hierconn *) wire [W-1:0] \dut.spare ;

  logic past = 1'b0;
  always @(posedge clk) past <= 1'b1;
  always @(*) assume (past || !rst_n);

  // One beat of any number is tagged: it stands for all.
  (* anyconst *) logic [7:0] tag;
  logic [7:0] entered, left;
  logic [W-1:0] tagged;
  always @(posedge clk)
    if (!rst_n) begin
      entered <= '0;
      left <= '0;
    end else begin
      if (s_valid && s_ready) entered <= entered + 8'd1;
      if (m_valid && m_ready) left <= left + 8'd1;
      if (s_valid && s_ready && entered == tag) tagged <= s_data;
    end

  logic [7:0] held, behind;
  assign held = entered - left;
  assign behind = tag - left;  // place of the tagged beat; at least `held` if it is not inside
  always @(posedge clk)
    if (past && rst_n) begin
      assert (held == {7'd0, m_valid} + {7'd0, \dut.full });
      assert (!\dut.full || m_valid);
      assert (s_ready == (held != 8'd2));
      if (behind == 8'd0 && held != 8'd0) assert (m_data == tagged);
      if (behind == 8'd1 && held == 8'd2) assert (\dut.spare == tagged);
      if ($past(rst_n && m_valid && !m_ready)) begin
        assert (m_valid);
        assert ($stable(m_data));
      end
    end
endmodule
