/**
 * Entry of an emulation's guard and device process. A separate file, because neither runs on the host's thread:
 * a worker of this file is the guard, a process of it is a device process.
 *
 * deno run -A scripts/emulate.ts --listen <socket> [--faults <plan>] [--trace <file>]
 *
 * @module
 */

import process from "node:process";
import { isMainThread } from "node:worker_threads";
import { runGuard } from "./emulation/guard.ts";
import { runDeviceProcess } from "./emulation/process.ts";

if (isMainThread) {
  try {
    await runDeviceProcess(process.argv.slice(2));
  } catch (error) {
    // Errors with a code are refusals and failed files. All others are defects, whose stack is needed.
    if (!(error instanceof Error && "code" in error)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exit(1);
  }
  process.exit();
} else runGuard();
