// Queue of a few entries in distributed memory, with a registered output. `high` leaves four entries for what is
// already on its way.
module short_queue #(
    parameter int W  = 32,
    parameter int AW = 4    // 2^AW entries
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         s_valid,  // only while entries are free
    input  logic [W-1:0] s_data,
    output logic         high,
    output logic         m_valid,
    input  logic         m_ready,
    output logic [W-1:0] m_data
);
  (* ram_style = "distributed" *) logic [W-1:0] mem[2**AW];
  logic [AW:0] head, tail, level;  // one bit more than an address, to distinguish full from empty
  logic read;
  assign level = head - tail;
  assign read = level != '0 && (m_ready || !m_valid);
  always_ff @(posedge clk)
    if (!rst_n) begin
      head <= '0;
      tail <= '0;
      m_valid <= 1'b0;
      high <= 1'b0;
    end else begin
      if (s_valid) head <= head + 1'b1;
      if (read) tail <= tail + 1'b1;
      m_valid <= read || (m_valid && !m_ready);
      high <= level >= (AW + 1)'(2 ** AW - 4);
    end
  always_ff @(posedge clk) begin
    if (s_valid) mem[head[AW-1:0]] <= s_data;
    if (read) m_data <= mem[tail[AW-1:0]];
  end
endmodule
