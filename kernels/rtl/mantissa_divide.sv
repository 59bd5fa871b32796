// Quotient of a mantissa of 24 bits by one of 11, both with their highest bit set: 14 bits by restoring division,
// two a cycle, and whether a remainder is left. Seven registers; a division enters every cycle. A dividend of zero
// gives zero.
module mantissa_divide (
    input  logic        clk,
    input  logic        ce,
    input  logic [23:0] dividend,
    input  logic [76:0] divisors,  // of each register's stage: the divisor comes along in the parent, for all lanes
    output logic [13:0] quotient,  // 1.0 is 2^13
    output logic        remains
);
  // Remainder, and behind it the bits of the dividend that are not used yet.
  logic [24:0] left[8];
  logic [13:0] found[8];
  assign left[0] = {1'b0, dividend};
  assign found[0] = '0;
  for (genvar k = 0; k < 7; k++) begin : g_stage
    logic [11:0] divisor;
    logic [24:0] half, after;
    logic upper, lower;
    assign divisor = {1'b0, divisors[11*k+:11]};
    assign upper = left[k][24:13] >= divisor;
    assign half = {(upper ? 11'(left[k][24:13] - divisor) : left[k][23:13]), left[k][12:0], 1'b0};
    assign lower = half[24:13] >= divisor;
    assign after = {(lower ? 11'(half[24:13] - divisor) : half[23:13]), half[12:0], 1'b0};
    always_ff @(posedge clk)
      if (ce) begin
        left[k+1] <= after;
        found[k+1] <= {found[k][11:0], upper, lower};
      end
  end
  assign quotient = found[7];
  assign remains = left[7] != '0;
endmodule
