// Proof of flow_pick: a ready flow is chosen if there is one, and none that is ready lies between the last chosen one
// and it, round the circle. So no flow waits for more choices than there are others.
module flow_pick_formal (
    input logic       clk,
    input logic [7:0] able
);
  logic past = 1'b0, rst_n;
  always @(posedge clk) past <= 1'b1;
  assign rst_n = past;
  logic valid;
  logic [2:0] flow;
  flow_pick dut (
      .clk,
      .rst_n,
      .able,
      .valid,
      .flow
  );
  (* hierconn *) wire [7:0] \dut.behind ;
  logic [7:0] behind;
  assign behind = \dut.behind ;

  logic [2:0] last = 3'd0;
  always @(posedge clk) last <= !rst_n ? 3'd0 : valid ? flow : last;
  logic [7:0] closer;  // ready flows that come before the chosen one
  always_comb
    for (int n = 0; n < 8; n++) closer[n] = able[n] && 3'(n - 32'(last) - 1) < 3'(flow - last - 3'd1);
  always_comb
    if (past) begin
      assert (valid == |able);
      if (valid) assert (able[flow]);
      if (valid) assert (closer == 8'd0);
      assert (behind == 8'hfe << last);
    end
endmodule
