// Converts text to tokens, several flows at once. Each flow is in one stage at a time: cutter, table of
// pieces, walk, token runs or answer. Each stage takes one step of one of its flows per cycle. So a memory access of one flow
// does not delay the others.
module tokenize_flows #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int LW    = 6,
    parameter int CW    = 10,
    parameter int TW    = 13,
    parameter int PW    = 5,
    parameter int KW    = 14,
    parameter int WW    = 18
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
    output logic [    FW-1:0] ask_flow,
    output logic [      19:0] ask_word,
    input  logic              reply_valid,
    output logic              reply_ready,
    input  logic [    FW-1:0] reply_flow,
    input  logic [     127:0] reply_data,
    // Lookup events: state, suffix, merges, parts, compatibility, class, transition, piece, piece found, word that
    // is not on chip; and `waits`: no flow can proceed.
    output logic [       9:0] looked,
    output logic              waits
);
  localparam logic [2:0] AWAY = 3'd0, CUTTER = 3'd1, WALK = 3'd2, RUNS = 3'd3, ANSWER = 3'd4;
  localparam logic [2:0] TABLE = 3'd5;
  logic [2:0] place[FLOWS];
  logic [FLOWS-1:0] at_cutter, at_table, at_walk, at_runs, at_answer;
  for (genvar n = 0; n < FLOWS; n++) begin : g_place
    assign at_cutter[n] = place[n] == CUTTER;
    assign at_table[n] = place[n] == TABLE;
    assign at_walk[n] = place[n] == WALK;
    assign at_runs[n] = place[n] == RUNS;
    assign at_answer[n] = place[n] == ANSWER;
  end

  logic given, c_pass, c_done, c_table, t_pass, t_hit, w_pass, w_tokens, r_pass, r_walk, spent;
  logic [FW-1:0] given_flow, c_flow, t_flow, w_flow, r_flow, answer_flow;
  always_ff @(posedge clk)
    if (!rst_n || clear) for (int n = 0; n < FLOWS; n++) place[n] <= AWAY;
    else begin
      if (given) place[given_flow] <= CUTTER;
      if (c_pass) place[c_flow] <= c_done ? ANSWER : c_table ? TABLE : WALK;
      if (t_pass) place[t_flow] <= t_hit ? RUNS : WALK;
      if (w_pass) place[w_flow] <= w_tokens ? RUNS : CUTTER;
      if (r_pass) place[r_flow] <= r_walk ? WALK : CUTTER;
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
  logic ring_write, view_cut, view_replaced;
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
      .pass_table   (c_table),
      .first,
      .ends,
      .lengths,
      .text_address,
      .text_data,
      .orders,
      .accepts,
      .bases,
      .fresh,
      .lost,
      .ring_write,
      .ring_address,
      .ring_octet,
      .view_flow    (answer_flow),
      .view_held,
      .view_cut,
      .view_replaced,
      .view_escape,
      .looked_class (looked[5]),
      .looked_state (looked[6])
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
      .mine     (at_table),
      .pass     (t_pass),
      .pass_flow(t_flow),
      .pass_hit (t_hit),
      .bases,
      .accepts,
      .ring_write,
      .ring_address,
      .ring_octet,
      .tokens   (hit_tokens)
  );
  assign looked[7] = t_pass;
  assign looked[8] = t_pass && t_hit;

  logic [3*FLOWS-1:0] wants;
  logic [8*FLOWS-1:0] depths;
  logic [16*FLOWS-1:0] wholes;
  logic last_write, w_ask, told;
  logic [FW-1:0] told_flow;
  logic [127:0] told_data;
  logic [FW+8:0] last_address;
  logic [15:0] last_token;
  logic [7:0] last_length;
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
      .skip         (t_pass && t_hit),
      .skip_flow    (t_flow),
      .ring_write,
      .ring_address,
      .ring_octet,
      .wants,
      .ats,
      .depths,
      .wholes,
      .lost,
      .last_write,
      .last_address,
      .last_token,
      .last_length,
      .ask          (w_ask),
      .ask_flow     (w_ask_flow),
      .ask_word     (w_ask_word),
      .told,
      .told_flow,
      .told_data,
      .looked_cell  (looked[0]),
      .looked_suffix(looked[1]),
      .looked_pair  (looked[2]),
      .looked_parts (looked[3]),
      .looked_cache (looked[4])
  );
  word_cache #(
      .FLOWS(FLOWS),
      .FW   (FW),
      .WW   (WW)
  ) u_words (
      .clk,
      .rst_n,
      .clear,
      .ask     (w_ask),
      .ask_flow(w_ask_flow),
      .ask_word(w_ask_word),
      .told,
      .told_flow,
      .told_data,
      .missed  (looked[9]),
      .m_valid (ask_valid),
      .m_ready (ask_ready),
      .m_flow  (ask_flow),
      .m_word  (ask_word),
      .r_valid (reply_valid),
      .r_ready (reply_ready),
      .r_flow  (reply_flow),
      .r_data  (reply_data)
  );
  logic [FLOWS-1:0] asked;
  always_ff @(posedge clk)
    if (!rst_n) asked <= '0;
    else asked <= (asked | (FLOWS'(w_ask) << w_ask_flow)) & ~(FLOWS'(told) << told_flow);
  assign waits = asked != '0 && (at_cutter | at_table | at_walk & ~asked | at_runs | at_answer) == '0;

  // A piece of the table is a token as a whole, as if the walk had said so.
  localparam logic [2:0] WHOLE = 3'd2;
  logic [FLOWS-1:0] hits;
  logic [3*FLOWS-1:0] r_wants;
  logic [16*FLOWS-1:0] r_wholes;
  always_ff @(posedge clk) begin
    if (c_pass) hits[c_flow] <= 1'b0;
    if (t_pass) hits[t_flow] <= t_hit;
  end
  for (genvar n = 0; n < FLOWS; n++) begin : g_runs
    assign r_wants[3*n+:3] = hits[n] ? WHOLE : wants[3*n+:3];
    assign r_wholes[16*n+:16] = hits[n] ? hit_tokens[16*n+:16] : wholes[16*n+:16];
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
      .ats,
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
