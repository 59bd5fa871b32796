/**
 * Mutations of the pipeline of rows.
 *
 * @module
 */

import type { Mutations } from "./path_mutations.ts";

/** Mutations of the antialiased resize. */
export const ROW_MUTATIONS: readonly Mutations[] = [
  {
    file: "row_intake.sv",
    build: "packet_rows",
    places: [
      [
        "51'(left) > 51'(cfg_total)",
        "51'(left) >= 51'(cfg_total)",
        "a flow's last packet counts as beyond its end",
      ],
      ["row <= taken;", "row < taken;", "a repeated row does not restart its image"],
      [
        "if (!same_flow || flow != from[31:0]) known",
        "if (!same_flow) known",
        "a flow continues with the rows of another",
      ],
      ["row != taken + 16'd1 ?", "row == 16'd0 ?", "missing rows are not noticed"],
      ["g_last && g_filled > 6'd32;", "g_last && g_filled > 6'd33;", "a row's last byte is lost"],
      ["(room || filled != 15'd0)", "1'b1", "a row is overwritten before it is filtered"],
      ["swallow <= !p_aligned;", "swallow <= 1'b0;", "bytes of a refused packet are stored"],
    ],
  },
  {
    file: "row_place.sv",
    build: "packet_rows",
    places: [
      ["tried >= divisor", "tried > divisor", "a position at a row's beginning belongs to no row"],
      ["{items[38:0], 1'b0}", "{items[37:0], 2'b0}", "too many items count as before an image after a gap"],
    ],
  },
  {
    file: "row_store.sv",
    build: "packet_rows",
    places: [
      ["WW'(3 - b)", "WW'(1 - b)", "taps after a word come from the word before"],
    ],
  },
  {
    file: "filter_columns.sv",
    build: "packet_rows",
    places: [
      ["column == cfg_packet_items - 11'd1 || f8[0]", "f8[0]", "packets of a row share a word"],
      ["32'h0020_0000", "32'h0010_0000", "rounding adds a quarter, not a half"],
      ["32'h0000_0080", "32'h0000_0000", "a result with a fraction is cut, not rounded"],
      [
        "sum[c][31:8];",
        "{sum[c][31:22], 14'd0};",
        "results of filters that round at the end lose their fraction",
      ],
      [
        "border && has != 6'd32;",
        "border && has < 6'd32;",
        "samples after a packet's last full word are lost",
      ],
      ["cfg_ring - 1'b1 ? '0", "cfg_ring ? '0", "the ring has one word more than its rows"],
      ["if (v1) fresh1 <= whole1;", "if (v1) fresh1 <= 1'b1;", "only the last step of a column counts"],
    ],
  },
  {
    file: "filter_rows.sv",
    build: "packet_rows",
    places: [
      ["(f4[5] ? half : sum[i])", "half", "only the last tap of a word counts"],
      ["cfg_snap == 2'd1 ? 14'h3800 :", "cfg_snap == 2'd3 ? 14'h3800 :", "torchvision's ties are missed"],
      ["cfg_snap == 2'd2 ? 48'h100_0000 :", "", "the bits below OpenCV's area are cut, not rounded"],
      ["|value[34:25] ||", "", "sums far above a tie count as ties"],
      ["(above || !even || value[36])", "1'b1", "a tie never goes to the even level"],
      ["rounded[11] ? 8'd0 :", "", "sums below black are white"],
      ["high[i], 16'd0} +", "high[i], 16'd0} -", "the lower half of a product is subtracted"],
      [
        "turn = cfg_channels == 3'd3",
        "turn = cfg_channels == 3'd4",
        "each word of the fill colour begins with the same channel",
      ],
    ],
  },
  {
    file: "answer_rows.sv",
    build: "packet_rows",
    places: [
      ["!filled && s_run < found_taps", "1'b0", "an output row is computed before all its input rows arrive"],
      [
        "first_base[RW] ? first_base + cfg_ring : first_base",
        "first_base",
        "the first row is read from before the ring",
      ],
      ["down >= cfg_ring ? down - cfg_ring : down", "down", "a row is read from after the ring"],
      ["sequence_ == cfg_answers - 32'd1", "sequence_ == cfg_answers", "no answer is the last"],
      [
        "before_row <= due;",
        "before_row <= '0;",
        "rows of the fill colour below are sent with the first ones",
      ],
    ],
  },
  {
    file: "resample_rows.sv",
    build: "packet_rows",
    places: [
      ["(full != 2'd2)", "(1'b1)", "a third row is accepted when two fit"],
      [
        "under_way <= cfg[32*27+:3]",
        "under_way <= cfg[32*27+:3] + 3'd1",
        "a row that is still needed is overwritten",
      ],
      ["behind < 3'd4", "behind < 3'd5", "one packet more is started than the next store holds"],
    ],
  },
  {
    file: "packet_counters.sv",
    build: "packet_rows",
    places: [
      [
        "2'(refuse && refuse_reason == 5'(n))",
        "2'(refuse && !drop && refuse_reason == 5'(n))",
        "of two drops with one reason in one cycle only one is counted",
      ],
    ],
  },
];
