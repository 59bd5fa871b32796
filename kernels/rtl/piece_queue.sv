// Short pieces of every flow between the cutter and `token_runs`, in order: 2^QW of each. A piece is looked up in the
// table of pieces, unless it is longer than its entries, or searched; what was found leaves by the order of pieces.
// So the cutter continues, and several pieces of a flow are searched at once.
module piece_queue #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int QW    = 2
) (
    input  logic                clk,
    input  logic                rst_n,
    input  logic                clear,
    // From the cutter: first byte and end of a piece; never of a flow that is full.
    input  logic                push,
    input  logic [      FW-1:0] push_flow,
    input  logic [         9:0] push_start,
    input  logic [         9:0] push_end,
    input  logic                push_table,    // short enough for the table
    output logic [   FW+QW-1:0] push_slot,
    output logic [   FLOWS-1:0] full,
    output logic [   FLOWS-1:0] empty,
    // Table of pieces: one lookup of a flow at a time.
    output logic [   FLOWS-1:0] look_mine,
    output logic [10*FLOWS-1:0] look_starts,
    output logic [10*FLOWS-1:0] look_ends,
    input  logic                looked,
    input  logic [      FW-1:0] looked_flow,
    input  logic                looked_hit,
    input  logic [        15:0] looked_token,
    // Search, by slot.
    output logic [(FLOWS<<QW)-1:0] search_mine,
    input  logic                searched,
    input  logic [   FW+QW-1:0] searched_slot,
    input  logic                searched_whole,
    input  logic                searched_lost,  // no tokens
    input  logic [        15:0] searched_token,
    output logic [   FLOWS-1:0] lost,           // until the flow begins again
    input  logic                restart,
    input  logic [      FW-1:0] restart_flow,
    // Oldest piece of each flow, when it is done.
    output logic [   FLOWS-1:0] ready,
    output logic [10*FLOWS-1:0] ends,
    output logic [   FLOWS-1:0] wholes,        // one token; otherwise the last tokens are followed
    output logic [16*FLOWS-1:0] tokens,
    input  logic                pop,
    input  logic [      FW-1:0] pop_flow
);
  localparam int PLACES = 2 ** QW;
  localparam logic [1:0] LOOK = 2'd0, SEARCH = 2'd1, CHAIN = 2'd2, WHOLE = 2'd3;
  logic [QW-1:0] tail_of[FLOWS];
  assign push_slot = {push_flow, tail_of[push_flow]};

  for (genvar n = 0; n < FLOWS; n++) begin : g_flow
    // `look` is the oldest piece that the table has not answered.
    logic [QW:0] head, look, tail;
    logic [2*PLACES-1:0] stage;
    logic [10*PLACES-1:0] start_q, end_q;
    logic [16*PLACES-1:0] token_q;
    logic is_push, is_looked, is_searched, is_pop, skips;
    assign tail_of[n] = tail[QW-1:0];
    assign is_push = push && push_flow == FW'(n);
    assign is_looked = looked && looked_flow == FW'(n);
    assign is_searched = searched && searched_slot[FW+QW-1:QW] == FW'(n);
    // Pieces of a flow that is lost leave without tokens.
    assign is_pop = pop && pop_flow == FW'(n) || (lost[n] && head != tail && stage[2*head[QW-1:0]+1]);
    assign full[n] = tail - head == (QW + 1)'(PLACES);
    assign empty[n] = tail == head;
    assign look_mine[n] = look != tail && stage[2*look[QW-1:0]+:2] == LOOK;
    assign skips = look != tail && stage[2*look[QW-1:0]+:2] != LOOK;
    assign look_starts[10*n+:10] = start_q[10*look[QW-1:0]+:10];
    assign look_ends[10*n+:10] = end_q[10*look[QW-1:0]+:10];
    assign ready[n] = head != tail && stage[2*head[QW-1:0]+1] && !lost[n];
    assign ends[10*n+:10] = end_q[10*head[QW-1:0]+:10];
    assign wholes[n] = stage[2*head[QW-1:0]];
    assign tokens[16*n+:16] = token_q[16*head[QW-1:0]+:16];
    for (genvar k = 0; k < PLACES; k++) begin : g_place
      logic [QW-1:0] behind;
      assign behind = QW'(k) - head[QW-1:0];
      assign search_mine[n*PLACES+k] = {1'b0, behind} < tail - head && stage[2*k+:2] == SEARCH;
      always_ff @(posedge clk) begin
        if (is_push && tail[QW-1:0] == QW'(k)) begin
          stage[2*k+:2] <= push_table ? LOOK : SEARCH;
          start_q[10*k+:10] <= push_start;
          end_q[10*k+:10] <= push_end;
        end
        if (is_looked && look[QW-1:0] == QW'(k)) begin
          stage[2*k+:2] <= looked_hit ? WHOLE : SEARCH;
          token_q[16*k+:16] <= looked_token;
        end
        if (is_searched && searched_slot[QW-1:0] == QW'(k)) begin
          stage[2*k+:2] <= searched_whole ? WHOLE : CHAIN;
          token_q[16*k+:16] <= searched_token;
        end
      end
    end
    always_ff @(posedge clk)
      if (!rst_n || clear) begin
        head <= '0;
        look <= '0;
        tail <= '0;
        lost[n] <= 1'b0;
      end else begin
        if (is_push) tail <= tail + 1'b1;
        if (is_looked || skips) look <= look + 1'b1;
        if (is_pop) head <= head + 1'b1;
        if (is_searched && searched_lost) lost[n] <= 1'b1;
        else if (restart && restart_flow == FW'(n)) lost[n] <= 1'b0;
      end
  end
endmodule
