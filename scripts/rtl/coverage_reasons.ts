/**
 * Reasons why no test enters a block of the RTL.
 *
 * @module
 */

import type { Unreached } from "./coverage_report.ts";

const ELABORATED = "computes constants while the design is elaborated, not in a cycle";
const HOST_IS_READY =
  "the harness takes each response at once; docs/proofs.md has the proof for a host that does not";

/** Reasons by file, and by the text of the block's first line. */
const REASONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "axil_control.sv": {
    "else if (s_axi_control_bready) s_axi_control_bvalid <= 1'b0;": HOST_IS_READY,
    "else if (s_axi_control_rready) s_axi_control_rvalid <= 1'b0;": HOST_IS_READY,
  },
  "crc32c_beat.sv": { "": ELABORATED },
  "crc32c_trim.sv": { "": ELABORATED },
};

/**
 * Looks up the reason of a block.
 *
 * @param block Block that no test enters.
 * @param source Text of its first line.
 * @returns The reason; undefined if a test is missing.
 */
export function coverageReason({ file }: Unreached, source: string): string | undefined {
  const reasons = REASONS[file];
  return reasons?.[source.trim()] ?? reasons?.[""];
}
