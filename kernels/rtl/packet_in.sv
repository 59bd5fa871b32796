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

  // ---- the CRC runs over the header, without its own field, and the announced payload ----
  logic [31:0] crc, crc_next, mask;
  logic [255:0] bits;
  logic [14:0] passed, rest;  // bytes before this beat; bytes from it to the end of the payload
  logic in_crc;
  assign passed = {1'b0, beat, 5'd0};
  assign rest = 15'd64 + {1'b0, length} - passed;
  assign in_crc = beat < 9'd2 || (rest != 15'd0 && !rest[14]);
  always_comb begin
    mask = '1;
    if (beat >= 9'd2 && rest < 15'd32) mask = ~(32'hffff_ffff << rest[4:0]);
    if (beat == 9'd1) mask[11:8] = '0;
    for (int i = 0; i < 32; i++) bits[8*i+:8] = d0[8*i+:8] & {8{mask[i]}};
  end
  crc32c_beat u_crc (
      .crc (beat == 9'd0 ? 32'hffff_ffff : crc),
      .data(bits),
      .next(crc_next)
  );
  always_ff @(posedge clk) if (take && in_crc) crc <= crc_next;

  // ---- store: the announced beats, but no more than a packet that the plan takes can have ----
  (* ram_style = "block" *) logic [255:0] mem[2**AW];
  logic [AW:0] head, tail;
  logic [8:0] most, announced;
  logic store;
  assign announced = length > cfg_longest ? 9'((cfg_longest + 14'd31) >> 5) : 9'((length + 14'd31) >> 5);
  assign most = 9'd2 + announced;
  assign r0 = (head - tail) != (AW + 1)'(2 ** AW);
  assign store = take && (beat == 9'd0 || beat < most);
  always_ff @(posedge clk)
    if (!rst_n) head <= '0;
    else if (store) head <= head + 1'b1;
  always_ff @(posedge clk) if (store) mem[head[AW-1:0]] <= d0;

  // ---- behind the last beat: all checks but the CRC's value ----
  logic ended;
  logic [14:0] there;  // bytes that were there
  logic [8:0] stored;
  logic [5:0] kept;
  logic [15:0] dest1;
  always_comb begin
    kept = '0;
    for (int i = 0; i < 32; i++) kept += 6'(k0[i]);
  end
  always_ff @(posedge clk) begin
    ended <= rst_n && take && last0;
    there <= passed + {9'd0, kept};
    dest1 <= dest0;
    stored <= beat == 9'd0 ? 9'd1 : beat < most ? beat + 9'd1 : most;
  end

  logic [31:0] sequence_, packets_;
  logic [15:0] flags_;
  logic [3:0] found;
  logic first_, final_;
  assign sequence_ = head0[127:96];
  assign packets_ = head0[159:128];
  assign flags_ = head0[63:48];
  assign first_ = sequence_ == 32'd0;
  assign final_ = sequence_ == packets_ - 32'd1;
  always_comb begin
    if (there < 15'd64) found = TRUNCATED;
    else if (head0[31:0] != 32'h5450_4e4f) found = MAGIC;
    else if (head0[39:32] != 8'd1) found = VERSION;
    else if (head0[47:40] == 8'd0 || head0[47:40] > 8'd5) found = KIND;
    else if (flags_ > 16'd31) found = FLAGS;
    else if (length == 14'd0 || length > 14'd8192) found = LENGTH;
    else if (head0[191:176] > head0[175:160]) found = OVERLAP;
    else if (there < 15'd64 + {1'b0, length}) found = TRUNCATED;
    else if (packets_ == 32'd0 || packets_ > 32'h0100_0000) found = PACKETS;
    else if (sequence_ >= packets_ || flags_[0] != first_ || flags_[1] != final_) found = SEQUENCE;
    else if (head1[63:48] != 16'd0) found = POSITION;
    else if (head1[127:96] != 32'd0) found = RESERVED;
    else if (!flags_[4] && head1[95:64] != 32'd0) found = CRC;
    else found = 4'd0;
  end

  // 4 is 1 modulo 3, so a length is a multiple of three when its pairs of bits sum up to one.
  logic [1:0] sum_of_three;
  always_comb begin
    sum_of_three = 2'd0;
    for (int k = 0; k < 7; k++) sum_of_three = 2'((3'(sum_of_three) + 3'(length[2*k+:2])) % 3'd3);
  end

  // What the plan asks is looked at last, behind the CRC.
  logic [3:0] wanted;
  always_comb begin
    if (!cfg_complete || head0[223:192] != cfg_plan) wanted = PLAN;
    else if (head0[47:40] != cfg_kind || length > cfg_longest) wanted = ITEMS;
    else if (cfg_third ? sum_of_three != 2'd0 : (length & ~(14'h3fff << cfg_item)) != 14'd0) wanted = ITEMS;
    else wanted = 4'd0;
  end

  logic judged, checked;
  logic [31:0] crc_found, crc_there;
  logic [3:0] found5, wanted5, reason;
  logic [8:0] stored5;
  logic [15:0] dest5;
  crc32c_trim #(
      .W(66)
  ) u_trim (
      .clk,
      .rst_n,
      .s_valid(ended),
      .s_crc  (crc),
      .s_zeros(5'd0 - length[4:0]),
      .s_user ({flags_[4], head1[95:64], found, wanted, stored, dest1}),
      .m_valid(judged),
      .m_crc  (crc_found),
      .m_user ({checked, crc_there, found5, wanted5, stored5, dest5})
  );
  assign reason = found5 != 4'd0 ? found5 : checked && ~crc_found != crc_there ? CRC : wanted5;
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
      .s_data ({reason != 4'd0, stored5, dest5}),
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
