// Proof of packet_fetch with slots of BEATS beats: bursts lie within 4096 bytes and stay while they are offered;
// the run asks for all beats of its slots and is idle only when all have come; of each slot, the beats of its
// packet leave, with TLAST and TKEEP as its header says.
module packet_fetch_formal #(
    parameter int BEATS = 2
) (
    input logic         clk,
    input logic         go,
    input logic [ 57:0] from,
    input logic [ 31:0] count,
    input logic         arready,
    input logic         rvalid,
    input logic [511:0] rdata,
    input logic [  1:0] rresp,
    input logic         tready
);
  localparam logic [16:0] SLOT = 17'(64 * BEATS);
  logic past = 1'b0, rst_n;
  always @(posedge clk) past <= 1'b1;
  assign rst_n = past;
  logic idle, packet, failed, arvalid, rready, tvalid, tlast;
  logic [63:0] araddr, tkeep;
  logic [7:0] arlen;
  logic [511:0] tdata;
  packet_fetch dut (
      .clk,
      .rst_n,
      .go,
      .from,
      .count,
      .slot(SLOT),
      .idle,
      .packet,
      .failed,
      .m_axi_gmem_arvalid(arvalid),
      .m_axi_gmem_arready(arready),
      .m_axi_gmem_araddr(araddr),
      .m_axi_gmem_arlen(arlen),
      .m_axi_gmem_rvalid(rvalid),
      .m_axi_gmem_rready(rready),
      .m_axi_gmem_rdata(rdata),
      .m_axi_gmem_rresp(rresp),
      .m_axis_tvalid(tvalid),
      .m_axis_tready(tready),
      .m_axis_tdata(tdata),
      .m_axis_tkeep(tkeep),
      .m_axis_tlast(tlast)
  );
  (* hierconn *) wire [31:0] \dut.left ;
  (* hierconn *) wire [10:0] \dut.place ;
  (* hierconn *) wire [31:0] \dut.u_bursts.left ;
  (* hierconn *) wire \dut.u_out.s_valid ;
  (* hierconn *) wire [576:0] \dut.u_out.s_data ;
  (* hierconn *) wire \dut.u_out.full ;
  (* hierconn *) wire [10:0] \dut.end_ ;
  (* hierconn *) wire [5:0] \dut.tail_ ;

  // Memory answers what was asked, and holds an answer until it is accepted.
  logic [31:0] owed;
  always @(posedge clk)
    if (!rst_n) owed <= '0;
    else
      owed <= owed + (arvalid && arready ? {24'd0, arlen} + 32'd1 : 32'd0) - {31'd0, rvalid && rready};
  always @(*) begin
    assume (!rvalid || owed != 32'd0);
    assume (count < 32'd65536);
  end
  always @(posedge clk)
    if (past && $past(rst_n && rvalid && !rready)) begin
      assume (rvalid);
      assume ($stable(rdata) && $stable(rresp));
    end

  // The slot as memory gives it.
  logic [10:0] beat;
  logic [16:0] said, bytes, kept, length;
  assign said = 17'd64 + {1'b0, rdata[175:160]};
  assign bytes = said < SLOT ? said : SLOT;
  assign length = beat == 11'd0 ? bytes : kept;
  always @(posedge clk)
    if (!rst_n) beat <= '0;
    else if (rvalid && rready) begin
      beat <= beat == 11'(BEATS - 1) ? 11'd0 : beat + 11'd1;
      kept <= length;
    end
  logic [16:0] before, rest;
  assign before = {beat, 6'd0};  // bytes of the slot before this beat
  assign rest = length - before;

  always @(posedge clk)
    if (past) begin
      assert (\dut.place == beat);
      assert (beat < 11'(BEATS));
      if (beat != 11'd0) begin
        assert (kept >= 17'd64 && kept <= SLOT);
        assert ({\dut.end_ , \dut.tail_ } == kept - 17'd1);
      end
      // All beats of the run: asked for and owed, or not asked for.
      assert (\dut.left < 32'd65536);
      assert (\dut.left != 32'd0 || beat == 11'd0);
      assert (\dut.u_bursts.left + owed == 32'(BEATS) * \dut.left - {21'd0, beat});
      assert (\dut.u_bursts.left <= 32'd65536 * 32'(BEATS) && owed <= 32'd65536 * 32'(BEATS));
      if (idle) assert (owed == 32'd0 && !arvalid);
      if (arvalid) assert ({2'd0, araddr[11:6]} + arlen <= 8'd63);
      if ($past(past && arvalid && !arready)) begin
        assert (arvalid);
        assert ($stable(araddr) && $stable(arlen));
      end
      // A beat of the packet is offered to the register stage, with its end and its bytes.
      assert (\dut.u_out.s_valid == (rvalid && before < length));
      if (\dut.u_out.s_valid ) begin
        assert (\dut.u_out.s_data [576:65] == rdata);
        assert (\dut.u_out.s_data [0] == (rest <= 17'd64));
        assert (\dut.u_out.s_data [64:1] == (rest >= 17'd64 ? '1 : ~(~64'd0 << rest[5:0])));
      end
      if (rvalid && before >= length) assert (rready);
      assert (failed == (rvalid && rready && rresp[1]));
      assert (packet == (tvalid && tready && tlast));
      assert (!\dut.u_out.full || tvalid);
      if ($past(past && tvalid && !tready)) begin
        assert (tvalid);
        assert ($stable(tdata) && $stable(tkeep) && $stable(tlast));
      end
    end
endmodule
