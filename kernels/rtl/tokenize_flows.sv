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

  // ---- searches ----
  localparam int SW = FW + QW - (LANES > 1 ? 1 : 0);
  logic [LANES-1:0] l_ask, l_merge, l_told;
  logic [SW*LANES-1:0] l_ask_slot, l_merge_slot, l_told_slot;
  logic [20*LANES-1:0] l_ask_word, l_merge_word;
  logic [128*LANES-1:0] l_told_data;
  logic [14:0] l_looked;
  logic [1:0] l_steps;
  logic l_busy;
  logic last_write;
  logic [FW+8:0] last_address;
  logic [15:0] last_token;
  logic [7:0] last_length;
  search_lanes #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .QW   (QW),
      .CW   (SCW),
      .BW   (BW),
      .LANES(LANES),
      .SW   (SW)
  ) u_lanes (
      .clk,
      .rst_n,
      .clear,
      .cfg_root    (cfg[32*2+:19]),
      .cfg_tokens  (cfg[32*3+:20]),
      .cfg_pairs   (cfg[32*4+:20]),
      .cfg_mask    (cfg[32*5+:18]),
      .cfg_whole   (cfg[32*6]),
      .load_valid,
      .load_table,
      .load_addr,
      .load_data,
      .push        (c_queue),
      .push_slot   (c_slot),
      .push_start  (c_queue_start[8:0]),
      .push_length (7'(c_queue_end - c_queue_start)),
      .mine        (s_mine),
      .ring_write,
      .ring_address,
      .ring_octet,
      .walk_last   (w_last),
      .walk_address(w_last_address),
      .walk_token  (w_last_token),
      .walk_length (w_last_length),
      .last_write,
      .last_address,
      .last_token,
      .last_length,
      .done        (s_done),
      .done_slot   (s_slot),
      .done_whole  (s_whole),
      .done_lost   (s_none),
      .done_token  (s_token),
      .ask         (l_ask),
      .ask_slot    (l_ask_slot),
      .ask_word    (l_ask_word),
      .merge       (l_merge),
      .merge_slot  (l_merge_slot),
      .merge_word  (l_merge_word),
      .told        (l_told),
      .told_slot   (l_told_slot),
      .told_data   (l_told_data),
      .steps       (l_steps),
      .busy        (l_busy),
      .looked      (l_looked)
  );
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
    assign looked[3*n+:3] = {2'd0, w_looked[n]} + l_looked[3*n+:3];
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
    l_steps, |at_answer, |at_runs, |(at_walk & ~asked), |t_mine,
    |at_cutter
  };
  logic [FLOWS-1:0] asked;
  always_ff @(posedge clk)
    if (!rst_n) asked <= '0;
    else asked <= (asked | (FLOWS'(w_ask) << w_ask_flow)) & ~(FLOWS'(told) << told_flow);
  assign waits = missing && (at_cutter | t_mine | at_walk & ~asked | at_runs | at_answer) == '0 && !l_busy;

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
