// Normalisation: one lookup per sample, from 8 bits to 1, 2 or 4 bytes. A beat of 32 samples becomes 1, 2 or
// 4 beats; one leaves every cycle.
module normalize_levels (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_levels,  // 0: samples pass unchanged
    input  logic [  1:0] cfg_size,    // log2 of the bytes per result
    input  logic         load,
    input  logic [  9:0] load_addr,   // channel, level
    input  logic [ 31:0] load_data,
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic [ 31:0] s_odd,       // bit 0 of each sample's channel
    input  logic [ 31:0] s_upper,     // bit 1 of each sample's channel
    input  logic [  5:0] s_count,
    input  logic [  1:0] s_part,
    input  logic         s_last,
    input  logic [  1:0] s_bad,
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data,
    output logic [  1:0] m_part,
    output logic         m_last,
    output logic [  1:0] m_bad
);
  logic last;
  logic [255:0] data;
  logic [1:0] step, steps;
  logic [5:0] count;
  logic [31:0] level[32];
  assign s_ready = !m_valid || (m_ready && step == steps);
  for (genvar p = 0; p < 16; p++) begin : g_levels
    tdp_ram #(
        .AW(10),
        .DW(32)
    ) u_levels (
        .clk,
        .en_a  (load || (s_valid && s_ready)),
        .we_a  (load),
        .addr_a(load ? load_addr : {s_upper[2*p], s_odd[2*p], s_data[16*p+:8]}),
        .din_a (load_data),
        .q_a   (level[2*p]),
        .en_b  (s_valid && s_ready),
        .addr_b({s_upper[2*p+1], s_odd[2*p+1], s_data[16*p+8+:8]}),
        .q_b   (level[2*p+1])
    );
  end
  always_ff @(posedge clk)
    if (!rst_n) begin
      m_valid <= 1'b0;
      step <= 2'd0;
    end else if (s_ready) begin
      m_valid <= s_valid;
      step <= 2'd0;
    end else if (m_ready) step <= step + 2'd1;
  always_ff @(posedge clk)
    if (s_valid && s_ready) begin
      data <= s_data;
      m_part <= s_part;
      last <= s_last;
      m_bad <= s_bad;
      count <= s_count;
    end
  // 32, 16 or 8 results fill a beat.
  always_comb begin
    steps = 2'd0;
    if (m_part == 2'd2 && cfg_size == 2'd1) steps = {1'b0, count > 6'd16};
    else if (m_part == 2'd2 && cfg_size == 2'd2) steps = 2'((count - 6'd1) >> 3);
    m_data = data;
    if (m_part == 2'd2 && cfg_levels) begin
      if (cfg_size == 2'd0) for (int i = 0; i < 32; i++) m_data[8*i+:8] = level[i][7:0];
      else if (cfg_size == 2'd1)
        for (int i = 0; i < 16; i++) m_data[16*i+:16] = step[0] ? level[16+i][15:0] : level[i][15:0];
      else for (int i = 0; i < 8; i++) m_data[32*i+:32] = level[{step, 3'(i)}];
    end
  end
  assign m_last = last && step == steps;
endmodule
