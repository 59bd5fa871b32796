/**
 * Entry of scripts that run one command each.
 *
 * @module
 */

import process from "node:process";
import { main } from "./main.ts";

/**
 * Runs a command with the arguments of this process, and sets the exit code.
 *
 * @param command Name of the command, prepended to the arguments.
 */
export async function runScript(command: readonly string[]): Promise<void> {
  const photo = new URL("../photos/coffee.png", import.meta.url);
  process.exitCode = await main([...command, ...process.argv.slice(2)], {
    command: "deno task offload",
    photo,
  });
}
