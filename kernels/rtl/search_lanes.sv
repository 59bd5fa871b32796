// Searches of short pieces, and the last tokens that they and the walk give to `token_runs`: the walk's come first, then
// those of the lanes in turn. Lane n has the flows whose number is n modulo LANES.
module search_lanes #(
    parameter int FLOWS = 8,
    parameter int FW    = 3,
    parameter int QW    = 3,   // log2 of the pieces of a flow
    parameter int CW    = 12,  // log2 of the verdicts that a lane caches
    parameter int BW    = 14,  // log2 of the words of its filter of merges
    parameter int LANES = 2,   // 1 or 2
    parameter int SW    = 5    // bits of a slot in its lane: FW + QW, less one for two lanes
) (
    input  logic                   clk,
    input  logic                   rst_n,
    input  logic                   clear,
    input  logic [           18:0] cfg_root,
    input  logic [           19:0] cfg_tokens,
    input  logic [           19:0] cfg_pairs,
    input  logic [           17:0] cfg_mask,
    input  logic                   cfg_whole,
    input  logic                   load_valid,   // tables 8 and 9: roots, filter
    input  logic [            3:0] load_table,
    /* verilator lint_off UNUSEDSIGNAL */  // entries are whole words
    input  logic [           15:0] load_addr,
    input  logic [           63:0] load_data,
    // A piece enters the queue.
    input  logic                   push,
    input  logic [      FW+QW-1:0] push_slot,
    /* verilator lint_on UNUSEDSIGNAL */
    input  logic [            8:0] push_start,
    input  logic [            6:0] push_length,
    input  logic [(FLOWS<<QW)-1:0] mine,         // slots whose piece is to be searched
    input  logic                   ring_write,
    input  logic [         FW+8:0] ring_address,
    input  logic [            7:0] ring_octet,
    // Last tokens of the walk, and of all.
    input  logic                   walk_last,
    input  logic [         FW+8:0] walk_address,
    input  logic [           15:0] walk_token,
    input  logic [            7:0] walk_length,
    output logic                   last_write,
    output logic [         FW+8:0] last_address,
    output logic [           15:0] last_token,
    output logic [            7:0] last_length,
    output logic                   done,         // the piece of a slot
    output logic [      FW+QW-1:0] done_slot,
    output logic                   done_whole,
    output logic                   done_lost,
    output logic [           15:0] done_token,
    // Words of `word_cache`.
    output logic [      LANES-1:0] ask,
    output logic [   SW*LANES-1:0] ask_slot,
    output logic [   20*LANES-1:0] ask_word,
    output logic [      LANES-1:0] merge,
    output logic [   SW*LANES-1:0] merge_slot,
    output logic [   20*LANES-1:0] merge_word,
    input  logic [      LANES-1:0] told,
    input  logic [   SW*LANES-1:0] told_slot,
    input  logic [  128*LANES-1:0] told_data,
    output logic [            1:0] steps,        // taken in this cycle
    output logic                   busy,         // some piece can proceed
    output logic [           14:0] looked        // lookups, three bits each: state, prefix, merge, part, verdict
);
  localparam int LB = LANES > 1 ? 1 : 0, SFLOWS = FLOWS / LANES, SFW = FW - LB;
  logic [LANES-1:0] l_busy, l_give, l_given, l_last, l_done, l_whole, l_lost;
  logic [(SFW+9)*LANES-1:0] l_address;
  logic [16*LANES-1:0] l_token;
  logic [7*LANES-1:0] l_length;
  logic [SW*LANES-1:0] l_slot;
  logic [LANES-1:0] l_step;
  logic [5*LANES-1:0] l_looked;
  logic [2*LANES-1:0] l_parts;
  // A flow's number in its lane, and back.
  function automatic logic [FW-1:0] outer(input logic [SFW-1:0] flow, input logic lane);
    outer = LANES > 1 ? FW'({flow, lane}) : FW'(flow);
  endfunction
  for (genvar n = 0; n < LANES; n++) begin : g_lane
    logic [(SFLOWS<<QW)-1:0] own;
    logic pair, pair_again, skip, placed, looked_parts;
    logic [SW-1:0] pair_slot;
    logic [15:0] pair_left, pair_right, pair_part;
    logic [16:0] pair_place;
    logic [17:0] placed_at;
    for (genvar k = 0; k < SFLOWS; k++) begin : g_mine
      assign own[k<<QW+:1<<QW] = mine[((k*LANES+n)<<QW)+:1<<QW];
    end
    bpe_search #(
        .FLOWS(SFLOWS),
        .FW   (SFW),
        .QW   (QW),
        .CW   (CW)
    ) u_search (
        .clk,
        .rst_n,
        .clear,
        .cfg_root    (cfg_root),
        .cfg_tokens  (cfg_tokens),
        .cfg_whole   (cfg_whole),
        .load        (load_valid && load_table == 4'd8),
        .load_addr   (load_addr[7:0]),
        .load_data   (load_data[34:0]),
        .push        (push && (LANES == 1 || push_slot[QW] == 1'(n))),
        .push_slot   ({push_slot[FW+QW-1:QW+LB], push_slot[QW-1:0]}),
        .push_start  (push_start),
        .push_length (push_length),
        .mine        (own),
        .ring_write  (ring_write && (LANES == 1 || ring_address[9] == 1'(n))),
        .ring_address({ring_address[FW+8:9+LB], ring_address[8:0]}),
        .ring_octet,
        .busy        (l_busy[n]),
        .give        (l_give[n]),
        .given       (l_given[n]),
        .give_last   (l_last[n]),
        .give_address(l_address[(SFW+9)*n+:SFW+9]),
        .give_token  (l_token[16*n+:16]),
        .give_length (l_length[7*n+:7]),
        .give_done   (l_done[n]),
        .give_slot   (l_slot[SW*n+:SW]),
        .give_whole  (l_whole[n]),
        .give_lost   (l_lost[n]),
        .ask         (ask[n]),
        .ask_slot    (ask_slot[SW*n+:SW]),
        .ask_word    (ask_word[20*n+:20]),
        .pair,
        .pair_slot,
        .pair_left,
        .pair_right,
        .pair_again,
        .pair_place,
        .pair_part,
        .skip,
        .placed,
        .placed_slot (merge_slot[SW*n+:SW]),
        .placed_at,
        .told        (told[n]),
        .told_slot   (told_slot[SW*n+:SW]),
        .told_data   (told_data[128*n+:128]),
        .step        (l_step[n]),
        .looked_cell (l_looked[5*n+0]),
        .looked_prefix(l_looked[5*n+1]),
        .looked_parts,
        .looked_cache(l_looked[5*n+4])
    );
    merge_ask #(
        .SW(SW),
        .BW(BW)
    ) u_merges (
        .clk,
        .rst_n,
        .cfg_tokens(cfg_tokens),
        .cfg_pairs (cfg_pairs),
        .cfg_mask  (cfg_mask),
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
        .m_id      (merge_slot[SW*n+:SW]),
        .m_slot    (placed_at),
        .m_valid   (merge[n]),
        .m_word    (merge_word[20*n+:20])
    );
    assign l_looked[5*n+2] = placed;
    // A part may be requested by either way in a cycle.
    assign l_parts[2*n+:2] = {1'b0, looked_parts} + {1'b0, skip};
    assign l_looked[5*n+3] = 1'b0;
  end

  // The walk's last tokens come first, then those of the lanes, in turn.
  logic turn, lane;
  logic given_last;
  logic [SW-1:0] given_slot;
  logic [SFW+8:0] given_address;
  assign lane = LANES > 1 && (l_give[LANES-1] && (turn || !l_give[0]));
  assign l_given = walk_last || l_give == '0 ? '0 : LANES'(1) << lane;
  always_ff @(posedge clk) turn <= !lane;
  assign given_last = l_given != '0 && l_last[lane];
  assign given_address = l_address[(SFW+9)*lane+:SFW+9];
  assign given_slot = l_slot[SW*lane+:SW];
  assign last_write = walk_last || given_last;
  assign last_address = walk_last ? walk_address : {outer(given_address[SFW+8:9], lane), given_address[8:0]};
  assign last_token = walk_last ? walk_token : l_token[16*lane+:16];
  assign last_length = walk_last ? walk_length : {1'd0, l_length[7*lane+:7]};
  assign done = l_given != '0 && l_done[lane];
  assign done_slot = {outer(given_slot[SW-1:QW], lane), given_slot[QW-1:0]};
  assign done_whole = l_whole[lane];
  assign done_lost = l_lost[lane];
  assign done_token = l_token[16*lane+:16];
  assign steps = 2'(l_step[0]) + 2'(LANES > 1 && l_step[LANES-1]);
  assign busy = l_busy != '0;
  for (genvar n = 0; n < 5; n++) begin : g_looked
    assign looked[3*n+:3] = {2'd0, l_looked[n]} + {2'd0, LANES > 1 && l_looked[5*(LANES-1)+n]} +
        (n == 3 ? {1'b0, l_parts[1:0]} : 3'd0) + (n == 3 && LANES > 1 ? {1'b0, l_parts[2*LANES-1-:2]} : 3'd0);
  end
endmodule
