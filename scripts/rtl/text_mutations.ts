/**
 * Mutations of the tokenizer.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of the modules from the text's intake to the tokens' packets. */
export const TEXT_MUTATIONS: readonly Mutations[] = [
  {
    file: "text_intake.sv",
    build: "packet_tokenize",
    places: [
      [
        "held[place] <= !last && !end_of_text",
        "held[place] <= !(last && end_of_text)",
        "a flow without an end keeps its slot",
      ],
      ["== FW'(FLOWS - 1)) oldest", "== '0) oldest", "the most recently used flow is evicted"],
      ["(held[n] || full[n])", "held[n]", "a restarted flow overtakes its own earlier packets"],
      [
        "next[32*n+:32] == number",
        "next[32*n+:32] <= number",
        "a missing packet is not noticed",
      ],
    ],
  },
  {
    file: "utf8_step.sv",
    build: "packet_tokenize",
    places: [
      ["4'hd ? TO_9F : ANY", "4'hd ? ANY : ANY", "surrogates are accepted"],
      ["octet <= 8'hf4", "octet <= 8'hf5", "code points beyond the last one are accepted"],
      ["again = 1'b1;", "again = 1'b0;", "the byte that ends a sequence is lost"],
    ],
  },
  {
    file: "piece_cutter.sv",
    build: "packet_tokenize",
    places: [
      [">= WINDOW) begin", "> WINDOW) begin", "one byte more than the window is kept"],
      ["have_b - accept_b > WINDOW / 2", "have_b - accept_b > WINDOW / 4", "an escape has the other reason"],
      ["rereads ? SEE : FETCH", "FETCH", "returned bytes are not read again"],
      [
        "waiting < WINDOW - 10'd1",
        "waiting < WINDOW",
        "ASCII is kept in a window that is full",
      ],
      ["ends_b && need_b != 2'd0", "1'b0", "a sequence that the end of the text cuts is lost"],
      ["(waiting >= BRIM)", "(1'b0)", "a window is full before its piece is walked"],
      [
        "!walked_b && accept_b - start_b >= EARLY",
        "1'b0",
        "tokens that belong to a packet are left to the next",
      ],
    ],
  },
  {
    file: "piece_ends.sv",
    build: "packet_tokenize",
    places: [
      ["stop ? have : seen", "stop ? have : ahead", "white space is not returned to the next piece"],
      [
        "stop ? have : seen, stop ? have : ahead,",
        "stop ? accept : seen, stop ? accept : ahead,",
        "white space at the end becomes two pieces",
      ],
      [
        "dead && seen == accept",
        "dead",
        "the code point behind the bytes given back is read in their place",
      ],
      ["!walked && length <= SHORT", "length <= SHORT", "the rest of a piece is searched as a piece"],
      ["!differs[n] && all_queues[n]", "all_queues[n]", "a byte is taken before those that were given back"],
    ],
  },
  {
    file: "piece_table.sv",
    build: "packet_tokenize",
    places: [
      [
        "q_entry[ENTRY-1:16] == e_key",
        "q_entry[ENTRY-1:20] == e_key[123:4]",
        "zero bytes at a piece's end are not told from none",
      ],
      ["4'(n) < b_length ? turned", "1'b1 ? turned", "bytes behind the piece belong to the key"],
      [
        "hash[KW+13:14] & cfg_mask",
        "hash[KW-1:0] & cfg_mask",
        "the second bank is looked up by the first hash",
      ],
      [
        "{b_turn, 3'd0}",
        "{1'b0, b_turn[2:0], 3'd0}",
        "pieces of every second eight bytes are read in wrong order",
      ],
    ],
  },
  {
    file: "word_cache.sv",
    build: "packet_tokenize",
    places: [
      ["d_fill[n] || d_wiped", "1'b1", "words of another vocabulary are kept"],
      ["!fills[1] && q_valid[1]", "q_valid[1]", "a request is lost when a word comes to its lane"],
    ],
  },
  {
    file: "piece_queue.sv",
    build: "packet_tokenize",
    places: [
      ["push_table ? LOOK : SEARCH", "LOOK", "pieces longer than an entry are looked up"],
      ["looked_hit ? WHOLE : SEARCH", "WHOLE", "a piece that is not in the table leaves as a token"],
    ],
  },
  {
    file: "bpe_search.sv",
    build: "packet_tokenize",
    places: [
      ["at_n = at - priorsize;", "at_n = at;", "a token that is replaced keeps its bytes"],
      [
        "{1'b0, rightrank_n} + 18'd1",
        "{1'b0, rightrank_n}",
        "a merge of equal rank to the left comes too late",
      ],
      ["if (right == token) begin", "begin", "a part's prefix counts as the candidate's"],
      [
        "if (!rst_n || clear) wiping",
        "if (!rst_n || (clear && !wiping[CW])) wiping",
        "verdicts of another vocabulary are kept",
      ],
      ["is_whole && at == 7'd0", "is_whole", "a token at the end of a piece counts as the whole piece"],
      ["f_valid ? again : f_found", "f_found", "a new piece is lost when a step ends in its cycle"],
    ],
  },
  {
    file: "merge_ask.sv",
    build: "packet_tokenize",
    places: [
      ["{s_slot + 17'd1, 1'b0}", "{s_slot + 17'd2, 1'b0}", "two slots of merges are left out"],
      ["none = !c_again && !c_row[c_bit]", "none = !c_row[c_bit]", "slots that follow are filtered too"],
      ["(a_again ? a_slot : hashed[17:0])", "hashed[17:0]", "the first slots are read for those that follow"],
    ],
    unseen: {
      "none = !c_again && !c_row[c_bit]":
        "slots that follow are requested for a pair that passed the filter, and its bit is still set",
    },
  },
  {
    file: "bpe_walk.sv",
    build: "packet_tokenize",
    places: [
      ["if (skip) at_q", "if (skip && 1'b0) at_q", "the walk does not pass a piece of the table"],
      ["== behind && is_fresh,", "== behind,", "a token after one that was sent early is not checked"],
      [
        "then.leftrank > then.rightrank",
        "then.leftrank < then.rightrank",
        "the token that was merged first is split",
      ],
      [
        "{1'b0, then.rightrank} + 18'd1",
        "{1'b0, then.rightrank}",
        "a merge of equal rank to the left comes too late",
      ],
      ["back >= 10'd64", "back >= 10'd32", "tokens are sent too early"],
      [
        "{2'd0, depth_b} == now.length",
        "{2'd0, depth_b} <= now.length",
        "a token that is only the end of a piece counts as the whole piece",
      ],
      ["then.known = 1'b0;", "then.known = 1'b1;", "the second failure link is that of the state before"],
      ["if (now.right == now.token) begin", "begin", "a part's suffix counts as the candidate's"],
    ],
  },
  {
    file: "verdict_cache.sv",
    build: "packet_tokenize",
    places: [
      [
        "if (!rst_n || clear) wiping",
        "if (!rst_n || (clear && !wiping[CW])) wiping",
        "verdicts of another vocabulary are kept",
      ],
      [
        "q_verdict[31:0] == read",
        "q_verdict[15:0] == read[15:0]",
        "a verdict holds for every pair with the same right token",
      ],
    ],
  },
  {
    file: "walk_request.sv",
    build: "packet_tokenize",
    places: [
      ["mixed ^ (mixed >> 15)", "mixed", "a merge is searched in another slot than it was stored in"],
    ],
  },
  {
    file: "token_agree.sv",
    build: "packet_tokenize",
    places: [
      ["(here && count == 9'd1)", "(here && count <= 9'd2)", "tokens are sent on which not all paths agree"],
      ["if (here && joins)", "if (here || joins)", "paths count as one before they join"],
    ],
  },
  {
    file: "token_runs.sv",
    build: "packet_tokenize",
    places: [
      ["fresh_n = want != SOME;", "fresh_n = 1'b1;", "the rest of a piece counts as a piece"],
    ],
  },
  {
    file: "token_parts.sv",
    build: "packet_tokenize",
    places: [
      [
        "begins_part ? 12'd0 : confirmed_q[flow]",
        "confirmed_q[flow]",
        "a part confirms the bytes of the part before",
      ],
      [
        "begins_part ? offset_q[flow] : position_q[flow]",
        "position_q[flow]",
        "all parts begin at the first part's position",
      ],
    ],
  },
  {
    file: "token_answer.sv",
    build: "packet_tokenize",
    places: [
      ["(bits + 17'd7) >> 3", "bits >> 3", "an answer's last bits are lost"],
      ["&& fill <= 9'd256", "&& fill < 9'd256", "a beat that is exactly full is not the last"],
      ["!cut && held == 10'd0", "!cut && held <= 10'd1", "a held byte is not counted"],
      ["HEAD: if (m_ready) state <= CARRY", "HEAD: state <= CARRY", "a header that is stalled is lost"],
    ],
  },
  {
    file: "packet_out.sv",
    build: "packet_tokenize",
    places: [
      ["CARRY == 1 ? 32'hffff_00ff : 32'h0000_00ff", "32'h0000_00ff", "the CRC leaves the carry out"],
    ],
  },
  {
    file: "flow_pick.sv",
    build: "packet_tokenize",
    places: [
      ["if (able[n]) first", "if (able[n] && n != 1) first", "the second flow is passed over"],
      ["if (later[n]) next", "if (behind[n]) next", "flows that are not ready are selected"],
      ["flow = |later ? next : first", "flow = first", "a flow waits while others are ready"],
    ],
    unseen: {
      "flow = |later ? next : first":
        "a selected flow leaves its stage after a bounded number of steps, so all are answered; a proof has the order",
    },
  },
  {
    file: "tokenize_flows.sv",
    build: "packet_tokenize",
    places: [
      [
        "assign looked[24] = t_pass && t_hit;",
        "assign looked[24] = t_pass;",
        "pieces that are not in the table count as found",
      ],
      ["r_pass && empty[r_flow]", "r_pass", "a flow returns to the cutter while its pieces are out"],
      ["w_tokens ? RUNS : CUTTER", "CUTTER", "tokens of the walk are not sent"],
      ["at_walk & ~asked | at_runs", "at_walk | at_runs", "no cycle counts as one that waits for memory"],
    ],
  },
  {
    file: "search_lanes.sv",
    build: "packet_tokenize",
    places: [
      ["walk_last || l_give == '0 ?", "l_give == '0 ?", "last tokens of the walk and of a lane collide"],
      ["FW'({flow, lane})", "FW'({lane, flow})", "a token of a lane goes to another flow"],
      [
        "ring_address[9] == 1'(n)",
        "ring_address[9] == 1'(n + 1)",
        "a lane keeps the bytes of the other one's flows",
      ],
      ["walk_last ? walk_length :", "", "the walk's last token has a lane's length"],
    ],
  },
  {
    file: "short_queue.sv",
    build: "packet_tokenize",
    places: [
      ["level == '0 && s_valid;", "s_valid;", "an entry overtakes those before it"],
      ["(2 ** AW - 4)", "(2 ** AW)", "entries on their way find a full queue"],
      ["if (read) tail", "if (moves) tail", "an entry that goes past the queue skips one"],
    ],
  },
];
