/**
 * Mutations of the lookup pipeline.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of lookups and of their arguments. */
export const LOOKUP_MUTATIONS: readonly Mutations[] = [
  {
    file: "lookup_lanes.sv",
    build: "packet_lookup",
    places: [
      ["(left[5:0] - 6'd1) >> 3", "left[5:0] >> 3", "results of a last step without codes are sent"],
      ["{1'b0, eighths[1]}", "{1'b0, eighths[0]}", "the second half of a last beat is lost"],
      ["last1 <= s_last && stepped;", "last1 <= s_last;", "the first step of the last beat ends the packet"],
      ["s_data[255:128] :", "s_data[127:0] :", "the first half of a beat is looked up twice"],
      ["length >> cfg_item}", "length}", "answers are announced with the length of bytes, not items"],
      ["SW'(load_data[47:32]) << cfg_low", "SW'(load_data[47:32])", "blocks of more than an entry overlap"],
      ["~(16'hffff << cfg_low)", "~(16'hfffe << cfg_low)", "the lowest upper bit selects within a block too"],
      ["cfg_swap ? {d1[16*L+:8]", "!cfg_swap ? {d1[16*L+:8]", "bytes are exchanged without the argument"],
      ["if (v3) upper <= narrow", "upper <= narrow", "a pause between two beats to join swaps their halves"],
      ["!upper && !last3;", "!upper;", "the packet after an odd beat begins in its upper half"],
      ["(!narrow || upper || last3)", "(!narrow || upper)", "an odd last beat is not sent"],
    ],
    unseen: {
      "if (v3) upper <= narrow": "a packet leaves its store without a pause",
      "!upper && !last3;": "the header behind it clears the same bit",
    },
  },
  {
    file: "packet_lookup.sv",
    build: "packet_lookup",
    places: [
      ["cfg[32*3+:3] != 3'd0 && !", "!", "half a code passes"],
      ["&& !cfg[32*3+8]", "", "items of three bytes pass, of codes of two"],
      ["|| size == 2'd3", "", "packets with results of eight bytes pass"],
      [">> size << item", ">> size", "half of the longest payload of codes of 2 bytes is dropped"],
    ],
  },
];
