// Words of external memory on chip: a direct-mapped cache in URAM. With 2^WW words or fewer every word is read
// from memory once; of a larger vocabulary the words in use stay. A hit returns in the cycle after its request.
// Until all entries are cleared, every request misses.
module word_cache #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int WW    = 18  // log2 of the entries, less than the bits of a word's address
) (
    input  logic          clk,
    input  logic          rst_n,
    input  logic          clear,          // new tables
    // Requests: one of each flow at most, in any cycle.
    input  logic          ask,
    input  logic [FW-1:0] ask_flow,
    input  logic [  19:0] ask_word,
    output logic          told,
    output logic [FW-1:0] told_flow,
    output logic [ 127:0] told_data,
    output logic          missed,
    // External memory.
    output logic          m_valid,
    input  logic          m_ready,
    output logic [FW-1:0] m_flow,
    output logic [  19:0] m_word,
    input  logic          r_valid,
    output logic          r_ready,
    input  logic [FW-1:0] r_flow,
    input  logic [ 127:0] r_data
);
  localparam int TAG = 20 - WW;
  (* ram_style = "ultra" *) logic [TAG+128:0] entries[2**WW];
  logic [TAG+128:0] q_entry;
  logic [WW:0] wiping;
  logic [19:0] word_q[FLOWS];
  logic fill;
  assign fill = r_valid && r_ready;
  always_ff @(posedge clk) begin
    if (!wiping[WW]) entries[wiping[WW-1:0]] <= '0;
    else if (fill) entries[word_q[r_flow][WW-1:0]] <= {1'b1, word_q[r_flow][19:WW], r_data};
    q_entry <= entries[ask_word[WW-1:0]];
  end
  always_ff @(posedge clk)
    if (!rst_n || clear) wiping <= '0;
    else if (!wiping[WW]) wiping <= wiping + 1'b1;

  logic asked, hit;
  logic [FW-1:0] flow;
  logic [19:0] word;
  always_ff @(posedge clk) begin
    asked <= rst_n && ask;
    flow <= ask_flow;
    word <= ask_word;
    if (ask) word_q[ask_flow] <= ask_word;
  end
  assign hit = asked && wiping[WW] && q_entry[TAG+128:128] == {1'b1, word[19:WW]};
  assign missed = asked && !hit;
  // Each flow has at most one request, so the FIFO never overflows.
  beat_fifo #(
      .W (FW + 20),
      .AW(FW)
  ) u_misses (
      .clk,
      .rst_n,
      .s_valid(missed),
      /* verilator lint_off PINCONNECTEMPTY */
      .s_ready(),
      /* verilator lint_on PINCONNECTEMPTY */
      .s_data ({flow, word}),
      .m_valid,
      .m_ready,
      .m_data ({m_flow, m_word})
  );
  assign r_ready = !hit;
  assign told = hit || r_valid;
  assign told_flow = hit ? flow : r_flow;
  assign told_data = hit ? q_entry[127:0] : r_data;
endmodule
