/**
 * `--vcd`: a waveform of the RTL's signals during a run.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { rtlProgram } from "../../kernels/image/rtl/program.ts";
import type { BuildForm } from "../../runtime/device/rtl/build.ts";
import { dropTemporary, openWhole, takeDraft, temporaryFor } from "../io/write.ts";
import type { WaveBuild } from "../rtl/waves.ts";
import { openEmulated } from "../xrt/emulated.ts";
import { type CardOptions, type KnownDevice, planDevice } from "./devices.ts";
import { count } from "./text.ts";

/** Options of the commands that write a waveform. */
export interface WaveformOptions extends CardOptions {
  /** `--vcd`: path of the waveform. */
  readonly vcd?: string | undefined;
  /** `--vcd-packets`: packets in the waveform. */
  readonly vcdPackets?: WaveRange | undefined;
  /** `--vcd-cycles`: cycles in the waveform of an emulated card. */
  readonly vcdCycles?: WaveRange | undefined;
}

/** Range of packets in the order of sending, or of an emulated card's cycles, both counted from 0. */
export interface WaveRange {
  /** First number. */
  readonly first: number;
  /** Exclusive end of the range. */
  readonly end: number;
}

/** Default packets: some megabytes. */
export const DEFAULT_RANGE: WaveRange = { first: 0, end: 4 };

/** Default cycles of an emulated card: some megabytes. */
export const DEFAULT_CYCLES: WaveRange = { first: 0, end: 4000 };

/** Written waveform. */
export interface Waveform extends WaveRange {
  /** What the range counts. */
  readonly unit: "packets" | "cycles";
  /** Path of the file. */
  readonly file: string;
  /** Length of the file. */
  readonly bytes: number;
}

/**
 * Runs work on a plan's device, and writes a waveform if `--vcd` is set. On any failure no file remains.
 *
 * @param plan First plan to load into the device.
 * @param options Waveform and card options.
 * @param work Function that uses the device.
 * @returns Result of the function, and the waveform.
 * @throws {OnpathError} `device` if the device has no signals, or the build for waveforms cannot be made;
 * `size` if the plan has too few packets; `file` if the file cannot be written; as `work`.
 */
export async function withWaveform<T>(
  plan: ImagePlan,
  options: WaveformOptions,
  work: (known: KnownDevice) => Promise<T>,
): Promise<{ result: T; waveform: Waveform | undefined }> {
  const { vcd: path, vcdPackets: range = DEFAULT_RANGE } = options;
  const known = planDevice(plan, options);
  if (path === undefined) return { result: await work(known), waveform: undefined };
  if (options.emulate) return await withCardWaveform(plan, path, options.vcdCycles ?? DEFAULT_CYCLES, work);
  if (known.open !== createRtlDevice) {
    const { name } = plan.target;
    throw new OnpathError(
      "device",
      `Cannot write ${path}: device ${name} has no signals, expected a plan for device rtl`,
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
    const builds = { [build]: await WebAssembly.compile((await waveOf(build, "device")).wasm) };
    const open = () => createRtlDevice({ wave: { first, end, write: file.write }, builds });
    const result = await work({ profile: known.profile, open });
    return { result, waveform: { unit: "packets", file: path, first, end, bytes: file.finish() } };
  } finally {
    file.abandon();
  }
}

/** The same on an emulated card, whose process writes the waveform of the kernel with its movers. */
async function withCardWaveform<T>(
  plan: ImagePlan,
  path: string,
  { first, end }: WaveRange,
  work: (known: KnownDevice) => Promise<T>,
): Promise<{ result: T; waveform: Waveform }> {
  const { build } = rtlProgram(plan);
  const { path: wasm } = await waveOf(build, "linked");
  const draft = temporaryFor(path);
  try {
    const open = () => openEmulated({ path: draft, build, wasm, first, end });
    const result = await work({ profile: plan.target, open });
    const bytes = await takeDraft(draft, path);
    return { result, waveform: { unit: "cycles", file: path, first, end, bytes } };
  } finally {
    dropTemporary(draft);
  }
}

/** Builder of RTL with waveforms; it exists in a checkout only. */
const WAVES = new URL("../rtl/waves.ts", import.meta.url);

/** Builds the WebAssembly with waveforms from the sources, which an installed package lacks. */
async function waveOf(build: "terms" | "products" | "rows", form: BuildForm): Promise<WaveBuild> {
  if (!existsSync(fileURLToPath(WAVES))) {
    throw new OnpathError(
      "device",
      "Cannot write a waveform: its build of the RTL requires the sources, which this package lacks. " +
        "In a checkout of the repository: deno task offload --vcd <file>",
      { build },
    );
  }
  const { makeWave } = await import(WAVES.href) as typeof import("../rtl/waves.ts");
  return await makeWave(build, console.error, form);
}

/** Row about the written waveform; empty without one. */
export function waveformRows(waveform: Waveform | undefined): [name: string, value: string][] {
  if (waveform === undefined) return [];
  const { file, unit, first, end, bytes } = waveform;
  return [[
    "waveform",
    `${file}: ${unit} ${first}:${end}, ${count(bytes)} bytes; GTKWave and other viewers of VCD open it`,
  ]];
}
