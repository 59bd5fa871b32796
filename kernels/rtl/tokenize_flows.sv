// Converts text to tokens, several flows at once. Each flow is in one stage at a time: cutter, walk, token runs or
// answer. Each stage takes one step of one of its flows per cycle. So a memory access of one flow does not delay the
// others.
//
// Short pieces leave the cutter while their flow stays: up to 2^QW of a flow are in the table of pieces, in one of
// LANES searches, or done. `token_runs` takes them in order. A longer piece begins its walk behind them.
module tokenize_flows #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int LW    = 6,
    parameter int CW    = 10,
    parameter int TW    = 13,
    parameter int PW    = 5,
    parameter int KW    = 14,
    parameter int WW    = 18,
    parameter int QW    = 3,   // log2 of the short pieces of a flow between cutter and answer
    parameter int SCW   = 12,  // log2 of the verdicts that a search caches
    parameter int BW    = 14,  // log2 of the words of its filter of merges
    parameter int LANES = 2    // searches at once, 1 or 2; each serves every LANES-th flow
) (
    input  logic              clk,
    input  logic              rst_n,
    input  logic              clear,
    /* verilator lint_off UNUSEDSIGNAL */  // arguments are whole words
    input  logic [32*10-1:0]  cfg,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic              load_valid,
    input  logic [       3:0] load_table,
    input  logic [      15:0] load_addr,
    input  logic [      63:0] load_data,
    input  logic              s_valid,
    output logic              s_ready,
    input  logic [     255:0] s_data,
    input  logic [       1:0] s_part,
    input  logic              s_last,
    output logic              m_valid,
    input  logic              m_ready,
    output logic [     255:0] m_data,
    output logic [       1:0] m_part,
    output logic              m_last,
    output logic              refuse,
    output logic [       4:0] refuse_reason,
    output logic              another,
    // External memory.
    output logic              ask_valid,
    input  logic              ask_ready,
    output logic [       3:0] ask_id,
    output logic [      19:0] ask_word,
    input  logic              reply_valid,
    output logic              reply_ready,
    input  logic [       3:0] reply_id,
    input  logic [     127:0] reply_data,
    // Lookup events of a cycle: state, suffix, merges, parts, compatibility, class, transition, piece, piece found,
    // word that is not on chip; and `waits`: no flow can proceed until a word comes from memory.
    output logic [      29:0] looked,  // three bits each
    // Stages that take a step: cutter, walk, runs, answer; and the searches that do.
    output logic [       6:0] steps,
    output logic              waits
);
  localparam logic [2:0] AWAY = 3'd0, CUTTER = 3'd1, WALK = 3'd2, RUNS = 3'd3, ANSWER = 3'd4;
  logic [2:0] place[FLOWS];
  logic [FLOWS-1:0] at_cutter, at_walk, at_runs, at_answer;
  // Short pieces of a flow are before its walk and its answer.
  logic [FLOWS-1:0] full, empty, far, ready;
  for (genvar n = 0; n < FLOWS; n++) begin : g_place
    assign at_cutter[n] = place[n] == CUTTER && !full[n] && !far[n];
    assign at_walk[n] = place[n] == WALK && empty[n];
    assign at_runs[n] = place[n] == RUNS || ready[n];
    assign at_answer[n] = place[n] == ANSWER && empty[n];
  end

  logic given, c_pass, c_done, t_pass, t_hit, w_pass, w_tokens, r_pass, r_walk, spent;
  logic [FW-1:0] given_flow, c_flow, t_flow, w_flow, r_flow, answer_flow;
  always_ff @(posedge clk)
    if (!rst_n || clear) for (int n = 0; n < FLOWS; n++) place[n] <= AWAY;
    else begin
      if (given) place[given_flow] <= CUTTER;
      if (c_pass) place[c_flow] <= c_done ? ANSWER : WALK;
      if (w_pass) place[w_flow] <= w_tokens ? RUNS : CUTTER;
      if (r_pass && empty[r_flow]) place[r_flow] <= r_walk ? WALK : CUTTER;
      if (spent) place[answer_flow] <= AWAY;
    end

  logic [FLOWS-1:0] first, ends, fresh, lost;
  logic [15*FLOWS-1:0] lengths;
  logic [FW+LW-1:0] text_address;
  logic [255:0] text_data, header;
  text_intake #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .LW   (LW)
  ) u_intake (
      .clk,
      .rst_n,
      .clear,
      .s_valid,
      .s_ready,
      .s_data,
      .s_part,
      .s_last,
      .refuse,
      .refuse_reason,
      .given,
      .given_flow,
      .spent,
      .spent_flow  (answer_flow),
      .read_address(text_address),
      .read_data   (text_data),
      .first,
      .ends,
      .lengths,
      .header_flow (answer_flow),
      .header
  );

  logic [2*FLOWS-1:0] orders;
  logic [10*FLOWS-1:0] accepts, bases, ats;
  logic ring_write, view_cut, view_replaced, c_queue, c_queue_table;
  logic [FW-1:0] c_queue_flow;
  logic [9:0] c_queue_start, c_queue_end;
  logic [FW+8:0] ring_address;
  logic [7:0] ring_octet;
  logic [9:0] view_held;
  logic [1:0] view_escape;
  piece_cutter #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .LW   (LW)
  ) u_cutter (
      .clk,
      .rst_n,
      .cfg_start    (cfg[10:0]),
      .cfg_end_class(cfg[32+:6]),
      .load_valid,
      .load_table,
      .load_addr,
      .load_data,
      .mine         (at_cutter),
      .pass         (c_pass),
      .pass_flow    (c_flow),
      .pass_done    (c_done),
      .queue        (c_queue),
      .queue_flow   (c_queue_flow),
      .queue_start  (c_queue_start),
      .queue_end    (c_queue_end),
      .queue_table  (c_queue_table),
      .first,
      .ends,
      .lengths,
      .text_address,
      .text_data,
      .orders,
      .accepts,
      .haves,
      .bases,
      .lost         (lost | s_lost),
      .ring_write,
      .ring_address,
      .ring_octet,
      .view_flow    (answer_flow),
      .view_held,
      .view_cut,
      .view_replaced,
      .view_escape,
      .looked_class (looked[15]),
      .looked_state (looked[18])
  );
  assign {looked[17:16], looked[20:19], looked[23:22], looked[26:25]} = '0;

  // ---- short pieces ----
  // Bytes of pieces that have not left stay in the rings.
  localparam logic [9:0] FAR = 10'd500;
  logic [10*FLOWS-1:0] haves;
  for (genvar n = 0; n < FLOWS; n++) begin : g_far
    logic [9:0] holds;
    assign holds = haves[10*n+:10] - bases[10*n+:10];
    always_ff @(posedge clk) far[n] <= holds >= FAR && !empty[n];
  end
  logic [FW+QW-1:0] c_slot;
  logic [FLOWS-1:0] t_mine, s_lost, q_wholes;
  logic [10*FLOWS-1:0] t_starts, t_ends, q_ends;
  logic [16*FLOWS-1:0] q_tokens;
  logic [(FLOWS<<QW)-1:0] s_mine;
  logic s_done, s_whole, s_none;
  logic [FW+QW-1:0] s_slot;
  logic [15:0] s_token;
  piece_queue #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .QW   (QW)
  ) u_queue (
      .clk,
      .rst_n,
      .clear,
      .push          (c_queue),
      .push_flow     (c_queue_flow),
      .push_start    (c_queue_start),
      .push_end      (c_queue_end),
      .push_table    (c_queue_table),
      .push_slot     (c_slot),
      .full,
      .empty,
      .look_mine     (t_mine),
      .look_starts   (t_starts),
      .look_ends     (t_ends),
      .looked        (t_pass),
      .looked_flow   (t_flow),
      .looked_hit    (t_hit),
      .looked_token  (hit_tokens[16*t_flow+:16]),
      .search_mine   (s_mine),
      .searched      (s_done),
      .searched_slot (s_slot),
      .searched_whole(s_whole),
      .searched_lost (s_none),
      .searched_token(s_token),
      .lost          (s_lost),
      .restart       (given && first[given_flow]),
      .restart_flow  (given_flow),
      .ready,
      .ends          (q_ends),
      .wholes        (q_wholes),
      .tokens        (q_tokens),
      .pop           (r_pass && !empty[r_flow]),
      .pop_flow      (r_flow)
  );

  logic [16*FLOWS-1:0] hit_tokens;
  piece_table #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .KW   (KW)
  ) u_table (
      .clk,
      .rst_n,
      .cfg_mask (cfg[32*9+:KW]),
      .load_valid,
      .load_table,
      .load_addr,
      .load_data,
      .mine     (t_mine),
      .pass     (t_pass),
      .pass_flow(t_flow),
      .pass_hit (t_hit),
      .bases    (t_starts),
      .accepts  (t_ends),
      .ring_write,
      .ring_address,
      .ring_octet,
      .tokens   (hit_tokens)
  );
  assign looked[21] = t_pass;
  assign looked[24] = t_pass && t_hit;

  // ---- searches: lane n has the flows whose number is n modulo LANES ----
  localparam int LW2 = LANES > 1 ? 1 : 0, SFLOWS = FLOWS / LANES, SFW = FW - LW2, SW = SFW + QW;
  logic [LANES-1:0] l_busy, l_give, l_given, l_last, l_done, l_whole, l_lost, l_ask, l_told;
  logic [(SFW+9)*LANES-1:0] l_address;
  logic [16*LANES-1:0] l_token;
  logic [6*LANES-1:0] l_length;
  logic [SW*LANES-1:0] l_slot, l_ask_slot, l_merge_slot, l_told_slot;
  logic [20*LANES-1:0] l_ask_word, l_merge_word;
  logic [LANES-1:0] l_merge, l_step;
  logic [128*LANES-1:0] l_told_data;
  logic [4:0] l_looked[LANES];
  logic [2*LANES-1:0] l_parts;
  // A flow's number in its lane, and back.
  function automatic logic [FW-1:0] outer(input logic [SFW-1:0] flow, input logic lane);
    outer = LANES > 1 ? FW'({flow, lane}) : FW'(flow);
  endfunction
  for (genvar n = 0; n < LANES; n++) begin : g_lane
    logic [(SFLOWS<<QW)-1:0] mine;
    logic pair, pair_again, skip, placed, looked_parts;
    logic [SW-1:0] pair_slot;
    logic [15:0] pair_left, pair_right, pair_part;
    logic [16:0] pair_place;
    logic [17:0] placed_at;
    for (genvar k = 0; k < SFLOWS; k++) begin : g_mine
      assign mine[k<<QW+:1<<QW] = s_mine[((k*LANES+n)<<QW)+:1<<QW];
    end
    bpe_search #(
        .FLOWS(SFLOWS),
        .FW   (SFW),
        .QW   (QW),
        .CW   (SCW)
    ) u_search (
        .clk,
        .rst_n,
        .clear,
        .cfg_root    (cfg[32*2+:19]),
        .cfg_tokens  (cfg[32*3+:20]),
        .cfg_whole   (cfg[32*6]),
        .load        (load_valid && load_table == 4'd8),
        .load_addr   (load_addr[7:0]),
        .load_data   (load_data[34:0]),
        .push        (c_queue && (LANES == 1 || c_queue_flow[0] == 1'(n))),
        .push_slot   ({SFW'(c_slot[FW+QW-1:QW] >> LW2), c_slot[QW-1:0]}),
        .push_start  (c_queue_start[8:0]),
        .push_length (6'(c_queue_end - c_queue_start)),
        .mine,
        .ring_write  (ring_write && (LANES == 1 || ring_address[9] == 1'(n))),
        .ring_address({SFW'(ring_address[FW+8:9] >> LW2), ring_address[8:0]}),
        .ring_octet,
        .busy        (l_busy[n]),
        .give        (l_give[n]),
        .given       (l_given[n]),
        .give_last   (l_last[n]),
        .give_address(l_address[(SFW+9)*n+:SFW+9]),
        .give_token  (l_token[16*n+:16]),
        .give_length (l_length[6*n+:6]),
        .give_done   (l_done[n]),
        .give_slot   (l_slot[SW*n+:SW]),
        .give_whole  (l_whole[n]),
        .give_lost   (l_lost[n]),
        .ask         (l_ask[n]),
        .ask_slot    (l_ask_slot[SW*n+:SW]),
        .ask_word    (l_ask_word[20*n+:20]),
        .pair,
        .pair_slot,
        .pair_left,
        .pair_right,
        .pair_again,
        .pair_place,
        .pair_part,
        .skip,
        .placed,
        .placed_slot (l_merge_slot[SW*n+:SW]),
        .placed_at,
        .told        (l_told[n]),
        .told_slot   (l_told_slot[SW*n+:SW]),
        .told_data   (l_told_data[128*n+:128]),
        .step        (l_step[n]),
        .looked_cell (l_looked[n][0]),
        .looked_prefix(l_looked[n][1]),
        .looked_parts,
        .looked_cache(l_looked[n][4])
    );
    merge_ask #(
        .SW(SW),
        .BW(BW)
    ) u_merges (
        .clk,
        .rst_n,
        .cfg_tokens(cfg[32*3+:20]),
        .cfg_pairs (cfg[32*4+:20]),
        .cfg_mask  (cfg[32*5+:18]),
        .load      (load_valid && load_table == 4'd9),
        .load_addr (load_addr[BW-1:0]),
        .load_data (load_data[31:0]),
        .s_valid   (pair),
        .s_id      (pair_slot),
        .s_left    (pair_left),
        .s_right   (pair_right),
        .s_again   (pair_again),
        .s_slot    (pair_place),
        .s_part    (pair_part),
        .skip,
        .placed,
        .m_id      (l_merge_slot[SW*n+:SW]),
        .m_slot    (placed_at),
        .m_valid   (l_merge[n]),
        .m_word    (l_merge_word[20*n+:20])
    );
    assign l_looked[n][2] = placed;
    // A part may be requested by either way in a cycle.
    assign l_parts[2*n+:2] = {1'b0, looked_parts} + {1'b0, skip};
    assign l_looked[n][3] = 1'b0;
  end

  // The walk's last tokens come first, then those of the lanes, in turn.
  logic turn, lane;
  logic given_last;
  logic [SW-1:0] given_slot;
  logic [SFW+8:0] given_address;
  logic last_write;
  logic [FW+8:0] last_address;
  logic [15:0] last_token;
  logic [7:0] last_length;
  assign lane = LANES > 1 && (l_give[LANES-1] && (turn || !l_give[0]));
  assign l_given = w_last || l_give == '0 ? '0 : LANES'(1) << lane;
  always_ff @(posedge clk) turn <= !lane;
  assign given_last = l_given != '0 && l_last[lane];
  assign given_address = l_address[(SFW+9)*lane+:SFW+9];
  assign given_slot = l_slot[SW*lane+:SW];
  assign last_write = w_last || given_last;
  assign last_address = w_last ? w_last_address : {outer(given_address[SFW+8:9], lane), given_address[8:0]};
  assign last_token = w_last ? w_last_token : l_token[16*lane+:16];
  assign last_length = w_last ? w_last_length : {2'd0, l_length[6*lane+:6]};
  assign s_done = l_given != '0 && l_done[lane];
  assign s_slot = {outer(given_slot[SW-1:QW], lane), given_slot[QW-1:0]};
  assign s_whole = l_whole[lane];
  assign s_none = l_lost[lane];
  assign s_token = l_token[16*lane+:16];
  // A short piece has no walk over its bytes: the walk continues behind it, once its end is known there.
  logic skips;
  logic [FW-1:0] skip_flow;
  always_ff @(posedge clk) begin
    skips <= rst_n && c_queue;
    skip_flow <= c_queue_flow;
  end

  logic [3*FLOWS-1:0] wants;
  logic [8*FLOWS-1:0] depths;
  logic [16*FLOWS-1:0] wholes;
  logic w_last, w_ask, told;
  logic [FW-1:0] told_flow;
  logic [127:0] told_data;
  logic [FW+8:0] w_last_address;
  logic [15:0] w_last_token;
  logic [7:0] w_last_length;
  logic [FW-1:0] w_ask_flow;
  logic [19:0] w_ask_word;
  bpe_walk #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .CW   (CW)
  ) u_walk (
      .clk,
      .rst_n,
      .clear,
      .cfg_root     (cfg[32*2+:19]),
      .cfg_tokens   (cfg[32*3+:20]),
      .cfg_pairs    (cfg[32*4+:20]),
      .cfg_mask     (cfg[32*5+:18]),
      .cfg_whole    (cfg[32*6]),
      .mine         (at_walk),
      .pass         (w_pass),
      .pass_flow    (w_flow),
      .pass_tokens  (w_tokens),
      .orders,
      .accepts,
      .bases,
      .fresh,
      .skip         (skips),
      .skip_flow,
      .ring_write,
      .ring_address,
      .ring_octet,
      .wants,
      .ats,
      .depths,
      .wholes,
      .lost,
      .last_write   (w_last),
      .last_address (w_last_address),
      .last_token   (w_last_token),
      .last_length  (w_last_length),
      .ask          (w_ask),
      .ask_flow     (w_ask_flow),
      .ask_word     (w_ask_word),
      .told,
      .told_flow,
      .told_data,
      .looked_cell  (w_looked[0]),
      .looked_suffix(w_looked[1]),
      .looked_pair  (w_looked[2]),
      .looked_parts (w_looked[3]),
      .looked_cache (w_looked[4])
  );
  logic [4:0] w_looked;
  for (genvar n = 0; n < 5; n++) begin : g_looked
    assign looked[3*n+:3] = {2'd0, w_looked[n]} + {2'd0, l_looked[0][n]} +
        {2'd0, LANES > 1 && l_looked[LANES-1][n]} + (n == 3 ? {1'b0, l_parts[1:0]} : 3'd0) +
        (n == 3 && LANES > 1 ? {1'b0, l_parts[2*LANES-1-:2]} : 3'd0);
  end
  logic missing;
  word_cache #(
      .LANES(LANES),
      .SW   (SW),
      .FW   (FW),
      .WW   (WW)
  ) u_words (
      .clk,
      .rst_n,
      .clear,
      .ask           (l_ask),
      .ask_id        (l_ask_slot),
      .ask_word      (l_ask_word),
      .merge         (l_merge),
      .merge_id      (l_merge_slot),
      .merge_word    (l_merge_word),
      .told          (l_told),
      .told_id       (l_told_slot),
      .told_data     (l_told_data),
      .walk_ask      (w_ask),
      .walk_flow     (w_ask_flow),
      .walk_word     (w_ask_word),
      .walk_told     (told),
      .walk_told_flow(told_flow),
      .walk_told_data(told_data),
      .missed,
      .missing,
      .m_valid       (ask_valid),
      .m_ready       (ask_ready),
      .m_id          (ask_id),
      .m_word        (ask_word),
      .r_valid       (reply_valid),
      .r_ready       (reply_ready),
      .r_id          (reply_id),
      .r_data        (reply_data)
  );
  logic [1:0] missed;
  assign looked[29:27] = {2'd0, missed[0]} + {2'd0, missed[1]};
  // A stage whose flows are there takes a step of one of them.
  assign steps = {
    2'(l_step[0]) + 2'(LANES > 1 && l_step[LANES-1]), |at_answer, |at_runs, |(at_walk & ~asked), |t_mine,
    |at_cutter
  };
  logic [FLOWS-1:0] asked;
  always_ff @(posedge clk)
    if (!rst_n) asked <= '0;
    else asked <= (asked | (FLOWS'(w_ask) << w_ask_flow)) & ~(FLOWS'(told) << told_flow);
  assign waits = missing && (at_cutter | t_mine | at_walk & ~asked | at_runs | at_answer) == '0 && l_busy == '0;

  // Short pieces that are done come before what the walk has ordered.
  localparam logic [2:0] ALL = 3'd1, WHOLE = 3'd2;
  logic [3*FLOWS-1:0] r_wants;
  logic [10*FLOWS-1:0] r_ats;
  logic [16*FLOWS-1:0] r_wholes;
  for (genvar n = 0; n < FLOWS; n++) begin : g_runs
    assign r_wants[3*n+:3] = empty[n] ? wants[3*n+:3] : q_wholes[n] ? WHOLE : ALL;
    assign r_ats[10*n+:10] = empty[n] ? ats[10*n+:10] : q_ends[10*n+:10];
    assign r_wholes[16*n+:16] = empty[n] ? wholes[16*n+:16] : q_tokens[16*n+:16];
  end

  logic [PW-1:0] part, last_part;
  logic [47:0] position;
  logic [11:0] count, confirmed;
  logic [TW-1:0] number;
  logic [15:0] token;
  logic token_ends;
  token_runs #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .TW   (TW),
      .PW   (PW)
  ) u_runs (
      .clk,
      .rst_n,
      .cfg_tokens    (cfg[32*7+:12]),
      .mine          (at_runs),
      .pass          (r_pass),
      .pass_flow     (r_flow),
      .pass_walk     (r_walk),
      .wants         (r_wants),
      .ats           (r_ats),
      .depths,
      .wholes        (r_wholes),
      .last_write,
      .last_address,
      .last_token,
      .last_length,
      .bases,
      .fresh,
      .view_flow     (answer_flow),
      .view_part     (part),
      .view_last     (last_part),
      .view_position (position),
      .view_count    (count),
      .view_confirmed(confirmed),
      .token_number  (number),
      .token,
      .token_ends
  );
  token_answer #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .TW   (TW),
      .PW   (PW)
  ) u_answer (
      .clk,
      .rst_n,
      .cfg_bits (cfg[32*8+:5]),
      .load     (load_valid && load_table == 4'd3),
      .load_addr,
      .load_data(load_data[16:0]),
      .mine     (at_answer),
      .spent,
      .flow     (answer_flow),
      .another,
      .header,
      .held     (view_held),
      .cut      (view_cut),
      .replaced (view_replaced),
      .escape   (view_escape),
      .part,
      .last_part,
      .position,
      .count,
      .confirmed,
      .number,
      .token,
      .token_ends,
      .m_valid,
      .m_ready,
      .m_data,
      .m_part,
      .m_last
  );
endmodule
