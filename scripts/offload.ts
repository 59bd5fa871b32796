/**
 * Entry of the command line: `deno task offload`, or the npm package's `onpath`.
 *
 * @module
 */

import process from "node:process";
import { main } from "./cli/main.ts";

// The photograph's folder is beside this file, and beside the bundle in the npm package.
const photo = new URL("./photos/coffee.png", import.meta.url);
// A TypeScript source runs in a checkout, by its task; the package contains JavaScript.
const command = import.meta.url.endsWith(".ts") ? "deno task offload" : "npx onpath";
process.exitCode = await main(process.argv.slice(2), { command, photo });
