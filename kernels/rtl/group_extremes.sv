// Greatest and least value of each group of bf16 or f16 values; or its greatest magnitude. Three registers behind
// the last beat of a group.
module group_extremes (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [  4:0] cfg_beats,  // of a group
    input  logic         cfg_range,  // 1: greatest and least value; 0: greatest magnitude
    input  logic         cfg_zero,   // 1: a range always holds zero
    input  logic         s_valid,
    input  logic [255:0] s_data,
    output logic         m_valid,
    output logic [ 15:0] m_greatest,
    output logic [ 15:0] m_least
);
  // Numbers in the order of values: -0 is below 0.
  localparam logic [15:0] ZERO = 16'h8000;
  logic [15:0] keys[16], great1[4], small1[4], great2, small2;
  always_comb
    for (int i = 0; i < 16; i++) begin
      if (!cfg_range) keys[i] = {1'b1, s_data[16*i+:15]};
      else keys[i] = s_data[16*i+15] ? ~s_data[16*i+:16] : {1'b1, s_data[16*i+:15]};
    end
  logic v1, v2;
  always_ff @(posedge clk)
    if (!rst_n) {v1, v2} <= '0;
    else {v1, v2} <= {s_valid, v1};
  logic [15:0] great_of[4], small_of[4], great_all, small_all;
  always_comb begin
    for (int q = 0; q < 4; q++) begin
      great_of[q] = keys[4*q];
      small_of[q] = keys[4*q];
      for (int i = 1; i < 4; i++) begin
        if (keys[4*q+i] > great_of[q]) great_of[q] = keys[4*q+i];
        if (keys[4*q+i] < small_of[q]) small_of[q] = keys[4*q+i];
      end
    end
    great_all = great1[0];
    small_all = small1[0];
    for (int q = 1; q < 4; q++) begin
      if (great1[q] > great_all) great_all = great1[q];
      if (small1[q] < small_all) small_all = small1[q];
    end
  end
  always_ff @(posedge clk) begin
    for (int q = 0; q < 4; q++) begin
      great1[q] <= great_of[q];
      small1[q] <= small_of[q];
    end
    great2 <= great_all;
    small2 <= small_all;
  end

  logic [4:0] beat;
  logic [15:0] peak, low, peak_next, low_next;
  logic ends;
  assign ends = beat + 5'd1 == cfg_beats;
  always_comb begin
    peak_next = great2;
    low_next = small2;
    if (beat != 5'd0 && peak > peak_next) peak_next = peak;
    if (beat != 5'd0 && low < low_next) low_next = low;
    if (cfg_zero && peak_next < ZERO) peak_next = ZERO;
    if (cfg_zero && low_next > ZERO) low_next = ZERO;
  end
  always_ff @(posedge clk)
    if (!rst_n) begin
      beat <= '0;
      m_valid <= 1'b0;
    end else begin
      if (v2) beat <= ends ? '0 : beat + 5'd1;
      m_valid <= v2 && ends;
    end
  always_ff @(posedge clk)
    if (v2) begin
      peak <= peak_next;
      low <= low_next;
    end
  assign m_greatest = peak[15] ? {1'b0, peak[14:0]} : ~peak;
  assign m_least = low[15] ? {1'b0, low[14:0]} : ~low;
endmodule
