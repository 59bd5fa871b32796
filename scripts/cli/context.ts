/**
 * What a command is given by the process that it runs in.
 *
 * @module
 */

import process from "node:process";
import { fileError } from "../io/read.ts";

/** What a command is given. */
export interface Context {
  /** The words that start this command line: `deno task offload` in a checkout, `npx onpath` in the package. */
  readonly command: string;
  /** The photograph of the tour. */
  readonly photo: URL;
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal;
}

/**
 * Writes to stdout.
 *
 * @throws {OnpathError} `file` when it cannot be written, where the runtime throws; others emit an event.
 */
export function print(text: string): void {
  try {
    process.stdout.write(text);
  } catch (error) {
    throw fileError("write", "standard output", error);
  }
}

/**
 * Writes bytes to stdout, and waits until they are written.
 *
 * @throws {OnpathError} `file` when they cannot be written.
 */
export async function printBytes(bytes: Uint8Array): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(bytes, (error) => error ? reject(error) : resolve())
    );
  } catch (error) {
    throw fileError("write", "standard output", error);
  }
}

/** Writes a value to stdout as JSON. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2) + "\n");
}
