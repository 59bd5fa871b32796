// Proof of mover_control, and of axil_control inside: each AXI4-Lite write and read is answered once, and an
// answer stays until it is accepted; every argument reads back as it was written; the start is held until the
// run ends; the done bit is set by the end and cleared by a read; no interrupt without both enables.
module mover_control_formal #(
    parameter int ARGS = 3
) (
    input logic        clk,
    input logic        rst_n,
    input logic        awvalid,
    input logic [11:0] awaddr,
    input logic        wvalid,
    input logic [31:0] wdata,
    input logic [ 3:0] wstrb,
    input logic        bready,
    input logic        arvalid,
    input logic [11:0] araddr,
    input logic        rready,
    input logic        finish,
    input logic [31:0] errors
);
  logic awready, wready, bvalid, arready, rvalid, interrupt, running;
  logic [1:0] bresp, rresp;
  logic [31:0] rdata;
  logic [64*ARGS-1:0] args;
  mover_control #(
      .ARGS(ARGS)
  ) dut (
      .clk,
      .rst_n,
      .s_axi_control_awvalid(awvalid),
      .s_axi_control_awready(awready),
      .s_axi_control_awaddr(awaddr),
      .s_axi_control_wvalid(wvalid),
      .s_axi_control_wready(wready),
      .s_axi_control_wdata(wdata),
      .s_axi_control_wstrb(wstrb),
      .s_axi_control_bvalid(bvalid),
      .s_axi_control_bready(bready),
      .s_axi_control_bresp(bresp),
      .s_axi_control_arvalid(arvalid),
      .s_axi_control_arready(arready),
      .s_axi_control_araddr(araddr),
      .s_axi_control_rvalid(rvalid),
      .s_axi_control_rready(rready),
      .s_axi_control_rdata(rdata),
      .s_axi_control_rresp(rresp),
      .interrupt,
      .running,
      .finish,
      .errors,
      .args
  );
  (* hierconn *) wire \dut.u_low.global_enable ;
  (* hierconn *) wire \dut.u_low.done ;
  (* hierconn *) wire [1:0] \dut.u_low.enabled ;
  (* hierconn *) wire [1:0] \dut.u_low.raised ;

  logic past = 1'b0;
  always @(posedge clk) past <= 1'b1;
  always @(*) begin
    assume (past || !rst_n);
    assume (!finish || running);
  end

  // What was written, of one argument word of any number.
  (* anyconst *) logic [2:0] number;
  always @(*) assume (number < 3'(2 * ARGS));
  logic [31:0] shadow, strobe, answer;
  logic write, read, started, done, expects, enabled;
  logic [1:0] sources;
  logic [9:0] word;
  assign word = 10'd4 + {7'd0, number};
  assign strobe = {{8{wstrb[3]}}, {8{wstrb[2]}}, {8{wstrb[1]}}, {8{wstrb[0]}}};
  assign write = awvalid && awready;
  assign read = arvalid && arready;
  logic [1:0] writes, reads;  // accepted and not answered
  always @(posedge clk)
    if (!rst_n) begin
      shadow <= '0;
      started <= 1'b0;
      done <= 1'b0;
      expects <= 1'b0;
      writes <= '0;
      reads <= '0;
      enabled <= 1'b0;
      sources <= '0;
    end else begin
      writes <= writes + {1'b0, write} - {1'b0, bvalid && bready};
      reads <= reads + {1'b0, read} - {1'b0, rvalid && rready};
      if (write && awaddr[11:2] == word) shadow <= (shadow & ~strobe) | (wdata & strobe);
      if (write && awaddr[11:2] == 10'd0 && wstrb[0] && wdata[0]) started <= 1'b1;
      else if (finish) started <= 1'b0;
      if (finish) done <= 1'b1;
      else if (read && araddr[11:2] == 10'd0) done <= 1'b0;
      if (write && awaddr[11:2] == 10'd1 && wstrb[0]) enabled <= wdata[0];
      if (write && awaddr[11:2] == 10'd2 && wstrb[0]) sources <= wdata[1:0];
      if (read) begin
        expects <= araddr[11:2] == word || araddr[11:2] == 10'd0 || araddr[11:2] == 10'h80;
        answer <= araddr[11:2] == 10'd0 ? {29'd0, !started, done, started} :
            araddr[11:2] == 10'h80 ? errors : shadow;
      end
    end

  always @(posedge clk)
    if (past && rst_n) begin
      assert (awready == wready && (!awready || (awvalid && wvalid)));
      assert (!arready || arvalid);
      assert (writes == {1'b0, bvalid});
      assert (reads == {1'b0, rvalid});
      assert (bresp == 2'd0 && rresp == 2'd0);
      assert (args[32*number+:32] == shadow);
      assert (running == started && \dut.u_low.done == done);
      assert (\dut.u_low.global_enable == enabled && \dut.u_low.enabled == sources);
      assert (interrupt == (enabled && (sources & \dut.u_low.raised ) != 2'd0));
      if (rvalid && expects) assert (rdata == answer);
      if ($past(past && rst_n && bvalid && !bready)) assert (bvalid);
      if ($past(past && rst_n && rvalid && !rready)) begin
        assert (rvalid);
        assert ($stable(rdata));
      end
    end
endmodule
