/**
 * Mutations of rotated vectors and of packed codes.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of the rotation, of its integers and of its packets. */
export const ROTATE_MUTATIONS: readonly Mutations[] = [
  {
    file: "vector_align.sv",
    build: "packet_rotate",
    places: [
      [".s_data (peak2 > peak ? peak2 : peak),", ".s_data (peak2),", "the last beat alone aligns a vector"],
      ["tail[11] && (tail[12] ||", "tail[11] && (1'b1 ||", "ties of aligned values go up"],
    ],
  },
  {
    file: "hadamard_delay.sv",
    build: "packet_rotate",
    places: [
      [
        "if (cfg_on && s_valid && paired) ends",
        "if (cfg_on && s_valid) ends",
        "a packet ends one vector late",
      ],
      [
        "cfg_on ? left || (s_valid && paired)",
        "cfg_on ? s_valid && (left || paired)",
        "differences wait for beats",
      ],
    ],
  },
  {
    file: "vector_norm.sv",
    build: "packet_rotate",
    places: [
      ["moved[25:0] != 26'd0 && !more", "1'b0 && !more", "thresholds between two units are rounded down"],
      [
        "units < -10'sd26 ? 6'd46",
        "units < -10'sd26 ? 6'd20",
        "thresholds of saturated norms are not shifted",
      ],
    ],
  },
  {
    file: "nearest_codes.sv",
    build: "packet_rotate",
    places: [
      ["? ~s_data[31*i+:30]", "? -s_data[31*i+:30]", "negative ties take the lower code"],
      ["if (!zero)", "", "vectors of zeros have the greatest codes"],
    ],
  },
  {
    file: "round_float.sv",
    build: "packet_rotate",
    places: [["parts[24] && (parts[25] ||", "parts[24] && (1'b1 ||", "ties of f16 go up"]],
  },
  {
    file: "code_unpack.sv",
    build: "packet_rotate",
    places: [["have != 5'd0 && ", "", "codes leave before the arguments come"]],
  },
  {
    file: "code_pack.sv",
    build: "packet_rotate",
    places: [["fill <= reached[3:0];", "fill <= 4'd0;", "codes overwrite those that wait"]],
  },
  {
    file: "rotate_intake.sv",
    build: "packet_rotate",
    places: [
      [
        "&& (!cfg_decode || used == length)",
        "",
        "bytes behind the norms are dropped, and the packet answered",
      ],
    ],
  },
];
