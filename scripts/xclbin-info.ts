/**
 * Prints the metadata of an xclbin, without XRT or a card: `onpath xclbin info nic.xclbin`.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xclbin", "info"]);
