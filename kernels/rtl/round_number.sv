// Magnitude to a code, rounded once, ties to even. Of floats the code is the exponent's field, with the mantissa
// below; of integers it is the magnitude. Three registers; a number enters every cycle.
module round_number #(
    parameter int N = 13  // bits of the magnitude: m x 2^(e - N + 1), its highest bit is set or m is zero
) (
    input  logic                clk,
    input  logic                ce,
    input  logic                cfg_floating,  // 1: floats; 0: integers
    input  logic        [  3:0] cfg_mantissa,  // mantissa bits of a float
    input  logic signed [  8:0] cfg_least,     // of floats the least exponent; of integers added to the exponent
    input  logic        [ 15:0] cfg_limit,     // greater codes become it
    input  logic                cfg_positive,  // 1: a magnitude above zero never becomes zero
    input  logic signed [ 10:0] exponent,
    input  logic        [N-1:0] magnitude,
    input  logic                sticky,        // bits below the magnitude
    output logic        [ 15:0] code
);
  localparam int SW = $clog2(N + 2);
  // ---- 1: position of the unit ----
  logic signed [11:0] above, unit;
  logic [8:0] base1;  // exponent field below the mantissa's; or more than any limit
  logic [SW-1:0] shift1;
  logic [N-1:0] m1;
  logic sticky1;
  assign above = cfg_floating ? 12'(exponent) - 12'(cfg_least) : 12'(exponent) + 12'(cfg_least);
  // Bits of the magnitude below the unit.
  assign unit = cfg_floating ? 12'(N - 1) - 12'({1'b0, cfg_mantissa}) - (above < 0 ? above : 12'sd0) : 12'(N - 1) - above;
  always_ff @(posedge clk)
    if (ce) begin
      if (cfg_floating) base1 <= above < 0 ? 9'd0 : above > 12'sd511 ? 9'd511 : above[8:0];
      else base1 <= above < 12'sd10 ? 9'd0 : 9'd511;
      shift1 <= unit > 12'(N + 1) ? SW'(N + 1) : unit < 0 ? '0 : unit[SW-1:0];
      m1 <= magnitude;
      sticky1 <= sticky;
    end

  // ---- 2: units, rounded ----
  logic [2*N:0] wide;
  logic [19:0] code2;
  logic zero2, up;
  assign wide = {m1, (N + 1)'(0)} >> shift1;
  assign up = wide[N] && (wide[N+1] || sticky1 || wide[N-1:0] != '0);
  always_ff @(posedge clk)
    if (ce) begin
      code2 <= (20'(base1) << cfg_mantissa) + 20'(wide[2*N:N+1]) + 20'(up);
      zero2 <= m1 == '0;
    end

  // ---- 3: saturated ----
  always_ff @(posedge clk)
    if (ce) begin
      if (code2 > 20'(cfg_limit)) code <= cfg_limit;
      else if (cfg_positive && code2 == 20'd0 && !zero2) code <= 16'd1;
      else code <= code2[15:0];
    end
endmodule
