// Queue of whole packets that never stops its sender. A packet that finds no room is dropped whole; the beats of it
// that were stored are overwritten. A packet leaves only after its last beat has come.
//
// Room is known a cycle late, so that no path leads from the pointers to the write: it is taken as if the cycle
// between had written a beat.
module drop_queue #(
    parameter int W  = 512,  // bits of a beat, with its sideband
    parameter int AW = 12    // 2^AW beats
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic [ AW:0] limit,    // maximum beats stored, 2 to 2^AW
    input  logic         s_valid,  // every beat is taken
    input  logic         s_last,
    input  logic [W-1:0] s_data,
    output logic         m_valid,
    input  logic         m_ready,
    output logic         m_last,
    output logic [W-1:0] m_data,
    output logic         stored,   // the last beat of a packet that is stored
    output logic         dropped,  // the last beat of a packet that is not
    output logic [ AW:0] held      // beats stored, before the output registers
);
  (* ram_style = "ultra" *) logic [W:0] mem[2**AW];
  logic [AW:0] head, whole, tail;  // next write, behind the last whole packet, next read
  logic room, spoiled, keep;
  assign held = head - tail;
  assign keep = s_valid && room && !spoiled;
  assign stored = keep && s_last;
  assign dropped = s_valid && s_last && !keep;
  always_ff @(posedge clk)
    if (!rst_n) begin
      head <= '0;
      whole <= '0;
      room <= 1'b0;
      spoiled <= 1'b0;
    end else begin
      if (keep) head <= head + 1'b1;
      else if (s_valid) head <= whole;
      if (stored) whole <= head + 1'b1;
      if (s_valid) spoiled <= !keep && !s_last;
      room <= held + (AW + 1)'(2) <= limit;
    end

  // ---- the memory's output register, and one behind it, as UltraRAM wants them ----
  logic valid, read, pass;
  logic [W:0] data;
  assign pass = m_ready || !m_valid;
  assign read = whole != tail && (pass || !valid);
  always_ff @(posedge clk)
    if (!rst_n) begin
      tail <= '0;
      valid <= 1'b0;
      m_valid <= 1'b0;
    end else begin
      if (read) tail <= tail + 1'b1;
      if (read) valid <= 1'b1;
      else if (pass) valid <= 1'b0;
      if (pass) m_valid <= valid;
    end
  always_ff @(posedge clk) begin
    if (keep) mem[head[AW-1:0]] <= {s_last, s_data};
    if (read) data <= mem[tail[AW-1:0]];
    if (pass) {m_last, m_data} <= data;
  end
endmodule
