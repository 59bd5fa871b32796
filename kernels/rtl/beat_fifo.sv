// FIFO in block memory. The output register is prefetched, so a beat leaves every cycle.
module beat_fifo #(
    parameter int W  = 256,
    parameter int AW = 7     // 2^AW entries
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
  (* ram_style = "block" *) logic [W-1:0] mem[2**AW];
  logic [AW:0] head, tail;  // one bit more than an address, to distinguish full from empty
  logic read;

  assign s_ready = (head - tail) != (AW + 1)'(2 ** AW);
  assign read = head != tail && (m_ready || !m_valid);

  always_ff @(posedge clk)
    if (!rst_n) begin
      head <= '0;
      tail <= '0;
      m_valid <= 1'b0;
    end else begin
      if (s_valid && s_ready) head <= head + 1'b1;
      if (read) tail <= tail + 1'b1;
      if (read) m_valid <= 1'b1;
      else if (m_ready) m_valid <= 1'b0;
    end

  always_ff @(posedge clk) begin
    if (s_valid && s_ready) mem[head[AW-1:0]] <= s_data;
    if (read) m_data <= mem[tail[AW-1:0]];
  end
endmodule
