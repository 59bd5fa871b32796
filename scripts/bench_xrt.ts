/**
 * `deno task bench:xrt`: cost of XRT calls through this binding, as ratios to bare calls of `Deno.dlopen`, and
 * runs a second. XRT's mode noop completes every run at once, so only the host's side is timed. Requires
 * libxrt1.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { linkXrtRoot } from "../runtime/device/xrt/binding/environment.ts";
import { XrtDevice } from "../runtime/device/xrt/binding/device.ts";
import { columnTable } from "./cli/text.ts";
import { measure, median, ratio } from "./bench/measure.ts";
import {
  callPairs,
  exchangesPerSecond,
  openNoop,
  runsPerSecond,
  serializePair,
  sessionRunsPerSecond,
} from "./bench/xrt.ts";

const folder = mkdtempSync(join(tmpdir(), "onpath-xrt-"));
try {
  // Set before the first XRT call, because XRT reads the variables once.
  process.env["XCL_EMULATION_MODE"] = "noop";
  if (process.env["XILINX_XRT"] === undefined && linkXrtRoot(join(folder, "xrt"))) {
    process.env["XILINX_XRT"] = join(folder, "xrt");
  }
  using device = await XrtDevice.open();
  const noop = await openNoop(device);
  const rows: (string | number)[][] = [];
  const ratios: Record<string, number> = {};
  for (const { name, calls, bare, wrapped } of [...callPairs(noop), await serializePair(noop)]) {
    const [low, high] = await measure([{ name: "bare", run: bare }, { name: "wrapped", run: wrapped }]);
    const nanoseconds = (rounds: readonly number[]) => (1000 * median(rounds) / calls).toFixed(1);
    ratios[name] = ratio(high!, low!);
    rows.push([name, nanoseconds(low!.rounds), nanoseconds(high!.rounds), ratios[name].toFixed(2)]);
  }
  const runs = await runsPerSecond(noop);
  const exchanges = await exchangesPerSecond(noop);
  // The first second warms up the just-in-time compiler.
  await sessionRunsPerSecond(noop);
  const sessions = await sessionRunsPerSecond(noop);
  if (process.argv.includes("--json")) console.log(JSON.stringify({ ratios, runs, exchanges, sessions }));
  else {
    console.log(columnTable(["call", "bare ns", "here ns", "ratio"], rows));
    console.log(`${Math.round(runs)} runs a second: set an argument, start, wait`);
    console.log(
      `${Math.round(exchanges)} exchanges a second: copy a packet, move it, run, move the status back`,
    );
    console.log(
      `${
        Math.round(sessions)
      } runs a second through a whole session; the model writes the answers, noop has none`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
