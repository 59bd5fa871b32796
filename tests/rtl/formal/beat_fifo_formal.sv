// Proof of beat_fifo with 4 words: a stalled beat stays and does not change; beats leave in order, none is
// lost or duplicated; the capacity is the memory and the output register.
module beat_fifo_formal #(
    parameter int W = 4
) (
    input logic         clk,
    input logic         rst_n,
    input logic         s_valid,
    input logic [W-1:0] s_data,
    input logic         m_ready
);
  localparam int AW = 2;
  logic s_ready, m_valid;
  logic [W-1:0] m_data;
  beat_fifo #(.W(W), .AW(AW)) dut (.clk, .rst_n, .s_valid, .s_ready, .s_data, .m_valid, .m_ready, .m_data);
  (* hierconn *) wire [AW:0] \dut.head ;
  (* hierconn *) wire [AW:0] \dut.tail ;
  (* hierconn *) wire [W-1:0] \dut.mem[0] ;
  (* hierconn *) wire [W-1:0] \dut.mem[1] ;
  (* hierconn *) wire [W-1:0] \dut.mem[2] ;
  (* hierconn *) wire [W-1:0] \dut.mem[3] ;
  logic [4*W-1:0] words;
  assign words = {\dut.mem[3] , \dut.mem[2] , \dut.mem[1] , \dut.mem[0] };

  logic past = 1'b0;
  always @(posedge clk) past <= 1'b1;
  always @(*) assume (past || !rst_n);

  // One beat of any number is tagged: it stands for all. Its word of memory is the number modulo 4.
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
  logic [AW:0] stored;
  assign held = entered - left;
  assign behind = tag - left;  // place of the tagged beat; at least `held` if it is not inside
  assign stored = \dut.head - \dut.tail ;
  always @(posedge clk)
    if (past && rst_n) begin
      assert (\dut.head == entered[AW:0]);
      assert (stored <= 3'd4);
      assert (held == {5'd0, stored} + {7'd0, m_valid});
      assert (s_ready == (stored != 3'd4));
      if (behind < held) begin
        if (m_valid && behind == 8'd0) assert (m_data == tagged);
        else assert (words[W*tag[AW-1:0]+:W] == tagged);
      end
      if ($past(rst_n && m_valid && !m_ready)) begin
        assert (m_valid);
        assert ($stable(m_data));
      end
    end
endmodule
