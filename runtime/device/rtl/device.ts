/**
 * The RTL device: the SystemVerilog of the NIC, compiled to WebAssembly, cycle by cycle.
 *
 * @module
 */

import { deviceBuild, type PlanBuild } from "../../../kernels/rtl/builds.ts";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { requireObject } from "../../../serialize/require.ts";
import { createCardDevice } from "../card_device.ts";
import type { Device } from "../device.ts";
import { compileBuild } from "./build.ts";
import { openRtlCard } from "./card.ts";
import { createRtlPort } from "./port.ts";
import { RTL_PROFILE } from "./profile.ts";
import { checkWave, type WaveOptions } from "./wave.ts";

/**
 * A compiled `WebAssembly.Module`. The type is `object`, because TypeScript declares WebAssembly only in the DOM
 * library, which server code need not load.
 */
export type RtlModule = object;

/** Options of {@linkcode createRtlDevice}. */
export interface RtlDeviceOptions {
  /**
   * Waveform of the signals in the first build that a plan loads. The tokenizer has no waveform and is passed over.
   * Packets for other builds are neither counted nor written. Answers and counters do not change. The build with
   * waveforms must be passed in {@linkcode RtlDeviceOptions.builds}, because the library includes none.
   */
  readonly wave?: WaveOptions | undefined;
  /** Profile of a custom build, from {@linkcode rtlProfile}. Default {@linkcode RTL_PROFILE}. */
  readonly profile?: DeviceProfile | undefined;
  /**
   * Custom builds by the names that plans request: `kernels/rtl` compiled with other parameters or with waveforms.
   * Missing names use the library's builds.
   */
  readonly builds?: Readonly<Partial<Record<PlanBuild, RtlModule>>> | undefined;
}

/**
 * Opens an RTL device.
 *
 * @param options Waveform and custom builds.
 * @returns The device. Cycles and drops come from the hardware's counters; times assume the profile's clock.
 * @throws {OnpathError} `size` if the waveform's packet range is invalid. Later, when a plan is loaded, `device` if its
 * build is not a module or writes no waveforms.
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
// deno-lint-ignore require-await -- an invalid packet range must reject, not throw
export async function createRtlDevice(options: RtlDeviceOptions = {}): Promise<Device> {
  requireObject("open the RTL", "the options are", options);
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
    `Cannot open the RTL: builds.${build} is invalid, expected a WebAssembly.Module from WebAssembly.compile()`,
    { build },
  );
}

function lacksWaves(build: PlanBuild): OnpathError {
  return new OnpathError(
    "device",
    `Cannot write a waveform: the library includes no build with waveforms. Build it in a checkout with ` +
      `deno task rtl --wave, and pass it as builds.${build}`,
    { build },
  );
}
