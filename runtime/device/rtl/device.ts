/**
 * The RTL device: the SystemVerilog of the NIC, compiled to WebAssembly, cycle by cycle.
 *
 * @module
 */

import { deviceBuild, type PlanBuild } from "../../../kernels/rtl/builds.ts";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { createCardDevice } from "../card_device.ts";
import type { Device } from "../device.ts";
import { compileBuild } from "./build.ts";
import { openRtlCard } from "./card.ts";
import { createRtlPort } from "./port.ts";
import { RTL_PROFILE } from "./profile.ts";
import { checkWave, type WaveOptions } from "./wave.ts";

/**
 * A compiled `WebAssembly.Module`. Its type is `object`, as the declarations of WebAssembly are in the libraries of
 * browsers alone, which a server's code need not load.
 */
export type RtlModule = object;

/** What an RTL device may be asked for. */
export interface RtlDeviceOptions {
  /**
   * A waveform of the signals within the first build that a plan is loaded into, but for the tokenizer, which has
   * none; packets of plans for another build are neither counted nor written. Answers and counts are the same with
   * it. It wants that build with waveforms in {@linkcode RtlDeviceOptions.builds}: the library carries none of these.
   */
  readonly wave?: WaveOptions | undefined;
  /** The profile of an RTL of one's own, as {@linkcode rtlProfile} makes it. */
  readonly profile?: DeviceProfile | undefined;
  /**
   * The WebAssembly of an RTL of one's own, by what plans ask for: `kernels/rtl` built with other parameters,
   * and for waveforms where one is asked for. What is left out is the library's.
   */
  readonly builds?: Readonly<Partial<Record<PlanBuild, RtlModule>>> | undefined;
}

/**
 * Opens an RTL device.
 *
 * @param options A waveform, where one is wanted; an RTL of one's own.
 * @returns The device. Its cycles and drops are the hardware's own counters; times follow from an
 * assumed clock.
 * @throws {OnpathError} `size` if the range of the waveform's packets is invalid; later, as a plan is loaded,
 * `device` if its build is no module, or has no waveform.
 *
 * @example
 * ```ts
 * import { createRtlDevice } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = await createRtlDevice();
 * assert.equal(device.counters().cycles, 0);
 * ```
 */
// deno-lint-ignore require-await -- a waveform's range that is invalid rejects
export async function createRtlDevice(options: RtlDeviceOptions = {}): Promise<Device> {
  const { wave, profile = RTL_PROFILE, builds = {} } = options;
  if (wave !== undefined) checkWave(wave);
  let isTraced = false;
  return createCardDevice({
    profile,
    open: async (build) => {
      const { hasWaves } = deviceBuild(build).device;
      const traced = hasWaves && !isTraced ? wave : undefined;
      if (traced !== undefined && builds[build] === undefined) throw lacksWaves(build);
      const module = builds[build] ?? await compileBuild(build);
      if (!(module instanceof WebAssembly.Module)) throw noModule(build);
      const card = await openRtlCard(module, traced, profile.clockMHz);
      isTraced ||= hasWaves;
      return createRtlPort(card);
    },
  });
}

function noModule(build: PlanBuild): OnpathError {
  return new OnpathError(
    "device",
    `Cannot open the RTL: builds.${build} is no WebAssembly.Module, as WebAssembly.compile returns it`,
    { build },
  );
}

function lacksWaves(build: PlanBuild): OnpathError {
  return new OnpathError(
    "device",
    `Cannot write a waveform: the library carries no build of the RTL with waveforms. Make it in a checkout with ` +
      `deno task rtl --wave, and give it as builds.${build}`,
    { build },
  );
}
