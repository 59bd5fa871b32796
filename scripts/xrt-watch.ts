/**
 * Watches a kernel's counters: `onpath xrt watch nic.xclbin onpath_image`.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt", "watch"]);
