/**
 * Loads an xclbin: `onpath xrt load nic.xclbin`.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt", "load"]);
