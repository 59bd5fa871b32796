/**
 * Modules of `deno task timing`, and the sources that each is made of.
 *
 * @module
 */

import type { Files } from "../synth/yosys.ts";

/** Module to place and route. Plain data. */
export interface TimingTarget {
  /** Module, and its file. */
  readonly module: string;
  /** Parameters that differ from the source's defaults, so that it fits the device. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** Modules that fit the device, in the order of the table: those of the packet path, of the movers, of kernels. */
export const TIMING_TARGETS: readonly TimingTarget[] = ([
  ["axis_skid", { W: 305 }],
  ["beat_fifo"],
  ["crc32c_beat"],
  ["crc32c_trim"],
  ["packet_in"],
  ["packet_out"],
  ["packet_counters"],
  ["axil_control", { ARGS: 14, COUNTS: 40 }],
  ["page_gate"],
  ["table_loader", { LW: 256 }],
  ["page_fetch"],
  ["axis_512_to_256"],
  ["axis_256_to_512"],
  ["flow_spread"],
  ["flow_collect"],
  ["axi_bursts"],
  ["packet_fetch"],
  ["packet_store"],
  ["mover_control"],
  ["words_port"],
  ["drop_queue", { AW: 8 }],
  ["onpath_door", { AW: 8 }],
  ["spread_hub", { LN: 1 }],
  ["packet_planes"],
  ["normalize_levels"],
  ["resize_lane", { LOADS: 1 }],
  ["resize_fixed_lane", { IW: 5 }],
  ["resize_cells", { LANES: 1, XW: 10, IW: 7, LOADS: 1 }],
  ["row_intake"],
  ["row_store"],
  ["filter_columns", { SW: 10, VW: 9, RW: 10 }],
  ["filter_rows", { RW: 10, TW: 11 }],
  ["answer_rows", { OW: 10, RW: 10, TW: 11 }],
  ["lookup_lanes", { FW: 8, SW: 8 }],
  ["code_pack"],
  ["code_unpack"],
  ["group_packets"],
  ["group_answers"],
  ["group_extremes"],
  ["group_scales"],
  ["quantize_lane"],
  ["dequantize_lane"],
  ["metadata_reader"],
  ["metadata_writer"],
  ["rotate_intake"],
  ["rotate_answer"],
  ["vector_align"],
  ["hadamard_lanes"],
  ["vector_norm"],
  ["integer_root"],
  ["nearest_codes"],
  ["value_products"],
  ["code_levels"],
  ["round_float"],
  ["text_intake"],
  ["piece_cutter"],
  ["piece_table", { KW: 10 }],
  ["short_queue"],
  ["piece_queue"],
  ["bpe_search", { CW: 10 }],
  ["merge_ask", { BW: 10 }],
  ["bpe_walk"],
  ["word_cache", { WW: 12 }],
  ["token_runs"],
  ["token_answer"],
] as const).map(([module, parameters = {}]) => ({ module, parameters }));

/**
 * Lists a module and all modules in it.
 *
 * @param files Sources by file name; each module is in the file of its name.
 * @param module Name of the module.
 */
export function modulesIn(files: Files, module: string): string[] {
  const found = new Set<string>();
  const open = [module];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const [, word] of files[`${name}.sv`]!.matchAll(/^ *(\w+) (?:#\($|u_\w+ \()/gm)) {
      if (`${word}.sv` in files) open.push(word!);
    }
  }
  return [...found].sort();
}
