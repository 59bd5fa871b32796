/**
 * The command line, `onpath`: runs pipelines on devices. `deno task offload`, or the npm package's bin.
 *
 * @module
 */

import process from "node:process";
import { main } from "./cli/main.ts";

// The photograph lies beside this file, and beside the bundle in the npm package.
const photo = new URL("./photos/coffee.png", import.meta.url);
// Sources are run out of a checkout, by its task.
const command = import.meta.url.endsWith(".ts") ? "deno task offload" : "npx onpath";
process.exitCode = await main(process.argv.slice(2), { command, photo });
