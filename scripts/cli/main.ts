/**
 * The command line as a function: arguments in, exit code out.
 *
 * @module
 */

import process from "node:process";
import { fileError } from "../io/read.ts";
import { removeUnfinished } from "../io/write.ts";
import type { Context } from "./context.ts";
import { describeFailure, EXIT } from "./failures.ts";
import { createProgram } from "./program.ts";
import { listenForInterruption } from "./signals.ts";

/**
 * Runs the command line. The process ends by itself afterwards: nothing stays open.
 *
 * @param args The arguments after the program's name.
 * @param place What this process is started by, and the photograph of the tour.
 * @returns The exit code.
 */
export async function main(args: readonly string[], place: Omit<Context, "signal">): Promise<number> {
  const json = args.includes("--json");
  const { signal, release } = listenForInterruption();
  // A reader that has seen enough, such as head, is no failure.
  process.stdout.on("error", (error: Error & { code?: string }) => {
    removeUnfinished();
    if (error.code === "EPIPE") process.exit(EXIT.success);
    const { exitCode, text } = describeFailure(fileError("write", "standard output", error), json);
    process.stderr.write(text);
    process.exit(exitCode);
  });
  try {
    await createProgram({ ...place, signal }, json).parseAsync([...args], { from: "user" });
    return EXIT.success;
  } catch (error) {
    const { exitCode, text } = describeFailure(error, json);
    process.stderr.write(text);
    return exitCode;
  } finally {
    release();
  }
}
