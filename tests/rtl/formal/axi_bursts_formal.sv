// Proof of axi_bursts: an offered burst stays; bursts lie within 4096 bytes, begin where the last one ended, and
// ask for as many beats as the stretch has.
module axi_bursts_formal (
    input logic        clk,
    input logic        rst_n,
    input logic        go,
    input logic [57:0] first,
    input logic [31:0] beats,
    input logic        a_ready
);
  logic busy, a_valid;
  logic [63:0] a_addr;
  logic [7:0] a_len;
  axi_bursts dut (.clk, .rst_n, .go, .first, .beats, .busy, .a_valid, .a_ready, .a_addr, .a_len);
  (* hierconn *) wire [57:0] \dut.at ;
  (* hierconn *) wire [31:0] \dut.left ;

  logic past = 1'b0;
  always @(posedge clk) past <= 1'b1;
  always @(*) assume (past || !rst_n);

  logic [31:0] rest;  // beats of the stretch that are not requested
  logic [57:0] next;
  always @(posedge clk)
    if (!rst_n) rest <= '0;
    else if (go && !busy) begin
      rest <= beats;
      next <= first;
    end else if (a_valid && a_ready) begin
      rest <= rest - {24'd0, a_len} - 32'd1;
      next <= next + {50'd0, a_len} + 58'd1;
    end

  always @(posedge clk)
    if (past && rst_n) begin
      assert (rest == \dut.left );
      assert (busy == (rest != 32'd0));
      assert (a_valid == busy);
      if (busy) assert (next == \dut.at );
      if (a_valid) begin
        assert (a_addr == {next, 6'd0});
        assert ({24'd0, a_len} < rest);
        assert ({2'd0, a_addr[11:6]} + a_len <= 8'd63);
        // Only the last burst ends before its page does.
        assert ({2'd0, a_addr[11:6]} + a_len == 8'd63 || {24'd0, a_len} + 32'd1 == rest);
      end
      if ($past(rst_n && a_valid && !a_ready)) begin
        assert (a_valid);
        assert ($stable(a_addr) && $stable(a_len));
      end
    end
endmodule
