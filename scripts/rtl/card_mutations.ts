/**
 * What `deno task mutate` breaks in what only a card has: two widths, and sockets.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of the converters of width and of the way of TDEST. */
export const CARD_MUTATIONS: readonly Mutations[] = [
  {
    file: "axis_512_to_256.sv",
    build: "onpath_image",
    places: [
      ["= keep[BYTES] && !upper", "= !upper", "a packet that ends in a lower half gets an empty beat"],
      ["= last && !more", "= last", "a packet ends before its last half"],
      ["data = upper ? data", "data = !upper ? data", "the halves are exchanged"],
      ["upper <= more", "upper <= !upper", "behind a short tail the next packet begins in the middle"],
    ],
  },
  {
    file: "axis_256_to_512.sv",
    build: "onpath_image",
    places: [
      ["half ? {s_data, data}", "half ? {data, s_data}", "the halves are exchanged"],
      ["{{BYTES{1'b0}}, s_keep}", "{{BYTES{1'b1}}, s_keep}", "a missing half counts as bytes"],
      ["half <= !half && !s_last", "half <= !half", "a packet of one beat leaves a half behind"],
    ],
  },
  {
    file: "axis_256_to_512.sv",
    build: "packet_widths",
    places: [
      ["(half || s_last)", "1'b1", "a half leaves alone too"],
      ["if (!rst_n) half <= 1'b0;", "if (1'b0) half <= 1'b0;", "a reset leaves a half behind"],
    ],
  },
  {
    file: "axis_512_to_256.sv",
    build: "packet_widths",
    places: [["if (!rst_n) upper <= 1'b0;", "if (1'b0) upper <= 1'b0;", "a reset leaves an upper half due"]],
  },
  {
    file: "packet_in.sv",
    build: "packet_echo",
    places: [["dest1 <= dest0;", "dest1 <= s_axis_tdest;", "the socket is that of a packet that came later"]],
  },
  {
    file: "packet_shell.sv",
    build: "packet_echo",
    places: [
      [
        "(AW < 7 ? 8 : AW + 1)",
        "(AW < 7 ? 8 : AW - 2)",
        "sockets are forgotten where many packets are inside",
      ],
      ["to_valid && to_ready && to_last", "to_valid && to_last", "a held packet leaves its socket twice"],
    ],
  },
  {
    file: "packet_out.sv",
    build: "packet_image",
    places: [
      [
        "s_dest_ready = h_ready",
        "s_dest_ready = h_ready && !late",
        "a refused packet leaves its socket behind",
      ],
    ],
  },
];
