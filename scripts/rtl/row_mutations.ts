/**
 * What `deno task mutate` breaks in the pipeline of rows.
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
      ["51'(left) > 51'(cfg_total)", "51'(left) >= 51'(cfg_total)", "a flow's last packet is beyond its end"],
      ["row <= taken;", "row < taken;", "a row that comes twice does not begin its image again"],
      [
        "if (!same_flow || flow != from[31:0]) known",
        "if (!same_flow) known",
        "a flow goes on with the rows of another",
      ],
      ["row != taken + 16'd1 ?", "row == 16'd0 ?", "rows that are missing are not noticed"],
      ["g_last && g_filled > 6'd32;", "g_last && g_filled > 6'd33;", "a row's last byte is lost"],
      ["(room || filled != 15'd0)", "1'b1", "a row is overwritten before it is filtered"],
      ["swallow <= !p_aligned;", "swallow <= 1'b0;", "bytes of a packet that is refused are taken"],
    ],
  },
  {
    file: "row_place.sv",
    build: "packet_rows",
    places: [
      ["tried >= divisor", "tried > divisor", "a place at a row's beginning is in none"],
      ["{items[38:0], 1'b0}", "{items[37:0], 2'b0}", "items before an image are too many after a gap"],
    ],
  },
  {
    file: "row_store.sv",
    build: "packet_rows",
    places: [
      ["WW'(3 - b)", "WW'(2 - b)", "taps behind a word are of the one before"],
    ],
  },
  {
    file: "filter_columns.sv",
    build: "packet_rows",
    places: [
      ["column == cfg_packet_items - 11'd1 || f8[0]", "f8[0]", "packets of a row share a word"],
      ["32'h0020_0000", "32'h0010_0000", "a quarter is added for rounding, not a half"],
      [
        "border && has != 6'd32;",
        "border && has < 6'd32;",
        "samples behind a packet's last full word are lost",
      ],
      ["cfg_ring - 1'b1 ? '0", "cfg_ring ? '0", "the ring has a word more than its rows"],
      ["if (v1) fresh1 <= whole1;", "if (v1) fresh1 <= 1'b1;", "of a column's steps only the last counts"],
    ],
  },
  {
    file: "filter_rows.sv",
    build: "packet_rows",
    places: [
      ["(f2[5] ? 32'h0020_0000 : sum[i])", "32'h0020_0000", "of a word's taps only the last counts"],
      [
        "turn = cfg_channels == 3'd3",
        "turn = cfg_channels == 3'd4",
        "each word of the fill colour begins alike",
      ],
    ],
  },
  {
    file: "answer_rows.sv",
    build: "packet_rows",
    places: [
      ["!filled && s_run < found_taps", "1'b0", "an output row is given without all its rows"],
      [
        "first_base[RW] ? first_base + cfg_ring : first_base",
        "first_base",
        "the first row is before the ring",
      ],
      ["down >= cfg_ring ? down - cfg_ring : down", "down", "a row is behind the ring"],
      ["sequence_ == cfg_answers - 32'd1", "sequence_ == cfg_answers", "no answer is the last"],
      ["before_row <= due;", "before_row <= '0;", "rows of the fill colour below come with the first"],
    ],
  },
  {
    file: "resample_rows.sv",
    build: "packet_rows",
    places: [
      ["(full != 2'd2)", "(1'b1)", "a third row is taken where two have a place"],
      [
        "under_way <= cfg[32*27+:3]",
        "under_way <= cfg[32*27+:3] + 3'd1",
        "a row is overwritten that is needed",
      ],
      ["behind < 3'd4", "behind < 3'd5", "a packet more is begun than the store behind has room for"],
    ],
  },
  {
    file: "packet_counters.sv",
    build: "packet_rows",
    places: [
      [
        "32'd1 + 32'(drop && {1'b0, drop_reason} == refuse_reason)",
        "32'd1",
        "of two drops of one name at once one is counted",
      ],
    ],
  },
];
