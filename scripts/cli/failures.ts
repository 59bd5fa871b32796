/**
 * Exit codes of failures, and their texts on stderr.
 *
 * @module
 */

import { CommanderError } from "commander";
import { type ErrorCode, OnpathError } from "../../serialize/errors.ts";

/** Exit codes. 130 and 143 follow shells: 128 plus the signal's number. */
export const EXIT: Readonly<Record<"success" | "failed" | "usage" | "interrupted" | "terminated", number>> = {
  success: 0,
  failed: 1,
  usage: 2,
  interrupted: 130,
  terminated: 143,
};

/** Codes of the command line's failures; all others are the library's. */
export const OWN_CODES = ["usage", "interrupted", "unexpected"] as const;

/** Value of `error.code` in the JSON of a failure. */
export type FailureCode = ErrorCode | (typeof OWN_CODES)[number];

/** Codes of failed work, exit code 1; all others are wrong requests, exit code 2. */
const WORK_FAILED: readonly ErrorCode[] = ["device", "gap", "timeout", "file", "packet", "busy"];

/** Abort reason after SIGINT or SIGTERM. */
export class Interrupted extends Error {
  /** 130 for SIGINT, 143 for SIGTERM. */
  readonly exitCode: number;

  /**
   * Creates the reason.
   *
   * @param signal Name of the received signal.
   */
  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`Interrupted by ${signal}: no partial file remains`);
    this.name = "Interrupted";
    this.exitCode = signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
  }
}

/** A failure as the process reports it. */
export interface Failure {
  /** One of {@linkcode EXIT}. */
  readonly exitCode: number;
  /** Text for stderr; empty if commander has printed it. */
  readonly text: string;
}

/**
 * Converts a thrown value to a failure.
 *
 * @param error Thrown value of any type.
 * @param json True for JSON text: `{"error":{"code","message","details"}}`.
 */
export function describeFailure(error: unknown, json: boolean): Failure {
  const fail = (
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
    // Help and version end the parsing too; commander has printed their text.
    if (error.exitCode === 0) return { exitCode: EXIT.success, text: "" };
    return fail(EXIT.usage, "usage", error.message.replace(/^error: /, ""), { kind: error.code }, "");
  }
  if (error instanceof OnpathError) {
    const exitCode = WORK_FAILED.includes(error.code) ? EXIT.failed : EXIT.usage;
    return fail(exitCode, error.code, error.message, error.details, `error: ${error.message}\n`);
  }
  // Node's timers and streams wrap the signal's reason in an AbortError.
  const reason = error instanceof Error && error.name === "AbortError" ? error.cause : error;
  if (reason instanceof Interrupted) {
    return fail(reason.exitCode, "interrupted", reason.message, {}, `error: ${reason.message}\n`);
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const text = `error: This is a defect of onpath, please report it.\n${stack ?? message}\n`;
  return fail(EXIT.failed, "unexpected", message, { stack }, text);
}
