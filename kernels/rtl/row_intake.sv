// Receives packets of rows: checks each by its position, and packs its bytes until a row is complete. A row
// that a packet does not continue is abandoned. The rules equal those of the host's model
// (kernels/image/model/row_input.ts): packets that begin inside a row that has not arrived are out of order,
// and repeated rows restart their image.
//
// One piece per cycle: the bytes of one row in a beat. A packet takes one more cycle for its check, and about
// eighty if it begins neither at the end of its predecessor nor at zero.
module row_intake #(
    parameter int WW = 9  // 2^WW words: maximum row
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic          clear,              // new plan: forgets all flows
    input  logic [   2:0] cfg_channels,
    input  logic [  14:0] cfg_row_bytes,
    input  logic [  15:0] cfg_rows,
    input  logic [  39:0] cfg_total,          // bytes per flow
    input  logic [  23:0] cfg_image_packets,
    input  logic [  31:0] cfg_image_items,
    input  logic          s_valid,
    output logic          s_ready,
    /* verilator lint_off UNUSEDSIGNAL */     // magic, version, kind, sequence, plan and CRC are unused
    input  logic [ 255:0] s_data,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic [   1:0] s_part,
    input  logic          s_last,
    output logic          refuse,
    output logic [   4:0] refuse_reason,
    output logic          spent,              // a packet was accepted or rejected
    input  logic          room,               // space for another row
    output logic          row_done,           // a row is complete; its last write is one cycle later
    output logic [  80:0] from,               // its packet's checked, overlap, epoch, flow
    output logic          restart,            // first row of an image, or of a repetition
    output logic [  15:0] row,
    output logic [   9:0] run,                // consecutive rows up to this one, saturating
    output logic [  23:0] packets,            // answers before its image
    output logic [  39:0] items,              // answer items before its image
    output logic          write,
    output logic          write_next,
    output logic          write_slot,
    output logic [WW-1:0] write_word,
    output logic [ 511:0] write_data
);
  localparam logic [4:0] ITEMS = 5'd14, ORDER = 5'd18;
  localparam logic [1:0] HEADER = 2'd0, JUDGE = 2'd1, DIVIDE = 2'd2, BYTES = 2'd3;
  logic [1:0] state;
  logic swallow;

  // ---- packet ----
  logic [13:0] left;
  logic [49:0] place, position;
  assign position = {2'd0, s_data[47:0]};
  always_ff @(posedge clk)
    if (s_valid && s_ready && s_part == 2'd0) from <= {s_data[52], s_data[191:176], s_data[255:224], s_data[95:64]};
  always_ff @(posedge clk)
    if (s_valid && s_part == 2'd1) begin
      if (cfg_channels == 3'd1) place <= position;
      else if (cfg_channels == 3'd3) place <= position + (position << 1);
      else place <= position << 2;
    end

  // ---- position ----
  logic [39:0] at;     // flow offset of the next expected byte
  logic [14:0] filled; // bytes of the current row received
  logic beyond, expected, p_start, p_done, p_aligned;
  logic [15:0] p_row;
  logic [23:0] p_packets;
  logic [39:0] p_items;
  assign beyond = {1'b0, place} + 51'(left) > 51'(cfg_total);
  assign expected = place[39:0] == at;
  assign p_start = state == JUDGE && !beyond && !expected && place[39:0] != 40'd0;
  row_place u_place (
      .clk,
      .rst_n,
      .cfg_row_bytes,
      .cfg_rows,
      .cfg_image_packets,
      .cfg_image_items,
      .start  (p_start),
      .place  (place[39:0]),
      .done   (p_done),
      .aligned(p_aligned),
      .row    (p_row),
      .packets(p_packets),
      .items  (p_items)
  );
  assign refuse = (state == JUDGE && beyond) || (state == DIVIDE && p_done && !p_aligned);
  assign refuse_reason = state == JUDGE ? ITEMS : ORDER;

  // ---- pieces ----
  logic [5:0] rest, there, piece;  // bytes left in the beat, in the packet, in the row
  logic [4:0] off;
  logic [14:0] missing;
  logic take, ends_beat, ends_row;
  assign rest = 6'd32 - {1'b0, off};
  assign there = left > 14'(rest) ? rest : left[5:0];
  assign missing = cfg_row_bytes - filled;
  assign piece = missing < 15'(there) ? missing[5:0] : there;
  assign take = state == BYTES && !swallow && s_valid && (room || filled != 15'd0);
  assign ends_beat = piece == there;
  assign ends_row = 15'(piece) == missing;
  assign row_done = take && ends_row;
  assign spent = s_valid && s_ready && s_last;
  always_comb begin
    if (state == HEADER) s_ready = 1'b1;
    else if (state == BYTES) s_ready = swallow || (take && ends_beat);
    else s_ready = 1'b0;
  end
  always_ff @(posedge clk)
    if (!rst_n) begin
      state <= HEADER;
      swallow <= 1'b0;
    end else
      case (state)
        HEADER: if (s_valid && s_part == 2'd1) state <= JUDGE;
        JUDGE: begin
          state <= p_start ? DIVIDE : BYTES;
          swallow <= beyond;
        end
        DIVIDE:
        if (p_done) begin
          state <= BYTES;
          swallow <= !p_aligned;
        end
        default: if (s_valid && s_ready && s_last) state <= HEADER;
      endcase
  always_ff @(posedge clk)
    if (state == HEADER) begin
      off <= '0;
      if (s_valid && s_part == 2'd0) left <= s_data[173:160];
    end else if (take) begin
      off <= ends_beat ? '0 : off + piece[4:0];
      left <= left - 14'(piece);
    end

  // ---- rows ----
  logic same_flow, known;  // flow and image of the last row
  logic [31:0] flow;
  logic [23:0] image;
  logic [15:0] taken;
  logic [9:0] count;
  assign restart = !known || image != packets || row <= taken;
  assign run = restart || row != taken + 16'd1 ? 10'd1 : &count ? count : count + 10'd1;
  always_ff @(posedge clk)
    if (!rst_n || clear) begin
      at <= '0;
      filled <= '0;
      row <= '0;
      packets <= '0;
      items <= '0;
      same_flow <= 1'b0;
      known <= 1'b0;
    end else if (state == JUDGE && !beyond) begin
      same_flow <= 1'b1;
      flow <= from[31:0];
      if (!same_flow || flow != from[31:0]) known <= 1'b0;
      if (place[39:0] == 40'd0 && !expected) begin
        at <= '0;
        filled <= '0;
        row <= '0;
        packets <= '0;
        items <= '0;
      end
    end else if (state == DIVIDE && p_done && p_aligned) begin
      at <= place[39:0];
      filled <= '0;
      row <= p_row;
      packets <= p_packets;
      items <= p_items;
    end else if (take) begin
      at <= at + 40'(piece);
      filled <= ends_row ? '0 : filled + 15'(piece);
      if (ends_row) begin
        known <= 1'b1;
        row <= row + 16'd1;
        if (row == cfg_rows - 16'd1) begin
          row <= '0;
          packets <= packets + cfg_image_packets;
          items <= items + {8'd0, cfg_image_items};
        end
      end
    end
  always_ff @(posedge clk)
    if (row_done) begin
      image <= packets;
      taken <= row;
      count <= run;
    end

  // ---- one cycle later: bytes are appended, and full words are written ----
  logic g_valid, g_first, g_last;
  logic [5:0] g_piece, g_filled;
  logic [4:0] g_fill;
  logic [255:0] g_bytes, kept;
  assign g_filled = {1'b0, g_fill} + g_piece;
  assign write_data = {256'd0, g_first ? 256'd0 : kept} | ({256'd0, g_bytes} << {g_fill, 3'd0});
  assign write = g_valid && (g_filled >= 6'd32 || g_last);
  assign write_next = g_valid && g_last && g_filled > 6'd32;
  always_ff @(posedge clk)
    if (!rst_n) begin
      g_valid <= 1'b0;
      write_slot <= 1'b0;
    end else begin
      g_valid <= take;
      if (g_valid && g_last) write_slot <= !write_slot;
    end
  always_ff @(posedge clk)
    if (take) begin
      g_first <= filled == 15'd0;
      g_last <= ends_row;
      g_piece <= piece;
      g_fill <= filled[4:0];
      write_word <= filled[5+:WW];
      g_bytes <= (s_data >> {off, 3'd0}) & ~({256{1'b1}} << {piece, 3'd0});
    end
  always_ff @(posedge clk) if (g_valid) kept <= g_filled >= 6'd32 ? write_data[511:256] : write_data[255:0];
endmodule
