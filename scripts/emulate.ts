/**
 * The other side of an emulation, in a file of its own because it runs in other threads and processes than
 * the host: the guard where it is a worker, a device process where it is a program.
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
  await runDeviceProcess(process.argv.slice(2));
  process.exit();
} else runGuard();
