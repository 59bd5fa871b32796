/**
 * Checks before calls to XRT, for errors that XRT itself does not detect.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { fileReason } from "../../../file_reason.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import { emulatedDevices, emulationMode } from "./environment.ts";
import type { Xclbin, XclbinKernel } from "../xclbin/xclbin.ts";

/** Refuses an absent emulated device. XRT checks the index of a card, but not of an emulated one. */
export function checkIndex(index: number, bdf: string | undefined): void {
  const mode = emulationMode();
  if (mode === "card" || bdf !== undefined) return;
  const devices = emulatedDevices();
  if (devices === null || index < devices.length) return;
  throw new OnpathError(
    "device",
    `Cannot open device ${index}: the emulation has ${devices.length} (emconfig.json)`,
    { index, devices: devices.length, mode },
  );
}

/** Refuses an xclbin of another mode: the emulation would hang, or compute nothing. */
export function checkMode({ mode }: Xclbin): void {
  const expected = emulationMode();
  const fits = expected === "noop" ||
    (expected === "sw_emu"
      ? mode === "SW_EMU"
      : expected === "hw_emu"
      ? mode.startsWith("HW_EMU")
      : !mode.includes("EMU"));
  if (fits) return;
  throw new OnpathError(
    "device",
    `Cannot load an xclbin of mode ${mode}: this process has ${expected === "card" ? "cards" : expected}` +
      ` (XCL_EMULATION_MODE)`,
    { mode, expected },
  );
}

/** Reads an xclbin file; a failure has the code `file`. */
export async function readXclbinFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new OnpathError("file", `Cannot read ${path}: ${fileReason(cause)}`, { path }, { cause });
  }
}

/** Instance name in `kernel:{instance}` or `kernel:instance`; undefined without one. */
export function instanceOf(name: string): string | undefined {
  return /^[^:]*:\{?([^}]*)\}?$/.exec(name)?.[1];
}

/** Finds a kernel by `kernel` or `kernel:{instance}`; the error lists the known names. */
export function findKernel(xclbin: Xclbin, name: string): XclbinKernel {
  const [plain, instance] = [name.split(":")[0], instanceOf(name)];
  const kernel = xclbin.kernels.find((kernel) => kernel.name === plain);
  if (
    kernel !== undefined && (instance === undefined || kernel.instances.some(({ name }) => name === instance))
  ) {
    return kernel;
  }
  const known = xclbin.kernels.flatMap((
    { name, instances },
  ) => [name, ...instances.map((each) => `${name}:{${each.name}}`)]);
  throw new OnpathError(
    "device",
    `Cannot open kernel ${name}: the xclbin has ${known.join(", ") || "no kernels"}`,
    {
      kernel: name,
      known,
    },
  );
}
