/**
 * What `deno task mutate` breaks in the kernels that compute.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of resize and normalize. */
export const CORE_MUTATIONS: readonly Mutations[] = [
  {
    file: "resize_lane.sv",
    build: "packet_image",
    places: [
      [
        "{weight[IW-2:0], pixels[8*n+4+:4]}",
        "{weight[IW-2:0], pixels[8*(3-n)+4+:4]}",
        "upper nibbles are of another neighbour",
      ],
      ["38'd1 << (cfg_fraction - 6'd1)", "38'd1 << cfg_fraction", "one is added for rounding, not a half"],
      ["rest >= {31'd0, cfg_ties}", "rest > {31'd0, cfg_ties}", "a sum at the border is taken for a tie"],
      ["bank <= weight[IW-1];", "bank <= 1'b0;", "the second bank's terms are never taken"],
      ["rest >= {31'd0, cfg_ties}", "(cfg_ties == 7'd0 || rest != 38'd0)", "sums near a tie are none"],
    ],
  },
  {
    file: "resize_cells.sv",
    build: "packet_image",
    places: [
      ["(asked[2*p+1][XW-1:0])", "(asked[2*p][XW-1:0])", "the second cell has the first one's weights"],
      ["index[c] >= cfg_weights)", "index[c] > cfg_weights)", "the index behind the last weight passes"],
      ["{3'd0, length[13:3]}", "{4'd0, length[13:4]}", "answers are announced half as long"],
      ["14'(length[13:4]) * 14'd3", "14'(length[13:4]) << 1", "RGB answers are announced with two channels"],
      ["assign ce = n <= 3'd2;", "assign ce = n <= 3'd3;", "the queue takes two beats where one has room"],
      [
        "spoiled != 2'd0 ? spoiled : bad[STAGES]",
        "bad[STAGES] \& ~spoiled",
        "a wrong index is forgotten with the next beat",
      ],
      ["1'(n / 2)}", "1'(n % 2)}", "upper right and lower left share their terms"],
      ["index[c][31:16] == pages[31:16] && there[1]", "there[1]", "any page will do"],
      ["&& filled > 6'd32;", "&& filled > 6'd34;", "two samples behind a full last beat are lost"],
    ],
  },
  {
    file: "resize_fixed_lane.sv",
    build: "packet_image_products",
    places: [
      ["(top + bottom + 11'd2)", "(top + bottom + 11'd1)", "the sum of rows is rounded down at a half"],
      ["{upper[1], above[14:8]}", "{upper[0], above[14:8]}", "a row's weight comes a cycle early"],
      ["pixels[16*n+8+:8]", "pixels[16*(1-n)+8+:8]", "the right pixels are of the other row"],
    ],
  },
  {
    file: "packet_planes.sv",
    build: "packet_image",
    places: [
      [
        "assign s_ready = !held[into];",
        "assign s_ready = 1'b1;",
        "a packet is overwritten before it has left",
      ],
      [
        "assign s_ready = !held[into];",
        "assign s_ready = held == '0;",
        "packets come in only when none leaves",
      ],
      [
        "(samples && full) || (ended && at[4:0] != 5'd0)",
        "samples && full",
        "a packet's last row is not written",
      ],
      ["{ended?into-1'b1 : into, at", "{into, at", "the last row goes to the other packet"],
      ["32'd43691", "32'd43690", "a third of the length is one too few"],
      ["border[c] - base >= (PW", "border[c] - base > (PW", "a plane that ends with a beat"],
    ],
  },
  {
    file: "normalize_levels.sv",
    build: "packet_image",
    places: [
      ["(m_ready && step == steps)", "m_ready", "only the first beat of wider samples leaves"],
      ["2'((count - 6'd1) >> 3)", "2'(count >> 3)", "a beat too many of four-byte samples"],
      ["count > 6'd16}", "count >= 6'd16}", "a beat too many of two-byte samples"],
    ],
  },
  {
    file: "packet_image.sv",
    build: "packet_image",
    places: [
      ["resize ? r_ready : q_ready;", "r_ready;", "samples that need no resize are not held back"],
    ],
  },
];
