/**
 * Runs external programs.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * Runs a program to its end.
 *
 * @param program Name of the program.
 * @param args Command-line arguments.
 * @param cwd Working folder.
 * @returns Standard output.
 * @throws {Error} If the program fails or takes more than a minute; the message contains all output.
 */
export async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args], {
      cwd,
      encoding: "utf8",
      timeout: 60_000,
      maxBuffer: 2 ** 26,
    });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`Cannot run ${program} ${args.join(" ")}:\n${stdout}${stderr}`.trimEnd(), {
      cause: error,
    });
  }
}
