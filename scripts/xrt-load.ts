/**
 * Loads an xclbin into a device: `onpath xrt load nic.xclbin`.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt", "load"]);
