/**
 * Runs one photograph repeatedly and compares every output with the model's:
 * `onpath xrt soak --emulate --faults random:slow+wrong+death:0.05:7 --runs 1000`.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { compile } from "../../../kernels/compile.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { type Context, print, printJson } from "../context.ts";
import { DEFAULT_DEVICE, resolveDevice } from "../devices.ts";
import { tourPipelines } from "./tour.ts";
import { count, factTable, milliseconds } from "../text.ts";
import { readInput } from "../../io/input.ts";
import { startEmulation } from "../../emulation/emulation.ts";
import { emulatedDevice } from "../../xrt/emulated.ts";
import { emulationProgram } from "../../xrt/open.ts";
import { soak } from "../../xrt/soak.ts";

/** Options of `xrt soak`. */
export interface SoakFlags {
  /** `--device` */
  readonly device?: string | undefined;
  /** `--emulate` */
  readonly emulate?: boolean | undefined;
  /** `--faults` of emulated cards. */
  readonly faults?: string | undefined;
  /** `--runs`; default 1000. */
  readonly runs?: number | undefined;
  /** `--timeout` of one answer, in milliseconds; default 5000. */
  readonly timeout?: number | undefined;
  /** `--json` */
  readonly json?: boolean | undefined;
}

/**
 * Soaks a device.
 *
 * @throws {OnpathError} `device` if an output was wrong or a run gave none.
 */
export async function xrtSoak(flags: SoakFlags, { photo, signal }: Context): Promise<void> {
  const runs = flags.runs ?? 1000;
  const timeoutMs = flags.timeout ?? 5000;
  if (flags.faults !== undefined && !flags.emulate) {
    throw new OnpathError("size", "Cannot make faults on a card: --faults requires --emulate", {});
  }
  await using emulation = flags.emulate
    ? await startEmulation({ program: emulationProgram(), timeoutMs })
    : null;
  const { profile, open } = emulation === null
    ? await resolveDevice(flags.device ?? DEFAULT_DEVICE, signal)
    : emulatedDevice(emulation, flags.faults, timeoutMs);
  const input = await readInput(fileURLToPath(photo), { signal });
  // CRC-32C, because the link's own check ends at the card and would miss wrong bytes behind it.
  const plan = compile(tourPipelines("exact").tensor, { input, device: profile, checksum: "crc32c" });
  const report = await soak({ open, plan, input, runs, timeoutMs, signal });
  if (flags.json) printJson(report);
  else {
    const errors = Object.entries(report.errors).map(([code, times]) => `${code} ${times}`).join(", ");
    print(factTable([
      [
        "runs",
        `${count(report.succeeded)} of ${count(runs)}, ${count(report.retried)} of them on a later try`,
      ],
      ["wrong outputs", String(report.wrong)],
      ["errors", errors || "none"],
      ["devices opened", String(report.devices)],
      ["longest try", milliseconds(report.longestMs)],
      ["growth", `${(report.growth / 2 ** 20).toFixed(1)} MiB in the second half`],
    ]));
  }
  if (report.wrong === 0 && report.failed === 0) return;
  throw new OnpathError(
    "device",
    `Cannot trust device ${profile.name}: ${report.wrong} outputs were wrong, ${report.failed} runs gave none`,
    { wrong: report.wrong, failed: report.failed },
  );
}
