// The front of every kernel: whole packets come in, are checked in the order in which the host checks
// them (serialize/header.ts), and either pass or are dropped and counted by the name of the check.
//
// A packet is stored while it is checked, since its CRC is known only at its end. What is dropped is
// skipped on the way out, in one cycle, so that the stream never stops for it.
module packet_in #(
    parameter int AW = 7  // 2^AW beats are stored; at least two longest packets
) (
    input  logic         clk,
    input  logic         rst_n,
    // What the plan takes.
    input  logic [ 31:0] cfg_plan,
    input  logic [  7:0] cfg_kind,
    input  logic [ 13:0] cfg_longest,  // longest payload, in bytes; with its header it fits the store
    input  logic         cfg_complete, // all tables of the plan are loaded
    input  logic [  2:0] cfg_item,     // log2 of the bytes of an item
    input  logic         cfg_third,    // items have three bytes
    // Packets.
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [255:0] s_axis_tdata,
    input  logic [ 31:0] s_axis_tkeep,
    input  logic         s_axis_tlast,
    input  logic [ 15:0] s_axis_tdest,
    // Sound packets, beat by beat: two of header, then the payload.
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic [  1:0] m_part,       // 0 and 1: header, 2: payload
    output logic         m_last,
    output logic [ 15:0] m_dest,       // where the packet came from, the network shell's socket
    // Drops: a pulse, and the number of the check.
    output logic         drop,
    output logic [  3:0] drop_reason
);
  // The checks by number; 0 is none. tests/rtl holds the list to the host's.
  localparam logic [3:0] TRUNCATED = 4'd1, MAGIC = 4'd2, VERSION = 4'd3, KIND = 4'd4, FLAGS = 4'd5;
  localparam logic [3:0] LENGTH = 4'd6, OVERLAP = 4'd7, PACKETS = 4'd8, SEQUENCE = 4'd9;
  localparam logic [3:0] POSITION = 4'd10, RESERVED = 4'd11, CRC = 4'd12, PLAN = 4'd13, ITEMS = 4'd14;

  // ---- beats come in ----
  logic v0, r0, last0, take;
  logic [255:0] d0;
  logic [ 31:0] k0;
  logic [ 15:0] dest0;
  axis_skid #(
      .W(305)
  ) u_skid (
      .clk,
      .rst_n,
      .s_valid(s_axis_tvalid),
      .s_ready(s_axis_tready),
      .s_data ({s_axis_tdest, s_axis_tlast, s_axis_tkeep, s_axis_tdata}),
      .m_valid(v0),
      .m_ready(r0),
      .m_data ({dest0, last0, k0, d0})
  );
  assign take = v0 && r0;

  logic [8:0] beat;  // of the packet; stays at its greatest value, far beyond any packet
  /* verilator lint_off UNUSEDSIGNAL */  // flow, epoch, position and carry pass unread
  logic [255:0] head0, head1;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [13:0] length;  // of the payload; greater lengths are refused and kept at the greatest value
  assign length = |head0[175:174] ? 14'h3fff : head0[173:160];

  always_ff @(posedge clk)
    if (!rst_n) beat <= '0;
    else if (take) beat <= last0 ? '0 : beat == '1 ? beat : beat + 1'b1;
  always_ff @(posedge clk) begin
    if (take && beat == 9'd0) head0 <= d0;
    if (take && beat == 9'd1) head1 <= d0;
  end

  // ---- what a beat is to be checked by is known from the beat before it: mask, CRC or not, stored or not ----
  logic [31:0] mask;
  logic in_crc, kept;
  logic [13:0] rest, rest_next;      // bytes of the payload from this beat on; from the next beat on
  logic [8:0] beats, beats_next;     // the same in beats, but no more than a packet that the plan takes can have
  logic [8:0] announced, longest;
  assign announced = 9'((15'(length) + 15'd31) >> 5);
  always_ff @(posedge clk) longest <= 9'((15'(cfg_longest) + 15'd31) >> 5);
  always_comb begin
    rest_next  = rest > 14'd32 ? rest - 14'd32 : '0;
    beats_next = beats == 9'd0 ? '0 : beats - 1'b1;
    if (beat == 9'd1) begin
      rest_next  = length;
      beats_next = announced > longest ? longest : announced;
    end
  end
  always_ff @(posedge clk)
    if (!rst_n || (take && last0)) begin
      mask <= '1;
      in_crc <= 1'b1;
      kept <= 1'b1;
    end else if (take && beat == 9'd0) mask[11:8] <= '0;
    else if (take) begin
      mask <= rest_next < 14'd32 ? ~(32'hffff_ffff << rest_next[4:0]) : '1;
      in_crc <= rest_next != 14'd0;
      kept <= beats_next != 9'd0;
    end
  always_ff @(posedge clk)
    if (take) begin
      rest  <= rest_next;
      beats <= beats_next;
    end

  // ---- the CRC runs over the header, without its own field, and the announced payload ----
  logic [31:0] crc, crc_next;
  logic [255:0] bits;
  always_comb for (int i = 0; i < 32; i++) bits[8*i+:8] = d0[8*i+:8] & {8{mask[i]}};
  crc32c_beat u_crc (
      .crc (beat == 9'd0 ? 32'hffff_ffff : crc),
      .data(bits),
      .next(crc_next)
  );
  always_ff @(posedge clk) if (take && in_crc) crc <= crc_next;

  // ---- store: the announced beats, as far as the plan takes them ----
  (* ram_style = "block" *) logic [255:0] mem[2**AW];
  logic [AW:0] head, tail;
  logic store;
  assign r0 = (head - tail) != (AW + 1)'(2 ** AW);
  assign store = take && kept;
  always_ff @(posedge clk)
    if (!rst_n) head <= '0;
    else if (store) head <= head + 1'b1;
  always_ff @(posedge clk) if (store) mem[head[AW-1:0]] <= d0;

  // ---- behind the last beat: all checks but the CRC's value, in four cycles beside the CRC's five ----
  // Cycle 1: the next packet's header may begin to come in this cycle, so the fields are looked at now.
  logic ended, first_, final_;
  logic [8:0] whole, filled, stored;  // beats before the last one; beats that are stored, and with the last one
  logic [2:0] ones[8];                // valid bytes in the last beat, by four
  logic [15:0] dest1;
  always_ff @(posedge clk) begin
    ended <= rst_n && take && last0;
    whole <= beat;
    dest1 <= dest0;
    stored <= filled + 9'(kept);
    for (int i = 0; i < 8; i++) ones[i] <= 3'(k0[4*i]) + 3'(k0[4*i+1]) + 3'(k0[4*i+2]) + 3'(k0[4*i+3]);
  end
  always_ff @(posedge clk)
    if (!rst_n || (take && last0)) filled <= '0;
    else if (store) filled <= filled + 1'b1;

  logic [31:0] sequence_, packets_;
  logic [15:0] flags_;
  assign sequence_ = head0[127:96];
  assign packets_ = head0[159:128];
  assign flags_ = head0[63:48];
  assign first_ = sequence_ == 32'd0;
  // packets - 1 == sequence without a carry: of x + y == 0, each bit is the carry of the bit below it.
  assign final_ = (packets_ ^ ~sequence_) == {packets_[30:0] | ~sequence_[30:0], 1'b0};

  // 4 is 1 modulo 3, so a length is a multiple of three when its pairs of bits sum up to one.
  function automatic logic [1:0] add_of_three(input logic [1:0] a, input logic [1:0] b);
    add_of_three = 2'((3'(a) + 3'(b)) % 3'd3);
  endfunction
  logic [1:0] sum_of_three;
  assign sum_of_three = add_of_three(
      add_of_three(add_of_three(length[1:0], length[3:2]), add_of_three(length[5:4], length[7:6])),
      add_of_three(add_of_three(length[9:8], length[11:10]), length[13:12])
  );

  // Cycle 2: what was wrong, by the number of the check; what the plan asks is looked at behind the CRC.
  logic [14:0] there, expected;  // bytes that were there; that were announced
  logic [14:2] wrong;
  logic [5:0] valid;  // bytes of the last beat
  always_comb begin
    valid = '0;
    for (int i = 0; i < 8; i++) valid += 6'(ones[i]);
  end
  always_ff @(posedge clk) begin
    there <= {1'b0, whole, 5'd0} + {9'd0, valid};
    expected <= 15'd64 + {1'b0, length};
    wrong <= '0;
    wrong[MAGIC] <= head0[31:0] != 32'h5450_4e4f;
    wrong[VERSION] <= head0[39:32] != 8'd1;
    wrong[KIND] <= head0[47:40] == 8'd0 || head0[47:40] > 8'd5;
    wrong[FLAGS] <= flags_ > 16'd31;
    wrong[LENGTH] <= length == 14'd0 || length > 14'd8192;
    wrong[OVERLAP] <= head0[191:176] > head0[175:160];
    wrong[PACKETS] <= packets_ == 32'd0 || packets_ > 32'h0100_0000;
    wrong[SEQUENCE] <= sequence_ >= packets_ || flags_[0] != first_ || flags_[1] != final_;
    wrong[POSITION] <= head1[63:48] != 16'd0;
    wrong[RESERVED] <= head1[127:96] != 32'd0;
    wrong[CRC] <= !flags_[4] && head1[95:64] != 32'd0;
    wrong[PLAN] <= !cfg_complete || head0[223:192] != cfg_plan;
    wrong[ITEMS] <= head0[47:40] != cfg_kind || length > cfg_longest ||
        (cfg_third ? sum_of_three != 2'd0 : (length & ~(14'h3fff << cfg_item)) != 14'd0);
  end

  // Cycle 3: whether all bytes were there.
  logic no_header, cut;
  logic [14:2] wrong3;
  always_ff @(posedge clk) begin
    no_header <= there < 15'd64;
    cut <= there < expected;
    wrong3 <= wrong;
  end

  // Cycles 4 to 6: the first check that failed, in the host's order.
  logic [3:0] found, found4, found5, found6, wanted, wanted4, wanted5, wanted6;
  always_comb begin
    if (no_header) found = TRUNCATED;
    else if (wrong3[MAGIC]) found = MAGIC;
    else if (wrong3[VERSION]) found = VERSION;
    else if (wrong3[KIND]) found = KIND;
    else if (wrong3[FLAGS]) found = FLAGS;
    else if (wrong3[LENGTH]) found = LENGTH;
    else if (wrong3[OVERLAP]) found = OVERLAP;
    else if (cut) found = TRUNCATED;
    else if (wrong3[PACKETS]) found = PACKETS;
    else if (wrong3[SEQUENCE]) found = SEQUENCE;
    else if (wrong3[POSITION]) found = POSITION;
    else if (wrong3[RESERVED]) found = RESERVED;
    else if (wrong3[CRC]) found = CRC;
    else found = 4'd0;
  end
  assign wanted = wrong3[PLAN] ? PLAN : wrong3[ITEMS] ? ITEMS : 4'd0;
  always_ff @(posedge clk) begin
    {found6, found5, found4} <= {found5, found4, found};
    {wanted6, wanted5, wanted4} <= {wanted5, wanted4, wanted};
  end

  logic judged, checked;
  logic [31:0] crc_found, crc_there;
  logic [3:0] reason;
  logic [8:0] stored6;
  logic [15:0] dest6;
  crc32c_trim #(
      .W(58)
  ) u_trim (
      .clk,
      .rst_n,
      .s_valid(ended),
      .s_crc  (crc),
      .s_zeros(5'd0 - length[4:0]),
      .s_user ({flags_[4], head1[95:64], stored, dest1}),
      .m_valid(judged),
      .m_crc  (crc_found),
      .m_user ({checked, crc_there, stored6, dest6})
  );
  assign reason = found6 != 4'd0 ? found6 : checked && ~crc_found != crc_there ? CRC : wanted6;
  assign drop = judged && reason != 4'd0;
  assign drop_reason = reason;

  // ---- verdicts wait for their packets' turn ----
  logic due, skip, done;
  logic [8:0] count;
  logic [15:0] dest;
  beat_fifo #(
      .W (26),
      .AW(AW)
  ) u_verdicts (
      .clk,
      .rst_n,
      .s_valid(judged),
      // There is a stored beat for each verdict, so there is room.
      /* verilator lint_off PINCONNECTEMPTY */
      .s_ready(),
      /* verilator lint_on PINCONNECTEMPTY */
      .s_data ({reason != 4'd0, stored6, dest6}),
      .m_valid(due),
      .m_ready(done),
      .m_data ({skip, count, dest})
  );

  // ---- out ----
  logic read, more;
  logic [8:0] at;
  assign more = !m_valid || m_ready;
  assign read = due && !skip && more;
  assign done = due && (skip || (read && at == count - 9'd1));
  always_ff @(posedge clk)
    if (!rst_n) begin
      tail <= '0;
      at <= '0;
      m_valid <= 1'b0;
    end else begin
      if (due && skip) tail <= tail + (AW + 1)'(count);
      else if (read) tail <= tail + 1'b1;
      if (read) at <= done ? '0 : at + 9'd1;
      if (more) m_valid <= read;
    end
  always_ff @(posedge clk)
    if (more) begin
      m_data <= mem[tail[AW-1:0]];
      m_part <= at > 9'd2 ? 2'd2 : at[1:0];
      m_last <= done;
      m_dest <= dest;
    end
endmodule
