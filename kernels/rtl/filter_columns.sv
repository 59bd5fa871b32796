// Column filter of a row: sixteen taps of all channels per cycle, each pixel times its signed weight of 22
// fraction bits. A program gives the position in the row and the weights of each sixteen taps; an output column with
// more taps has several steps. Results are packed into words of the ring; each output packet begins at a word
// boundary.
//
// A result is signed, with 14 fraction bits. Filters that round after each pass have whole results from 0 to 255;
// the others round at the end alone, and keep the fraction.
module filter_columns #(
    parameter int WW = 9,   // 2^WW words: maximum row
    parameter int SW = 12,  // 2^SW steps
    parameter int VW = 11,  // 2^VW times sixteen weights
    parameter int RW = 12   // 2^RW words of the ring
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic          clear,
    input  logic [   2:0] cfg_channels,
    input  logic [  15:0] cfg_before,       // fill columns before
    input  logic [  15:0] cfg_inside,       // fill columns before plus steps
    input  logic [  15:0] cfg_steps,        // plus fill columns after: cycles per row
    input  logic [SW-1:0] cfg_first,        // address of the first step
    input  logic [  10:0] cfg_packet_items, // columns per answer
    input  logic [  31:0] cfg_fill,
    input  logic          cfg_wide,         // results keep their fraction
    input  logic [  RW:0] cfg_ring,         // ring words in use: whole rows
    input  logic          load_steps,       // 13:0 row byte, then weights, then column's last step
    input  logic          load_weights,     // two weights per entry
    input  logic [VW+2:0] load_addr,
    input  logic [  47:0] load_data,
    input  logic          start,            // a row is available; it begins with `ready`
    output logic          ready,
    output logic          read,             // read of the row
    output logic          read_last,        // last read of the row
    output logic          read_slot,
    output logic [WW-1:0] read_word,
    input  logic [1023:0] read_data,        // one cycle after the read
    output logic          write,            // write to the ring
    output logic [RW-1:0] write_addr,
    output logic [ 767:0] write_data,       // 32 results of 24 bits
    output logic          done              // with the last word of the row
);
  // ---- step counter ----
  logic running, begin_row, final_step, inside_row;
  logic [15:0] number;
  logic [SW-1:0] step;
  assign final_step = number == cfg_steps - 16'd1;
  assign ready = !running || final_step;
  assign begin_row = start && ready;
  assign inside_row = number >= cfg_before && number < cfg_inside;
  always_ff @(posedge clk)
    if (!rst_n) running <= 1'b0;
    else running <= begin_row || (running && !final_step);
  always_ff @(posedge clk)
    if (begin_row) begin
      number <= '0;
      step <= cfg_first;
    end else if (running) begin
      number <= number + 16'd1;
      if (inside_row) step <= step + 1'b1;
    end

  // ---- 1: the step's program; 2: its bytes and weights ----
  logic v1, v2, v3, v4, v5, v6, v7, v8;
  logic fill1, end1, fresh1;
  // Fields of a step are fixed, whatever the depths: 14 bits of first byte, 11 bits of weights address, 1 bit
  // of column end.
  /* verilator lint_off UNUSEDSIGNAL */
  logic [25:0] program1;
  /* verilator lint_on UNUSEDSIGNAL */
  tdp_ram #(
      .AW(SW),
      .DW(26)
  ) u_steps (
      .clk,
      .en_a  (running || load_steps),
      .we_a  (load_steps),
      .addr_a(load_steps ? load_addr[SW-1:0] : step),
      .din_a (load_data[25:0]),
      .q_a   (program1),
      .en_b  (1'b0),
      .addr_b('0),
      /* verilator lint_off PINCONNECTEMPTY */
      .q_b   ()
      /* verilator lint_on PINCONNECTEMPTY */
  );
  logic whole1;  // this step completes the column
  assign whole1 = program1[25] || fill1;
  assign read = v1;
  assign read_last = v1 && end1;
  assign read_word = program1[5+:WW];
  logic [383:0] w2, w3, w4;
  for (genvar p = 0; p < 8; p++) begin : g_weights
    tdp_ram #(
        .AW(VW),
        .DW(48)
    ) u_weights (
        .clk,
        .en_a  (v1 || (load_weights && load_addr[2:0] == 3'(p))),
        .we_a  (load_weights),
        .addr_a(load_weights ? load_addr[3+:VW] : program1[14+:VW]),
        .din_a (load_data),
        .q_a   (w2[48*p+:48]),
        .en_b  (1'b0),
        .addr_b('0),
        /* verilator lint_off PINCONNECTEMPTY */
        .q_b   ()
        /* verilator lint_on PINCONNECTEMPTY */
    );
  end
  always_ff @(posedge clk)
    if (!rst_n) begin
      {v1, v2, v3, v4, v5, v6, v7, v8} <= '0;
      fresh1 <= 1'b1;
      read_slot <= 1'b0;
    end else begin
      {v1, v2, v3, v4, v5, v6, v7, v8} <= {running, v1, v2, v3, v4, v5, v6, v7};
      if (v1) fresh1 <= whole1;
      // Rows alternate between the two slots; an abandoned row keeps its slot.
      if (read_last) read_slot <= !read_slot;
    end

  // Sideband: a column's first and last step, fill colour, end of row.
  logic [3:0] f2, f3, f4, f5, f6, f7;
  logic [2:0] f8;
  logic [1:0] turn2;
  logic [4:0] shift2, shift3;
  always_ff @(posedge clk) begin
    if (running) begin
      fill1 <= !inside_row;
      end1 <= final_step;
    end
    if (v1) begin
      f2 <= {fresh1, whole1, fill1, end1};
      turn2 <= program1[6:5];
      shift2 <= program1[4:0];
    end
    if (v2) f3 <= f2;
    if (v3) f4 <= f3;
    if (v4) f5 <= f4;
    if (v5) f6 <= f5;
    if (v6) f7 <= f6;
    if (v7) f8 <= f7[2:0];
  end

  // ---- 3 and 4: bytes from the first tap ----
  logic [767:0] words3;
  logic [511:0] bytes4;
  always_ff @(posedge clk) begin
    if (v2) begin
      for (int k = 0; k < 3; k++) words3[256*k+:256] <= read_data[256*((k+32'(turn2))%4)+:256];
      shift3 <= shift2;
      w3 <= w2;
    end
    if (v3) begin
      bytes4 <= 512'(words3 >> {shift3, 3'd0});
      w4 <= w3;
    end
  end

  // ---- 5: as pixels of four channels; 6: products; 7: sums of four; 8: sums of all steps ----
  logic [31:0] pixel5[16];
  logic signed [23:0] weight5[16];
  logic [31:0] product[64], quarter[16];
  /* verilator lint_off UNUSEDSIGNAL */  // fraction bits of the sum
  logic [31:0] sum[4];
  /* verilator lint_on UNUSEDSIGNAL */
  for (genvar t = 0; t < 16; t++) begin : g_tap
    always_ff @(posedge clk)
      if (v4) begin
        weight5[t] <= signed'(w4[24*t+:24]);
        if (cfg_channels == 3'd1) pixel5[t] <= {24'd0, bytes4[8*t+:8]};
        else if (cfg_channels == 3'd3) pixel5[t] <= {8'd0, bytes4[24*t+:24]};
        else pixel5[t] <= bytes4[32*t+:32];
      end
    for (genvar c = 0; c < 4; c++) begin : g_channel
      always_ff @(posedge clk) if (v5) product[4*t+c] <= 32'(signed'({1'b0, pixel5[t][8*c+:8]}) * weight5[t]);
    end
  end
  for (genvar c = 0; c < 4; c++) begin : g_sum
    for (genvar q = 0; q < 4; q++) begin : g_quarter
      always_ff @(posedge clk)
        if (v6)
          quarter[4*c+q] <= product[16*q+c] + product[16*q+4+c] + product[16*q+8+c] + product[16*q+12+c];
    end
    always_ff @(posedge clk)
      // Half a unit plus 255 times the weights' magnitudes, whose sum is below 2 * 2^22: bit 31 is the sign.
      if (v7)
        sum[c] <= (f7[3] ? (cfg_wide ? 32'h0000_0080 : 32'h0020_0000) : sum[c]) + quarter[4*c] + quarter[4*c+1] + quarter[4*c+2] + quarter[4*c+3];
  end

  // ---- 9: results at their place in a word ----
  logic [95:0] pixel;
  logic [863:0] placed9;
  logic [4:0] had, had_next;  // results in the word so far
  logic [5:0] has;            // and with those of this column
  logic [10:0] column;
  logic border, ends;
  logic v9, full9, border9, rest9, last9;
  always_comb begin
    for (int c = 0; c < 4; c++)
      if (f8[1]) pixel[24*c+:24] = {2'b00, cfg_fill[8*c+:8], 14'd0};
      else if (cfg_wide) pixel[24*c+:24] = sum[c][31:8];
      else pixel[24*c+:24] = {2'b00, sum[c][31] ? 8'd0 : sum[c][30] ? 8'd255 : sum[c][29:22], 14'd0};
    if (cfg_channels == 3'd1) pixel[95:24] = '0;
    else if (cfg_channels == 3'd3) pixel[95:72] = '0;
  end
  assign has = {1'b0, had} + {3'd0, cfg_channels};
  assign border = column == cfg_packet_items - 11'd1 || f8[0];
  assign had_next = border ? '0 : has[4:0];
  assign ends = v8 && f8[2];
  always_ff @(posedge clk)
    if (!rst_n || clear) begin
      had <= '0;
      column <= '0;
      v9 <= 1'b0;
    end else begin
      v9 <= ends;
      if (ends) begin
        column <= border ? '0 : column + 11'd1;
        had <= had_next;
      end
    end
  always_ff @(posedge clk)
    if (v8) begin
      placed9 <= {768'd0, pixel} << (10'd24 * {5'd0, had});
      full9 <= has[5];
      border9 <= border;
      rest9 <= border && has != 6'd32;
      last9 <= f8[0];
    end

  // ---- 10: words; the rest of a packet's last word is written one cycle later ----
  logic [863:0] grown;
  logic [767:0] kept, rest_data;
  logic word, rest, rest_end;
  logic [RW-1:0] next_addr;
  assign grown = {96'd0, kept} | placed9;
  assign word = v9 && full9;
  always_ff @(posedge clk)
    if (!rst_n || clear) begin
      kept <= '0;
      rest <= 1'b0;
      rest_end <= 1'b0;
    end else begin
      rest <= v9 && rest9;
      rest_end <= v9 && last9;
      if (v9) kept <= border9 ? '0 : full9 ? {672'd0, grown[863:768]} : grown[767:0];
    end
  always_ff @(posedge clk) if (v9) rest_data <= full9 ? {672'd0, grown[863:768]} : grown[767:0];
  // A full word and a rest never coincide, because after a boundary a word takes at least eight columns.
  always_ff @(posedge clk)
    if (!rst_n || clear) begin
      write <= 1'b0;
      done <= 1'b0;
      next_addr <= '0;
    end else begin
      write <= word || rest;
      done <= rest_end;
      if (word || rest) next_addr <= {1'b0, next_addr} == cfg_ring - 1'b1 ? '0 : next_addr + 1'b1;
    end
  always_ff @(posedge clk)
    if (word || rest) begin
      write_addr <= next_addr;
      write_data <= rest ? rest_data : grown[767:0];
    end
endmodule
