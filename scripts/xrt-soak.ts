/**
 * Runs one photograph repeatedly and compares each output with the model's:
 * `onpath xrt soak --emulate --faults random:slow+wrong+death:0.05:7 --runs 1000`.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt", "soak"]);
