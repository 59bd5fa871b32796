// Proof of packet_out with a store of 4 beats, for any CRC: a stalled beat stays and does not change; a packet has
// two beats of header before its payload, and ends with the payload's last beat; the headers' store never
// overflows; each packet that enters leaves or is counted as late, once.
module packet_out_formal #(
    parameter bit COUNTED = 0  // also the properties that are bounded
) (
    input logic         clk,
    input logic         s_valid,
    input logic [255:0] s_data,
    input logic         s_last,
    input logic [  1:0] s_bad,
    input logic [ 15:0] s_dest,
    input logic         m_ready
);
  logic past = 1'b0, rst_n;
  always @(posedge clk) past <= 1'b1;
  assign rst_n = past;
  logic [1:0] s_part;
  logic s_ready, s_dest_ready, m_valid, m_last, late;
  logic [255:0] m_data;
  logic [31:0] m_keep;
  logic [15:0] m_dest;
  logic [1:0] late_reason;
  packet_out #(
      .AW(2)
  ) dut (
      .clk,
      .rst_n,
      .s_valid,
      .s_ready,
      .s_data,
      .s_part,
      .s_last,
      .s_bad,
      .s_dest,
      .s_dest_ready,
      .m_axis_tvalid(m_valid),
      .m_axis_tready(m_ready),
      .m_axis_tdata(m_data),
      .m_axis_tkeep(m_keep),
      .m_axis_tlast(m_last),
      .m_axis_tdest(m_dest),
      .late,
      .late_reason
  );
  (* hierconn *) wire \dut.sealed ;
  (* hierconn *) wire \dut.u_headers.s_ready ;
  (* hierconn *) wire \dut.u_skid.s_valid ;
  (* hierconn *) wire \dut.u_skid.s_ready ;
  (* hierconn *) wire [304:0] \dut.u_skid.s_data ;
  (* hierconn *) wire \dut.u_skid.full ;
  (* hierconn *) wire [1:0] \dut.part ;

  // The kernel's beats: two of header, then at least one of payload; the destination of a packet stays.
  always @(posedge clk)
    if (!rst_n) s_part <= '0;
    else if (s_valid && s_ready) s_part <= s_last ? 2'd0 : s_part == 2'd2 ? 2'd2 : s_part + 2'd1;
  always @(*) assume (!s_last || s_part == 2'd2);
  always @(posedge clk) if (past && !$past(s_dest_ready)) assume ($stable(s_dest));

  logic [7:0] entered, left, dropped, taken;
  logic [1:0] part;  // of the beat that is offered to the register stage
  logic out, ends;
  assign out = \dut.u_skid.s_valid && \dut.u_skid.s_ready ;
  assign ends = \dut.u_skid.s_data [288];
  always @(posedge clk)
    if (!rst_n) begin
      entered <= '0;
      left <= '0;
      dropped <= '0;
      taken <= '0;
      part <= '0;
    end else begin
      if (s_valid && s_ready && s_last) entered <= entered + 8'd1;
      if (out && ends) left <= left + 8'd1;
      if (late) dropped <= dropped + 8'd1;
      if (s_dest_ready) taken <= taken + 8'd1;
      if (out) part <= ends ? 2'd0 : part == 2'd2 ? 2'd2 : part + 2'd1;
    end
  logic [7:0] inside;
  assign inside = entered - left - dropped;
  always @(posedge clk)
    if (past) begin
      assert (!\dut.u_skid.full || m_valid);
      assert (\dut.part == part && part != 2'd3);
      if (\dut.u_skid.s_valid ) assert (!ends || part == 2'd2);
      assert (taken == left + dropped);
      if ($past(past && m_valid && !m_ready)) begin
        assert (m_valid);
        assert ($stable(m_data) && $stable(m_keep) && $stable(m_last) && $stable(m_dest));
      end
      if (COUNTED) begin
        assert (inside <= 8'd5);
        assert (!\dut.sealed || \dut.u_headers.s_ready );
      end
    end
endmodule
