// Square root of an integer of 52 bits, a root a cycle, by 26 subtractions. The square is moved up by pairs of
// bits first, so that the root has 26 bits: floor(sqrt(s x 4^z)), z being the pairs of leading zeros.
module integer_root #(
    parameter int U = 8  // bits that accompany a root
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         s_valid,
    input  logic [ 51:0] s_square,
    input  logic [U-1:0] s_user,
    output logic         m_valid,
    output logic [ 25:0] m_root,   // 0 if the square is 0
    output logic         m_more,   // the root is not exact
    output logic [  4:0] m_zeros,  // z
    output logic [U-1:0] m_user
);
  // ---- leading pairs of zeros ----
  logic [4:0] zeros;
  always_comb begin
    zeros = 5'd0;
    for (int i = 0; i < 26; i++) if (s_square[2*i+:2] != 2'd0) zeros = 5'(25 - i);
  end
  localparam int STAGES = 13;
  logic [STAGES:0] valid;
  logic [51:0] squares[STAGES+1];
  logic [27:0] rests[STAGES+1];
  logic [25:0] roots[STAGES+1];
  logic [U+4:0] users[STAGES+1];
  always_ff @(posedge clk)
    if (!rst_n) valid <= '0;
    else valid <= {valid[STAGES-1:0], s_valid};
  always_ff @(posedge clk)
    if (s_valid) begin
      squares[0] <= s_square << {zeros, 1'b0};
      rests[0] <= '0;
      roots[0] <= '0;
      users[0] <= {zeros, s_user};
    end

  // ---- two bits of the root a stage ----
  for (genvar n = 0; n < STAGES; n++) begin : g_stage
    logic [27:0] first, second;
    logic [25:0] rest;
    logic upper, lower;
    logic [24:0] root;
    assign first = {rests[n][25:0], squares[n][51:50]};
    assign upper = first >= {roots[n], 2'b01};
    assign rest = 26'(upper ? first - {roots[n], 2'b01} : first);
    assign root = {roots[n][23:0], upper};
    assign second = {rest, squares[n][49:48]};
    assign lower = second >= {1'b0, root, 2'b01};
    always_ff @(posedge clk)
      if (valid[n]) begin
        squares[n+1] <= {squares[n][47:0], 4'd0};
        rests[n+1] <= lower ? second - {1'b0, root, 2'b01} : second;
        roots[n+1] <= {root, lower};
        users[n+1] <= users[n];
      end
  end
  assign m_valid = valid[STAGES];
  assign m_root = roots[STAGES];
  assign m_more = rests[STAGES] != 28'd0;
  assign {m_zeros, m_user} = users[STAGES];
endmodule
