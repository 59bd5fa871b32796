// Verdicts of `bpe_walk` on pairs of tokens, so that a run of one character looks its merges up once. Direct-mapped;
// a pair is compared whole. One entry is cleared per cycle; until all are, every lookup misses.
module verdict_cache #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int CW    = 10  // log2 of the entries
) (
    input  logic             clk,
    input  logic             rst_n,
    input  logic             clear,       // new tables
    // A flow's pair; its verdict is there three cycles later, and stays.
    input  logic             ask,
    input  logic [   FW-1:0] ask_flow,
    input  logic [     15:0] left,
    input  logic [     15:0] right,
    output logic [FLOWS-1:0] judged,      // the cache has the pair
    output logic [FLOWS-1:0] compatible,
    input  logic             write,
    input  logic             write_compatible,
    input  logic [     15:0] write_left,
    input  logic [     15:0] write_right
);
  function automatic logic [CW-1:0] entry_of(input logic [31:0] pair);
    entry_of = CW'(pair[31:16]) ^ (CW'(pair[15:0]) << 3) ^ CW'(pair[15:0] >> (CW - 3)) ^ CW'(pair[31:16] >> CW);
  endfunction

  (* ram_style = "block" *) logic [33:0] verdicts[2**CW];
  logic [33:0] q_verdict, written;
  logic [31:0] asked, read;
  logic asks, reads, writes;
  logic [FW-1:0] asked_flow, read_flow;
  logic [CW:0] wiping;
  always_ff @(posedge clk) begin
    asks <= ask;
    asked <= {left, right};
    asked_flow <= ask_flow;
    writes <= write;
    written <= {1'b1, write_compatible, write_left, write_right};
    reads <= asks;
    read <= asked;
    read_flow <= asked_flow;
    if (!wiping[CW]) verdicts[wiping[CW-1:0]] <= '0;
    else if (writes) verdicts[entry_of(written[31:0])] <= written;
    q_verdict <= verdicts[entry_of(asked)];
    if (reads) begin
      judged[read_flow] <= q_verdict[31:0] == read && q_verdict[33] && wiping[CW];
      compatible[read_flow] <= q_verdict[32];
    end
  end
  always_ff @(posedge clk)
    if (!rst_n || clear) wiping <= '0;
    else if (!wiping[CW]) wiping <= wiping + 1'b1;
endmodule
