// AXI4-Stream register stage: no combinational path from ready to ready, and no bubbles.
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
  logic full;  // the spare register holds a beat accepted during a stall

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
