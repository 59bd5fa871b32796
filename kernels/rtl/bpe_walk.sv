// Byte pair encoding by the last token of every prefix. Each byte advances an automaton whose states give the
// longest token that ends there. Candidates are that token and its shorter suffixes. The first candidate is
// correct that begins at the piece's start, or is compatible with the token before it. Automaton, tokens and
// merges are in external memory; while one flow waits for a word, others continue.
//
// One step of one flow per cycle, in three cycles. In the first a flow's state is read, with its words on chip; in the
// second the step is decided; in the third its request leaves. Each flow has at most one read in flight.
module bpe_walk #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int CW    = 10  // log2 of the entries in the compatibility cache
) (
    input  logic                clk,
    input  logic                rst_n,
    input  logic                clear,         // new tables: the cache is cleared
    input  logic [        18:0] cfg_root,      // base of the root's children
    input  logic [        19:0] cfg_tokens,    // word address of token 0
    input  logic [        19:0] cfg_pairs,     // word address of the first two merge slots
    input  logic [        17:0] cfg_mask,      // merge slots minus one
    input  logic                cfg_whole,     // 1: a piece equal to a token becomes that token
    input  logic [   FLOWS-1:0] mine,
    output logic                pass,          // a flow leaves: to `token_runs`, or back to the cutter
    output logic [      FW-1:0] pass_flow,
    output logic                pass_tokens,
    // From the cutter: the order, and the byte up to which it holds; from `token_runs`: begin of the next
    // token.
    input  logic [ 2*FLOWS-1:0] orders,
    input  logic [10*FLOWS-1:0] accepts,
    input  logic [10*FLOWS-1:0] bases,
    input  logic [   FLOWS-1:0] fresh,         // no token of the piece has been emitted
    input  logic                skip,          // the table has the piece: no walk over its bytes
    input  logic [      FW-1:0] skip_flow,
    input  logic                ring_write,
    input  logic [      FW+8:0] ring_address,
    input  logic [         7:0] ring_octet,
    // To `token_runs`: its order, and the last token of the prefix that ends after a byte.
    output logic [ 3*FLOWS-1:0] wants,
    output logic [10*FLOWS-1:0] ats,
    output logic [ 8*FLOWS-1:0] depths,
    output logic [16*FLOWS-1:0] wholes,
    output logic [   FLOWS-1:0] lost,          // no candidate matches: the tables are invalid
    output logic                last_write,
    output logic [      FW+8:0] last_address,
    output logic [        15:0] last_token,
    output logic [         7:0] last_length,
    // External memory: one 16-byte word per request, in any order.
    output logic                ask,
    output logic [      FW-1:0] ask_flow,
    output logic [        19:0] ask_word,
    input  logic                told,
    input  logic [      FW-1:0] told_flow,
    input  logic [       127:0] told_data,
    // Lookup events: state, next suffix, merge pair, parts of a token, cached compatibility.
    output logic                looked_cell,
    output logic                looked_suffix,
    output logic                looked_pair,
    output logic                looked_parts,
    output logic                looked_cache
);
  localparam logic [3:0] NEXT = 4'd0, CHILD = 4'd1, FAIL = 4'd2, BEFORE = 4'd3, CACHED = 4'd4, PAIR = 4'd5;
  localparam logic [3:0] LEFT = 4'd6, RIGHT = 4'd7, SUFFIX = 4'd8;
  localparam logic [1:0] TO_CUT = 2'd1;  // orders: 0 walks, 2 begins a packet, 3 begins a flow
  localparam logic [2:0] SOME = 3'd0, ALL = 3'd1, WHOLE = 3'd2, BEGINS = 3'd3, RESTARTS = 3'd4;  // orders
  localparam logic [15:0] NONE = 16'hffff;

  // ---- state of every flow ----
  logic [3:0] do_q[FLOWS];
  logic [9:0] at_q[FLOWS], length_q[FLOWS];  // position of the walk, and bytes of the piece so far
  logic [18:0] state_q[FLOWS], base_q[FLOWS], fail_q[FLOWS], failbase_q[FLOWS];
  logic [FLOWS-1:0] known_q;                 // the state's failure link is loaded
  logic [7:0] depth_q[FLOWS], octet_q[FLOWS];
  logic [15:0] whole_q[FLOWS];
  logic [15:0] token_q[FLOWS], before_q[FLOWS], next_q[FLOWS];  // a candidate, the token before it, its suffix
  logic [7:0] size_q[FLOWS], nextsize_q[FLOWS];
  logic [FLOWS-1:0] hasnext_q, hasleft_q, hasright_q, lost_q;
  logic [15:0] left_q[FLOWS], right_q[FLOWS];        // pair of tokens whose merge is looked up
  logic [15:0] leftpart_q[FLOWS], rightpart_q[FLOWS];  // the left one's right part, the right one's left part
  logic [16:0] leftrank_q[FLOWS], rightrank_q[FLOWS];  // ranks plus one
  logic [17:0] limit_q[FLOWS], slot_q[FLOWS];
  logic [2:0] want_q[FLOWS];
  logic [127:0] word_q[FLOWS];
  logic [FLOWS-1:0] parked;

  // ---- first cycle: arbitration, and reads ----
  logic a_valid, b_valid;
  logic [FW-1:0] a, b;
  flow_pick #(
      .FLOWS(FLOWS),
      .FW   (FW)
  ) u_pick (
      .clk,
      .rst_n,
      .able (mine & ~parked & ~(FLOWS'(b_valid) << b)),
      .valid(a_valid),
      .flow (a)
  );
  // State of flow b in the second cycle. No other step writes it meanwhile.
  logic [3:0] do_b;
  logic [9:0] at_b, length_b, accept_b, begin_b;
  logic [18:0] state_b, base_b, fail_b, failbase_b;
  logic known_b, hasnext_b, hasleft_b, hasright_b, lost_b, fresh_b;
  logic [7:0] depth_b, octet_b, size_b, nextsize_b;
  logic [15:0] whole_b, token_b, before_b, next_b, left_b, right_b, leftpart_b, rightpart_b;
  logic [16:0] leftrank_b, rightrank_b;
  logic [17:0] limit_b, slot_b;
  logic [2:0] want_b;
  logic [1:0] order_b;
  logic [127:0] word;
  always_ff @(posedge clk) begin
    b_valid <= rst_n && a_valid;
    b <= a;
    do_b <= do_q[a];
    at_b <= at_q[a];
    length_b <= length_q[a];
    state_b <= state_q[a];
    base_b <= base_q[a];
    fail_b <= fail_q[a];
    failbase_b <= failbase_q[a];
    known_b <= known_q[a];
    depth_b <= depth_q[a];
    octet_b <= octet_q[a];
    whole_b <= whole_q[a];
    token_b <= token_q[a];
    size_b <= size_q[a];
    before_b <= before_q[a];
    next_b <= next_q[a];
    nextsize_b <= nextsize_q[a];
    hasnext_b <= hasnext_q[a];
    hasleft_b <= hasleft_q[a];
    hasright_b <= hasright_q[a];
    lost_b <= lost_q[a];
    left_b <= left_q[a];
    right_b <= right_q[a];
    leftpart_b <= leftpart_q[a];
    rightpart_b <= rightpart_q[a];
    leftrank_b <= leftrank_q[a];
    rightrank_b <= rightrank_q[a];
    limit_b <= limit_q[a];
    slot_b <= slot_q[a];
    want_b <= want_q[a];
    order_b <= orders[2*a+:2];
    accept_b <= accepts[10*a+:10];
    begin_b <= bases[10*a+:10];
    fresh_b <= fresh[a];
    word <= word_q[a];
  end

  (* ram_style = "block" *) logic [7:0] octets[2**(FW+9)];
  (* ram_style = "block" *) logic [15:0] lasts[2**(FW+9)];
  logic [7:0] q_octet;
  logic [15:0] q_last;
  logic [8:0] before_address;
  assign before_address = at_q[a][8:0] - {1'b0, size_q[a]};
  always_ff @(posedge clk) begin
    if (ring_write) octets[ring_address] <= ring_octet;
    if (last_write) lasts[last_address] <= last_token;
    q_octet <= octets[{a, at_q[a][8:0] + 9'(do_q[a] != NEXT)}];  // the byte after the one in progress
    q_last <= lasts[{a, before_address}];
  end
  // ---- second cycle: data from memory ----
  logic [18:0] c_owner, c_base, c_fail, c_failbase;
  logic [15:0] c_longest, c_whole;
  logic [7:0] c_size, c_depth;
  assign {c_whole, c_depth, c_size, c_longest, c_failbase, c_fail, c_base, c_owner} = word[123:0];
  logic [15:0] t_suffix, t_left, t_right;
  logic [7:0] t_size;
  logic [16:0] t_rank;
  assign {t_rank, t_right, t_left, t_size, t_suffix} = word[72:0];

  // A word holds two merge slots; the search starts at one of them and ends at an empty slot. A merge is early if
  // its rank is below the limit.
  logic [1:0] hit, free, early;
  logic merged, merged_early, through;
  always_comb begin
    for (int n = 0; n < 2; n++) begin
      hit[n] = word[64*n+:32] == {right_b, left_b} && !(n == 0 && slot_b[0]);
      free[n] = word[64*n+:16] == NONE && !(n == 0 && slot_b[0]);
      early[n] = {1'b0, word[64*n+32+:17]} < limit_b;
    end
    merged = hit[0] || (hit[1] && !free[0]);
    merged_early = hit[0] ? early[0] : hit[1] && !free[0] && early[1];
    through = !merged && free == 2'd0;
  end

  // A candidate that begins before the last emitted token is wrong; one that begins at the piece's start is correct.
  // Each source of candidates is compared before one of them is chosen.
  function automatic logic [2:0] fit_of(input logic [15:0] token, input logic [7:0] size,
                                        input logic [9:0] behind, input logic is_fresh);
    fit_of = {token == NONE, {2'd0, size} == behind && is_fresh, {2'd0, size} <= behind};
  endfunction
  logic [9:0] back;
  logic [2:0] c_fit, t_fit, next_fit;  // no token, begins the piece, begins at or behind the last emitted token
  assign back = at_b + 10'd1 - begin_b;  // bytes since the last emitted token, including this one
  assign c_fit = fit_of(c_longest, c_size, back, fresh_b);
  assign t_fit = fit_of(t_suffix, t_size, back, fresh_b);
  assign next_fit = fit_of(next_b, nextsize_b, back, fresh_b);

  // ---- the step ----
  logic [3:0] do_n;
  logic [9:0] at_n, length_n;
  logic [18:0] state_n, base_n, fail_n, failbase_n;
  logic known_n, hasnext_n, hasleft_n, hasright_n, lost_n;
  logic [7:0] depth_n, octet_n, size_n, nextsize_n;
  logic [15:0] whole_n, token_n, before_n, next_n, left_n, right_n, leftpart_n, rightpart_n;
  logic [16:0] leftrank_n, rightrank_n;
  logic [17:0] limit_n;
  logic [2:0] want_n;
  logic leave, leave_tokens;
  logic candidate, decide, refuse, accept;  // see below
  logic [2:0] fit;
  logic [FLOWS-1:0] judged, compatible;
  logic w_judge, w_verdict, verdict;
  logic w_ask, w_hash, w_looked_cell, w_looked_suffix, w_looked_pair, w_looked_parts, w_looked_cache;
  logic [19:0] w_base;
  logic [16:0] w_index;
  logic left_first, has_left, has_right;
  always_comb begin
    do_n = do_b;
    w_judge = 1'b0;
    at_n = at_b;
    length_n = length_b;
    state_n = state_b;
    base_n = base_b;
    fail_n = fail_b;
    failbase_n = failbase_b;
    known_n = known_b;
    depth_n = depth_b;
    octet_n = octet_b;
    whole_n = whole_b;
    token_n = token_b;
    size_n = size_b;
    before_n = before_b;
    next_n = next_b;
    nextsize_n = nextsize_b;
    hasnext_n = hasnext_b;
    hasleft_n = hasleft_b;
    hasright_n = hasright_b;
    lost_n = lost_b;
    left_n = left_b;
    right_n = right_b;
    leftpart_n = leftpart_b;
    rightpart_n = rightpart_b;
    leftrank_n = leftrank_b;
    rightrank_n = rightrank_b;
    limit_n = limit_b;
    want_n = want_b;
    leave = 1'b0;
    leave_tokens = 1'b0;
    w_ask = 1'b0;
    w_hash = 1'b0;
    w_base = {1'b0, base_b};
    w_index = {9'd0, q_octet};
    candidate = 1'b0;
    fit = c_fit;
    decide = 1'b0;
    refuse = 1'b0;
    accept = 1'b0;
    w_verdict = 1'b0;
    verdict = 1'b0;
    w_looked_cell = 1'b0;
    w_looked_suffix = 1'b0;
    w_looked_pair = 1'b0;
    w_looked_parts = 1'b0;
    w_looked_cache = 1'b0;
    // Without a valid flow the results below are ignored, and no flow leaves.
    if (b_valid)
    case (do_b)
      NEXT: begin
        if (order_b[1]) begin
          // A packet begins; the first packet of a flow also resets its state.
          leave = 1'b1;
          leave_tokens = 1'b1;
          want_n = order_b[0] ? RESTARTS : BEGINS;
          if (order_b[0]) begin
            at_n = '0;
            length_n = '0;
            lost_n = 1'b0;
            state_n = '0;
          end
        end else if (at_b == accept_b) begin
          leave = 1'b1;
          leave_tokens = order_b == TO_CUT;
          want_n = cfg_whole && fresh_b && {2'd0, depth_b} == length_b && whole_b != NONE ? WHOLE : ALL;
          if (order_b == TO_CUT) begin
            length_n = '0;
            state_n = '0;
          end
        end else begin
          octet_n = q_octet;
          w_ask = 1'b1;
          w_looked_cell = 1'b1;
          do_n = CHILD;
        end
        // The root has a child for every byte, so its failure link is never read.
        if (state_n == 19'd0) begin
          base_n = cfg_root;
          if (length_n == 10'd0 && leave) depth_n = '0;
        end
      end
      CHILD:
      if (c_owner == state_b) begin
        state_n = base_b + {11'd0, octet_b};
        base_n = c_base;
        fail_n = c_fail;
        failbase_n = c_failbase;
        known_n = 1'b1;
        depth_n = c_depth;
        whole_n = c_whole;
        token_n = c_longest;
        size_n = c_size;
        candidate = 1'b1;
      end else if (state_b == 19'd0) lost_n = 1'b1;
      else if (known_b) begin
        state_n = fail_b;
        base_n = failbase_b;
        known_n = 1'b0;
        w_ask = 1'b1;
        w_base = {1'b0, failbase_b};
        w_index = {9'd0, octet_b};
        w_looked_cell = 1'b1;
      end else begin
        w_ask = 1'b1;
        w_base = {1'b0, state_b};
        w_index = '0;
        w_looked_cell = 1'b1;
        do_n = FAIL;
      end
      FAIL: begin
        state_n = c_fail;
        base_n = c_failbase;
        w_ask = 1'b1;
        w_base = {1'b0, c_failbase};
        w_index = {9'd0, octet_b};
        w_looked_cell = 1'b1;
        do_n = CHILD;
      end
      BEFORE: begin
        before_n = q_last;
        w_judge = 1'b1;
        do_n = CACHED;
      end
      CACHED: begin
        w_looked_cache = 1'b1;
        left_n = before_b;
        right_n = token_b;
        limit_n = '1;
        hasleft_n = 1'b0;
        hasright_n = 1'b0;
        hasnext_n = 1'b0;
        if (judged[b]) begin
          accept = compatible[b];
          refuse = !compatible[b];
        end else begin
          w_hash = 1'b1;
          do_n = PAIR;
        end
      end
      PAIR:
      if (merged_early) refuse = 1'b1;
      else if (through) begin
        w_ask = 1'b1;
        w_base = cfg_pairs;
        w_index = (slot_b[17:1] + 17'd1) & cfg_mask[17:1];
        w_looked_pair = 1'b1;
      end else if (!hasleft_b) begin
        w_ask = 1'b1;
        w_base = cfg_tokens;
        w_index = {1'b0, left_b};
        w_looked_parts = 1'b1;
        do_n = LEFT;
      end else if (!hasright_b) begin
        w_ask = 1'b1;
        w_base = cfg_tokens;
        w_index = {1'b0, right_b};
        w_looked_parts = 1'b1;
        do_n = RIGHT;
      end else decide = 1'b1;
      LEFT: begin
        leftpart_n = t_right;
        leftrank_n = t_rank;
        hasleft_n = 1'b1;
        if (!hasright_b) begin
          w_ask = 1'b1;
          w_base = cfg_tokens;
          w_index = {1'b0, right_b};
          w_looked_parts = 1'b1;
          do_n = RIGHT;
        end else decide = 1'b1;
      end
      RIGHT: begin
        rightpart_n = t_left;
        rightrank_n = t_rank;
        hasright_n = 1'b1;
        // The candidate's suffix is in the same word.
        if (right_b == token_b) begin
          hasnext_n = 1'b1;
          next_n = t_suffix;
          nextsize_n = t_size;
        end
        decide = 1'b1;
      end
      default: begin
        token_n = t_suffix;
        size_n = t_size;
        candidate = 1'b1;
        fit = t_fit;
      end
    endcase

    // Of the two tokens, the one merged later is split, if it has parts. The pair then at the border must not
    // have been merged before that.
    left_first = leftrank_n > rightrank_n;
    has_left = leftpart_n != NONE;
    has_right = rightpart_n != NONE;
    if (decide) begin
      do_n = PAIR;
      w_hash = has_left || has_right;
      if (has_left && (left_first || !has_right)) begin
        left_n = leftpart_n;
        limit_n = {1'b0, leftrank_n};
        hasleft_n = 1'b0;
      end else if (has_right) begin
        right_n = rightpart_n;
        limit_n = {1'b0, rightrank_n} + 18'd1;
        hasright_n = 1'b0;
      end else accept = 1'b1;
      w_verdict = accept;
      verdict = 1'b1;
    end
    if (w_hash) begin
      w_ask = 1'b1;
      w_base = cfg_pairs;
      w_looked_pair = 1'b1;
    end
    if (refuse) begin
      w_verdict = do_b == PAIR;
      if (do_b == PAIR && hasnext_b) begin
        token_n = next_b;
        size_n = nextsize_b;
        hasnext_n = 1'b0;
        candidate = 1'b1;
        fit = next_fit;
      end else begin
        w_ask = 1'b1;
        w_base = cfg_tokens;
        w_index = {1'b0, token_b};
        w_looked_suffix = 1'b1;
        do_n = SUFFIX;
      end
    end
    if (candidate) begin
      if (fit[2]) lost_n = 1'b1;
      else if (fit[1]) accept = 1'b1;
      else if (fit[0]) do_n = BEFORE;
      else begin
        w_ask = 1'b1;
        w_base = cfg_tokens;
        w_index = {1'b0, token_n};
        w_looked_suffix = 1'b1;
        do_n = SUFFIX;
      end
    end
    if (accept) begin
      at_n = at_b + 10'd1;
      length_n = length_b + 10'd1;
      do_n = NEXT;
      if (length_n[4:0] == 5'd0 && back >= 10'd64) begin
        leave = 1'b1;
        leave_tokens = 1'b1;
        want_n = SOME;
      end else if (at_n != accept_b) begin
        octet_n = q_octet;
        w_ask = 1'b1;
        w_base = {1'b0, base_n};
        w_index = {9'd0, q_octet};
        w_looked_cell = 1'b1;
        do_n = CHILD;
      end
    end
    if (lost_n) begin
      leave = 1'b1;
      leave_tokens = order_b[1];
      do_n = NEXT;
    end
  end
  assign pass = b_valid && leave;
  assign pass_flow = b;
  assign pass_tokens = leave_tokens;
  assign lost = lost_q;

  // ---- third cycle: the request, last tokens and counters ----
  verdict_cache #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .CW   (CW)
  ) u_verdicts (
      .clk,
      .rst_n,
      .clear,
      .ask             (b_valid && w_judge),
      .ask_flow        (b),
      .left            (before_n),
      .right           (token_b),
      .judged,
      .compatible,
      .write           (b_valid && w_verdict),
      .write_compatible(verdict),
      .write_left      (before_b),
      .write_right     (token_b)
  );
  logic [17:0] r_slot;
  walk_request #(
      .FW(FW)
  ) u_request (
      .clk,
      .rst_n,
      .cfg_mask,
      .s_valid(b_valid && w_ask),
      .s_flow (b),
      .s_base (w_base),
      .s_index(w_index),
      .s_hash (w_hash),
      .s_left (left_n),
      .s_right(right_n),
      .m_valid(ask),
      .m_flow (ask_flow),
      .m_word (ask_word),
      .m_slot (r_slot)
  );
  always_ff @(posedge clk) if (ask) slot_q[ask_flow] <= r_slot;
  logic c_judges;
  logic [FW-1:0] c;
  always_ff @(posedge clk) begin
    c_judges <= rst_n && b_valid && w_judge;
    c <= b;
    last_write <= rst_n && b_valid && accept;
    last_address <= {b, at_b[8:0]};
    last_token <= token_n;
    last_length <= size_n;
    looked_cell <= b_valid && w_looked_cell;
    looked_suffix <= b_valid && w_looked_suffix;
    looked_pair <= b_valid && w_looked_pair;
    looked_parts <= b_valid && w_looked_parts;
    looked_cache <= b_valid && w_looked_cache;
  end

  always_ff @(posedge clk)
    if (!rst_n) begin
      for (int n = 0; n < FLOWS; n++) do_q[n] <= NEXT;
      parked <= '0;
    end else begin
      if (b_valid) do_q[b] <= do_n;
      // A verdict is there in time for a pick that comes a cycle later than usual.
      if (c_judges) parked[c] <= 1'b0;
      if (b_valid && (w_ask || w_judge)) parked[b] <= 1'b1;
      if (told) parked[told_flow] <= 1'b0;
    end
  always_ff @(posedge clk) begin
    if (told) word_q[told_flow] <= told_data;
    if (b_valid) begin
      at_q[b] <= at_n;
      length_q[b] <= length_n;
      state_q[b] <= state_n;
      base_q[b] <= base_n;
      fail_q[b] <= fail_n;
      failbase_q[b] <= failbase_n;
      known_q[b] <= known_n;
      depth_q[b] <= depth_n;
      octet_q[b] <= octet_n;
      whole_q[b] <= whole_n;
      token_q[b] <= token_n;
      size_q[b] <= size_n;
      before_q[b] <= before_n;
      next_q[b] <= next_n;
      nextsize_q[b] <= nextsize_n;
      hasnext_q[b] <= hasnext_n;
      hasleft_q[b] <= hasleft_n;
      hasright_q[b] <= hasright_n;
      lost_q[b] <= lost_n;
      left_q[b] <= left_n;
      right_q[b] <= right_n;
      leftpart_q[b] <= leftpart_n;
      rightpart_q[b] <= rightpart_n;
      leftrank_q[b] <= leftrank_n;
      rightrank_q[b] <= rightrank_n;
      limit_q[b] <= limit_n;
      want_q[b] <= want_n;
    end
    if (skip) at_q[skip_flow] <= accepts[10*skip_flow+:10];
  end
  for (genvar n = 0; n < FLOWS; n++) begin : g_flow
    assign wants[3*n+:3] = want_q[n];
    assign ats[10*n+:10] = at_q[n];
    assign depths[8*n+:8] = depth_q[n];
    assign wholes[16*n+:16] = whole_q[n];
  end
endmodule
