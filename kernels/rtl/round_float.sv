// A binary fraction to bf16 or f16 in three cycles, as the references round: to binary32, ties to even, and from
// there to its type.
module round_float #(
    // 1: magnitudes beyond the finite ones become the greatest, and what is not zero in binary32 the least or more.
    // 0: they become infinite, or zero.
    parameter int SATURATE = 0
) (
    input  logic               clk,
    input  logic               ce,
    input  logic               cfg_half,    // 1: f16, 0: bf16
    input  logic               s_sign,
    input  logic signed [ 9:0] s_exponent,  // of the fraction's first bit
    input  logic        [33:0] s_fraction,  // begins with 1 unless it is 0; its last bit stands for all behind it
    output logic        [15:0] m_data
);
  // ---- the bits of binary32 and those behind them ----
  logic [4:0] low;  // bits below the least subnormal's place, at most 26
  logic [59:0] shifted;
  logic [33:0] moved;
  logic [7:0] place;
  logic infinite, sign1;
  assign low = s_exponent >= -10'sd126 ? 5'd0 : s_exponent < -10'sd152 ? 5'd26 : 5'(-10'sd126 - s_exponent);
  assign shifted = {s_fraction, 26'd0} >> low;
  always_ff @(posedge clk)
    if (ce) begin
      moved <= {shifted[59:27], shifted[26:0] != 27'd0};
      place <= low != 5'd0 || s_fraction == 34'd0 ? 8'd0 : 8'(s_exponent + 10'sd126);
      infinite <= s_exponent > 10'sd127 && s_fraction != 34'd0;
      sign1 <= s_sign;
    end

  // ---- to binary32 ----
  logic up, sign;
  logic [30:0] rounded, word;
  assign up = moved[9] && (moved[10] || moved[8:0] != 9'd0);
  assign rounded = {place, 23'd0} + {7'd0, moved[33:10]} + {30'd0, up};
  always_ff @(posedge clk)
    if (ce) begin
      word <= infinite ? 31'h7f80_0000 : rounded;
      sign <= sign1;
    end

  // ---- to its type; bounds are compared beside the shift, not before it ----
  logic [7:0] field;
  logic [4:0] drop;  // bits that f16 drops of 24
  logic [23:0] whole;
  logic [35:0] parts;
  logic half_up, below, beyond;
  logic [14:0] half, base, brief, greatest;
  if (SATURATE == 1) begin : g_saturate
    assign below = word != 31'd0 && word < (cfg_half ? 31'h3380_0000 : 31'h0001_0000);
    assign beyond = word > (cfg_half ? 31'h477f_e000 : 31'h7f7f_0000);
    assign greatest = cfg_half ? 15'h7bff : 15'h7f7f;
  end else begin : g_infinite
    assign below = 1'b0;
    // bf16 has the exponents of binary32, and its infinity.
    assign beyond = cfg_half && field > 8'd142;
    assign greatest = 15'h7c00;
  end
  assign field = word[30:23];
  // f16 has exponents from 113 on; below, its units stay.
  assign drop = field > 8'd112 ? 5'd13 : field < 8'd100 ? 5'd26 : 5'(8'd126 - field);
  assign whole = {1'b1, word[22:0]};
  assign parts = 36'({whole, 25'd0} >> drop);
  assign half_up = parts[24] && (parts[25] || parts[23:0] != 24'd0);
  assign base = field > 8'd112 ? {5'(field - 8'd113), 10'd0} : 15'd0;
  assign half = base + 15'(parts[35:25]) + 15'(half_up);
  assign brief = word[30:16] + 15'(word[15] && (word[16] || word[14:0] != 15'd0));
  always_ff @(posedge clk)
    if (ce) m_data <= {sign, below ? 15'd1 : beyond ? greatest : cfg_half ? half : brief};
endmodule
