/**
 * Reasons why no test enters a block of the RTL.
 *
 * @module
 */

import type { Unreached } from "./coverage_report.ts";

const ELABORATED = "a constant, computed at elaboration";
const HOST_IS_READY =
  "the harness takes each response at once; docs/proofs.md has the proof for a host that does not";

const FEWER_LANES = "is in builds of fewer lanes, which matrix_test.ts makes and no counter sees";
const MOVER_IS_READY = "the mover takes each word at once";
const CORE_IS_READY = "axil_control takes a read at once if no other is open, and responds in the next cycle";

/** Reasons by file, and by the text of the block's first line. */
const REASONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "axil_control.sv": {
    "else if (s_axi_control_bready) s_axi_control_bvalid <= 1'b0;": HOST_IS_READY,
    "else if (s_axi_control_rready) s_axi_control_rvalid <= 1'b0;": HOST_IS_READY,
  },
  "crc32c_beat.sv": { "": ELABORATED },
  "crc32c_trim.sv": { "": ELABORATED },
  "onpath_tables.sv": {
    "NEXT: if (done == count) state <= DONE; else if (go) state <= LIST;":
      "all beats of the load before have come, so none of its addresses is left",
  },
  "packet_store.sv": {
    "else if (go_bursts) begin":
      "the harness's memory takes no beat before its burst's address; docs/proofs.md has the proof for one that does",
  },
  "quiet_watch.sv": {
    "ASK: if (core_arready) state <= HEAR;": CORE_IS_READY,
    "default: if (core_rvalid && core_rready) state <= OPEN;": CORE_IS_READY,
    "else if (!m_axis_quiet_tvalid || m_axis_quiet_tready)": MOVER_IS_READY,
    "if (!m_axis_quiet_tvalid || m_axis_quiet_tready) m_axis_quiet_tdata <= then_;": MOVER_IS_READY,
  },
  "resize_cells.sv": {
    "if (LANES <= 2)": FEWER_LANES,
    "for (int k = 0; k < 6 / LANES; k++)": FEWER_LANES,
    "if (step == 3'(k)) asked[c] = rgb ? index[(k*LANES+c%LANES)/3] : index[(k*LANES+c%LANES)%4];":
      FEWER_LANES,
    "if (k == 0 || step1 == 3'(k)) begin": FEWER_LANES,
    "if (LANES <= 2) weights = chosen[s%2];": FEWER_LANES,
  },
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
