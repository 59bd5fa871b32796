// A binary fraction to bf16 or f16 in two cycles, as the references round: to binary32, ties to even, and from
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
  // ---- to binary32 ----
  logic [4:0] low;  // bits below the least subnormal's place, at most 26
  logic [33:0] moved;
  logic [59:0] shifted;
  logic up, sign;
  logic [7:0] place;
  logic [30:0] rounded;
  logic [30:0] word;
  assign low = s_exponent >= -10'sd126 ? 5'd0 : s_exponent < -10'sd152 ? 5'd26 : 5'(-10'sd126 - s_exponent);
  assign shifted = {s_fraction, 26'd0} >> low;
  assign moved = {shifted[59:27], shifted[26:0] != 27'd0};
  assign up = moved[9] && (moved[10] || moved[8:0] != 9'd0);
  assign place = low != 5'd0 || s_fraction == 34'd0 ? 8'd0 : 8'(s_exponent + 10'sd126);
  assign rounded = {place, 23'd0} + {7'd0, moved[33:10]} + {30'd0, up};
  always_ff @(posedge clk)
    if (ce) begin
      word <= s_exponent > 10'sd127 && s_fraction != 34'd0 ? 31'h7f80_0000 : rounded;
      sign <= s_sign;
    end

  // ---- to its type ----
  logic [30:0] bounded;
  logic [7:0] field;
  logic [4:0] drop;  // bits that f16 drops of 24
  logic [23:0] whole;
  logic [35:0] parts;
  logic half_up;
  logic [14:0] half, base;
  if (SATURATE == 1) begin : g_saturate
    logic [30:0] least, greatest;
    assign least = cfg_half ? 31'h3380_0000 : 31'h0001_0000;
    assign greatest = cfg_half ? 31'h477f_e000 : 31'h7f7f_0000;
    assign bounded = word == 31'd0 ? word : word < least ? least : word > greatest ? greatest : word;
  end else assign bounded = cfg_half && word > 31'h4780_0000 ? 31'h4780_0000 : word;
  assign field = bounded[30:23];
  // f16 has exponents from 113 on; below, its units stay.
  assign drop = field > 8'd112 ? 5'd13 : field < 8'd100 ? 5'd26 : 5'(8'd126 - field);
  assign whole = {1'b1, bounded[22:0]};
  assign parts = 36'({whole, 25'd0} >> drop);
  assign half_up = parts[24] && (parts[25] || parts[23:0] != 24'd0);
  assign base = field > 8'd112 ? {5'(field - 8'd113), 10'd0} : 15'd0;
  assign half = base + 15'(parts[35:25]) + 15'(half_up);
  always_ff @(posedge clk)
    if (ce) begin
      if (bounded == 31'd0) m_data <= {sign, 15'd0};
      else if (cfg_half) m_data <= {sign, half};
      else m_data <= {sign, 15'(bounded[30:16]) + 15'(bounded[15] && (bounded[16] || bounded[14:0] != 15'd0))};
    end
endmodule
