/**
 * Lists the devices and the XRT library: `onpath xrt list`.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt", "list"]);
