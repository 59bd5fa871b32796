/**
 * The command line as a function: arguments in, exit code out.
 *
 * @module
 */

import process from "node:process";
import { describeFailure, EXIT } from "./failures.ts";
import { createProgram } from "./program.ts";
import { listenForInterruption } from "./signals.ts";

/**
 * Runs the command line. The process ends by itself afterwards: nothing stays open.
 *
 * @param args The arguments after the program's name.
 * @param photo The photograph of the tour.
 * @returns The exit code.
 */
export async function main(args: readonly string[], photo: URL): Promise<number> {
  const json = args.includes("--json");
  const { signal, release } = listenForInterruption();
  // A reader that has seen enough, such as head, is no failure.
  process.stdout.on("error", (error: Error & { code?: string }) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(EXIT.success);
  });
  try {
    await createProgram({ photo, signal }, json).parseAsync([...args], { from: "user" });
    return EXIT.success;
  } catch (error) {
    const { exitCode, text } = describeFailure(error, json);
    process.stderr.write(text);
    return exitCode;
  } finally {
    release();
  }
}
