// Entries of one or two bytes into the beats of a region of metadata, least byte first. Bytes before the first
// entry and behind the last are zero.
module metadata_writer #(
    parameter int AW = 6  // 2^AW beats are stored
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_double,  // 1: entries of two bytes
    input  logic [  4:0] start,       // of a packet's first entry within its beat
    input  logic         s_valid,     // the parent ensures that there is room
    input  logic [ 15:0] s_entry,
    input  logic         s_last,      // of the packet
    output logic         m_valid,
    input  logic         m_ready,
    output logic [255:0] m_data
);
  logic fresh, full;
  logic [4:0] next, at;
  logic [15:0] entry;
  logic [255:0] held, filled;
  assign at = fresh ? start : next;
  assign entry = {cfg_double ? s_entry[15:8] : 8'd0, s_entry[7:0]};
  assign filled = held | (256'(entry) << {at, 3'd0});
  assign full = s_last || at == (cfg_double ? 5'd30 : 5'd31);
  always_ff @(posedge clk)
    if (!rst_n) begin
      fresh <= 1'b1;
      held <= '0;
    end else if (s_valid) begin
      fresh <= s_last;
      held <= full ? '0 : filled;
    end
  always_ff @(posedge clk) if (s_valid) next <= at + (cfg_double ? 5'd2 : 5'd1);
  beat_fifo #(
      .W (256),
      .AW(AW)
  ) u_beats (
      .clk,
      .rst_n,
      .s_valid(s_valid && full),
      /* verilator lint_off PINCONNECTEMPTY */
      .s_ready(),
      /* verilator lint_on PINCONNECTEMPTY */
      .s_data (filled),
      .m_valid,
      .m_ready,
      .m_data
  );
endmodule
