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

  // ---- state of every flow; what other modules or other steps see or write has registers of its own ----
  typedef struct packed {
    logic [9:0] length;                  // bytes of the piece so far
    logic [18:0] state, base;
    logic known;                         // the state's failure link is loaded
    logic [18:0] fail, failbase;
    logic [7:0] octet;
    logic [15:0] token, former;          // a candidate, the token before it
    logic [7:0] size;
    logic hasnext;
    logic [15:0] next;                   // suffix of the candidate
    logic [7:0] nextsize;
    logic [15:0] left, right;            // pair of tokens whose merge is looked up
    logic hasleft, hasright;
    logic [15:0] leftpart, rightpart;    // the left one's right part, the right one's left part
    logic [16:0] leftrank, rightrank;    // ranks plus one
    logic [17:0] limit;
  } walk_t;
  walk_t read, now, then;                // at arbitration, in the step, and after it
  logic [$bits(now)-1:0] flows[FLOWS];
  logic [3:0] do_q[FLOWS];
  logic [9:0] at_q[FLOWS];               // position of the walk
  logic [7:0] depth_q[FLOWS];
  logic [15:0] whole_q[FLOWS];
  logic [17:0] slot_q[FLOWS];
  logic [2:0] want_q[FLOWS];
  logic [127:0] word_q[FLOWS];
  logic [FLOWS-1:0] lost_q, parked;

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
  logic [9:0] at_b, accept_b, begin_b;
  logic [7:0] depth_b;
  logic [15:0] whole_b;
  logic [17:0] slot_b;
  logic [2:0] want_b;
  logic [1:0] order_b;
  logic lost_b, fresh_b;
  logic [127:0] word;
  assign read = flows[a];
  always_ff @(posedge clk) begin
    b_valid <= rst_n && a_valid;
    b <= a;
    now <= read;
    do_b <= do_q[a];
    at_b <= at_q[a];
    depth_b <= depth_q[a];
    whole_b <= whole_q[a];
    slot_b <= slot_q[a];
    want_b <= want_q[a];
    lost_b <= lost_q[a];
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
  assign before_address = at_q[a][8:0] - {1'b0, read.size};
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
      hit[n] = word[64*n+:32] == {now.right, now.left} && !(n == 0 && slot_b[0]);
      free[n] = word[64*n+:16] == NONE && !(n == 0 && slot_b[0]);
      early[n] = {1'b0, word[64*n+32+:17]} < now.limit;
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
  assign next_fit = fit_of(now.next, now.nextsize, back, fresh_b);

  // ---- the step ----
  logic [3:0] do_n;
  logic [9:0] at_n;
  logic [7:0] depth_n;
  logic [15:0] whole_n;
  logic [2:0] want_n;
  logic lost_n;
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
    then = now;
    do_n = do_b;
    w_judge = 1'b0;
    at_n = at_b;
    depth_n = depth_b;
    whole_n = whole_b;
    lost_n = lost_b;
    want_n = want_b;
    leave = 1'b0;
    leave_tokens = 1'b0;
    w_ask = 1'b0;
    w_hash = 1'b0;
    w_base = {1'b0, now.base};
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
            then.length = '0;
            lost_n = 1'b0;
            then.state = '0;
          end
        end else if (at_b == accept_b) begin
          leave = 1'b1;
          leave_tokens = order_b == TO_CUT;
          want_n = cfg_whole && fresh_b && {2'd0, depth_b} == now.length && whole_b != NONE ? WHOLE : ALL;
          if (order_b == TO_CUT) begin
            then.length = '0;
            then.state = '0;
          end
        end else begin
          then.octet = q_octet;
          w_ask = 1'b1;
          w_looked_cell = 1'b1;
          do_n = CHILD;
        end
        // The root has a child for every byte, so its failure link is never read.
        if (then.state == 19'd0) begin
          then.base = cfg_root;
          if (then.length == 10'd0 && leave) depth_n = '0;
        end
      end
      CHILD:
      if (c_owner == now.state) begin
        then.state = now.base + {11'd0, now.octet};
        then.base = c_base;
        then.fail = c_fail;
        then.failbase = c_failbase;
        then.known = 1'b1;
        depth_n = c_depth;
        whole_n = c_whole;
        then.token = c_longest;
        then.size = c_size;
        candidate = 1'b1;
      end else if (now.state == 19'd0) lost_n = 1'b1;
      else if (now.known) begin
        then.state = now.fail;
        then.base = now.failbase;
        then.known = 1'b0;
        w_ask = 1'b1;
        w_base = {1'b0, now.failbase};
        w_index = {9'd0, now.octet};
        w_looked_cell = 1'b1;
      end else begin
        w_ask = 1'b1;
        w_base = {1'b0, now.state};
        w_index = '0;
        w_looked_cell = 1'b1;
        do_n = FAIL;
      end
      FAIL: begin
        then.state = c_fail;
        then.base = c_failbase;
        w_ask = 1'b1;
        w_base = {1'b0, c_failbase};
        w_index = {9'd0, now.octet};
        w_looked_cell = 1'b1;
        do_n = CHILD;
      end
      BEFORE: begin
        then.former = q_last;
        w_judge = 1'b1;
        do_n = CACHED;
      end
      CACHED: begin
        w_looked_cache = 1'b1;
        then.left = now.former;
        then.right = now.token;
        then.limit = '1;
        then.hasleft = 1'b0;
        then.hasright = 1'b0;
        then.hasnext = 1'b0;
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
      end else if (!now.hasleft) begin
        w_ask = 1'b1;
        w_base = cfg_tokens;
        w_index = {1'b0, now.left};
        w_looked_parts = 1'b1;
        do_n = LEFT;
      end else if (!now.hasright) begin
        w_ask = 1'b1;
        w_base = cfg_tokens;
        w_index = {1'b0, now.right};
        w_looked_parts = 1'b1;
        do_n = RIGHT;
      end else decide = 1'b1;
      LEFT: begin
        then.leftpart = t_right;
        then.leftrank = t_rank;
        then.hasleft = 1'b1;
        if (!now.hasright) begin
          w_ask = 1'b1;
          w_base = cfg_tokens;
          w_index = {1'b0, now.right};
          w_looked_parts = 1'b1;
          do_n = RIGHT;
        end else decide = 1'b1;
      end
      RIGHT: begin
        then.rightpart = t_left;
        then.rightrank = t_rank;
        then.hasright = 1'b1;
        // The candidate's suffix is in the same word.
        if (now.right == now.token) begin
          then.hasnext = 1'b1;
          then.next = t_suffix;
          then.nextsize = t_size;
        end
        decide = 1'b1;
      end
      default: begin
        then.token = t_suffix;
        then.size = t_size;
        candidate = 1'b1;
        fit = t_fit;
      end
    endcase

    // Of the two tokens, the one merged later is split, if it has parts. The pair then at the border must not
    // have been merged before that.
    left_first = then.leftrank > then.rightrank;
    has_left = then.leftpart != NONE;
    has_right = then.rightpart != NONE;
    if (decide) begin
      do_n = PAIR;
      w_hash = has_left || has_right;
      if (has_left && (left_first || !has_right)) begin
        then.left = then.leftpart;
        then.limit = {1'b0, then.leftrank};
        then.hasleft = 1'b0;
      end else if (has_right) begin
        then.right = then.rightpart;
        then.limit = {1'b0, then.rightrank} + 18'd1;
        then.hasright = 1'b0;
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
      if (do_b == PAIR && now.hasnext) begin
        then.token = now.next;
        then.size = now.nextsize;
        then.hasnext = 1'b0;
        candidate = 1'b1;
        fit = next_fit;
      end else begin
        w_ask = 1'b1;
        w_base = cfg_tokens;
        w_index = {1'b0, now.token};
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
        w_index = {1'b0, then.token};
        w_looked_suffix = 1'b1;
        do_n = SUFFIX;
      end
    end
    if (accept) begin
      at_n = at_b + 10'd1;
      then.length = now.length + 10'd1;
      do_n = NEXT;
      if (then.length[4:0] == 5'd0 && back >= 10'd64) begin
        leave = 1'b1;
        leave_tokens = 1'b1;
        want_n = SOME;
      end else if (at_n != accept_b) begin
        then.octet = q_octet;
        w_ask = 1'b1;
        w_base = {1'b0, then.base};
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
      .left            (then.former),
      .right           (now.token),
      .judged,
      .compatible,
      .write           (b_valid && w_verdict),
      .write_compatible(verdict),
      .write_left      (now.former),
      .write_right     (now.token)
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
      .s_left (then.left),
      .s_right(then.right),
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
    last_token <= then.token;
    last_length <= then.size;
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
      flows[b] <= then;
      at_q[b] <= at_n;
      depth_q[b] <= depth_n;
      whole_q[b] <= whole_n;
      lost_q[b] <= lost_n;
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
