/**
 * The tour's lines about other families of work than images: one small run each, on the tour's device.
 *
 * @module
 */

import { compile } from "../../../kernels/compile.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { offload } from "../../../runtime/offload.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { findFunction, memoizeFunction } from "../../lookup/functions.ts";
import { count } from "../text.ts";

/** One family of work, run once. Plain data. */
export interface FamilyLine {
  /** Name of the workload. */
  readonly family: string;
  /** Sentence about the run, or the reason why the device refuses it. */
  readonly text: string;
}

/** Values of the lookup's run: every 32nd bit pattern of bf16. */
const VALUES = Uint16Array.from({ length: 2048 }, (_, n) => 32 * n);

/** Runs FP8 codes of bf16 values through the tables of the function. */
async function lookupLine(device: Device, signal: AbortSignal): Promise<string> {
  const named = findFunction("fp8-e4m3");
  const memo = memoizeFunction(named, "bf16");
  const input = tensor(VALUES, { dtype: "bf16", shape: [VALUES.length] });
  const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
  const before = device.counters().cycles;
  const { report } = await offload(plan, input, device, { resources: { memo }, signal });
  const after = report.counters.cycles;
  const cycles = after === null || before === null ? "" : `, ${count(after - before)} cycles`;
  return `${count(VALUES.length)} values of bf16 to FP8 e4m3${cycles}; its tables have ` +
    `${count(memo.form.bytes)} bytes in place of ${count(memo.naiveBytes)}, without error`;
}

/** Families in the order of their lines. */
const FAMILIES: readonly (readonly [name: string, run: typeof lookupLine])[] = [["lookup", lookupLine]];

/**
 * Runs every family.
 *
 * @param device Device of the tour.
 * @param signal Aborts the runs with its reason.
 */
export async function runFamilies(device: Device, signal: AbortSignal): Promise<FamilyLine[]> {
  const lines: FamilyLine[] = [];
  for (const [family, run] of FAMILIES) {
    try {
      lines.push({ family, text: await run(device, signal) });
    } catch (error) {
      // A device may lack a family; the tour's own run has succeeded.
      if (!(error instanceof OnpathError && error.code === "device")) throw error;
      lines.push({ family, text: error.message });
    }
  }
  return lines;
}
