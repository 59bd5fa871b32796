// Codes of 2, 3, 4, 6 or 8 bits into packed bytes, in the order of kernels/quantize/formats/pack.ts. A beat of 16
// codes enters every cycle. Sixteen codes of `cfg_bits` bits are `cfg_bits` words of 16 bits, so beats are filled
// word by word.
//
// The last beat of a region ends a packed beat, which is filled with zeros. It makes two if it crosses a border.
module code_pack (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [  3:0] cfg_bits,  // 2, 3, 4, 6 or 8; changes only while no code is inside
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [127:0] s_codes,   // one a byte; bits above `cfg_bits` are dropped
    input  logic         s_last,    // the region ends
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic         m_last
);
  logic ce, flush;
  assign ce = !m_valid || m_ready;
  assign s_ready = ce && !flush;

  // ---- cycle 1: sixteen codes side by side ----
  logic v1, last1;
  logic [127:0] joined, d1;
  always_comb begin
    joined = '0;
    for (int i = 0; i < 16; i++)
      case (cfg_bits)
        4'd2: joined[2*i+:2] = s_codes[8*i+:2];
        4'd3: joined[3*i+:3] = s_codes[8*i+:3];
        4'd4: joined[4*i+:4] = s_codes[8*i+:4];
        4'd6: joined[6*i+:6] = s_codes[8*i+:6];
        default: joined[8*i+:8] = s_codes[8*i+:8];
      endcase
  end
  always_ff @(posedge clk)
    if (!rst_n) v1 <= 1'b0;
    else if (ce && !flush) v1 <= s_valid;
  always_ff @(posedge clk)
    if (ce && !flush) begin
      last1 <= s_last;
      d1 <= joined;
    end

  // ---- cycle 2: behind the words that wait for a full beat ----
  logic [3:0] fill;     // words that wait
  logic [4:0] reached;  // and those of cycle 1
  logic [239:0] held;
  logic [367:0] merged;
  assign reached = {1'b0, fill} + {1'b0, cfg_bits};
  assign merged = {128'd0, held} | (368'(d1) << {fill, 4'd0});
  always_ff @(posedge clk)
    if (!rst_n) begin
      fill <= 4'd0;
      flush <= 1'b0;
      m_valid <= 1'b0;
    end else if (ce) begin
      m_valid <= flush || (v1 && (last1 || reached[4]));
      flush <= !flush && v1 && last1 && reached > 5'd16;
      if (flush || (v1 && last1 && reached <= 5'd16)) fill <= 4'd0;
      else if (v1) fill <= reached[3:0];
    end
  always_ff @(posedge clk)
    if (!rst_n) held <= '0;
    else if (ce && flush) held <= '0;
    else if (ce && v1) held <= reached[4] ? {128'd0, merged[367:256]} : last1 ? '0 : merged[239:0];
  always_ff @(posedge clk)
    if (ce) begin
      m_data <= flush ? {16'd0, held} : merged[255:0];
      m_last <= flush || (last1 && reached <= 5'd16);
    end
endmodule
