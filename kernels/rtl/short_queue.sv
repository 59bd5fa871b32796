// Queue of a few entries in distributed memory, with a registered output. An entry that finds it empty is at the output
// in the next cycle. `high` leaves four entries for what is already on its way.
module short_queue #(
    parameter int W  = 32,
    parameter int AW = 4    // 2^AW entries, and one at the output
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
  logic [AW-1:0] head, tail;
  logic [AW:0] level;
  logic moves, read, direct;
  assign moves = m_ready || !m_valid;
  assign read = moves && level != '0;
  assign direct = moves && level == '0 && s_valid;
  always_ff @(posedge clk)
    if (!rst_n) begin
      head <= '0;
      tail <= '0;
      level <= '0;
      m_valid <= 1'b0;
      high <= 1'b0;
    end else begin
      if (s_valid && !direct) head <= head + 1'b1;
      if (read) tail <= tail + 1'b1;
      level <= level + (AW + 1)'(s_valid && !direct) - (AW + 1)'(read);
      if (moves) m_valid <= read || direct;
      high <= level >= (AW + 1)'(2 ** AW - 4);
    end
  always_ff @(posedge clk) begin
    if (s_valid && !direct) mem[head] <= s_data;
    if (moves) m_data <= level != '0 ? mem[tail] : s_data;
  end
endmodule
