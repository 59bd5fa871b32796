/**
 * Shows what an xclbin holds: `onpath xclbin info nic.xclbin`. No XRT and no card is needed.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xclbin", "info"]);
