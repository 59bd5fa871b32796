// Proof of packet_in with a store of 8 beats, for any CRC: a stalled beat stays and does not change; a packet that
// passes has its parts in order; the stores never overflow; each packet that enters passes or is dropped, once,
// and leaves nothing in the store.
module packet_in_formal #(
    parameter bit COUNTED = 0  // also the properties that are bounded
) (
    input logic         clk,
    input logic         s_valid,
    input logic [255:0] s_data,
    input logic [ 31:0] s_keep,
    input logic         s_last,
    input logic [ 15:0] s_dest,
    input logic         m_ready
);
  (* anyconst *) logic [31:0] plan;
  (* anyconst *) logic [7:0] kind;
  (* anyconst *) logic [13:0] longest;
  (* anyconst *) logic [2:0] item;
  (* anyconst *) logic third;
  logic past = 1'b0, rst_n;
  always @(posedge clk) past <= 1'b1;
  assign rst_n = past;
  always @(*) assume (longest <= 14'd32);
  logic s_ready, m_valid, m_last, drop;
  logic [255:0] m_data;
  logic [1:0] m_part;
  logic [15:0] m_dest;
  logic [3:0] drop_reason;
  packet_in #(
      .AW(3)
  ) dut (
      .clk,
      .rst_n,
      .cfg_plan(plan),
      .cfg_kind(kind),
      .cfg_longest(longest),
      .cfg_complete(1'b1),
      .cfg_item(item),
      .cfg_third(third),
      .s_axis_tvalid(s_valid),
      .s_axis_tready(s_ready),
      .s_axis_tdata(s_data),
      .s_axis_tkeep(s_keep),
      .s_axis_tlast(s_last),
      .s_axis_tdest(s_dest),
      .m_valid,
      .m_ready,
      .m_data,
      .m_part,
      .m_last,
      .m_dest,
      .drop,
      .drop_reason
  );
  (* hierconn *) wire [3:0] \dut.head ;
  (* hierconn *) wire [3:0] \dut.tail ;
  (* hierconn *) wire [8:0] \dut.beat ;
  (* hierconn *) wire [8:0] \dut.at ;
  (* hierconn *) wire \dut.take ;
  (* hierconn *) wire \dut.last0 ;
  (* hierconn *) wire \dut.read ;
  (* hierconn *) wire \dut.done ;
  (* hierconn *) wire \dut.judged ;
  (* hierconn *) wire \dut.due ;
  (* hierconn *) wire \dut.u_verdicts.s_ready ;
  (* hierconn *) wire [3:0] \dut.u_verdicts.head ;
  (* hierconn *) wire [3:0] \dut.u_verdicts.tail ;
  (* hierconn *) wire \dut.u_skid.full ;

  logic [7:0] entered, passed, dropped, judged;
  logic [3:0] stored, waiting;  // beats, and verdicts that have not reached the output
  assign stored = \dut.head - \dut.tail ;
  assign waiting = \dut.u_verdicts.head - \dut.u_verdicts.tail ;
  always @(posedge clk)
    if (!rst_n) begin
      entered <= '0;
      passed <= '0;
      dropped <= '0;
      judged <= '0;
    end else begin
      if (\dut.take && \dut.last0 ) entered <= entered + 8'd1;
      if (\dut.read && \dut.done ) passed <= passed + 8'd1;
      if (drop) dropped <= dropped + 8'd1;
      if (\dut.judged ) judged <= judged + 8'd1;
    end
  logic [1:0] part;  // of the next beat that leaves
  always @(posedge clk)
    if (!rst_n) part <= '0;
    else if (m_valid && m_ready) part <= m_last ? 2'd0 : part == 2'd2 ? 2'd2 : part + 2'd1;
  always @(posedge clk)
    if (past) begin
      assert (!drop || \dut.judged );
      assert (drop == (\dut.judged && drop_reason != 4'd0));
      if ($past(past && m_valid && !m_ready)) begin
        assert (m_valid);
        assert ($stable(m_data) && $stable(m_part) && $stable(m_last) && $stable(m_dest));
      end
      if (COUNTED) begin
        if (m_valid) assert (m_part == part);
        if (m_valid && m_last) assert (part != 2'd0);
        assert (stored <= 4'd8);
        assert (!\dut.judged || \dut.u_verdicts.s_ready );
        assert (passed + dropped <= judged + {7'd0, drop} && judged <= entered);
        // Nothing is left of packets that have passed or were dropped.
        if (entered == judged && waiting == 4'd0 && !\dut.due && \dut.beat == 9'd0 && !\dut.judged )
          assert (stored == 4'd0);
      end
    end
endmodule
