/**
 * What a failure looks like: its exit code, and its text on stderr.
 *
 * @module
 */

import { CommanderError } from "commander";
import { type ErrorCode, OnpathError } from "../../serialize/errors.ts";

/** Exit codes. 130 and 143 are what shells report for the two signals. */
export const EXIT: Readonly<Record<"success" | "failed" | "usage" | "interrupted" | "terminated", number>> = {
  success: 0,
  failed: 1,
  usage: 2,
  interrupted: 130,
  terminated: 143,
};

/** Codes of failures that are of the command line, beside those of the library. */
export const OWN_CODES = ["usage", "interrupted", "unexpected"] as const;

/** What `error.code` is in the JSON of a failure. */
export type FailureCode = ErrorCode | (typeof OWN_CODES)[number];

/** Codes of errors that say that the work failed; all others say that the request was wrong. */
const WORK_FAILED: readonly ErrorCode[] = ["device", "gap", "timeout", "file", "packet"];

/** The reason of an AbortSignal that a signal of the system has aborted. */
export class Interrupted extends Error {
  /** The exit code. */
  readonly exitCode: number;

  /**
   * Makes the reason.
   *
   * @param signal The signal's name.
   */
  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`Interrupted by ${signal}: nothing half-written stays`);
    this.name = "Interrupted";
    this.exitCode = signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
  }
}

/** A failure as the process reports it. */
export interface Failure {
  /** The exit code. */
  readonly exitCode: number;
  /** What goes to stderr; empty where it is there already. */
  readonly text: string;
}

/**
 * Describes what was thrown.
 *
 * @param error Anything.
 * @param json Whether the text is JSON: `{"error":{"code","message","details"}}`.
 * @returns Exit code and text.
 */
export function describeFailure(error: unknown, json: boolean): Failure {
  const tell = (
    exitCode: number,
    code: FailureCode,
    message: string,
    details: unknown,
    text: string,
  ): Failure => ({
    exitCode,
    text: json ? JSON.stringify({ error: { code, message, details } }) + "\n" : text,
  });
  if (error instanceof CommanderError) {
    // Help and version end the parsing too; commander has printed whatever it had to say.
    if (error.exitCode === 0) return { exitCode: EXIT.success, text: "" };
    return tell(EXIT.usage, "usage", error.message.replace(/^error: /, ""), { kind: error.code }, "");
  }
  if (error instanceof OnpathError) {
    const exitCode = WORK_FAILED.includes(error.code) ? EXIT.failed : EXIT.usage;
    return tell(exitCode, error.code, error.message, error.details, `error: ${error.message}\n`);
  }
  // Node's timers and streams put the signal's reason into an error of their own.
  const reason = error instanceof Error && error.name === "AbortError" ? error.cause : error;
  if (reason instanceof Interrupted) {
    return tell(reason.exitCode, "interrupted", reason.message, {}, `error: ${reason.message}\n`);
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const text = `error: This is a defect of onpath, please report it.\n${stack ?? message}\n`;
  return tell(EXIT.failed, "unexpected", message, { stack }, text);
}
