/**
 * What a command is given by the process that it runs in.
 *
 * @module
 */

import process from "node:process";

/** What a command is given. */
export interface Context {
  /** The photograph of the tour. */
  readonly photo: URL;
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal;
}

/** Writes to stdout. */
export function print(text: string): void {
  process.stdout.write(text);
}

/** Writes a value to stdout as JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2) + "\n");
}
