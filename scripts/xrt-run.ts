/**
 * Runs a kernel on a file in batches: batch n+1 is written while n runs and n-1 is read back.
 * `onpath xrt run nic.xclbin vadd --input in.bin --output out.bin --length size:4 --set scale=2.5`.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt", "run"]);
