// A stage of an AXI4-Stream with registers on both sides: no path from ready to ready, no bubble.
module axis_skid #(
    parameter int W = 8
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [W-1:0] s_data,
    output logic         m_valid,
    input  logic         m_ready,
    output logic [W-1:0] m_data
);
  logic [W-1:0] spare;
  logic full;  // the spare register holds what came while the output was held

  assign s_ready = !full;

  always_ff @(posedge clk)
    if (!rst_n) begin
      m_valid <= 1'b0;
      full <= 1'b0;
    end else if (m_ready || !m_valid) begin
      m_valid <= full || s_valid;
      full <= 1'b0;
    end else if (s_valid && s_ready) full <= 1'b1;

  always_ff @(posedge clk) begin
    if (m_ready || !m_valid) m_data <= full ? spare : s_data;
    if (!full) spare <= s_data;
  end
endmodule
