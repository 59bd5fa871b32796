/**
 * Context that the process passes to each command, and output to stdout.
 *
 * @module
 */

import process from "node:process";
import { fileError } from "../io/read.ts";

/** Context of a command. */
export interface Context {
  /** Start of the command line: `deno task offload` in a checkout, `npx onpath` in the package. */
  readonly command: string;
  /** File of the tour's photograph. */
  readonly photo: URL;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/**
 * Writes a text to stdout.
 *
 * @throws {OnpathError} `file` if the runtime throws on a failed write; other runtimes emit an event.
 */
export function print(text: string): void {
  try {
    process.stdout.write(text);
  } catch (error) {
    throw fileError("write", "standard output", error);
  }
}

/**
 * Writes bytes to stdout; resolves once they are written.
 *
 * @throws {OnpathError} `file` if the write fails.
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
