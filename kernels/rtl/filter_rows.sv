// Row filter over stored rows: one word of 32 samples times a weight per cycle. The taps of a word are
// consecutive; the word leaves after its last tap. Headers pass in order between words.
module filter_rows #(
    parameter int RW = 12,  // 2^RW words of the ring
    parameter int TW = 13   // 2^TW weights
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic [   2:0] cfg_channels,
    input  logic [  31:0] cfg_fill,
    input  logic          load,
    input  logic [TW-1:0] load_addr,
    input  logic [  23:0] load_data,
    input  logic          write,         // write to the ring
    input  logic [RW-1:0] write_addr,
    input  logic [ 255:0] write_data,
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
  logic [255:0] samples;
  logic [23:0] weight;
  tdp_ram #(
      .AW(RW),
      .DW(256)
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
      .q_b   (samples)
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

  // ---- 1: sample and weight; 2: products; 3: sums ----
  logic v1, v2, v3;
  logic [7:0] f1, f2;  // part, first, final, last, fill, phase
  logic [6:0] f3;  // without first
  logic [255:0] h1, h2, h3;
  always_ff @(posedge clk)
    if (!rst_n) {v1, v2, v3} <= '0;
    else {v1, v2, v3} <= {s_valid, v1, v2};
  always_ff @(posedge clk) begin
    if (s_valid) f1 <= {s_part, s_first, s_final, s_last, s_fill, s_phase};
    if (v1) f2 <= f1;
    if (v2) f3 <= {f2[7:6], f2[4:0]};
    if (s_valid && !s_part[1]) h1 <= s_header;
    if (v1 && !f1[7]) h2 <= h1;
    if (v2 && !f2[7]) h3 <= h2;
  end
  logic [31:0] product[32];
  /* verilator lint_off UNUSEDSIGNAL */  // fraction bits of the sum
  logic [31:0] sum[32];
  /* verilator lint_on UNUSEDSIGNAL */
  for (genvar i = 0; i < 32; i++) begin : g_sample
    always_ff @(posedge clk) begin
      if (v1) product[i] <= {24'd0, samples[8*i+:8]} * {{8{weight[23]}}, weight};
      if (v2) sum[i] <= (f2[5] ? 32'h0020_0000 : sum[i]) + product[i];
    end
  end

  // ---- 4: out ----
  logic [271:0] fills;
  logic [8:0] turn;
  assign fills = cfg_channels == 3'd1 ? {34{cfg_fill[7:0]}} :
      cfg_channels == 3'd3 ? 272'({12{cfg_fill[23:0]}}) : 272'({9{cfg_fill}});
  assign turn = cfg_channels == 3'd3 ? {4'd0, f3[1:0], 3'd0} : 9'd0;
  always_ff @(posedge clk) m_valid <= rst_n && v3 && (!f3[6] || f3[4]);
  always_ff @(posedge clk)
    if (v3) begin
      m_part <= f3[6:5];
      m_last <= f3[6] && f3[3];
      if (!f3[6]) m_data <= h3;
      else if (f3[2]) m_data <= fills[turn+:256];
      else for (int i = 0; i < 32; i++) m_data[8*i+:8] <= sum[i][31] ? 8'd0 : sum[i][30] ? 8'd255 : sum[i][29:22];
    end
endmodule
