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
  ["packet_planes"],
  ["normalize_levels"],
  ["resize_lane", { LOADS: 1 }],
  ["row_intake"],
  ["text_intake"],
  ["piece_cutter"],
  ["bpe_walk"],
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
