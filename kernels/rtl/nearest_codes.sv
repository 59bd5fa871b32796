// Codes of rotated elements: the number of thresholds up to each. Thresholds mirror each other around 0, so
// magnitudes are compared; that of a negative element is one less, which makes its tie the lower code's.
module nearest_codes (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [  3:0] cfg_bits,
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [495:0] s_data,        // 31 bits each, signed
    input  logic         s_last,
    input  logic         s_zero,        // a vector of zeros, whose codes are 0
    input  logic [216:0] s_thresholds,  // as vector_norm has them
    input  logic [  6:0] s_more,
    output logic         m_valid,
    input  logic         m_ready,
    output logic [127:0] m_codes,       // one a byte
    output logic         m_last
);
  logic ce, zero;
  assign ce = !m_valid || m_ready;
  assign s_ready = ce;
  always_ff @(posedge clk)
    if (!rst_n) m_valid <= 1'b0;
    else if (ce) m_valid <= s_valid;
  always_ff @(posedge clk)
    if (ce && s_valid) begin
      m_last <= s_last;
      zero <= s_zero;
    end
  for (genvar i = 0; i < 16; i++) begin : g_lane
    logic negative;
    logic [6:0] passed;
    logic [2:0] count;
    logic [29:0] magnitude;
    assign magnitude = s_data[31*i+30] ? ~s_data[31*i+:30] : s_data[31*i+:30];
    always_ff @(posedge clk)
      if (ce && s_valid) begin
        negative <= s_data[31*i+30];
        for (int j = 0; j < 7; j++)
          passed[j] <= {1'b0, magnitude} >= s_thresholds[31*j+:31] + {30'd0, s_more[j] && !s_data[31*i+30]};
      end
    // Thresholds ascend.
    assign count = passed[6] ? 3'd7 : passed[5] ? 3'd6 : passed[4] ? 3'd5 : passed[3] ? 3'd4 :
        passed[2] ? 3'd3 : passed[1] ? 3'd2 : {2'd0, passed[0]};
    always_comb begin
      m_codes[8*i+:8] = '0;
      if (!zero)
        case (cfg_bits)
          4'd2: m_codes[8*i+:2] = {!negative, count[0] ^ negative};
          4'd3: m_codes[8*i+:3] = {!negative, count[1:0] ^ {2{negative}}};
          default: m_codes[8*i+:4] = {!negative, count ^ {3{negative}}};
        endcase
    end
  end
endmodule
