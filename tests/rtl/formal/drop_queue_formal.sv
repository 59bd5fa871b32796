// Proof of drop_queue with 4 words: a stalled beat stays and does not change; the beats of stored packets leave in
// order, none is lost or duplicated; a packet is stored whole or not at all; it is dropped only if a beat of it found
// no room, and there is room while two words are free; no more beats are stored than the limit.
module drop_queue_formal #(
    parameter int W = 3
) (
    input logic         clk,
    input logic         rst_n,
    input logic         s_valid,
    input logic         s_last,
    input logic [W-1:0] s_data,
    input logic         m_ready
);
  localparam int AW = 2;
  (* anyconst *) logic [AW:0] limit;
  always @(*) assume (limit >= 3'd2 && limit <= 3'd4);
  logic m_valid, m_last, stored, dropped;
  logic [W-1:0] m_data;
  logic [AW:0] held;
  drop_queue #(.W(W), .AW(AW)) dut (
      .clk, .rst_n, .limit, .s_valid, .s_last, .s_data, .m_valid, .m_ready, .m_last, .m_data, .stored, .dropped, .held
  );
  (* hierconn *) wire [AW:0] \dut.head ;
  (* hierconn *) wire [AW:0] \dut.whole ;
  (* hierconn *) wire [AW:0] \dut.tail ;
  (* hierconn *) wire \dut.room ;
  (* hierconn *) wire \dut.spoiled ;
  (* hierconn *) wire \dut.valid ;
  (* hierconn *) wire [W:0] \dut.data ;
  (* hierconn *) wire [W:0] \dut.mem[0] ;
  (* hierconn *) wire [W:0] \dut.mem[1] ;
  (* hierconn *) wire [W:0] \dut.mem[2] ;
  (* hierconn *) wire [W:0] \dut.mem[3] ;
  logic [4*(W+1)-1:0] words;
  assign words = {\dut.mem[3] , \dut.mem[2] , \dut.mem[1] , \dut.mem[0] };

  logic past = 1'b0;
  always @(posedge clk) past <= 1'b1;
  always @(*) assume (past || !rst_n);

  // ---- the packet that comes: its beats, and whether one found no room ----
  logic [7:0] came, kept, left;  // beats of it; beats of stored packets; beats that have left
  logic short_of;
  always @(posedge clk)
    if (!rst_n) begin
      came <= '0;
      kept <= '0;
      left <= '0;
      short_of <= 1'b0;
    end else begin
      if (s_valid) came <= s_last ? 8'd0 : came + 8'd1;
      if (s_valid) short_of <= !s_last && (short_of || !\dut.room );
      if (stored) kept <= kept + came + 8'd1;
      if (m_valid && m_ready) left <= left + 8'd1;
    end

  // ---- one beat of any number in the stream of stored packets is tagged: it stands for all ----
  (* anyconst *) logic [7:0] tag;
  logic [W:0] tagged;
  always @(posedge clk)
    if (s_valid && !short_of && \dut.room && kept + came == tag) tagged <= {s_last, s_data};

  logic [7:0] inside, behind, ahead;
  logic [AW:0] used;
  assign ahead = short_of ? 8'd0 : came;  // beats stored of the packet that comes
  assign inside = kept + ahead - left;
  assign behind = tag - left;  // place of the tagged beat; at least `inside` if it is not inside
  assign used = \dut.head - \dut.tail ;
  always @(posedge clk)
    if (past && rst_n) begin
      assert (\dut.spoiled == short_of);
      assert (\dut.whole == kept[AW:0]);
      assert (\dut.head == kept[AW:0] + ahead[AW:0]);
      assert (used <= limit);
      assert (ahead <= {5'd0, used});
      assert (inside == {5'd0, used} + {7'd0, \dut.valid } + {7'd0, m_valid});
      assert (held == used);
      // A packet is stored or dropped at its last beat, by whether all beats found room.
      assert (stored == (s_valid && s_last && !short_of && \dut.room ));
      assert (dropped == (s_valid && s_last && !stored));
      if (\dut.room ) assert (used < limit);
      if ($past(rst_n) && $past(used) + 3'd2 <= limit) assert (\dut.room );
      // Beats leave only of packets that are whole.
      if (m_valid) assert (kept != left);
      if (behind < inside) begin
        if (m_valid && behind == 8'd0) assert ({m_last, m_data} == tagged);
        else if (\dut.valid && behind == {7'd0, m_valid}) assert (\dut.data == tagged);
        else assert (words[(W+1)*tag[AW-1:0]+:W+1] == tagged);
      end
      if ($past(rst_n && m_valid && !m_ready)) begin
        assert (m_valid);
        assert ($stable({m_last, m_data}));
      end
    end
endmodule
