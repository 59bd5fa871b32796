/**
 * `--vcd`: a waveform of the RTL's signals beside a run.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { rtlProgram } from "../../kernels/image/rtl/program.ts";
import { openWhole } from "../io/write.ts";
import { type CardOptions, type KnownDevice, planDevice } from "./devices.ts";
import { count } from "./text.ts";

/** Options of the commands that write a waveform. */
export interface WaveformOptions extends CardOptions {
  /** `--vcd` */
  readonly vcd?: string | undefined;
  /** `--vcd-packets` */
  readonly vcdPackets?: PacketRange | undefined;
}

/** Packets by their place in the order of sending, from 0 on; `end` is behind the last. */
export interface PacketRange {
  /** The first. */
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
}

/** What is written where no packets are named: some megabytes. */
export const DEFAULT_RANGE: PacketRange = { first: 0, end: 4 };

/** A waveform that was written. */
export interface Waveform extends PacketRange {
  /** The file. */
  readonly file: string;
  /** Its bytes. */
  readonly bytes: number;
}

/**
 * Runs work on a plan's device, with the waveform that the options ask for.
 *
 * @param plan The first plan that the device is given.
 * @param options The options.
 * @param work What is done with the device.
 * @returns What the work returns, and the waveform.
 * @throws {OnpathError} `device` when the device has no signals, or the build that writes them cannot be made, `size` when the plan has no such packets,
 * `file` when the file cannot be written; whatever the work throws. Then there is no file.
 */
export async function withWaveform<T>(
  plan: ImagePlan,
  options: WaveformOptions,
  work: (known: KnownDevice) => Promise<T>,
): Promise<{ result: T; waveform: Waveform | undefined }> {
  const { vcd: path, vcdPackets: range = DEFAULT_RANGE } = options;
  const known = planDevice(plan, options);
  if (path === undefined) return { result: await work(known), waveform: undefined };
  if (known.open !== createRtlDevice) {
    const { name } = plan.target;
    throw new OnpathError(
      "device",
      `Cannot write ${path}: device ${name} has no signals, only rtl has; expected a plan for it`,
      { name },
    );
  }
  const { packets } = plan.body.layout.cut;
  const { first } = range;
  if (first >= packets) {
    throw new OnpathError(
      "size",
      `Cannot write a waveform from packet ${first} on: the plan sends ${packets}, counted from 0`,
      { first, packets },
    );
  }
  const end = Math.min(range.end, packets);
  const { build } = rtlProgram(plan);
  const file = openWhole(path);
  try {
    const builds = { [build]: await WebAssembly.compile(await waveOf(build)) };
    const open = () => createRtlDevice({ wave: { first, end, write: file.write }, builds });
    const result = await work({ profile: known.profile, open });
    return { result, waveform: { file: path, first, end, bytes: file.finish() } };
  } finally {
    file.abandon();
  }
}

/** Where builds with waveforms are made, in a checkout. */
const WAVES = new URL("../rtl/waves.ts", import.meta.url);

/** The WebAssembly of a build with waveforms. It is made of the sources, which an installed package has not. */
async function waveOf(build: "terms" | "products" | "rows"): Promise<Uint8Array<ArrayBuffer>> {
  if (!existsSync(fileURLToPath(WAVES))) {
    throw new OnpathError(
      "device",
      "Cannot write a waveform: its build of the RTL is made of the sources, which this package has not. " +
        "In a checkout of the repository: deno task offload --vcd <file>",
      { build },
    );
  }
  const { makeWave } = await import(WAVES.href) as typeof import("../rtl/waves.ts");
  return (await makeWave(build, console.error)).wasm;
}

/** A row that says what was written, or none. */
export function waveformRows(waveform: Waveform | undefined): [name: string, value: string][] {
  if (waveform === undefined) return [];
  const { file, first, end, bytes } = waveform;
  return [[
    "waveform",
    `${file}: packets ${first}:${end}, ${count(bytes)} bytes; GTKWave and other viewers of VCD open it`,
  ]];
}
