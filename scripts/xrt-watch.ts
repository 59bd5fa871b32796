/**
 * Prints a kernel's counters repeatedly: `onpath xrt watch nic.xclbin onpath_image`.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt", "watch"]);
