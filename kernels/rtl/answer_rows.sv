// Computes which output rows an arrived row completes, and schedules their answers: for each packet of an
// output row, a header and the taps of its words. An output row that lacks one of its input rows is skipped.
//
// Each output row has an entry: the row that completes it, its tap count, the address of its first weight,
// and the distance in words back from that row's first word to its own first word. Rows of the fill colour,
// above and below, are attached to the preceding row.
module answer_rows #(
    parameter int OW = 12,  // 2^OW output rows
    parameter int RW = 12,  // 2^RW words of the ring
    parameter int TW = 13   // 2^TW weights
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic          clear,
    input  logic [  31:0] cfg_plan,
    input  logic [  15:0] cfg_before,         // rows of fill colour above
    input  logic [  15:0] cfg_inside,         // rows above plus filtered rows
    input  logic [  15:0] cfg_rows,           // all output rows, with fill colour below
    input  logic [OW-1:0] cfg_first,          // entry of the first filtered row
    input  logic [  15:0] cfg_width,          // items of an output row
    input  logic [  15:0] cfg_row_packets,
    input  logic [  10:0] cfg_packet_items,
    input  logic [  11:0] cfg_packet_bytes,   // of samples of 8 bits
    input  logic [  11:0] cfg_last_bytes,     // of a row's last packet
    input  logic [  31:0] cfg_answers,        // answers of a flow
    input  logic [  RW:0] cfg_row_words,
    input  logic [  RW:0] cfg_ring,
    input  logic          load,               // 15:0 row, 25:16 taps, 25+TW:26 weights, above: words back
    input  logic [OW-1:0] load_addr,
    input  logic [  50:0] load_data,
    // Rows filtered by columns, in order of arrival.
    input  logic          s_valid,
    output logic          s_take,             // the row is being processed
    output logic          s_done,             // all answers that it completes have begun
    input  logic [  80:0] s_from,             // in the format of row_intake
    input  logic          s_restart,
    input  logic [  15:0] s_row,
    input  logic [   9:0] s_run,
    input  logic [  23:0] s_packets,
    input  logic [  39:0] s_items,
    input  logic          room,               // space for another packet
    output logic          begins,             // a packet begins
    output logic          m_valid,
    output logic [   1:0] m_part,
    output logic [ 255:0] m_header,
    output logic [RW-1:0] m_addr,
    output logic [TW-1:0] m_weight,
    output logic          m_first,
    output logic          m_final,
    output logic          m_last,
    output logic          m_fill,
    output logic [   1:0] m_phase
);
  localparam logic [2:0] IDLE = 3'd0, FETCH = 3'd1, LOOK = 3'd2, HEAD = 3'd3, PLACE = 3'd4, WORDS = 3'd5;
  logic [2:0] state;

  // ---- the output row next output row ----
  logic [15:0] number, before_row, due;
  logic [OW-1:0] entry;
  logic [31:0] number_packets;  // answers of the image before it
  logic [39:0] number_items;
  // The entry's fields are fixed, whatever the depths: row, taps, 13 bits of first weight, 12 bits of words
  // back.
  /* verilator lint_off UNUSEDSIGNAL */
  logic [50:0] found;
  /* verilator lint_on UNUSEDSIGNAL */
  logic filled, over, early, lacks, advance;
  tdp_ram #(
      .AW(OW),
      .DW(51)
  ) u_entries (
      .clk,
      .en_a  (load || state == FETCH || state == HEAD),
      .we_a  (load),
      .addr_a(load ? load_addr : entry),
      .din_a (load_data),
      .q_a   (found),
      .en_b  (1'b0),
      .addr_b('0),
      /* verilator lint_off PINCONNECTEMPTY */
      .q_b   ()
      /* verilator lint_on PINCONNECTEMPTY */
  );
  logic [9:0] taps, found_taps;
  logic [TW-1:0] found_weights;
  logic [RW-1:0] found_back;
  assign found_taps = found[25:16];
  assign found_weights = found[26+:TW];
  assign found_back = found[39+:RW];
  assign filled = number < cfg_before || number >= cfg_inside;
  assign due = filled ? before_row : found[15:0];
  assign over = number == cfg_rows || due > s_row;
  assign early = due < s_row;
  assign lacks = !filled && s_run < found_taps;
  assign advance = state == LOOK && !over;
  assign s_take = state == IDLE && s_valid;
  assign s_done = state == LOOK && over;

  logic packet_ends, row_ends;
  always_ff @(posedge clk)
    if (!rst_n) state <= IDLE;
    else
      case (state)
        IDLE: if (s_valid) state <= FETCH;
        FETCH: state <= LOOK;
        LOOK: state <= over ? IDLE : early || lacks ? FETCH : HEAD;
        HEAD: if (room) state <= PLACE;
        PLACE: state <= WORDS;
        default: if (packet_ends) state <= row_ends ? LOOK : HEAD;
      endcase
  always_ff @(posedge clk)
    if (!rst_n || clear || (s_take && s_restart)) begin
      number <= '0;
      before_row <= '0;
      entry <= cfg_first;
      number_packets <= '0;
      number_items <= '0;
    end else if (advance) begin
      number <= number + 16'd1;
      before_row <= due;
      if (!filled) entry <= entry + 1'b1;
      number_packets <= number_packets + {16'd0, cfg_row_packets};
      number_items <= number_items + {24'd0, cfg_width};
    end

  // ---- ring addresses: begin of the arrived row, and first row of an output row ----
  logic [RW:0] base, next_base, first_base;
  assign next_base = base + cfg_row_words;
  assign first_base = base - {1'b0, found_back};
  always_ff @(posedge clk)
    if (!rst_n || clear) base <= '0;
    else if (s_done) base <= next_base == cfg_ring ? '0 : next_base;

  // ---- current packet ----
  logic [TW-1:0] weights, weight;
  logic [RW:0] row_word, word, down;
  logic [9:0] tap;
  logic [15:0] part;
  logic [6:0] words;
  logic [31:0] sequence_;
  logic [39:0] items;
  logic [11:0] bytes;
  logic packet_final, tap_final;
  assign packet_final = part == cfg_row_packets - 16'd1;
  assign bytes = packet_final ? cfg_last_bytes : cfg_packet_bytes;
  assign tap_final = tap == taps - 10'd1;
  assign packet_ends = tap_final && words == 7'd1;
  assign row_ends = packet_final;
  assign begins = state == HEAD && room;
  assign down = word + cfg_row_words;
  always_ff @(posedge clk) begin
    if (advance) begin
      taps <= filled ? 10'd1 : found_taps;
      weights <= found_weights;
      m_fill <= filled;
      row_word <= filled ? '0 : first_base[RW] ? first_base + cfg_ring : first_base;
      part <= '0;
      sequence_ <= {8'd0, s_packets} + number_packets;
      items <= s_items + number_items;
    end
    if (state == PLACE) begin
      words <= 7'((bytes + 12'd31) >> 5);
      tap <= '0;
      word <= row_word;
      weight <= weights;
      m_phase <= '0;
    end
    if (state == WORDS) begin
      tap <= tap_final ? '0 : tap + 10'd1;
      weight <= tap_final ? weights : weight + 1'b1;
      word <= tap_final ? row_word + 1'b1 : down >= cfg_ring ? down - cfg_ring : down;
      if (tap_final) begin
        row_word <= row_word + 1'b1;
        words <= words - 7'd1;
        m_phase <= m_phase == 2'd0 ? 2'd2 : m_phase - 2'd1;
      end
      if (packet_ends) begin
        part <= part + 16'd1;
        sequence_ <= sequence_ + 32'd1;
        items <= items + {29'd0, cfg_packet_items};
      end
    end
  end

  // ---- headers ----
  logic [31:0] flow, epoch;
  logic [15:0] overlap, flags;
  logic checked;
  assign {checked, overlap, epoch, flow} = s_from;
  assign flags = {11'd0, checked, 2'd0, sequence_ == cfg_answers - 32'd1, sequence_ == 32'd0};
  assign m_header = state == HEAD ?
      {epoch, cfg_plan, overlap, 4'd0, bytes, cfg_answers, sequence_, flow, flags, 8'd2, 8'd1, 32'h5450_4e4f} :
      {216'd0, items};
  assign m_valid = begins || state == PLACE || state == WORDS;
  assign m_part = state == HEAD ? 2'd0 : state == PLACE ? 2'd1 : 2'd2;
  assign m_addr = word[RW-1:0];
  assign m_weight = weight;
  assign m_first = tap == '0;
  assign m_final = tap_final;
  assign m_last = packet_ends;
endmodule
