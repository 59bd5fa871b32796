/**
 * Mutations of the kernels that compute.
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
        "upper nibbles come from another neighbour",
      ],
      ["38'd1 << (cfg_fraction - 6'd1)", "38'd1 << cfg_fraction", "rounding adds one, not a half"],
      ["rest >= {31'd0, cfg_ties}", "rest > {31'd0, cfg_ties}", "a sum at the border counts as a tie"],
      ["bank <= weight[IW-1];", "bank <= 1'b0;", "the second bank's terms are never read"],
      ["8'd1 << load_addr[2:0]", "8'hff", "an entry is written over its seven neighbours"],
      [
        "rest >= {31'd0, cfg_ties}",
        "(cfg_ties == 7'd0 || rest != 38'd0)",
        "sums near a tie do not count as ties",
      ],
    ],
  },
  {
    file: "wide_ram.sv",
    build: "packet_image",
    places: [
      ["row_b[32*word_b+:32]", "row_b[31:0]", "the second port reads the first of eight words"],
      ["= din_a[32*k+:32];", "= din_a[31:0];", "eight words of a page are all its first"],
    ],
  },
  {
    file: "resize_cells.sv",
    build: "packet_image",
    places: [
      ["(asked[2*p+1][XW-1:0])", "(asked[2*p][XW-1:0])", "the second cell gets the first one's weights"],
      ["index[c] >= cfg_weights)", "index[c] > cfg_weights)", "the index after the last weight is accepted"],
      ["{3'd0, length[13:3]}", "{4'd0, length[13:4]}", "answers are announced with half their length"],
      ["14'(length[13:4]) * 14'd3", "14'(length[13:4]) << 1", "RGB answers are announced with two channels"],
      ["assign ce = n <= 3'd2;", "assign ce = n <= 3'd3;", "the queue accepts two beats when one fits"],
      [
        "spoiled != 2'd0 ? spoiled : bad[STAGES]",
        "bad[STAGES] \& ~spoiled",
        "the next beat clears the error of a wrong index",
      ],
      ["1'(n / 2)}", "1'(n % 2)}", "upper right and lower left share their terms"],
      ["index[c][31:16] == pages[31:16] && there[1]", "there[1]", "any loaded page is accepted"],
      ["&& filled > 6'd32;", "&& filled > 6'd34;", "two samples after a full last beat are lost"],
    ],
  },
  {
    file: "resize_fixed_lane.sv",
    build: "packet_image_products",
    places: [
      ["(top + bottom + 11'd2)", "(top + bottom + 11'd1)", "the sum of rows rounds a half down"],
      ["{upper[1], above[14:8]}", "{upper[0], above[14:8]}", "a row's weight comes a cycle early"],
      ["pixels[16*n+8+:8]", "pixels[16*(1-n)+8+:8]", "the right pixels come from the other row"],
      [
        "    if (ce) begin\n      top",
        "    begin\n      top",
        "a sample that is stalled is overwritten",
      ],
    ],
  },
  {
    file: "packet_planes.sv",
    build: "packet_image",
    places: [
      [
        "assign s_ready = !held[into];",
        "assign s_ready = 1'b1;",
        "a packet is overwritten before it is sent",
      ],
      [
        "assign s_ready = !held[into];",
        "assign s_ready = held == '0;",
        "packets are accepted only while none is sent",
      ],
      ["(joins || closes) && full", "joins && full", "a packet's last row is not written"],
      ["if (samples) slot <= into;", "slot <= into;", "the last row is written to the next packet"],
      ["32'd43691", "32'd43690", "a third of the length is too small by one"],
      ["border[c] >= (PW", "border[c] > (PW", "a plane that ends at a beat's end is wrong"],
    ],
  },
  {
    file: "normalize_levels.sv",
    build: "packet_image",
    places: [
      ["(m_ready && step == steps)", "m_ready", "only the first beat of wider samples is sent"],
      ["2'((count - 6'd1) >> 3)", "2'(count >> 3)", "four-byte samples get an extra beat"],
      ["count > 6'd16}", "count >= 6'd16}", "two-byte samples get an extra beat"],
    ],
  },
  {
    file: "packet_image.sv",
    build: "packet_image",
    places: [
      ["resize ? r_ready : q_ready;", "r_ready;", "back-pressure does not reach samples that need no resize"],
    ],
  },
  {
    file: "tdp_ram.sv",
    build: "packet_rows",
    places: [
      ["if (we_a) mem[addr_a]", "mem[addr_a]", "reads of the first port write"],
      ["if (en_b) q_b", "q_b", "a read that is held back goes on"],
      ["q_a <= mem[addr_a];", "if (!we_a) q_a <= ~mem[addr_a];", "the first port reads other bits"],
    ],
  },
];
