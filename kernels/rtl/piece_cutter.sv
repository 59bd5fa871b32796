// Cuts text into pieces: bytes to code points, code points to classes, and a leftmost-first DFA over classes
// that finds where a piece may end. Code points stay in a ring until the end is known. Those given back at
// the end of a piece are read again from there. `bpe_walk` walks the bytes that certainly belong to the
// piece.
//
// One step of one flow per cycle. A step reads memory in one cycle and evaluates the data in the next, so a
// single flow has a step every other cycle. A byte of ASCII is one step: its class is looked up in the step of
// the code point before it.
module piece_cutter #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int LW    = 6
) (
    input  logic                  clk,
    input  logic                  rst_n,
    input  logic [           10:0] cfg_start,      // transition row of the start state
    input  logic [            5:0] cfg_end_class,  // class of the end of the text
    input  logic                   load_valid,     // tables 0, 1 and 2: blocks, classes, transitions
    input  logic [            3:0] load_table,
    input  logic [           15:0] load_addr,
    /* verilator lint_off UNUSEDSIGNAL */  // entries are whole words
    input  logic [           63:0] load_data,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic [      FLOWS-1:0] mine,           // flows in this stage
    output logic                   pass,           // a flow leaves: to the walk, or
    output logic [         FW-1:0] pass_flow,
    output logic                   pass_done,      // to the answer, its packet is done
    // A short piece ends: to the queue of pieces, while its flow stays.
    output logic                   queue,
    output logic [         FW-1:0] queue_flow,
    output logic [            9:0] queue_start,
    output logic [            9:0] queue_end,
    output logic                   queue_table,    // short enough for the table of pieces
    // Packet of each flow.
    input  logic [      FLOWS-1:0] first,
    input  logic [      FLOWS-1:0] ends,
    input  logic [   15*FLOWS-1:0] lengths,
    output logic [      FW+LW-1:0] text_address,
    input  logic [          255:0] text_data,
    // Per flow: order to the walk, the byte up to which it holds, and the first byte still needed.
    output logic [    2*FLOWS-1:0] orders,
    output logic [   10*FLOWS-1:0] accepts,
    output logic [   10*FLOWS-1:0] haves,
    input  logic [   10*FLOWS-1:0] bases,
    input  logic [      FLOWS-1:0] lost,           // no token was found
    // Bytes of pieces, to the ring of the walk.
    output logic                   ring_write,
    output logic [         FW+8:0] ring_address,
    output logic [            7:0] ring_octet,
    // State of a flow, for its answer.
    input  logic [         FW-1:0] view_flow,
    output logic [            9:0] view_held,      // bytes held
    output logic                   view_cut,       // a byte sequence is incomplete
    output logic                   view_replaced,  // a malformed sequence was replaced
    output logic [            1:0] view_escape,
    // Lookup events: class, transition.
    output logic                   looked_class,
    output logic                   looked_state
);
  localparam logic [2:0] BEGIN_ = 3'd0, FETCH = 3'd1, BLOCK = 3'd2, CLASS = 3'd3, APPEND = 3'd4, SEE = 3'd5;
  localparam logic [2:0] STEP = 3'd6, END_ = 3'd7;
  localparam logic [1:0] WALK = 2'd0, CUT = 2'd1, NEXT = 2'd2, RESTART = 2'd3;  // orders
  localparam logic [1:0] PENDING = 2'd1, LOOKAHEAD = 2'd2, TABLES = 2'd3;       // reasons of escapes
  localparam logic [9:0] WINDOW = 10'd512;
  localparam logic [9:0] EARLY = 10'd64;  // bytes without a token from which on tokens may be emitted early
  localparam logic [9:0] SHORT = 10'd127; // longest piece that is searched; others are walked
  localparam logic [9:0] BRIM = 10'd500;  // bytes held at which a walk does not wait for the piece's end
  localparam logic [9:0] TABLE = 10'd15;  // longest piece of the table

  // ---- state of every flow; positions count decoded bytes, modulo 1024 ----
  logic [2:0] do_q[FLOWS];
  logic [14:0] at_q[FLOWS];  // of the packet
  logic [1:0] need_q[FLOWS];
  logic [2:0] bound_q[FLOWS];
  logic [20:0] point_q[FLOWS];
  logic [7:0] block_q[FLOWS];
  logic [5:0] class_q[FLOWS];
  logic [1:0] more_q[FLOWS], octet_q[FLOWS];  // bytes after the code point's first; index of the next one
  logic [10:0] row_q[FLOWS];
  logic [9:0] accept_q[FLOWS], seen_q[FLOWS], have_q[FLOWS];
  logic [1:0] order_q[FLOWS], escape_q[FLOWS];
  logic [FLOWS-1:0] replaced_q, placed_q, walked_q;
  logic [9:0] start_q[FLOWS];

  // ---- first cycle: arbitration and memory addresses ----
  logic a_valid, b_valid;
  logic [FW-1:0] a, b;
  flow_pick #(
      .FLOWS(FLOWS),
      .FW   (FW)
  ) u_pick (
      .clk,
      .rst_n,
      .able (mine & ~(FLOWS'(b_valid) << b)),
      .valid(a_valid),
      .flow (a)
  );
  always_ff @(posedge clk) begin
    b_valid <= rst_n && a_valid;
    b <= a;
  end

  (* ram_style = "distributed" *) logic [5:0] ascii[128];
  (* ram_style = "block" *) logic [7:0] blocks[2**13];
  (* ram_style = "ultra" *) logic [5:0] classes[2**16];
  (* ram_style = "block", no_rw_check *) logic [14:0] transitions[2**11];  // tables load between packets
  (* ram_style = "block" *) logic [7:0] ring[2**(FW+9)];  // class and length, at a code point's first byte
  logic [7:0] first_block, q_block;
  logic [5:0] q_class;
  logic [14:0] q_step;
  logic [7:0] q_seen;
  logic [10:0] step_address;
  assign step_address = row_q[a] + {5'd0, do_q[a] == END_ ? cfg_end_class : class_q[a]};
  assign text_address = {a, at_q[a][LW+4:5]};
  always_ff @(posedge clk) begin
    if (load_valid && load_table == 4'd0) blocks[load_addr[12:0]] <= load_data[7:0];
    if (load_valid && load_table == 4'd0 && load_addr == 16'd0) first_block <= load_data[7:0];
    // Blocks are loaded before classes, so the block of ASCII is known.
    if (load_valid && load_table == 4'd1 && load_addr[15:7] == {first_block, 1'b0})
      ascii[load_addr[6:0]] <= load_data[5:0];
    if (load_valid && load_table == 4'd1) classes[load_addr] <= load_data[5:0];
    if (load_valid && load_table == 4'd2) transitions[load_addr[10:0]] <= load_data[14:0];
    // The bits of a code point above the last byte's six are known before that byte.
    q_block <= blocks[do_q[a] == BLOCK ? point_q[a][20:8] : point_q[a][14:2]];
    q_class <= classes[{block_q[a], point_q[a][7:0]}];
    q_step <= transitions[step_address];
    q_seen <= ring[{a, seen_q[a][8:0]}];
  end

  // ---- second cycle: the step ----
  logic [2:0] do_n;
  logic [14:0] at_n;
  logic [1:0] need_n;
  logic [2:0] bound_n;
  logic [20:0] point_n;
  logic [7:0] block_n;
  logic [5:0] class_n;
  logic [1:0] more_n, octet_n;
  logic [10:0] row_n;
  logic [9:0] accept_n, seen_n, have_n;
  logic [1:0] order_n, escape_n;
  logic replaced_n, placed_n, walked_n, leave, leave_done;
  logic [9:0] start_n, base;  // begin of the piece, and of its bytes without a token

  logic [7:0] octet;
  logic [1:0] u_need;
  logic [2:0] u_bound;
  logic [20:0] u_part;
  logic u_found, u_replaced, u_again;
  assign octet = text_data[8*at_q[b][4:0]+:8];
  utf8_step u_utf8 (
      .octet,
      .need      (need_q[b]),
      .bound     (bound_q[b]),
      .part      (point_q[b][14:0]),
      .need_next (u_need),
      .bound_next(u_bound),
      .part_next (u_part),
      .found     (u_found),
      .replaced  (u_replaced),
      .again     (u_again)
  );

  // Byte of a code point; the first byte gives the count.
  logic [7:0] lead, tail, made;
  logic [1:0] index;
  logic [1:0] behind;
  logic [7:0] shifted;
  assign behind = more_q[b] - octet_q[b];
  always_comb begin
    case (behind)
      2'd0: shifted = point_q[b][7:0];
      2'd1: shifted = point_q[b][13:6];
      2'd2: shifted = point_q[b][19:12];
      default: shifted = {5'd0, point_q[b][20:18]};
    endcase
    tail = {2'b10, shifted[5:0]};
    case (more_q[b])
      2'd0: lead = shifted[7:0];
      2'd1: lead = {3'b110, shifted[4:0]};
      2'd2: lead = {4'b1110, shifted[3:0]};
      default: lead = {5'b11110, shifted[2:0]};
    endcase
    made = octet_q[b] == 2'd0 ? lead : tail;
  end

  // Transition: next row, possible end of the piece (0 none, 1 here, 2 one code point earlier), and whether
  // the piece ends at once.
  logic dead, final_;
  logic [10:0] to_row;
  logic [1:0] accepts_here;
  assign {dead, final_, accepts_here, to_row} = q_step;
  logic [9:0] waiting, ahead, length;
  // Before a walk no token of the piece has left, and those of earlier pieces may not have yet.
  assign base = walked_q[b] ? bases[10*b+:10] : start_q[b];
  assign waiting = have_q[b] - base;
  assign ahead = have_q[b] - accept_q[b];

  // A byte of ASCII comes next, and has a place in the window.
  logic simple, takes, lays, cut, queues, leads;
  assign leads = at_q[b] != lengths[15*b+:15] && octet[7] && !u_found;
  assign simple = at_q[b] != lengths[15*b+:15] && !octet[7] && waiting < WINDOW - 10'd1;
  always_comb begin
    do_n = do_q[b];
    at_n = at_q[b];
    need_n = need_q[b];
    bound_n = bound_q[b];
    point_n = point_q[b];
    block_n = block_q[b];
    class_n = class_q[b];
    more_n = more_q[b];
    octet_n = octet_q[b];
    row_n = row_q[b];
    accept_n = accept_q[b];
    seen_n = seen_q[b];
    have_n = have_q[b];
    order_n = order_q[b];
    escape_n = escape_q[b];
    replaced_n = replaced_q[b];
    placed_n = placed_q[b];
    walked_n = walked_q[b];
    start_n = start_q[b];
    leave = 1'b0;
    leave_done = 1'b0;
    cut = 1'b0;
    queues = 1'b0;
    takes = 1'b0;
    lays = 1'b0;
    if (b_valid)
    case (do_q[b])
      BEGIN_: begin
        // Other orders begin the packet first; an escaped flow stays escaped.
        at_n = '0;
        replaced_n = 1'b0;
        order_n = first[b] ? RESTART : NEXT;
        if (first[b]) begin
          need_n = '0;
          bound_n = '0;
          row_n = cfg_start;
          accept_n = '0;
          seen_n = '0;
          have_n = '0;
          escape_n = '0;
          start_n = '0;
          walked_n = 1'b0;
        end
        do_n = FETCH;
        leave = 1'b1;
      end
      FETCH: begin
        placed_n = 1'b0;
        if (escape_q[b] != 2'd0) leave_done = 1'b1;
        else if (need_q[b] == 2'd0 && simple) begin
          takes = 1'b1;
          do_n = STEP;
        end else if (at_q[b] != lengths[15*b+:15]) begin
          need_n = u_need;
          bound_n = u_bound;
          point_n = u_part;
          if (!u_again) at_n = at_q[b] + 15'd1;
          if (u_replaced) replaced_n = 1'b1;
          lays = octet[7] && !u_replaced;
          if (lays) octet_n = index + 2'd1;
          if (u_found) do_n = BLOCK;
        end else if (ends[b] && need_q[b] != 2'd0) begin
          need_n = 2'd0;
          bound_n = 3'd0;
          point_n = 21'h00fffd;
          replaced_n = 1'b1;
          do_n = BLOCK;
        end else if (ends[b] && waiting != 10'd0) do_n = END_;
        else if (!walked_q[b] && accept_q[b] - start_q[b] >= EARLY) begin
          // What the piece can emit before its end belongs to this packet.
          leave = 1'b1;
          walked_n = 1'b1;
          order_n = WALK;
        end else leave_done = 1'b1;
        if (do_n == BLOCK) begin
          more_n = point_n < 21'h80 ? 2'd0 : point_n < 21'h800 ? 2'd1 : point_n < 21'h10000 ? 2'd2 : 2'd3;
          // Code points of one byte are in the first block; of others that are sound it was read with the byte.
          block_n = lays ? q_block : first_block;
          placed_n = lays;
          octet_n = 2'd0;
          if (lays || point_n < 21'h80) do_n = CLASS;
        end
      end
      BLOCK: begin
        block_n = q_block;
        do_n = CLASS;
      end
      CLASS: begin
        class_n = q_class;
        if (waiting + {8'd0, more_q[b]} + 10'd1 >= WINDOW) begin
          escape_n = ahead > WINDOW / 2 ? LOOKAHEAD : PENDING;
          leave_done = 1'b1;
        end else begin
          octet_n = 2'd1;
          do_n = more_q[b] == 2'd0 || placed_q[b] ? STEP : APPEND;
          if (do_n == STEP) have_n = have_q[b] + {8'd0, more_q[b]} + 10'd1;
        end
      end
      APPEND: begin
        octet_n = octet_q[b] + 2'd1;
        if (octet_q[b] == more_q[b]) begin
          have_n = have_q[b] + {8'd0, more_q[b]} + 10'd1;
          do_n = STEP;
        end
      end
      SEE: begin
        class_n = q_seen[5:0];
        more_n = q_seen[7:6];
        do_n = STEP;
      end
      STEP: begin
        if (!dead) begin
          row_n = to_row;
          seen_n = seen_q[b] + {8'd0, more_q[b]} + 10'd1;
          if (accepts_here == 2'd1) accept_n = seen_n;
          if (accepts_here == 2'd2) accept_n = seen_q[b];
        end
        cut = dead || (final_ && accepts_here != 2'd0);
      end
      default: begin
        if (!dead && accepts_here != 2'd0) accept_n = have_q[b];
        cut = 1'b1;
      end
    endcase
    length = accept_n - base;
    if (do_q[b] == STEP || do_q[b] == END_) begin
      order_n = cut ? CUT : WALK;
      queues = cut && !walked_q[b] && length <= SHORT;
      // Before the end of a piece the walk is needed only to emit tokens early: not before the end of the packet, while
      // the piece may still be short, unless the window is nearly full.
      leave = !queues && (cut || (length >= EARLY &&
          (walked_q[b] ? accept_n != accept_q[b] : length > SHORT || waiting >= BRIM)));
      if (cut) begin
        start_n = accept_n;
        walked_n = 1'b0;
      end else if (leave) walked_n = 1'b1;
      if (cut) begin
        row_n = cfg_start;
        seen_n = accept_n;
      end
      if (seen_n != have_q[b]) do_n = dead && seen_q[b] == accept_q[b] && do_q[b] == STEP ? STEP : SEE;
      else if (simple && !leave) begin
        takes = 1'b1;
        do_n = STEP;
      end else begin
        do_n = FETCH;
        // A byte that begins a longer code point is taken too.
        lays = leads && !leave;
      end
      // Tables whose pieces have no bytes would loop endlessly.
      if (cut && accept_n == base) begin
        escape_n = TABLES;
        queues = 1'b0;
        leave = 1'b0;
        leave_done = 1'b1;
      end
    end
    if (lost[b] && do_q[b] != BEGIN_ && escape_q[b] == 2'd0) begin
      escape_n = TABLES;
      queues = 1'b0;
      leave = 1'b0;
      leave_done = 1'b1;
    end
    if (leave_done) do_n = BEGIN_;
    if (lays && !leave_done && do_q[b] != FETCH) begin
      need_n = u_need;
      bound_n = u_bound;
      point_n = u_part;
      at_n = at_q[b] + 15'd1;
      octet_n = 2'd1;
    end
    if (takes && !leave_done) begin
      class_n = ascii[octet[6:0]];
      more_n = 2'd0;
      at_n = at_q[b] + 15'd1;
      have_n = have_q[b] + 10'd1;
    end
  end
  assign pass = b_valid && (leave || leave_done);
  assign pass_flow = b;
  assign pass_done = leave_done;
  assign queue = b_valid && queues;
  assign queue_flow = b;
  assign queue_start = start_q[b];
  assign queue_end = accept_n;
  assign queue_table = length <= TABLE;
  logic fetched;
  assign fetched = takes && !leave_done;
  assign looked_class = b_valid && (do_q[b] == CLASS || fetched);
  assign looked_state = b_valid && (do_q[b] == STEP || do_q[b] == END_);

  // Bytes of a code point are laid down as they come; those that turn out to be malformed are replaced.
  logic laid;
  assign laid = lays && !leave_done;
  assign index = do_q[b] == FETCH && need_q[b] == 2'd0 ? 2'd0 : octet_q[b];
  assign ring_write = b_valid && (do_q[b] == CLASS && !placed_q[b] || do_q[b] == APPEND || fetched || laid);
  assign ring_address = {b, have_q[b][8:0] + (fetched || (laid && do_q[b] != FETCH) ? 9'd0 : {7'd0, index})};
  assign ring_octet = fetched || laid ? octet : made;
  always_ff @(posedge clk)
    if (b_valid && (do_q[b] == CLASS || fetched))
      ring[{b, have_q[b][8:0]}] <= fetched ? {2'd0, class_n} : {more_q[b], q_class};

  always_ff @(posedge clk)
    if (!rst_n) for (int n = 0; n < FLOWS; n++) do_q[n] <= BEGIN_;
    else if (b_valid) do_q[b] <= do_n;
  always_ff @(posedge clk)
    if (b_valid) begin
      at_q[b] <= at_n;
      need_q[b] <= need_n;
      bound_q[b] <= bound_n;
      point_q[b] <= point_n;
      block_q[b] <= block_n;
      class_q[b] <= class_n;
      more_q[b] <= more_n;
      octet_q[b] <= octet_n;
      row_q[b] <= row_n;
      accept_q[b] <= accept_n;
      seen_q[b] <= seen_n;
      have_q[b] <= have_n;
      order_q[b] <= order_n;
      escape_q[b] <= escape_n;
      replaced_q[b] <= replaced_n;
      placed_q[b] <= placed_n;
      walked_q[b] <= walked_n;
      start_q[b] <= start_n;
    end
  for (genvar n = 0; n < FLOWS; n++) begin : g_flow
    assign orders[2*n+:2] = order_q[n];
    assign accepts[10*n+:10] = accept_q[n];
    assign haves[10*n+:10] = have_q[n];
  end
  assign view_held = have_q[view_flow] - bases[10*view_flow+:10];
  assign view_cut = need_q[view_flow] != 2'd0;
  assign view_replaced = replaced_q[view_flow];
  assign view_escape = escape_q[view_flow];
endmodule
