/**
 * Reads registers: `onpath xrt register nic.xclbin onpath_image 0x200 --count 8`. Writes a register:
 * `onpath xrt register nic.xclbin onpath_image 0x10 7`.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt", "register"]);
