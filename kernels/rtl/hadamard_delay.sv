// A stage of a Walsh-Hadamard transform across beats: pairs of beats that are H apart become their sum and their
// difference, in the same places. A delay of H beats holds the first of each pair, and then its difference until
// all sums have left. So a beat enters and one leaves every cycle, and differences leave without a beat behind
// them.
module hadamard_delay #(
    parameter int H = 1,   // beats between the two of a pair, a power of two
    parameter int W = 23   // bits of an element that enters; one more leaves
) (
    input  logic              clk,
    input  logic              rst_n,
    input  logic              cfg_on,  // 0: beats pass; changes only while none is inside
    input  logic              s_valid,
    output logic              s_ready,
    input  logic [ 16*W-1:0]  s_data,  // signed elements
    input  logic              s_last,  // the packet's last beat
    output logic              m_valid,
    input  logic              m_ready,
    output logic [16*W+15:0]  m_data,
    output logic              m_last
);
  localparam int AW = H == 1 ? 1 : $clog2(H);
  localparam logic [AW-1:0] LAST = AW'(H - 1);
  logic ce;
  assign ce = !m_valid || m_ready;
  assign s_ready = ce;

  logic [16*W+15:0] delay[H];
  logic [AW-1:0] at, from;  // place of the next beat, and of the next difference
  logic paired, left, ends;  // the pairs' second beats come; differences are left; the packet ends with them
  logic [16*W+15:0] other, held, sum, difference;
  assign other = delay[at];
  assign held = delay[from];
  for (genvar i = 0; i < 16; i++) begin : g_lane
    logic signed [W:0] a, b;
    assign a = other[(W+1)*i+:W+1];
    assign b = (W + 1)'(signed'(s_data[W*i+:W]));
    assign sum[(W+1)*i+:W+1] = cfg_on ? a + b : b;
    assign difference[(W+1)*i+:W+1] = paired ? a - b : b;
  end

  always_ff @(posedge clk)
    if (!rst_n) begin
      at <= '0;
      from <= '0;
      paired <= 1'b0;
      left <= 1'b0;
      m_valid <= 1'b0;
    end else if (ce) begin
      m_valid <= cfg_on ? left || (s_valid && paired) : s_valid;
      if (left) begin
        from <= from == LAST ? '0 : from + 1'b1;
        if (from == LAST) left <= 1'b0;
      end
      if (cfg_on && s_valid) begin
        at <= at == LAST ? '0 : at + 1'b1;
        if (at == LAST) begin
          paired <= !paired;
          if (paired) left <= 1'b1;
        end
      end
    end
  always_ff @(posedge clk)
    if (ce) begin
      if (cfg_on && s_valid) delay[at] <= difference;
      if (cfg_on && s_valid && paired) ends <= s_last;
      if (left) m_data <= held;
      else if (s_valid) m_data <= sum;
      m_last <= cfg_on ? left && from == LAST && ends : s_last;
    end
endmodule
