// Cuts text into pieces: bytes to code points, code points to classes, and a leftmost-first DFA over classes
// that finds where a piece may end. Code points stay in a ring until the end is known. Those given back at
// the end of a piece are read again from there. `bpe_walk` walks the bytes that certainly belong to the
// piece.
//
// One step of one flow per cycle. A step reads memory and the flow's state in one cycle and evaluates them in the next,
// so a single flow has a step every other cycle. A byte of ASCII is one step: its class is looked up in the step of the
// code point before it. `piece_ends` has the end of a step.
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
  localparam logic [9:0] BRIM = 10'd500;  // bytes held at which a walk does not wait for the piece's end

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
  // State of the flow for its step. No other step of it is between.
  logic [2:0] do_b, bound_b;
  logic [14:0] at_b, limit_b;
  logic [20:0] point_b;
  logic [7:0] block_b;
  logic [5:0] class_b;
  logic [1:0] need_b, more_b, octet_b, order_b, escape_b;
  logic [10:0] row_b;
  logic [9:0] accept_b, seen_b, have_b, start_b, base_b;
  logic replaced_b, placed_b, walked_b, first_b, ends_b, lost_b;
  always_ff @(posedge clk) begin
    do_b <= do_q[a];
    at_b <= at_q[a];
    limit_b <= lengths[15*a+:15];
    need_b <= need_q[a];
    bound_b <= bound_q[a];
    point_b <= point_q[a];
    block_b <= block_q[a];
    class_b <= class_q[a];
    more_b <= more_q[a];
    octet_b <= octet_q[a];
    row_b <= row_q[a];
    accept_b <= accept_q[a];
    seen_b <= seen_q[a];
    have_b <= have_q[a];
    order_b <= order_q[a];
    escape_b <= escape_q[a];
    replaced_b <= replaced_q[a];
    placed_b <= placed_q[a];
    walked_b <= walked_q[a];
    start_b <= start_q[a];
    // Before a walk no token of the piece has left, and those of earlier pieces may not have yet.
    base_b <= walked_q[a] ? bases[10*a+:10] : start_q[a];
    first_b <= first[a];
    ends_b <= ends[a];
    lost_b <= lost[a] && escape_q[a] == 2'd0;
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
  logic [9:0] start_n;  // begin of the piece

  logic [7:0] octet;
  logic [1:0] u_need;
  logic [2:0] u_bound;
  logic [20:0] u_part;
  logic u_found, u_replaced, u_again;
  assign octet = text_data[8*at_b[4:0]+:8];
  utf8_step u_utf8 (
      .octet,
      .need      (need_b),
      .bound     (bound_b),
      .part      (point_b[14:0]),
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
  assign behind = more_b - octet_b;
  always_comb begin
    case (behind)
      2'd0: shifted = point_b[7:0];
      2'd1: shifted = point_b[13:6];
      2'd2: shifted = point_b[19:12];
      default: shifted = {5'd0, point_b[20:18]};
    endcase
    tail = {2'b10, shifted[5:0]};
    case (more_b)
      2'd0: lead = shifted[7:0];
      2'd1: lead = {3'b110, shifted[4:0]};
      2'd2: lead = {4'b1110, shifted[3:0]};
      default: lead = {5'b11110, shifted[2:0]};
    endcase
    made = octet_b == 2'd0 ? lead : tail;
  end

  // Transition: next row, possible end of the piece (0 none, 1 here, 2 one code point earlier), and whether
  // the piece ends at once.
  logic steps, dead, final_, cut, short_, queues, leaves, fails, endless, repeats, rereads, caught;
  logic [10:0] to_row;
  logic [1:0] accepts_here;
  logic [9:0] waiting, held, ahead, end_accept, end_seen;
  assign steps = do_b == STEP || do_b == END_;
  assign {dead, final_, accepts_here, to_row} = q_step;
  assign waiting = have_b - base_b;
  assign held = have_b + {8'd0, more_b} + 10'd1;  // with the code point
  assign ahead = seen_b + {8'd0, more_b} + 10'd1;
  piece_ends u_ends (
      .dead,
      .final_,
      .accepts_here,
      .stop       (do_b == END_),
      .accept     (accept_b),
      .seen       (seen_b),
      .ahead,
      .have       (have_b),
      .base       (base_b),
      .walked     (walked_b),
      .brim       (waiting >= BRIM),
      .lost       (lost_b),
      .cut,
      .accept_next(end_accept),
      .seen_next  (end_seen),
      .short_,
      .queues,
      .leaves,
      .fails,
      .endless,
      .repeats,
      .rereads,
      .caught
  );

  // A byte comes next: of ASCII, with a place in the window, or one that begins a longer code point.
  logic more, simple, takes, lays, leads;
  logic [14:0] at_more;
  logic [9:0] have_more;
  assign more = at_b != limit_b;
  // Added once, before it is known whether a byte is taken.
  assign at_more = at_b + 15'd1;
  assign have_more = have_b + 10'd1;
  assign leads = more && octet[7] && !u_found;
  assign simple = more && !octet[7] && waiting < WINDOW - 10'd1;
  always_comb begin
    do_n = do_b;
    at_n = at_b;
    need_n = need_b;
    bound_n = bound_b;
    point_n = point_b;
    block_n = block_b;
    class_n = class_b;
    more_n = more_b;
    octet_n = octet_b;
    row_n = row_b;
    accept_n = accept_b;
    seen_n = seen_b;
    have_n = have_b;
    order_n = order_b;
    escape_n = escape_b;
    replaced_n = replaced_b;
    placed_n = placed_b;
    walked_n = walked_b;
    start_n = start_b;
    leave = 1'b0;
    leave_done = 1'b0;
    takes = 1'b0;
    lays = 1'b0;
    if (b_valid)
    case (do_b)
      BEGIN_: begin
        // Other orders begin the packet first; an escaped flow stays escaped.
        at_n = '0;
        replaced_n = 1'b0;
        order_n = first_b ? RESTART : NEXT;
        if (first_b) begin
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
        if (escape_b != 2'd0) leave_done = 1'b1;
        else if (need_b == 2'd0 && simple) begin
          takes = 1'b1;
          do_n = STEP;
        end else if (more) begin
          need_n = u_need;
          bound_n = u_bound;
          point_n = u_part;
          if (!u_again) at_n = at_more;
          if (u_replaced) replaced_n = 1'b1;
          lays = octet[7] && !u_replaced;
          if (lays) octet_n = index + 2'd1;
          if (u_found) do_n = BLOCK;
        end else if (ends_b && need_b != 2'd0) begin
          need_n = 2'd0;
          bound_n = 3'd0;
          point_n = 21'h00fffd;
          replaced_n = 1'b1;
          do_n = BLOCK;
        end else if (ends_b && waiting != 10'd0) do_n = END_;
        else if (!walked_b && accept_b - start_b >= EARLY) begin
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
        if (waiting + {8'd0, more_b} + 10'd1 >= WINDOW) begin
          escape_n = have_b - accept_b > WINDOW / 2 ? LOOKAHEAD : PENDING;
          leave_done = 1'b1;
        end else begin
          octet_n = 2'd1;
          do_n = more_b == 2'd0 || placed_b ? STEP : APPEND;
          if (do_n == STEP) have_n = held;
        end
      end
      APPEND: begin
        octet_n = octet_b + 2'd1;
        if (octet_b == more_b) begin
          have_n = held;
          do_n = STEP;
        end
      end
      SEE: begin
        class_n = q_seen[5:0];
        more_n = q_seen[7:6];
        do_n = STEP;
      end
      default: begin
        accept_n = end_accept;
        seen_n = end_seen;
        row_n = cut ? cfg_start : to_row;
        order_n = cut ? CUT : WALK;
        leave = leaves;
        leave_done = fails;
        if (endless) escape_n = TABLES;
        if (cut) start_n = end_accept;
        walked_n = !cut && (walked_b || leaves);
        // A byte of ASCII is taken, and one that begins a longer code point too.
        takes = caught && simple;
        lays = caught && leads;
        do_n = takes || repeats ? STEP : rereads ? SEE : FETCH;
      end
    endcase
    if (lost_b && do_b != BEGIN_) begin
      escape_n = TABLES;
      leave = 1'b0;
      leave_done = 1'b1;
      takes = 1'b0;
      lays = 1'b0;
    end
    if (leave_done) do_n = BEGIN_;
    if (lays && steps) begin
      need_n = u_need;
      bound_n = u_bound;
      point_n = u_part;
      at_n = at_more;
      octet_n = 2'd1;
    end
    if (takes) begin
      class_n = ascii[octet[6:0]];
      more_n = 2'd0;
      at_n = at_more;
      have_n = have_more;
    end
  end
  assign pass = b_valid && (leave || leave_done);
  assign pass_flow = b;
  assign pass_done = leave_done;
  assign queue = b_valid && steps && queues;
  assign queue_flow = b;
  assign queue_start = start_b;
  assign queue_end = end_accept;
  assign queue_table = short_;
  assign looked_class = b_valid && (do_b == CLASS || takes);
  assign looked_state = b_valid && steps;

  // Bytes of a code point are laid down as they come; those that turn out to be malformed are replaced.
  assign index = do_b == FETCH && need_b == 2'd0 ? 2'd0 : octet_b;
  assign ring_write = b_valid && (do_b == CLASS && !placed_b || do_b == APPEND || takes || lays);
  assign ring_address = {b, have_b[8:0] + (steps ? 9'd0 : {7'd0, index})};
  assign ring_octet = do_b == CLASS || do_b == APPEND ? made : octet;
  always_ff @(posedge clk)
    if (b_valid && (do_b == CLASS || takes))
      ring[{b, have_b[8:0]}] <= takes ? {2'd0, class_n} : {more_b, q_class};

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
