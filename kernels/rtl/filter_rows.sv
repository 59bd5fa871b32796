// Row filter over stored rows: one word of 32 column results times a weight per cycle. The taps of a word are
// consecutive; the word leaves after its last tap. Headers pass in order between words.
//
// A result has 14 fraction bits and a weight 22, so a sum has 36. Its lowest bits are rounded away first, half up:
// libraries that sum in binary32 see a tie there. Then the sum is rounded to a level, a tie up or to the even one.
module filter_rows #(
    parameter int RW = 12,  // 2^RW words of the ring
    parameter int TW = 13   // 2^TW weights
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic [   2:0] cfg_channels,
    input  logic [  31:0] cfg_fill,
    input  logic [   1:0] cfg_snap,      // fraction bits that are kept: 0: 22, 1: 14, 2: 11
    input  logic          cfg_even,      // a tie goes to the even level
    input  logic          load,
    input  logic [TW-1:0] load_addr,
    input  logic [  23:0] load_data,
    input  logic          write,         // write to the ring
    input  logic [RW-1:0] write_addr,
    input  logic [ 767:0] write_data,    // 32 results of 24 bits
    // Input: a tap of a word, or a beat of a header.
    input  logic          s_valid,
    input  logic [   1:0] s_part,
    input  logic [ 255:0] s_header,
    input  logic [RW-1:0] s_addr,
    input  logic [TW-1:0] s_weight,
    input  logic          s_first,       // first tap of the word
    input  logic          s_final,
    input  logic          s_last,        // last word of the packet
    input  logic          s_fill,        // the word is fill colour
    input  logic [   1:0] s_phase,       // channel of its first sample, of three
    output logic          m_valid,
    output logic [ 255:0] m_data,
    output logic [   1:0] m_part,
    output logic          m_last
);
  logic [767:0] results;
  logic [23:0] weight;
  tdp_ram #(
      .AW(RW),
      .DW(768)
  ) u_ring (
      .clk,
      .en_a  (write),
      .we_a  (write),
      .addr_a(write_addr),
      .din_a (write_data),
      /* verilator lint_off PINCONNECTEMPTY */
      .q_a   (),
      /* verilator lint_on PINCONNECTEMPTY */
      .en_b  (s_valid),
      .addr_b(s_addr),
      .q_b   (results)
  );
  tdp_ram #(
      .AW(TW),
      .DW(24)
  ) u_weights (
      .clk,
      .en_a  (load || s_valid),
      .we_a  (load),
      .addr_a(load ? load_addr : s_weight),
      .din_a (load_data),
      .q_a   (weight),
      .en_b  (1'b0),
      .addr_b('0),
      /* verilator lint_off PINCONNECTEMPTY */
      .q_b   ()
      /* verilator lint_on PINCONNECTEMPTY */
  );

  // ---- 1: results and weight; 2: at the multipliers; 3: products of their halves; 4: products; 5: sums ----
  // A product of 24 by 24 bits is two of a card's multipliers. They have registers on both sides.
  logic v1, v2, v3, v4, v5;
  logic [7:0] f1, f2, f3, f4;  // part, first, final, last, fill, phase
  logic [6:0] f5;  // without first
  logic [255:0] h1, h2, h3, h4, h5;
  always_ff @(posedge clk)
    if (!rst_n) {v1, v2, v3, v4, v5} <= '0;
    else {v1, v2, v3, v4, v5} <= {s_valid, v1, v2, v3, v4};
  always_ff @(posedge clk) begin
    if (s_valid) f1 <= {s_part, s_first, s_final, s_last, s_fill, s_phase};
    if (v1) f2 <= f1;
    if (v2) f3 <= f2;
    if (v3) f4 <= f3;
    if (v4) f5 <= {f4[7:6], f4[4:0]};
    if (s_valid && !s_part[1]) h1 <= s_header;
    if (v1 && !f1[7]) h2 <= h1;
    if (v2 && !f2[7]) h3 <= h2;
    if (v3 && !f3[7]) h4 <= h3;
    if (v4 && !f4[7]) h5 <= h4;
  end
  // Half of the lowest bit that is kept. With 22 kept bits there is nothing below.
  logic [47:0] half;
  logic [13:0] kept;  // of bits 24 to 11 of a sum
  assign half = cfg_snap == 2'd2 ? 48'h100_0000 : cfg_snap == 2'd1 ? 48'h20_0000 : '0;
  assign kept = cfg_snap == 2'd2 ? 14'd0 : cfg_snap == 2'd1 ? 14'h3800 : 14'h3ff8;
  logic signed [23:0] weight2;
  logic [767:0] results2;
  logic [40:0] low[32];
  logic [31:0] high[32];
  logic [47:0] product[32];
  /* verilator lint_off UNUSEDSIGNAL */  // bits that are rounded away
  logic [47:0] sum[32];
  /* verilator lint_on UNUSEDSIGNAL */
  always_ff @(posedge clk)
    if (v1) begin
      weight2  <= signed'(weight);
      results2 <= results;
    end
  for (genvar i = 0; i < 32; i++) begin : g_sample
    always_ff @(posedge clk) begin
      // Results below 2^23 in magnitude times weights whose magnitudes sum to less than 2 * 2^22: 47 bits and a sign.
      // Signed operands without an extension of their own: synthesis makes one multiplier of each product.
      if (v2) begin
        low[i] <= 41'(signed'({1'b0, results2[24*i+:16]}) * weight2);
        high[i] <= 32'(signed'(results2[24*i+16+:8]) * weight2);
      end
      if (v3) product[i] <= {high[i], 16'd0} + {{7{low[i][40]}}, low[i]};
      if (v4) sum[i] <= (f4[5] ? half : sum[i]) + product[i];
    end
  end

  // ---- 6: levels ----
  function automatic logic [7:0] level(input logic [47:11] value, input logic [13:0] mask, input logic even);
    logic above;
    logic [11:0] rounded;
    above = |value[34:25] || |(value[24:11] & mask);
    rounded = value[47:36] + 12'(value[35] && (above || !even || value[36]));
    level = rounded[11] ? 8'd0 : |rounded[10:8] ? 8'd255 : rounded[7:0];
  endfunction
  logic [271:0] fills;
  logic [8:0] turn;
  assign fills = cfg_channels == 3'd1 ? {34{cfg_fill[7:0]}} :
      cfg_channels == 3'd3 ? 272'({12{cfg_fill[23:0]}}) : 272'({9{cfg_fill}});
  assign turn = cfg_channels == 3'd3 ? {4'd0, f5[1:0], 3'd0} : 9'd0;
  always_ff @(posedge clk) m_valid <= rst_n && v5 && (!f5[6] || f5[4]);
  always_ff @(posedge clk)
    if (v5) begin
      m_part <= f5[6:5];
      m_last <= f5[6] && f5[3];
      if (!f5[6]) m_data <= h5;
      else if (f5[2]) m_data <= fills[turn+:256];
      else for (int i = 0; i < 32; i++) m_data[8*i+:8] <= level(sum[i][47:11], kept, cfg_even);
    end
endmodule
