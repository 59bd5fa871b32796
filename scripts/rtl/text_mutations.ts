/**
 * What `deno task mutate` breaks in the tokenizer.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of the tokenizer. */
export const TEXT_MUTATIONS: readonly Mutations[] = [
  {
    file: "text_intake.sv",
    build: "packet_tokenize",
    places: [
      [
        "held[place] <= !last && !end_of_text",
        "held[place] <= !(last && end_of_text)",
        "a flow without an end keeps its place",
      ],
      ["== FW'(FLOWS - 1)) oldest", "== '0) oldest", "the flow that was served last is forgotten"],
      ["(held[n] || full[n])", "held[n]", "a flow that begins again overtakes itself"],
      [
        "next[32*found+:32] == number",
        "next[32*found+:32] <= number",
        "a packet that is missing is not noticed",
      ],
    ],
  },
  {
    file: "utf8_step.sv",
    build: "packet_tokenize",
    places: [
      ["4'hd ? TO_9F : ANY", "4'hd ? ANY : ANY", "surrogates pass"],
      ["octet <= 8'hf4", "octet <= 8'hf5", "code points beyond the last one begin"],
      ["again = 1'b1;", "again = 1'b0;", "the byte that ends a sequence is lost"],
    ],
  },
  {
    file: "piece_cutter.sv",
    build: "packet_tokenize",
    places: [
      [
        "if (accepts_here == 2'd2) accept_n = seen_q[b];",
        "if (accepts_here == 2'd2) accept_n = seen_n;",
        "white space is not given back",
      ],
      [">= WINDOW) begin", "> WINDOW) begin", "a byte more than the window waits"],
      ["ahead > WINDOW / 2", "ahead > WINDOW / 4", "an escape has the other name"],
      ["seen_n == have_q[b] ? FETCH : SEE", "FETCH", "what is given back is not seen again"],
      ["ends[b] && need_q[b] != 2'd0", "1'b0", "a sequence that the text's end cuts is left out"],
      [
        "if (!dead && accepts_here != 2'd0) accept_n = have_q[b];",
        "",
        "white space at the end is two pieces",
      ],
    ],
  },
  {
    file: "bpe_walk.sv",
    build: "packet_tokenize",
    places: [
      ["== back && fresh[b])", "== back)", "a token behind one that left early is not checked"],
      [
        "leftrank_n > rightrank_n",
        "leftrank_n < rightrank_n",
        "the token that was merged first is taken apart",
      ],
      [
        "{1'b0, rightrank_n} + 18'd1",
        "{1'b0, rightrank_n}",
        "a merge of equal rank to the left comes too late",
      ],
      [
        "if (!rst_n || clear) wiping",
        "if (!rst_n || (clear && !wiping[CW])) wiping",
        "verdicts of another vocabulary are kept",
      ],
      ["back >= 10'd64", "back >= 10'd32", "tokens leave too early"],
      [
        "{2'd0, depth_q[b]} == length_q[b]",
        "{2'd0, depth_q[b]} <= length_q[b]",
        "a piece is the token that only its end is",
      ],
      ["known_n = 1'b0;", "known_n = 1'b1;", "a failure's failure is that of the state before"],
      ["if (right_q[b] == token_q[b]) begin", "begin", "a part's suffix is taken for the candidate's"],
    ],
  },
  {
    file: "token_agree.sv",
    build: "packet_tokenize",
    places: [
      ["(here && count == 9'd1)", "(here && count <= 9'd2)", "tokens leave on which not all ways agree"],
      ["if (here && joins)", "if (here || joins)", "ways are one before they join"],
    ],
  },
  {
    file: "token_runs.sv",
    build: "packet_tokenize",
    places: [
      ["begins_part ? 12'd0 : confirmed_q[b]", "confirmed_q[b]", "a part confirms what the one before did"],
      ["fresh_n = want != SOME;", "fresh_n = 1'b1;", "what is left of a piece counts as a piece"],
      ["begins_part ? offset_q[b] : position_q[b]", "position_q[b]", "all parts begin where the first does"],
    ],
  },
  {
    file: "token_answer.sv",
    build: "packet_tokenize",
    places: [
      ["(bits + 17'd7) >> 3", "bits >> 3", "an answer's last bits are lost"],
      ["&& fill <= 9'd256", "&& fill < 9'd256", "a beat that is just full is not the last"],
      ["!cut && held == 10'd0", "!cut && held <= 10'd1", "a byte that waits counts as none"],
    ],
  },
  {
    file: "packet_out.sv",
    build: "packet_tokenize",
    places: [
      ["CARRY == 1 ? 32'hffff_00ff : 32'h0000_00ff", "32'h0000_00ff", "the CRC leaves the carry out"],
    ],
  },
];
