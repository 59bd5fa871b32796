// Walsh-Hadamard transform of vectors of 64, 128 or 256 elements, 16 a beat, by additions alone. Four stages are
// within a beat, and two to four across beats. A beat enters and leaves every cycle.
module hadamard_lanes #(
    parameter int W = 23  // bits of an element that enters; eight more leave
) (
    input  logic             clk,
    input  logic             rst_n,
    input  logic [      3:0] cfg_log,  // log2 of a vector's elements: 6, 7 or 8
    input  logic             s_valid,
    output logic             s_ready,
    input  logic [ 16*W-1:0] s_data,
    input  logic             s_last,   // the packet's last beat
    output logic             m_valid,
    input  logic             m_ready,
    output logic [16*W+127:0] m_data,
    output logic             m_last
);
  // ---- within a beat: two stages a cycle ----
  logic ce, v1, v2, last1, last2, ready2;
  logic [16*(W+1)-1:0] once;
  logic [16*(W+2)-1:0] twice, d1;
  logic [16*(W+3)-1:0] thrice;
  logic [16*(W+4)-1:0] all, d2;
  assign ce = !v2 || ready2;
  assign s_ready = ce;
  for (genvar i = 0; i < 16; i++) begin : g_lane
    // Bit s of a lane's number says whether it has the difference of stage s.
    localparam logic [3:0] I = 4'(i);
    localparam int A = i & ~1, B = i & ~2, C = i & ~4, D = i & ~8;
    logic signed [W:0] a0, a1;
    logic signed [W+1:0] b0, b1;
    logic signed [W+2:0] c0, c1;
    logic signed [W+3:0] e0, e1;
    assign a0 = (W + 1)'(signed'(s_data[W*A+:W]));
    assign a1 = (W + 1)'(signed'(s_data[W*(A+1)+:W]));
    assign once[(W+1)*i+:W+1] = I[0] ? a0 - a1 : a0 + a1;
    assign b0 = (W + 2)'(signed'(once[(W+1)*B+:W+1]));
    assign b1 = (W + 2)'(signed'(once[(W+1)*(B+2)+:W+1]));
    assign twice[(W+2)*i+:W+2] = I[1] ? b0 - b1 : b0 + b1;
    assign c0 = (W + 3)'(signed'(d1[(W+2)*C+:W+2]));
    assign c1 = (W + 3)'(signed'(d1[(W+2)*(C+4)+:W+2]));
    assign thrice[(W+3)*i+:W+3] = I[2] ? c0 - c1 : c0 + c1;
    assign e0 = (W + 4)'(signed'(thrice[(W+3)*D+:W+3]));
    assign e1 = (W + 4)'(signed'(thrice[(W+3)*(D+8)+:W+3]));
    assign all[(W+4)*i+:W+4] = I[3] ? e0 - e1 : e0 + e1;
  end
  always_ff @(posedge clk)
    if (!rst_n) {v1, v2} <= 2'd0;
    else if (ce) {v1, v2} <= {s_valid, v1};
  always_ff @(posedge clk)
    if (ce) begin
      {last1, last2} <= {s_last, last1};
      if (s_valid) d1 <= twice;
      if (v1) d2 <= all;
    end

  // ---- across beats ----
  logic v3, v4, v5, last3, last4, last5, ready3, ready4, ready5;
  logic [16*(W+5)-1:0] d3;
  logic [16*(W+6)-1:0] d4;
  logic [16*(W+7)-1:0] d5;
  hadamard_delay #(
      .H(1),
      .W(W + 4)
  ) u_one (
      .clk,
      .rst_n,
      .cfg_on (1'b1),
      .s_valid(v2),
      .s_ready(ready2),
      .s_data (d2),
      .s_last (last2),
      .m_valid(v3),
      .m_ready(ready3),
      .m_data (d3),
      .m_last (last3)
  );
  hadamard_delay #(
      .H(2),
      .W(W + 5)
  ) u_two (
      .clk,
      .rst_n,
      .cfg_on (1'b1),
      .s_valid(v3),
      .s_ready(ready3),
      .s_data (d3),
      .s_last (last3),
      .m_valid(v4),
      .m_ready(ready4),
      .m_data (d4),
      .m_last (last4)
  );
  hadamard_delay #(
      .H(4),
      .W(W + 6)
  ) u_four (
      .clk,
      .rst_n,
      .cfg_on (cfg_log > 4'd6),
      .s_valid(v4),
      .s_ready(ready4),
      .s_data (d4),
      .s_last (last4),
      .m_valid(v5),
      .m_ready(ready5),
      .m_data (d5),
      .m_last (last5)
  );
  hadamard_delay #(
      .H(8),
      .W(W + 7)
  ) u_eight (
      .clk,
      .rst_n,
      .cfg_on (cfg_log > 4'd7),
      .s_valid(v5),
      .s_ready(ready5),
      .s_data (d5),
      .s_last (last5),
      .m_valid,
      .m_ready,
      .m_data,
      .m_last
  );
endmodule
