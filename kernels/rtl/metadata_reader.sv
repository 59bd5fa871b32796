// A region of metadata as a stream of entries of one or two bytes, least byte first.
module metadata_reader #(
    parameter int AW = 4  // 2^AW beats are stored
) (
    input  logic         clk,
    input  logic         rst_n,
    input  logic         cfg_double,  // 1: entries of two bytes
    input  logic         s_valid,
    output logic         s_ready,
    input  logic [255:0] s_data,
    input  logic [  4:0] start,       // of a packet's first entry within its beat
    input  logic         step,        // the entry passes
    input  logic         last,        // the packet has no further entry
    output logic         m_valid,
    output logic [ 15:0] m_entry
);
  logic fresh, ends;
  logic [4:0] next, at;
  logic [255:0] beat;
  assign at = fresh ? start : next;
  assign ends = step && (last || at == (cfg_double ? 5'd30 : 5'd31));
  beat_fifo #(
      .W (256),
      .AW(AW)
  ) u_beats (
      .clk,
      .rst_n,
      .s_valid,
      .s_ready,
      .s_data,
      .m_valid,
      .m_ready(ends),
      .m_data (beat)
  );
  assign m_entry = {cfg_double ? beat[{at | 5'd1, 3'd0}+:8] : 8'd0, beat[{at, 3'd0}+:8]};
  always_ff @(posedge clk)
    if (!rst_n) fresh <= 1'b1;
    else if (step) fresh <= last;
  always_ff @(posedge clk) if (step) next <= at + (cfg_double ? 5'd2 : 5'd1);
endmodule
