// A bf16 or f16 element as sign, exponent and a mantissa of 11 bits: m x 2^(e - 10). The highest bit of m is set,
// also of a subnormal element. Zero has m = 0 and the exponent -512; infinity has the exponent 400.
module float_unpack (
    input  logic               cfg_half,  // 1: f16; 0: bf16
    input  logic        [15:0] raw,
    output logic               sign,
    output logic signed [10:0] exponent,
    output logic        [10:0] mantissa,
    output logic               is_nan
);
  logic [7:0] field;
  logic [9:0] fraction;
  logic top;  // the field of infinities and NaN
  logic signed [10:0] bias;
  logic [3:0] zeros;  // above the highest bit of the fraction
  assign sign = raw[15];
  assign field = cfg_half ? {3'd0, raw[14:10]} : raw[14:7];
  assign fraction = cfg_half ? raw[9:0] : {raw[6:0], 3'd0};
  assign top = cfg_half ? field == 8'd31 : field == 8'd255;
  assign bias = cfg_half ? 11'sd15 : 11'sd127;
  assign is_nan = top && fraction != 10'd0;
  always_comb begin
    zeros = 4'd10;
    for (int i = 0; i < 10; i++) if (fraction[i]) zeros = 4'd9 - 4'(i);
  end
  always_comb begin
    mantissa = field == 8'd0 ? {fraction, 1'b0} << zeros : {1'b1, fraction};
    if (top) exponent = 11'sd400;
    else if (field != 8'd0) exponent = $signed({3'd0, field}) - bias;
    else if (fraction == 10'd0) exponent = -11'sd512;
    else exponent = -bias - $signed({7'd0, zeros});
  end
endmodule
