// Vectors of bf16 or f16 elements to integers of a common unit: 2^(E - 21), where E is the exponent of the
// vector's greatest magnitude. Magnitudes have 22 bits and are rounded once, ties to even. The vector is stored
// until its last beat has been seen; beats follow each other without a gap.
module vector_align (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_half,   // 1: f16, 0: bf16
    input  logic [  3:0] cfg_beats,  // beats of a vector, less one
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic         s_last,     // the packet's last beat
    output logic         m_valid,
    input  logic         m_ready,
    output logic [351:0] m_magnitudes,
    output logic [ 15:0] m_signs,
    output logic         m_end,      // the vector's last beat
    output logic         m_last,
    output logic [  7:0] m_peak      // exponent field of the vector's greatest magnitude, at least 1
);
  // ---- the greatest exponent field of a beat, and of the vector ----
  logic take, v1, end1, v2, end2;
  logic [3:0] beat;
  logic [127:0] fields;
  logic [63:0] pairs;
  logic [31:0] fours;
  logic [15:0] halves;
  logic [7:0] most, peak2, peak;
  assign take = s_valid && s_ready;
  always_ff @(posedge clk)
    if (!rst_n) begin
      {v1, v2} <= 2'd0;
      beat <= 4'd0;
      peak <= 8'd1;
    end else begin
      {v1, v2} <= {take, v1};
      if (take) beat <= beat == cfg_beats ? 4'd0 : beat + 4'd1;
      if (v2) peak <= end2 ? 8'd1 : peak2 > peak ? peak2 : peak;
    end
  // Four levels of comparisons.
  always_comb begin
    for (int i = 0; i < 8; i++)
      pairs[8*i+:8] = fields[16*i+:8] > fields[16*i+8+:8] ? fields[16*i+:8] : fields[16*i+8+:8];
    for (int i = 0; i < 4; i++)
      fours[8*i+:8] = pairs[16*i+:8] > pairs[16*i+8+:8] ? pairs[16*i+:8] : pairs[16*i+8+:8];
    for (int i = 0; i < 2; i++)
      halves[8*i+:8] = fours[16*i+:8] > fours[16*i+8+:8] ? fours[16*i+:8] : fours[16*i+8+:8];
    most = halves[15:8] > halves[7:0] ? halves[15:8] : halves[7:0];
  end
  always_ff @(posedge clk) begin
    if (take)
      for (int i = 0; i < 16; i++)
        fields[8*i+:8] <= cfg_half ? {3'd0, s_data[16*i+10+:5]} : s_data[16*i+7+:8];
    end1 <= beat == cfg_beats;
    end2 <= end1;
    // Subnormals have the unit of the least normal values.
    if (v1) peak2 <= most == 8'd0 ? 8'd1 : most;
  end

  // ---- beats wait for it ----
  logic b_valid, b_last, p_valid, pop, b_end;
  logic [255:0] b_data;
  logic [7:0] b_peak;
  beat_fifo #(
      .W (257),
      .AW(5)
  ) u_beats (
      .clk,
      .rst_n,
      .s_valid,
      .s_ready,
      .s_data ({s_last, s_data}),
      .m_valid(b_valid),
      .m_ready(pop),
      .m_data ({b_last, b_data})
  );
  beat_fifo #(
      .W (8),
      .AW(4)
  ) u_peaks (
      .clk,
      .rst_n,
      .s_valid(v2 && end2),
      // A vector has four stored beats or more, so there is room.
      /* verilator lint_off PINCONNECTEMPTY */
      .s_ready(),
      /* verilator lint_on PINCONNECTEMPTY */
      .s_data (peak2 > peak ? peak2 : peak),
      .m_valid(p_valid),
      .m_ready(pop && b_end),
      .m_data (b_peak)
  );

  // ---- the distance from the peak's exponent, then shift, then round ----
  logic ce, v3, v4, end3, end4, last3, last4;
  logic [3:0] at;
  logic [15:0] signs3, signs4, up4;
  logic [351:0] kept4;
  logic [7:0] peak3, peak4;
  assign ce = !m_valid || m_ready;
  assign pop = ce && b_valid && p_valid;
  assign b_end = at == cfg_beats;
  always_ff @(posedge clk)
    if (!rst_n) begin
      {v3, v4, m_valid} <= 3'd0;
      at <= 4'd0;
    end else if (ce) begin
      {v3, v4, m_valid} <= {pop, v3, v4};
      if (pop) at <= b_end ? 4'd0 : at + 4'd1;
    end
  for (genvar i = 0; i < 16; i++) begin : g_lane
    logic [7:0] field, below;
    logic [10:0] mantissa3;
    logic [3:0] shift3;
    logic far3;  // some of its bits are behind the unit
    logic [22:0] tail;  // with twelve bits behind the unit
    logic [21:0] exactly;
    assign field = cfg_half ? {3'd0, b_data[16*i+10+:5]} : b_data[16*i+7+:8];
    assign below = b_peak - (field == 8'd0 ? 8'd1 : field);
    assign tail = {mantissa3, 12'd0} >> shift3;
    assign exactly = {mantissa3, 11'd0} >> shift3;
    always_ff @(posedge clk)
      if (ce) begin
        signs3[i] <= b_data[16*i+15];
        mantissa3 <= cfg_half ? {field != 8'd0, b_data[16*i+:10]} : {field != 8'd0, b_data[16*i+:7], 3'd0};
        shift3 <= below > 8'd22 ? 4'd12 : below > 8'd10 ? 4'(below - 8'd11) : 4'(below);
        far3 <= below > 8'd10;
        kept4[22*i+:22] <= far3 ? {11'd0, tail[22:12]} : exactly;
        up4[i] <= far3 && tail[11] && (tail[12] || tail[10:0] != 11'd0);
        m_magnitudes[22*i+:22] <= kept4[22*i+:22] + {21'd0, up4[i]};
      end
  end
  always_ff @(posedge clk)
    if (ce) begin
      {end3, last3, peak3} <= {b_end, b_last, b_peak};
      {end4, last4, peak4, signs4} <= {end3, last3, peak3, signs3};
      {m_end, m_last, m_peak, m_signs} <= {end4, last4, peak4, signs4};
    end
endmodule
