// Byte pair encoding of short, complete pieces by search. From the piece's start, the longest token that is
// compatible with the one before is chosen; without such a token, the one before is replaced by a shorter one.
// At most one row of compatible tokens leads to each position, so a position without a continuation is abandoned
// once. `bpe_walk` tests compatibility at every byte, this about once a token; both find the same tokens.
//
// Pieces are independent, so several of one flow are searched at once: FLOWS * 2^QW of them, each with at most one
// read in flight. One step of a piece begins in every cycle and takes three. A piece whose word has come is next, so
// that none is chosen among all.
module bpe_search #(
    parameter int FLOWS = 4,
    parameter int FW    = 2,   // log2 of FLOWS
    parameter int QW    = 3,   // log2 of the pieces of a flow
    parameter int CW    = 12   // log2 of the entries in the compatibility cache
) (
    input  logic                   clk,
    input  logic                   rst_n,
    input  logic                   clear,        // new tables: the cache is cleared
    input  logic [           18:0] cfg_root,     // base of the root's children
    input  logic [           19:0] cfg_tokens,   // word address of token 0
    input  logic                   cfg_whole,    // 1: a piece equal to a token becomes that token
    input  logic                   load,         // token and children's base of a first byte
    input  logic [            7:0] load_addr,
    input  logic [           34:0] load_data,
    // A piece enters a slot: its flow, its place in the flow's queue, first byte and length.
    input  logic                   push,
    input  logic [      FW+QW-1:0] push_slot,
    input  logic [            8:0] push_start,
    input  logic [            6:0] push_length,
    input  logic [(FLOWS<<QW)-1:0] mine,         // slots whose piece is to be searched
    input  logic                   ring_write,
    input  logic [         FW+8:0] ring_address,
    input  logic [            7:0] ring_octet,
    // A token is chosen, or the search ends.
    output logic                   give,
    input  logic                   given,
    output logic                   give_last,    // a token that ends at a byte, to `token_runs`
    output logic [         FW+8:0] give_address,
    output logic [           15:0] give_token,
    output logic [            6:0] give_length,
    output logic                   give_done,    // the piece of the slot is done
    output logic [      FW+QW-1:0] give_slot,
    output logic                   give_whole,   // it is one token, not the last tokens
    output logic                   give_lost,    // no row of tokens: the tables are invalid
    // Words of cells and tokens, in any order.
    output logic                   ask,
    output logic [      FW+QW-1:0] ask_slot,
    output logic [           19:0] ask_word,
    // Merges of pairs, by `merge_ask`; if a pair has none, a token's word comes in place.
    output logic                   pair,
    output logic [      FW+QW-1:0] pair_slot,
    output logic [           15:0] pair_left,
    output logic [           15:0] pair_right,
    output logic                   pair_again,
    output logic [           16:0] pair_place,   // slots so far, two by two
    output logic [           15:0] pair_part,
    input  logic                   skip,
    input  logic                   placed,
    input  logic [      FW+QW-1:0] placed_slot,
    input  logic [           17:0] placed_at,
    input  logic                   told,
    input  logic [      FW+QW-1:0] told_slot,
    input  logic [          127:0] told_data,
    output logic                   step,         // a step ends
    output logic                   busy,         // some piece can proceed
    // Lookup events: state, shorter prefix, part of a token, cached compatibility.
    output logic                   looked_cell,
    output logic                   looked_prefix,
    output logic                   looked_parts,
    output logic                   looked_cache
);
  localparam int SLOTS = FLOWS << QW, SW = FW + QW;
  localparam logic [2:0] BEGIN_ = 3'd0, CHILD = 3'd1, TEST = 3'd2, PAIR = 3'd3, LEFT = 3'd4, RIGHT = 3'd5;
  localparam logic [2:0] PREFIX = 3'd6;
  localparam logic [15:0] NONE = 16'hffff;

  // ---- state of every piece; offsets count from the piece's first byte ----
  logic [2:0] do_q[SLOTS];
  logic [8:0] start_q[SLOTS];
  logic [6:0] length_q[SLOTS];
  logic [6:0] at_q[SLOTS], spot_q[SLOTS];        // begin of the token in progress; byte to be read next
  logic [18:0] state_q[SLOTS], cell_q[SLOTS];    // state so far, and the cell that was requested
  logic [15:0] token_q[SLOTS], before_q[SLOTS], next_q[SLOTS];  // candidate, token before it, shorter prefix
  logic [6:0] size_q[SLOTS], beforesize_q[SLOTS], nextsize_q[SLOTS];
  logic [15:0] left_q[SLOTS], right_q[SLOTS];    // pair of tokens whose merge is looked up
  logic [15:0] leftpart_q[SLOTS], rightpart_q[SLOTS];
  logic [16:0] leftrank_q[SLOTS], rightrank_q[SLOTS];
  logic [32:0] own_q[SLOTS], kept_q[SLOTS];      // right part and rank of the candidate, and of the token before it
  logic [17:0] limit_q[SLOTS], place_q[SLOTS];
  logic [127:0] dead_q[SLOTS];                   // offsets from which no token continues
  logic [3:0] has_q[SLOTS];                      // what is known: next and own, left, right, kept
  logic skipped_q[SLOTS];
  logic [127:0] word_q[SLOTS];

  // ---- pieces that can proceed: their word has come, or they need none ----
  logic high, t_valid, g_valid, t_take, g_take, f_valid, again;
  logic [SW-1:0] t_slot, g_slot, f_slot, f_next, b;
  logic [SLOTS-1:0] entered;
  logic f_found;
  short_queue #(
      .W (SW),
      .AW(SW)
  ) u_told (
      .clk,
      .rst_n,
      .s_valid(told),
      .s_data (told_slot),
      /* verilator lint_off PINCONNECTEMPTY */
      .high   (),
      /* verilator lint_on PINCONNECTEMPTY */
      .m_valid(t_valid),
      .m_ready(t_take),
      .m_data (t_slot)
  );
  short_queue #(
      .W (SW),
      .AW(SW)
  ) u_again (
      .clk,
      .rst_n,
      .s_valid(again || f_valid),
      .s_data (again ? b : f_slot),
      /* verilator lint_off PINCONNECTEMPTY */
      .high   (),
      /* verilator lint_on PINCONNECTEMPTY */
      .m_valid(g_valid),
      .m_ready(g_take),
      .m_data (g_slot)
  );
  // New pieces, every other cycle at most: `entered` follows the register of the one selected.
  flow_pick #(
      .FLOWS(SLOTS),
      .FW   (SW)
  ) u_pick (
      .clk,
      .rst_n,
      .able (f_valid ? '0 : mine & ~entered),
      .valid(f_found),
      .flow (f_next)
  );
  always_ff @(posedge clk)
    if (!rst_n) begin
      f_valid <= 1'b0;
      entered <= '0;
    end else begin
      f_valid <= f_valid ? again : f_found;
      entered <= (entered | (SLOTS'(f_valid) << f_slot)) & mine;
    end
  always_ff @(posedge clk) if (!f_valid) f_slot <= f_next;

  // ---- first cycle: addresses ----
  logic a_valid, m_valid, b_valid;
  logic [SW-1:0] a, m;
  assign t_take = !high;
  assign g_take = !high && !t_valid;
  assign a_valid = !high && (t_valid || g_valid);
  assign a = t_valid ? t_slot : g_slot;
  always_ff @(posedge clk) begin
    m_valid <= rst_n && a_valid;
    b_valid <= rst_n && m_valid;
    m <= a;
    b <= m;
  end

  (* ram_style = "block" *) logic [7:0] octets[2**(FW+9)];
  (* ram_style = "block" *) logic [7:0] followers[2**(FW+9)];  // the same, for the byte after
  (* ram_style = "block" *) logic [22:0] lasts[2**(FW+9)];     // token and length by last byte
  (* ram_style = "block" *) logic [33:0] verdicts[2**CW];
  (* ram_style = "distributed" *) logic [34:0] roots[256];
  logic [8:0] a_spot, a_last;
  logic [FW-1:0] a_flow, b_flow;
  assign a_flow = a[SW-1:QW];
  assign b_flow = b[SW-1:QW];
  assign a_spot = start_q[a] + {2'd0, do_q[a] == BEGIN_ ? 7'd0 : spot_q[a]};
  assign a_last = start_q[a] + {2'd0, at_q[a]} - 9'd1;
  logic [7:0] m_octet, m_follower, octet, follower;
  logic [22:0] m_before, q_before;
  logic [33:0] m_verdict;
  logic [18:0] root_base, root_cell;
  logic [15:0] root_token;
  function automatic logic [CW-1:0] entry_of(input logic [15:0] left, input logic [15:0] right);
    entry_of = CW'(left) ^ (CW'(right) << 3) ^ CW'(right >> (CW - 3)) ^ CW'(left >> CW);
  endfunction
  logic verdict_write, verdict, last_write;
  logic [CW:0] wiping;
  logic [8:0] last_place;
  logic [15:0] token, prior;  // of the piece whose step it is: candidate, and the token before it
  logic [6:0] size;
  always_ff @(posedge clk) begin
    if (ring_write) begin
      octets[ring_address] <= ring_octet;
      followers[ring_address] <= ring_octet;
    end
    if (last_write) lasts[{b_flow, last_place}] <= {size, token};
    if (!wiping[CW]) verdicts[wiping[CW-1:0]] <= '0;
    else if (verdict_write) verdicts[entry_of(prior, token)] <= {1'b1, verdict, prior, token};
    m_octet <= octets[{a_flow, a_spot}];
    m_follower <= followers[{a_flow, a_spot+9'd1}];
    m_before <= lasts[{a_flow, a_last}];
    m_verdict <= verdicts[entry_of(before_q[a], token_q[a])];
  end
  // One entry is cleared per cycle; until all are, every lookup misses.
  always_ff @(posedge clk)
    if (!rst_n || clear) wiping <= '0;
    else if (!wiping[CW]) wiping <= wiping + 1'b1;

  // ---- second cycle: state of the piece, and what its word holds; state and token of the byte if a token begins ----
  /* verilator lint_off UNUSEDSIGNAL */  // failures are the walk's
  logic [127:0] m_word;
  /* verilator lint_on UNUSEDSIGNAL */
  assign m_word = word_q[m];
  logic [2:0] doing;
  logic [8:0] start;
  logic [6:0] length, at, spot, priorsize, nextsize;
  logic [18:0] state, cell_;
  logic [15:0] next, left, right, leftpart, rightpart;
  logic [16:0] leftrank, rightrank;
  logic [32:0] own, kept;
  logic [17:0] limit;
  logic [16:0] place;
  logic [127:0] dead;
  logic hasnext, hasleft, hasright, haskept;
  // Cell.
  logic is_child, is_token, is_whole;
  logic [18:0] c_base;
  logic [15:0] c_longest, c_whole;
  logic [6:0] c_depth;
  // Token.
  logic [15:0] t_left, t_right, t_prefix;
  logic [6:0] t_size;
  logic [16:0] t_rank;
  logic lefts_first;  // of the two ranks, one of them in the word
  // Two slots of merges: the search starts at one of them and ends at an empty slot.
  logic [1:0] m_hit, hit, m_free, free, below;
  for (genvar n = 0; n < 2; n++) begin : g_merge
    logic isnt;
    assign isnt = n == 0 && place_q[m][0];
    assign m_hit[n] = m_word[64*n+:32] == {right_q[m], left_q[m]} && !isnt;
    assign m_free[n] = m_word[64*n+:16] == NONE && !isnt;
  end
  logic is_dead, cached, compatible;
  always_ff @(posedge clk) begin
    doing <= do_q[m] == PAIR && skipped_q[m] ? (has_q[m][1] ? RIGHT : LEFT) : do_q[m];
    start <= start_q[m];
    length <= length_q[m];
    at <= do_q[m] == BEGIN_ ? 7'd0 : at_q[m];
    spot <= do_q[m] == BEGIN_ ? 7'd0 : spot_q[m];
    state <= state_q[m];
    cell_ <= cell_q[m];
    token <= token_q[m];
    size <= size_q[m];
    prior <= before_q[m];
    priorsize <= beforesize_q[m];
    next <= next_q[m];
    nextsize <= nextsize_q[m];
    left <= left_q[m];
    right <= right_q[m];
    leftpart <= leftpart_q[m];
    rightpart <= rightpart_q[m];
    leftrank <= leftrank_q[m];
    rightrank <= rightrank_q[m];
    own <= own_q[m];
    kept <= kept_q[m];
    limit <= limit_q[m];
    place <= place_q[m][17:1];
    dead <= dead_q[m];
    {haskept, hasright, hasleft, hasnext} <= has_q[m];
    is_child <= m_word[18:0] == state_q[m];
    c_base <= m_word[37:19];
    c_longest <= m_word[91:76];
    c_depth <= m_word[106:100];
    c_whole <= m_word[123:108];
    // The path is a token if the longest token that ends here begins with it.
    is_token <= m_word[99:92] == m_word[107:100];
    is_whole <= cfg_whole && m_word[123:108] != NONE;
    {t_prefix, t_rank, t_right, t_left} <= m_word[88:24];
    t_size <= m_word[95:89];
    lefts_first <= do_q[m] == LEFT || (do_q[m] == PAIR && !has_q[m][1]) ? m_word[72:56] > rightrank_q[m] :
        leftrank_q[m] > m_word[72:56];
    hit <= m_hit;
    free <= m_free;
    for (int n = 0; n < 2; n++) below[n] <= {1'b0, m_word[64*n+32+:17]} < limit_q[m];
    is_dead <= dead_q[m][spot_q[m]] && spot_q[m] != length_q[m];
    cached <= m_verdict[33] && m_verdict[31:0] == {before_q[m], token_q[m]} && wiping[CW];
    compatible <= m_verdict[32];
    q_before <= m_before;
    octet <= m_octet;
    follower <= m_follower;
    if (load) roots[load_addr] <= load_data;
    {root_token, root_base} <= roots[m_octet];
    root_cell <= cfg_root + {11'd0, m_octet};
  end

  // ---- third cycle: the step ----
  logic [2:0] do_n;
  logic [6:0] at_n, spot_n, size_n, beforesize_n, nextsize_n;
  logic [18:0] state_n, cell_n;
  logic [15:0] token_n, before_n, next_n, left_n, right_n, leftpart_n, rightpart_n;
  logic [16:0] leftrank_n, rightrank_n;
  logic [32:0] own_n, kept_n;
  logic [17:0] limit_n;
  logic [127:0] dead_n;
  logic hasnext_n, hasleft_n, hasright_n, haskept_n;
  logic opens, tests, decide, refuse, accept, done, whole, lost;
  logic w_cell, w_token, w_pair, w_again, w_verdict, w_prefix, w_parts, w_cache;
  logic [18:0] w_base;
  logic [15:0] w_asked;
  logic [7:0] w_octet;
  logic has_left, has_right;
  always_comb begin
    do_n = doing;
    at_n = at;
    spot_n = spot;
    state_n = state;
    cell_n = cell_;
    token_n = token;
    size_n = size;
    before_n = prior;
    beforesize_n = priorsize;
    next_n = next;
    nextsize_n = nextsize;
    left_n = left;
    right_n = right;
    leftpart_n = leftpart;
    rightpart_n = rightpart;
    leftrank_n = leftrank;
    rightrank_n = rightrank;
    own_n = own;
    kept_n = kept;
    limit_n = limit;
    dead_n = dead;
    hasnext_n = hasnext;
    hasleft_n = hasleft;
    hasright_n = hasright;
    haskept_n = haskept;
    {opens, tests, decide, refuse, accept, done, whole, lost} = '0;
    {w_cell, w_token, w_pair, w_again, w_verdict, w_prefix, w_parts, w_cache} = '0;
    w_base = c_base;
    w_octet = octet;
    w_asked = token;
    verdict = 1'b0;
    case (doing)
      BEGIN_: begin
        dead_n = '0;
        haskept_n = 1'b0;
        hasnext_n = 1'b0;
        opens = 1'b1;
      end
      CHILD: begin
        if (is_child && is_token) begin
          token_n = c_longest;
          size_n = c_depth;
        end
        if (is_child && spot != length) begin
          state_n = cell_;
          cell_n = c_base + {11'd0, octet};
          spot_n = spot + 7'd1;
          w_cell = 1'b1;
        end else if (is_child && is_whole && at == 7'd0) begin
          done = 1'b1;
          whole = 1'b1;
        end else tests = 1'b1;
      end
      TEST: begin
        left_n = prior;
        right_n = token;
        limit_n = '1;
        hasleft_n = haskept;
        {leftpart_n, leftrank_n} = kept;
        hasright_n = 1'b0;
        hasnext_n = 1'b0;
        if (token == NONE) begin
          // No token continues from here: the one before is replaced.
          dead_n[at] = 1'b1;
          at_n = at - priorsize;
          token_n = prior;
          haskept_n = 1'b0;
          done = at == 7'd0;
          lost = at == 7'd0;
          w_token = at != 7'd0;
          w_asked = prior;
          w_prefix = 1'b1;
          do_n = PREFIX;
        end else if (is_dead) refuse = 1'b1;
        else if (at == 7'd0) accept = 1'b1;
        else begin
          w_cache = 1'b1;
          accept = cached && compatible;
          refuse = cached && !compatible;
          w_pair = !cached;
          do_n = PAIR;
        end
      end
      PAIR: begin
        if (hit[0] ? below[0] : hit[1] && !free[0] && below[1]) begin
          refuse = 1'b1;
          w_verdict = 1'b1;
        end else if (hit == 2'd0 && free == 2'd0) begin
          w_pair = 1'b1;
          w_again = 1'b1;
        end else begin
          w_token = 1'b1;
          w_asked = hasleft ? right : left;
          w_parts = 1'b1;
          do_n = hasleft ? RIGHT : LEFT;
        end
      end
      LEFT: begin
        leftpart_n = t_right;
        leftrank_n = t_rank;
        hasleft_n = 1'b1;
        if (hasright) decide = 1'b1;
        else begin
          w_token = 1'b1;
          w_asked = right;
          w_parts = 1'b1;
          do_n = RIGHT;
        end
      end
      RIGHT: begin
        rightpart_n = t_left;
        rightrank_n = t_rank;
        hasright_n = 1'b1;
        // Of the candidate itself, the word has what its shorter prefix and the next test need.
        if (right == token) begin
          hasnext_n = 1'b1;
          next_n = t_prefix;
          nextsize_n = t_size;
          own_n = {t_right, t_rank};
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
    has_left = leftpart_n != NONE;
    has_right = rightpart_n != NONE;
    if (decide) begin
      if (has_left && (lefts_first || !has_right)) begin
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
      w_pair = !accept;
      do_n = PAIR;
    end
    if (refuse) begin
      if (hasnext_n) begin
        token_n = next;
        size_n = nextsize;
        hasnext_n = 1'b0;
        tests = 1'b1;
      end else begin
        w_token = 1'b1;
        w_asked = token;
        w_prefix = 1'b1;
        do_n = PREFIX;
      end
    end
    if (accept) begin
      before_n = token;
      beforesize_n = size;
      at_n = spot;
      kept_n = own_n;
      haskept_n = hasnext_n;
      done = spot == length;
      opens = spot != length;
    end
    if (opens) begin
      // A token begins: its first byte is a token, and the second one is looked up.
      token_n = root_token;
      size_n = 7'd1;
      state_n = root_cell;
      cell_n = root_base + {11'd0, follower};
      if (spot + 7'd1 == length) tests = 1'b1;
      else begin
        spot_n = spot + 7'd2;
        w_cell = 1'b1;
        w_base = root_base;
        w_octet = follower;
        do_n = CHILD;
      end
    end
    if (tests) begin
      spot_n = at_n + size_n;
      do_n = TEST;
    end
    if (done) do_n = BEGIN_;
  end
  assign step = b_valid;
  assign again = b_valid && tests;
  assign busy = t_valid || g_valid || f_valid || m_valid || b_valid;

  // ---- what leaves: words, pairs, tokens ----
  logic r_cell;
  logic [18:0] r_base;
  logic [15:0] r_more;
  always_ff @(posedge clk) begin
    r_cell <= w_cell;
    r_base <= w_base;
    r_more <= w_cell ? {8'd0, w_octet} : w_asked;
    ask_slot <= b;
    pair_slot <= b;
    pair_left <= left_n;
    pair_right <= right_n;
    pair_again <= w_again;
    pair_place <= place;
    pair_part <= hasleft_n ? right_n : left_n;
  end
  assign ask_word = (r_cell ? {1'b0, r_base} : cfg_tokens) + {4'd0, r_more};
  always_ff @(posedge clk)
    if (!rst_n) {ask, pair} <= '0;
    else begin
      ask <= b_valid && (w_cell || w_token);
      pair <= b_valid && w_pair;
    end
  assign verdict_write = b_valid && w_verdict;
  assign last_write = b_valid && accept;
  assign last_place = start + {2'd0, spot} - 9'd1;
  assign looked_cell = b_valid && w_cell;
  assign looked_prefix = b_valid && w_token && w_prefix;
  assign looked_parts = b_valid && w_token && w_parts;
  assign looked_cache = b_valid && w_cache;
  logic o_valid;
  logic [FW+SW+35:0] o_data;
  always_ff @(posedge clk) begin
    o_valid <= rst_n && b_valid && (accept || done);
    o_data <= {accept, done, whole, lost, b, b_flow, last_place, whole ? c_whole : token, size};
  end
  short_queue #(
      .W (FW + SW + 36),
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
    if (!rst_n) for (int n = 0; n < SLOTS; n++) do_q[n] <= BEGIN_;
    else if (b_valid) do_q[b] <= do_n;
  always_ff @(posedge clk) begin
    if (told) word_q[told_slot] <= told_data;
    if (skip || placed) skipped_q[placed_slot] <= skip;
    if (placed) place_q[placed_slot] <= placed_at;
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
      left_q[b] <= left_n;
      right_q[b] <= right_n;
      leftpart_q[b] <= leftpart_n;
      rightpart_q[b] <= rightpart_n;
      leftrank_q[b] <= leftrank_n;
      rightrank_q[b] <= rightrank_n;
      own_q[b] <= own_n;
      kept_q[b] <= kept_n;
      limit_q[b] <= limit_n;
      dead_q[b] <= dead_n;
      has_q[b] <= {haskept_n, hasright_n, hasleft_n, hasnext_n};
    end
  end
endmodule
