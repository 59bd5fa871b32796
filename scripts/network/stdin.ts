/**
 * Standard input of a program that another one started: lines, and its end.
 *
 * @module
 */

import { Socket } from "node:net";
import process from "node:process";
import type { Readable } from "node:stream";
import { OnpathError } from "../../serialize/errors.ts";

/** Bytes of the lines that are read, at most. */
const MAX_LINES_BYTES = 1000;

let stream: Readable | undefined;

/**
 * Opens standard input. A pipe becomes a socket: closing that ends a read that waits, which `process.stdin` does not
 * do under Deno.
 */
function openInput(): Readable {
  if (stream !== undefined) return stream;
  try {
    stream = new Socket({ fd: 0, readable: true, writable: false });
  } catch (error) {
    // A file or a terminal is no pipe.
    if (!(error instanceof TypeError)) throw error;
    stream = process.stdin;
  }
  return stream;
}

/** Stops reading standard input, so that the process can end. */
export function closeInput(): void {
  stream?.destroy();
}

/**
 * Reads lines, and leaves standard input open.
 *
 * @param count Number of lines.
 * @param signal Ends the wait with its reason.
 * @throws {OnpathError} `device` if standard input ends first, or the lines have more than 1,000 bytes.
 */
export async function readLines(count: number, signal: AbortSignal): Promise<string[]> {
  if (count === 0) return [];
  signal.throwIfAborted();
  const input = openInput();
  return await new Promise<string[]>((resolve, reject) => {
    const utf8 = new TextDecoder();
    let text = "";
    const finish = (settle: () => void) => {
      input.off("data", take).off("end", refuse).off("error", refuse).pause();
      signal.removeEventListener("abort", abort);
      settle();
    };
    const take = (bytes: Uint8Array) => {
      text += utf8.decode(bytes, { stream: true });
      const lines = text.split("\n");
      if (lines.length > count) finish(() => resolve(lines.slice(0, count).map((line) => line.trim())));
      else if (text.length > MAX_LINES_BYTES) refuse();
    };
    const refuse = () =>
      finish(() =>
        reject(
          new OnpathError(
            "device",
            `Cannot read standard input: expected ${count} lines with an address each`,
          ),
        )
      );
    const abort = () => finish(() => reject(signal.reason));
    input.on("data", take).on("end", refuse).on("error", refuse);
    signal.addEventListener("abort", abort, { once: true });
  });
}

/**
 * Waits until a signal aborts or standard input ends.
 *
 * @param signal Signal of the interruption.
 * @param untilEof Whether the end of standard input counts.
 */
export async function untilStopped(signal: AbortSignal, untilEof: boolean): Promise<void> {
  if (signal.aborted) return;
  const input = untilEof ? openInput() : undefined;
  await new Promise<void>((resolve) => {
    const end = () => {
      signal.removeEventListener("abort", end);
      input?.off("end", end).off("close", end).off("error", end);
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
    input?.on("end", end).on("close", end).on("error", end).resume();
  });
}
