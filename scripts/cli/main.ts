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
 * Runs the command line. Nothing stays open afterwards, so the process can end.
 *
 * @param args Arguments after the program's name.
 * @param invocation Start of the command line, and the tour's photograph.
 * @returns One of {@linkcode EXIT}.
 */
export async function main(args: readonly string[], invocation: Omit<Context, "signal">): Promise<number> {
  const json = args.includes("--json");
  const { signal, release } = listenForInterruption();
  // A reader that closes the pipe early, such as head, is not a failure.
  process.stdout.on("error", (error: Error & { code?: string }) => {
    removeUnfinished();
    if (error.code === "EPIPE") process.exit(EXIT.success);
    const { exitCode, text } = describeFailure(fileError("write", "standard output", error), json);
    process.stderr.write(text);
    process.exit(exitCode);
  });
  try {
    await createProgram({ ...invocation, signal }, json).parseAsync([...args], { from: "user" });
    return EXIT.success;
  } catch (error) {
    const { exitCode, text } = describeFailure(error, json);
    process.stderr.write(text);
    return exitCode;
  } finally {
    release();
  }
}
