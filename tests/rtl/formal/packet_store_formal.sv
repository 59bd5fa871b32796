// Proof of packet_store: bursts lie within 4096 bytes; addresses and data stay while they are offered; data are
// cut where the bursts are, each with WLAST at its end; an answer is written within its slot, after the first
// address of it is offered; idle means that memory has confirmed all bursts; the counts in the status are the
// answers of the stream.
module packet_store_formal (
    input logic         clk,
    input logic         go,
    input logic         close,
    input logic         tvalid,
    input logic [511:0] tdata,
    input logic         tlast,
    input logic         awready,
    input logic         wready,
    input logic         bvalid,
    input logic [  1:0] bresp
);
  (* anyconst *) logic [57:0] to;
  (* anyconst *) logic [31:0] room;
  (* anyconst *) logic [10:0] slot_beats;
  logic past = 1'b0, rst_n;
  always @(posedge clk) past <= 1'b1;
  assign rst_n = past;
  logic idle, answer, failed, tready, awvalid, wvalid, wlast, bready;
  logic [63:0] awaddr, wstrb;
  logic [7:0] awlen;
  logic [511:0] wdata;
  packet_store dut (
      .clk,
      .rst_n,
      .go,
      .close,
      .to,
      .room,
      .slot({slot_beats, 6'd0}),
      .idle,
      .answer,
      .failed,
      .errors(32'd0),
      .refused(1'b0),
      .s_axis_tvalid(tvalid),
      .s_axis_tready(tready),
      .s_axis_tdata(tdata),
      .s_axis_tlast(tlast),
      .m_axi_gmem_awvalid(awvalid),
      .m_axi_gmem_awready(awready),
      .m_axi_gmem_awaddr(awaddr),
      .m_axi_gmem_awlen(awlen),
      .m_axi_gmem_wvalid(wvalid),
      .m_axi_gmem_wready(wready),
      .m_axi_gmem_wdata(wdata),
      .m_axi_gmem_wstrb(wstrb),
      .m_axi_gmem_wlast(wlast),
      .m_axi_gmem_bvalid(bvalid),
      .m_axi_gmem_bresp(bresp),
      .m_axi_gmem_bready(bready)
  );
  localparam logic [2:0] LOOK = 3'd0, WRITE = 3'd1, DROP = 3'd2, STATUS = 3'd3;
  (* hierconn *) wire [2:0] \dut.state ;
  (* hierconn *) wire \dut.go_bursts ;
  (* hierconn *) wire \dut.ended ;
  (* hierconn *) wire [10:0] \dut.left ;
  (* hierconn *) wire [10:0] \dut.beats ;
  (* hierconn *) wire [5:0] \dut.in_page ;
  (* hierconn *) wire [31:0] \dut.open ;
  (* hierconn *) wire [31:0] \dut.stored ;
  (* hierconn *) wire [31:0] \dut.surplus ;
  (* hierconn *) wire [31:0] \dut.too_long ;
  (* hierconn *) wire [57:0] \dut.at ;
  (* hierconn *) wire [31:0] \dut.u_bursts.left ;
  (* hierconn *) wire [57:0] \dut.u_bursts.at ;

  // The mover starts and ends a run while the store is idle. A stream's beat stays until it is accepted, and
  // memory confirms only bursts that it was given.
  logic [31:0] owed;  // bursts not confirmed
  logic running = 1'b0;
  always @(*) begin
    assume (slot_beats != 11'd0 && slot_beats <= 11'd1023);
    assume (!go || idle);
    assume (!go || !close);
    assume (running || (!tvalid && !close));
    assume (!bvalid || owed != 32'd0);
  end
  always @(posedge clk) begin
    running <= rst_n && (running || go);
    owed <= !rst_n ? 32'd0 : owed + {31'd0, awvalid && awready} - {31'd0, bvalid && bready};
    if (past && $past(rst_n && tvalid && !tready)) begin
      assume (tvalid);
      assume ($stable(tdata) && $stable(tlast));
    end
    if (past && $past(rst_n && close && !go) && !$past(idle && !tvalid)) assume (close);
  end

  // The stretch that is written: where it begins, its beats, and those that were requested and written.
  logic [57:0] next;  // where the next burst begins
  logic [5:0] first;
  logic [10:0] total, asked, written;
  logic own;  // the stretch is an answer's
  logic [31:0] answers, starts, kept, surplus, too_long;
  logic [16:0] length;
  logic is_long, is_late;
  assign length = 17'd64 + {1'b0, tdata[175:160]};
  assign is_long = \dut.state == LOOK && tvalid && length > {slot_beats, 6'd0};
  assign is_late = \dut.state == LOOK && tvalid && !is_long && kept == room;
  always @(posedge clk)
    if (!rst_n) begin
      total <= '0;
      asked <= '0;
      written <= '0;
      answers <= '0;
      starts <= '0;
      kept <= '0;
      surplus <= '0;
      too_long <= '0;
      first <= '0;
      own <= 1'b0;
    end else begin
      if (\dut.go_bursts ) begin
        first <= tvalid ? \dut.at [5:0] : to[5:0];
        next <= tvalid ? \dut.at : to;
        total <= tvalid ? \dut.beats : 11'd1;
        own <= tvalid;
        asked <= '0;
        written <= '0;
      end else begin
        if (awvalid && awready) begin
          asked <= asked + {3'd0, awlen} + 11'd1;
          next <= next + {50'd0, awlen} + 58'd1;
        end
        if (wvalid && wready) written <= written + 11'd1;
      end
      if (go) begin
        answers <= '0;
        starts <= '0;
        kept <= '0;
        surplus <= '0;
        too_long <= '0;
      end else begin
        if (tvalid && tready && tlast) answers <= answers + 32'd1;
        if (is_long || is_late || (\dut.go_bursts && tvalid)) starts <= starts + 32'd1;
        if (is_long) too_long <= too_long + 32'd1;
        if (is_late) surplus <= surplus + 32'd1;
        if (\dut.go_bursts && tvalid) kept <= kept + 32'd1;
      end
    end
  logic [5:0] page, next_page;
  assign page = first + written[5:0];
  assign next_page = first + asked[5:0];

  always @(posedge clk)
    if (past) begin
      assert (running || (\dut.state == LOOK && total == 11'd0));
      assert (\dut.state <= STATUS);
      assert (asked <= total && written <= total && total <= 11'd1025);
      assert (\dut.u_bursts.left == {21'd0, total - asked});
      if (awvalid) begin
        assert (\dut.u_bursts.at == next && next[5:0] == next_page);
        assert (awaddr == {next, 6'd0});
        assert ({2'd0, next_page} + awlen <= 8'd63);
        assert ({2'd0, next_page} + awlen == 8'd63 || {3'd0, awlen} + 11'd1 == total - asked);
      end
      // Data are cut at the same places as the bursts: at a page's end, and at the stretch's.
      assert (written == total || \dut.state == WRITE || \dut.state == STATUS);
      if (\dut.state == WRITE || \dut.state == STATUS) begin
        assert (written < total);
        if (\dut.state == STATUS) assert (total == 11'd1 && !own);
        else assert (own && \dut.left == total - written && \dut.in_page == page);
      end
      if (own) assert (total <= slot_beats);
      if (wvalid) assert (wlast == (written + 11'd1 == total || page == 6'd63));
      if (wvalid) assert (total != 11'd0 && (awvalid || asked != 11'd0));
      if ($past(past && awvalid && !awready)) begin
        assert (awvalid);
        assert ($stable(awaddr) && $stable(awlen));
      end
      if ($past(past && wvalid && !wready)) begin
        assert (wvalid);
        assert ($stable(wdata) && $stable(wstrb) && $stable(wlast));
      end
      assert (\dut.open == owed);
      assert (failed == (bvalid && bready && bresp[1]));
      if (idle) assert (owed == 32'd0 && asked == total && written == total && !wvalid);
      // Each answer of the run is counted once, as it begins: `starts` is the sum of three counts.
      if (running) begin
        assert (starts == answers + {31'd0, \dut.state == DROP || (\dut.state == WRITE && !\dut.ended )});
        assert (\dut.stored == kept && \dut.surplus == surplus && \dut.too_long == too_long);
        assert (kept <= room);
      end
    end
endmodule
