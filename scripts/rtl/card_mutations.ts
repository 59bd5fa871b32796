/**
 * Mutations of modules that only a card needs: converters of width, and sockets.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of the converters of width and of the path of TDEST. */
export const CARD_MUTATIONS: readonly Mutations[] = [
  {
    file: "reset_pipe.sv",
    build: "onpath_image",
    places: [["held[STAGES-2:0], rst_n}", "held[STAGES-2:0], 1'b0}", "a reset never ends"]],
  },
  {
    file: "axil_control.sv",
    build: "onpath_image",
    places: [["write = rst_n && ", "write = ", "a write while the kernel is still reset is taken and lost"]],
  },
  {
    file: "axis_512_to_256.sv",
    build: "onpath_image",
    places: [
      ["= keep[BYTES] && !upper", "= !upper", "a packet that ends in a lower half gets an empty beat"],
      ["= last && !more", "= last", "a packet ends before its last half"],
      ["data = upper ? data", "data = !upper ? data", "the halves are exchanged"],
      ["upper <= more", "upper <= !upper", "after a short tail the next packet begins in an upper half"],
    ],
  },
  {
    file: "axis_256_to_512.sv",
    build: "onpath_image",
    places: [
      ["half ? {s_data, data}", "half ? {data, s_data}", "the halves are exchanged"],
      ["{{BYTES{1'b0}}, s_keep}", "{{BYTES{1'b1}}, s_keep}", "the bytes of a missing half count as valid"],
      [
        "half <= !half && !s_last",
        "half <= !half",
        "the packet after one of a single beat starts in an upper half",
      ],
    ],
  },
  {
    file: "axis_256_to_512.sv",
    build: "packet_widths",
    places: [
      ["(half || s_last)", "1'b1", "each half is sent in a beat of its own"],
      ["if (!rst_n) half <= 1'b0;", "if (1'b0) half <= 1'b0;", "a reset does not clear a pending half"],
    ],
  },
  {
    file: "axis_512_to_256.sv",
    build: "packet_widths",
    places: [[
      "if (!rst_n) upper <= 1'b0;",
      "if (1'b0) upper <= 1'b0;",
      "a reset does not clear a pending upper half",
    ]],
  },
  {
    file: "packet_in.sv",
    build: "packet_echo",
    places: [["dest1 <= dest0;", "dest1 <= s_axis_tdest;", "the socket is that of a later packet"]],
  },
  {
    file: "packet_shell.sv",
    build: "packet_echo",
    places: [
      [
        "(AW < 7 ? 8 : AW + 1)",
        "(AW < 7 ? 8 : AW - 2)",
        "sockets are lost if many packets are inside",
      ],
    ],
  },
  {
    file: "packet_shell.sv",
    build: "packet_image",
    places: [
      ["to_valid && to_ready && to_last", "to_valid && to_last", "a stalled packet outputs its socket twice"],
    ],
  },
  {
    file: "packet_out.sv",
    build: "packet_image",
    places: [
      [
        "s_dest_ready = h_ready",
        "s_dest_ready = h_ready && !late",
        "the socket of a refused packet stays in the queue",
      ],
    ],
  },
  {
    file: "packet_widths.sv",
    build: "packet_widths",
    places: [
      ["+ 10'(enters) - 10'(leaves)", "+ 10'(enters)", "packets that have left count as present"],
      ["begun <= !s_axis_tlast;", "begun <= 1'b1;", "packets after the first do not count"],
      [
        "(enters || present != 10'd0)",
        "(present != 10'd0)",
        "the cycle in which a packet arrives is not counted",
      ],
    ],
  },
  {
    file: "spread_hub.sv",
    build: "spread_echo",
    places: [
      [".s_valid(lane_valid[n])", ".s_valid(lane_valid[0])", "all instances take the packets of the first"],
      [
        ".s_last (from_last[n])",
        ".s_last (from_last[0])",
        "answers end where those of the first instance do",
      ],
      [".AW(6)", ".AW(1)", "a burst of one flow blocks the others"],
    ],
  },
  {
    file: "spread_packets.sv",
    build: "spread_echo",
    places: [
      ["out_count + 32'(entered[n])", "out_count", "packets in an instance count twice"],
      ["? sum + outside : sum", "? sum : sum", "packets before an instance are not present"],
      ["address < 12'h200 ? read[31:0]", "1'b0 ? read[31:0]", "an argument is read as the sum of all"],
      ["&(table_ready | table_taken)", "|(table_ready | table_taken)", "an instance misses words of tables"],
    ],
  },
];
