// Values of a decoded vector: sums of levels times the norm and a power of two, exact, then rounded to binary32
// and to their type.
module value_products (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [  3:0] cfg_log,        // log2 of a vector's elements
    input  logic         cfg_half,       // values are 1: f16, 0: bf16
    input  logic         cfg_norm_half,  // norms, likewise
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [367:0] s_data,         // 23 bits each, signed, in units of 2^-12
    input  logic         s_last,
    input  logic [ 14:0] s_norm,         // without its sign, which is +
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic         m_last
);
  logic ce;
  logic [4:0] valid, lasts;
  assign ce = !m_valid || m_ready;
  assign s_ready = ce;
  always_ff @(posedge clk)
    if (!rst_n) {m_valid, valid} <= '0;
    else if (ce) {m_valid, valid} <= {valid, s_valid};
  always_ff @(posedge clk) if (ce) {m_last, lasts} <= {lasts, s_last};

  // ---- the norm's mantissa, and the exponent of a product's unit ----
  logic [7:0] field, place;
  logic [10:0] mantissa;
  logic signed [9:0] unit1, unit2;
  assign field = cfg_norm_half ? {3'd0, s_norm[14:10]} : s_norm[14:7];
  assign place = field == 8'd0 ? 8'd1 : field;
  always_ff @(posedge clk)
    if (ce) begin
      mantissa <= cfg_norm_half ? {field != 8'd0, s_norm[9:0]} : {field != 8'd0, s_norm[6:0], 3'd0};
      unit1 <= 10'(place) - (cfg_norm_half ? 10'd25 : 10'd137) - 10'd12 - 10'(cfg_log);
      unit2 <= unit1;
    end

  for (genvar i = 0; i < 16; i++) begin : g_lane
    logic sign1, sign2, sign3;
    logic [21:0] magnitude;
    logic [32:0] product;
    logic [5:0] zeros;
    logic signed [9:0] exponent;
    logic [32:0] fraction;
    always_comb begin
      zeros = 6'd0;
      for (int b = 0; b < 33; b++) if (product[b]) zeros = 6'(32 - b);
    end
    always_ff @(posedge clk) begin
      if (ce && s_valid) begin
        sign1 <= s_data[23*i+22];
        magnitude <= s_data[23*i+22] ? 22'(-s_data[23*i+:22]) : s_data[23*i+:22];
      end
      if (ce && valid[0]) begin
        sign2 <= sign1;
        product <= 33'(magnitude) * 33'(mantissa);
      end
      if (ce && valid[1]) begin
        sign3 <= sign2;
        fraction <= product << zeros;
        exponent <= unit2 + 10'sd32 - 10'(zeros);
      end
    end
    round_float u_round (
        .clk,
        .ce,
        .cfg_half,
        .s_sign    (sign3),
        .s_exponent(exponent),
        .s_fraction({fraction, 1'b0}),
        .m_data    (m_data[16*i+:16])
    );
  end
endmodule
