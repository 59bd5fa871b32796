// Packed codes to levels of the codebook, 16 a beat. Packets of codes are stored until their norms come.
module code_levels (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [  3:0] cfg_bits,
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic         s_last,
    output logic         m_valid,
    input  logic         m_ready,
    output logic [239:0] m_levels,  // 15 bits each, signed
    output logic         m_last
);
  logic b_valid, b_last, b_ready, u_valid, u_ready, u_last;
  logic [255:0] b_data;
  beat_fifo #(
      .W (257),
      .AW(6)
  ) u_beats (
      .clk,
      .rst_n,
      .s_valid,
      .s_ready,
      .s_data ({s_last, s_data}),
      .m_valid(b_valid),
      .m_ready(b_ready),
      .m_data ({b_last, b_data})
  );
  /* verilator lint_off UNUSEDSIGNAL */  // codes have at most four bits
  logic [127:0] codes;
  /* verilator lint_on UNUSEDSIGNAL */
  code_unpack u_unpack (
      .clk,
      .rst_n,
      .cfg_bits,
      .s_valid(b_valid),
      .s_ready(b_ready),
      .s_data (b_data),
      .s_last (b_last),
      .m_valid(u_valid),
      .m_ready(u_ready),
      .m_codes(codes),
      .m_last (u_last)
  );
  logic [111:0] levels;
  codebook u_codebook (
      .cfg_bits,
      .levels
  );
  assign u_ready = !m_valid || m_ready;
  always_ff @(posedge clk)
    if (!rst_n) m_valid <= 1'b0;
    else if (u_ready) m_valid <= u_valid;
  always_ff @(posedge clk) if (u_ready && u_valid) m_last <= u_last;
  // The upper half of the codes counts positive levels up; the lower half counts the negative ones down.
  for (genvar i = 0; i < 16; i++) begin : g_level
    logic upper;
    logic [2:0] index;
    logic [13:0] level;
    assign upper = cfg_bits == 4'd2 ? codes[8*i+1] : cfg_bits == 4'd3 ? codes[8*i+2] : codes[8*i+3];
    assign index = (codes[8*i+:3] ^ {3{!upper}}) & (cfg_bits == 4'd2 ? 3'd1 : cfg_bits == 4'd3 ? 3'd3 : 3'd7);
    assign level = levels[14*index+:14];
    always_ff @(posedge clk)
      if (u_ready && u_valid) m_levels[15*i+:15] <= upper ? {1'b0, level} : -{1'b0, level};
  end
endmodule
