// Byte pair encoding of short, complete pieces by search. From the piece's start, the longest token that is
// compatible with the one before is chosen; without such a token, the one before is replaced by a shorter one.
// At most one row of compatible tokens leads to each position, so a position without a continuation is abandoned
// once. `bpe_walk` tests compatibility at every byte, this about once a token; both find the same tokens.
//
// Pieces are independent, so several of one flow are searched at once: FLOWS * 2^QW of them, each with at most one read
// in flight. One step of one piece per cycle, two cycles after its choice. The latency of a word does not matter
// while other pieces have steps.
module bpe_search #(
    parameter int FLOWS = 4,
    parameter int FW    = 2,   // log2 of FLOWS
    parameter int QW    = 2,   // log2 of the pieces of a flow
    parameter int CW    = 10   // log2 of the entries in the compatibility cache
) (
    input  logic             clk,
    input  logic             rst_n,
    input  logic             clear,        // new tables: the cache is cleared
    input  logic [     18:0] cfg_root,     // base of the root's children
    input  logic [     19:0] cfg_tokens,   // word address of token 0
    input  logic [     19:0] cfg_pairs,    // word address of the first two merge slots
    input  logic [     17:0] cfg_mask,     // merge slots minus one
    input  logic             cfg_whole,    // 1: a piece equal to a token becomes that token
    input  logic             load,         // token and children's base of a first byte
    input  logic [      7:0] load_addr,
    input  logic [     34:0] load_data,
    // A piece enters a slot: its flow, its place in the flow's queue, first byte and length.
    input  logic             push,
    input  logic [FW+QW-1:0] push_slot,
    input  logic [      8:0] push_start,
    input  logic [      5:0] push_length,
    input  logic [(FLOWS<<QW)-1:0] mine,         // slots whose piece is to be searched
    input  logic             ring_write,
    input  logic [   FW+8:0] ring_address,
    input  logic [      7:0] ring_octet,
    output logic             busy,         // some piece can proceed
    // A token is chosen, or the search ends.
    output logic             give,
    input  logic             given,
    output logic             give_last,    // a token that ends at a byte, to `token_runs`
    output logic [   FW+8:0] give_address,
    output logic [     15:0] give_token,
    output logic [      5:0] give_length,
    output logic             give_done,    // the piece of the slot is done
    output logic [FW+QW-1:0] give_slot,
    output logic             give_whole,   // it is one token, not the last tokens
    output logic             give_lost,    // no row of tokens: the tables are invalid
    // External memory: one 16-byte word per request, in any order.
    output logic             ask,
    output logic [FW+QW-1:0] ask_slot,
    output logic [     19:0] ask_word,
    input  logic             told,
    input  logic [FW+QW-1:0] told_slot,
    input  logic [    127:0] told_data,
    // Lookup events: state, shorter prefix, merge pair, parts of a token, cached compatibility.
    output logic             looked_cell,
    output logic             looked_prefix,
    output logic             looked_pair,
    output logic             looked_parts,
    output logic             looked_cache
);
  localparam int SLOTS = FLOWS << QW, SW = FW + QW;
  localparam logic [2:0] BEGIN_ = 3'd0, CHILD = 3'd1, TEST = 3'd2, PAIR = 3'd3, LEFT = 3'd4, RIGHT = 3'd5;
  localparam logic [2:0] PREFIX = 3'd6;
  localparam logic [1:0] CELL = 2'd0, TOKEN = 2'd1, MERGE = 2'd2, AGAIN = 2'd3;  // kinds of requests
  localparam logic [15:0] NONE = 16'hffff;

  // ---- state of every piece; offsets count from the piece's first byte ----
  logic [2:0] do_q[SLOTS];
  logic [8:0] start_q[SLOTS];
  logic [5:0] length_q[SLOTS];
  logic [5:0] at_q[SLOTS], spot_q[SLOTS];             // begin of the token in progress; byte to be read next
  logic [18:0] state_q[SLOTS], cell_q[SLOTS];         // state so far, and the cell that was requested
  logic [15:0] token_q[SLOTS], before_q[SLOTS], next_q[SLOTS];  // candidate, token before it, shorter prefix
  logic [5:0] size_q[SLOTS], beforesize_q[SLOTS], nextsize_q[SLOTS];
  logic [15:0] left_q[SLOTS], right_q[SLOTS];         // pair of tokens whose merge is looked up
  logic [15:0] leftpart_q[SLOTS], rightpart_q[SLOTS];
  logic [16:0] leftrank_q[SLOTS], rightrank_q[SLOTS];
  logic [17:0] limit_q[SLOTS], merged_slot_q[SLOTS];
  logic [63:0] dead_q[SLOTS];                         // offsets from which no token continues
  logic [SLOTS-1:0] hasnext_q, hasleft_q, hasright_q;
  logic [127:0] word_q[SLOTS];
  logic [SLOTS-1:0] parked, over;                     // over: done, and not yet taken

  // ---- first cycle: choice of a piece, and addresses ----
  logic a_valid, m_valid, b_valid, high;
  logic [SW-1:0] a, m, b;
  logic [SLOTS-1:0] able;
  assign able = mine & ~parked & ~over & ~(SLOTS'(m_valid) << m) & ~(SLOTS'(b_valid) << b);
  assign busy = |able || m_valid || b_valid;
  flow_pick #(
      .FLOWS(SLOTS),
      .FW   (SW)
  ) u_pick (
      .clk,
      .rst_n,
      .able (high ? '0 : able),
      .valid(a_valid),
      .flow (a)
  );
  always_ff @(posedge clk) begin
    m_valid <= rst_n && a_valid;
    b_valid <= rst_n && m_valid;
    m <= a;
    b <= m;
  end

  (* ram_style = "block" *) logic [7:0] octets[2**(FW+9)];
  (* ram_style = "block" *) logic [7:0] followers[2**(FW+9)];  // the same, for the byte after
  (* ram_style = "block" *) logic [21:0] lasts[2**(FW+9)];     // token and length by last byte
  (* ram_style = "block" *) logic [33:0] verdicts[2**CW];
  (* ram_style = "distributed" *) logic [34:0] roots[256];
  logic [8:0] a_spot, a_last;
  logic [5:0] at, spot;  // of the piece whose step it is
  logic [FW-1:0] a_flow, b_flow;
  assign a_flow = a[SW-1:QW];
  assign b_flow = b[SW-1:QW];
  assign a_spot = start_q[a] + {3'd0, do_q[a] == BEGIN_ ? 6'd0 : spot_q[a]};
  assign a_last = start_q[a] + {3'd0, at_q[a]} - 9'd1;
  assign at = do_q[b] == BEGIN_ ? 6'd0 : at_q[b];
  assign spot = do_q[b] == BEGIN_ ? 6'd0 : spot_q[b];
  logic [7:0] m_octet, m_follower, octet, follower;
  logic [21:0] m_before, q_before;
  logic [33:0] m_verdict, q_verdict;
  logic [18:0] root_base, root_cell;
  logic [15:0] root_token;
  function automatic logic [CW-1:0] entry_of(input logic [15:0] left, input logic [15:0] right);
    entry_of = CW'(left) ^ (CW'(right) << 3) ^ CW'(right >> (CW - 3)) ^ CW'(left >> CW);
  endfunction
  logic verdict_write, verdict, last_write;
  logic [CW:0] wiping;
  logic [8:0] last_place;
  always_ff @(posedge clk) begin
    if (ring_write) begin
      octets[ring_address] <= ring_octet;
      followers[ring_address] <= ring_octet;
    end
    if (last_write) lasts[{b_flow, last_place}] <= {size_q[b], token_q[b]};
    if (!wiping[CW]) verdicts[wiping[CW-1:0]] <= '0;
    else if (verdict_write) verdicts[entry_of(before_q[b], token_q[b])] <= {1'b1, verdict, before_q[b], token_q[b]};
    m_octet <= octets[{a_flow, a_spot}];
    m_follower <= followers[{a_flow, a_spot+9'd1}];
    m_before <= lasts[{a_flow, a_last}];
    m_verdict <= verdicts[entry_of(before_q[a], token_q[a])];
  end
  // One entry is cleared per cycle; until all are, every lookup misses.
  always_ff @(posedge clk)
    if (!rst_n || clear) wiping <= '0;
    else if (!wiping[CW]) wiping <= wiping + 1'b1;

  // ---- second cycle: state and token of the byte, if a token begins with it ----
  always_ff @(posedge clk) begin
    if (load) roots[load_addr] <= load_data;
    octet <= m_octet;
    follower <= m_follower;
    q_before <= m_before;
    q_verdict <= m_verdict;
    {root_token, root_base} <= roots[m_octet];
    root_cell <= cfg_root + {11'd0, m_octet};
  end

  // ---- third cycle: the step ----
  /* verilator lint_off UNUSEDSIGNAL */  // failures are the walk's
  logic [127:0] word;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [18:0] c_owner, c_base;
  logic [15:0] c_longest, c_whole;
  logic [7:0] c_size, c_depth;
  assign word = word_q[b];
  assign {c_base, c_owner} = word[37:0];
  assign {c_whole, c_depth, c_size, c_longest} = word[123:76];
  logic [15:0] t_left, t_right, t_prefix;
  logic [5:0] t_size;
  logic [16:0] t_rank;
  assign {t_prefix, t_rank, t_right, t_left} = word[88:24];
  assign t_size = word[94:89];

  // A word holds two merge slots; the search starts at one of them and ends at an empty slot.
  logic [1:0] hit, free;
  logic merged, through;
  logic [16:0] merge_rank;
  always_comb begin
    for (int n = 0; n < 2; n++) begin
      hit[n] = word[64*n+:32] == {right_q[b], left_q[b]} && !(n == 0 && merged_slot_q[b][0]);
      free[n] = word[64*n+:16] == NONE && !(n == 0 && merged_slot_q[b][0]);
    end
    merged = hit[0] || (hit[1] && !free[0]);
    through = !merged && free == 2'd0;
    merge_rank = hit[0] ? word[48:32] : word[112:96];
  end

  logic [2:0] do_n;
  logic [5:0] at_n, spot_n, size_n, beforesize_n, nextsize_n;
  logic [18:0] state_n, cell_n;
  logic [15:0] token_n, before_n, next_n, left_n, right_n, leftpart_n, rightpart_n;
  logic [16:0] leftrank_n, rightrank_n;
  logic [17:0] limit_n;
  logic [63:0] dead_n;
  logic hasnext_n, hasleft_n, hasright_n;
  logic opens, tests, decide, refuse, accept, done, whole, lost;
  logic w_ask, w_verdict, w_cell, w_prefix, w_pair, w_parts, w_cache;
  logic [1:0] w_kind;
  logic [18:0] w_first;
  logic [15:0] w_second;
  logic left_first, has_left, has_right;
  always_comb begin
    do_n = do_q[b];
    at_n = at;
    spot_n = spot;
    state_n = state_q[b];
    cell_n = cell_q[b];
    token_n = token_q[b];
    size_n = size_q[b];
    before_n = before_q[b];
    beforesize_n = beforesize_q[b];
    next_n = next_q[b];
    nextsize_n = nextsize_q[b];
    left_n = left_q[b];
    right_n = right_q[b];
    leftpart_n = leftpart_q[b];
    rightpart_n = rightpart_q[b];
    leftrank_n = leftrank_q[b];
    rightrank_n = rightrank_q[b];
    limit_n = limit_q[b];
    dead_n = dead_q[b];
    hasnext_n = hasnext_q[b];
    hasleft_n = hasleft_q[b];
    hasright_n = hasright_q[b];
    opens = 1'b0;
    tests = 1'b0;
    decide = 1'b0;
    refuse = 1'b0;
    accept = 1'b0;
    done = 1'b0;
    whole = 1'b0;
    lost = 1'b0;
    w_ask = 1'b0;
    w_kind = TOKEN;
    w_first = {3'd0, token_q[b]};
    w_second = {8'd0, octet};
    w_verdict = 1'b0;
    verdict = 1'b0;
    w_cell = 1'b0;
    w_prefix = 1'b0;
    w_pair = 1'b0;
    w_parts = 1'b0;
    w_cache = 1'b0;
    case (do_q[b])
      BEGIN_: begin
        dead_n = '0;
        opens = 1'b1;
      end
      CHILD:
      if (c_owner == state_q[b]) begin
        // The path is a token if the longest token that ends here begins with it.
        if (c_size == c_depth) begin
          token_n = c_longest;
          size_n = c_depth[5:0];
        end
        if (spot != length_q[b]) begin
          state_n = cell_q[b];
          cell_n = c_base + {11'd0, octet};
          spot_n = spot + 6'd1;
          w_ask = 1'b1;
          w_kind = CELL;
          w_first = c_base;
          w_cell = 1'b1;
        end else if (cfg_whole && at == 6'd0 && c_whole != NONE) begin
          token_n = c_whole;
          done = 1'b1;
          whole = 1'b1;
        end else tests = 1'b1;
      end else tests = 1'b1;
      TEST: begin
        left_n = before_q[b];
        right_n = token_q[b];
        limit_n = '1;
        hasleft_n = 1'b0;
        hasright_n = 1'b0;
        hasnext_n = 1'b0;
        if (token_q[b] == NONE) begin
          // No token continues from here: the one before is replaced.
          dead_n[at] = 1'b1;
          at_n = at - beforesize_q[b];
          token_n = before_q[b];
          done = at == 6'd0;
          lost = at == 6'd0;
          w_ask = at != 6'd0;
          w_first = {3'd0, before_q[b]};
          w_prefix = at != 6'd0;
          do_n = PREFIX;
        end else if (dead_q[b][spot] && spot != length_q[b]) refuse = 1'b1;
        else if (at == 6'd0) accept = 1'b1;
        else begin
          w_cache = 1'b1;
          if (q_verdict[31:0] == {before_q[b], token_q[b]} && q_verdict[33] && wiping[CW]) begin
            accept = q_verdict[32];
            refuse = !q_verdict[32];
          end else begin
            w_ask = 1'b1;
            w_kind = MERGE;
            w_first = {3'd0, before_q[b]};
            w_second = token_q[b];
            w_pair = 1'b1;
            do_n = PAIR;
          end
        end
      end
      PAIR:
      if (merged && {1'b0, merge_rank} < limit_q[b]) begin
        refuse = 1'b1;
        w_verdict = 1'b1;
      end else if (through) begin
        w_ask = 1'b1;
        w_kind = AGAIN;
        w_first = {1'b0, merged_slot_q[b]};
        w_pair = 1'b1;
      end else if (!hasleft_q[b]) begin
        w_ask = 1'b1;
        w_first = {3'd0, left_q[b]};
        w_parts = 1'b1;
        do_n = LEFT;
      end else if (!hasright_q[b]) begin
        w_ask = 1'b1;
        w_first = {3'd0, right_q[b]};
        w_parts = 1'b1;
        do_n = RIGHT;
      end else decide = 1'b1;
      LEFT: begin
        leftpart_n = t_right;
        leftrank_n = t_rank;
        hasleft_n = 1'b1;
        if (!hasright_q[b]) begin
          w_ask = 1'b1;
          w_first = {3'd0, right_q[b]};
          w_parts = 1'b1;
          do_n = RIGHT;
        end else decide = 1'b1;
      end
      RIGHT: begin
        rightpart_n = t_left;
        rightrank_n = t_rank;
        hasright_n = 1'b1;
        // The candidate's shorter prefix is in the same word.
        if (right_q[b] == token_q[b]) begin
          hasnext_n = 1'b1;
          next_n = t_prefix;
          nextsize_n = t_size;
        end
        decide = 1'b1;
      end
      default: begin
        // The token before is read anew: the position may be an earlier one.
        {beforesize_n, before_n} = q_before;
        token_n = t_prefix;
        size_n = t_size;
        tests = 1'b1;
      end
    endcase

    // Of the two tokens, the one merged later is split, if it has parts. The pair then at the border must not
    // have been merged before that.
    left_first = leftrank_n > rightrank_n;
    has_left = leftpart_n != NONE;
    has_right = rightpart_n != NONE;
    if (decide) begin
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
      w_ask = !accept;
      w_kind = MERGE;
      w_first = {3'd0, left_n};
      w_second = right_n;
      w_pair = !accept;
      do_n = PAIR;
    end
    if (refuse) begin
      if (hasnext_n) begin
        token_n = next_q[b];
        size_n = nextsize_q[b];
        hasnext_n = 1'b0;
        tests = 1'b1;
      end else begin
        w_ask = 1'b1;
        w_prefix = 1'b1;
        do_n = PREFIX;
      end
    end
    if (accept) begin
      before_n = token_q[b];
      beforesize_n = size_q[b];
      at_n = spot;
      if (spot == length_q[b]) done = 1'b1;
      else opens = 1'b1;
    end
    if (opens) begin
      // A token begins: its first byte is a token, and the second one is looked up.
      token_n = root_token;
      size_n = 6'd1;
      state_n = root_cell;
      cell_n = root_base + {11'd0, follower};
      if (spot + 6'd1 == length_q[b]) tests = 1'b1;
      else begin
        spot_n = spot + 6'd2;
        w_ask = 1'b1;
        w_kind = CELL;
        w_first = root_base;
        w_second = {8'd0, follower};
        w_cell = 1'b1;
        do_n = CHILD;
      end
    end
    if (tests) begin
      spot_n = at_n + size_n;
      do_n = TEST;
    end
    if (done) do_n = BEGIN_;
  end

  // ---- requests: the address takes three cycles, as a slot of merges is a hash of its two tokens ----
  logic [2:0] r_valid;
  logic [1:0] r_kind;
  logic [18:0] r_first;
  logic [15:0] r_second;
  logic [SW-1:0] r_slot, s_slot, t_slot;
  logic [31:0] s_left, s_right;
  logic [19:0] s_sum, t_sum;
  logic [17:0] s_again, t_merge;
  logic s_merges, s_first, t_merges;
  /* verilator lint_off UNUSEDSIGNAL */  // only the bits of a slot's number are used
  logic [31:0] mixed, hashed;
  /* verilator lint_on UNUSEDSIGNAL */
  assign mixed = s_left ^ s_right;
  assign hashed = mixed ^ (mixed >> 15);
  always_ff @(posedge clk) begin
    r_kind <= w_kind;
    r_first <= w_first;
    r_second <= w_second;
    r_slot <= b;
    s_left <= {16'd0, r_first[15:0]} * 32'h9e3779b1;
    s_right <= {16'd0, r_second} * 32'h85ebca6b;
    s_sum <= r_kind == CELL ? {1'b0, r_first + {3'd0, r_second}} : cfg_tokens + {4'd0, r_first[15:0]};
    s_again <= {r_first[17:1] + 17'd1, 1'b0};
    s_merges <= r_kind == MERGE || r_kind == AGAIN;
    s_first <= r_kind == MERGE;
    s_slot <= r_slot;
    t_merge <= (s_first ? hashed[17:0] : s_again) & cfg_mask;
    t_sum <= s_sum;
    t_merges <= s_merges;
    t_slot <= s_slot;
    if (r_valid[2] && t_merges) merged_slot_q[t_slot] <= t_merge;
    ask_slot <= t_slot;
    ask_word <= t_merges ? cfg_pairs + {3'd0, t_merge[17:1]} : t_sum;
  end
  always_ff @(posedge clk)
    if (!rst_n) {ask, r_valid} <= '0;
    else {ask, r_valid} <= {r_valid, b_valid && w_ask};

  // ---- what leaves ----
  assign verdict_write = b_valid && w_verdict;
  assign last_write = b_valid && accept;
  assign last_place = start_q[b] + {3'd0, spot} - 9'd1;
  assign looked_cell = b_valid && w_cell;
  assign looked_prefix = b_valid && w_prefix;
  assign looked_pair = b_valid && w_pair;
  assign looked_parts = b_valid && w_parts;
  assign looked_cache = b_valid && w_cache;
  logic o_valid;
  logic [FW+SW+34:0] o_data;
  always_ff @(posedge clk) begin
    o_valid <= rst_n && b_valid && (accept || done);
    o_data <= {accept, done, whole, lost, b, b_flow, last_place, whole ? c_whole : token_q[b], size_q[b]};
  end
  short_queue #(
      .W (FW + SW + 35),
      .AW(4)
  ) u_given (
      .clk,
      .rst_n,
      .s_valid(o_valid),
      .s_data (o_data),
      .high,
      .m_valid(give),
      .m_ready(given),
      .m_data ({give_last, give_done, give_whole, give_lost, give_slot, give_address, give_token, give_length})
  );

  always_ff @(posedge clk)
    if (!rst_n) begin
      for (int n = 0; n < SLOTS; n++) do_q[n] <= BEGIN_;
      parked <= '0;
      over <= '0;
    end else begin
      if (b_valid) do_q[b] <= do_n;
      over <= (over | (SLOTS'(b_valid && done) << b)) & mine;
      parked <= (parked | (SLOTS'(b_valid && w_ask) << b)) & ~(SLOTS'(told) << told_slot);
    end
  always_ff @(posedge clk) begin
    if (told) word_q[told_slot] <= told_data;
    if (push) begin
      start_q[push_slot] <= push_start;
      length_q[push_slot] <= push_length;
    end
    if (b_valid) begin
      at_q[b] <= at_n;
      spot_q[b] <= spot_n;
      state_q[b] <= state_n;
      cell_q[b] <= cell_n;
      token_q[b] <= token_n;
      size_q[b] <= size_n;
      before_q[b] <= before_n;
      beforesize_q[b] <= beforesize_n;
      next_q[b] <= next_n;
      nextsize_q[b] <= nextsize_n;
      hasnext_q[b] <= hasnext_n;
      hasleft_q[b] <= hasleft_n;
      hasright_q[b] <= hasright_n;
      left_q[b] <= left_n;
      right_q[b] <= right_n;
      leftpart_q[b] <= leftpart_n;
      rightpart_q[b] <= rightpart_n;
      leftrank_q[b] <= leftrank_n;
      rightrank_q[b] <= rightrank_n;
      limit_q[b] <= limit_n;
      dead_q[b] <= dead_n;
    end
  end
endmodule
