/**
 * Reading of files and standard input with a length limit.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { open } from "node:fs/promises";
import process from "node:process";
import { addAbortSignal } from "node:stream";
import { fileReason } from "../../runtime/file_reason.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Maximum length of an input: 1 GiB. */
export const MAX_INPUT_BYTES = 2 ** 30;

/** Size of the first read in bytes, if the length is unknown, as with a pipe. */
const FIRST_READ = 65536;

/** Options for reading a file. */
export interface ReadOptions {
  /** Maximum length, in bytes. */
  readonly maxBytes: number;
  /** Aborts the reading with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a whole file or pipe. A file that is too long is rejected before it is read.
 *
 * @param path Path of the file.
 * @param options Length limit, and abort signal.
 * @returns The bytes, in a new buffer.
 * @throws {OnpathError} `file` if the file is missing, unreadable or a folder; `size` if it is too long.
 * @throws The signal's reason if aborted.
 */
export async function readBounded(path: string, options: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { maxBytes, signal } = options;
  signal?.throwIfAborted();
  const file = await open(path, "r").catch((error) => {
    throw fileError("read", path, error);
  });
  try {
    const info = await file.stat();
    if (info.isDirectory()) {
      throw new OnpathError("file", `Cannot read ${path}: it is a folder, expected a file`, { path });
    }
    if (info.isFile() && info.size > maxBytes) throw tooLong(path, info.size, maxBytes);
    // One extra byte: the end of the file is detected without a second buffer.
    let buffer = new Uint8Array(info.isFile() ? info.size + 1 : FIRST_READ);
    let length = 0;
    while (true) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
      if (length > maxBytes) throw tooLong(path, undefined, maxBytes);
      if (length === buffer.length) {
        const larger = new Uint8Array(Math.min(2 * length, maxBytes + 1));
        larger.set(buffer);
        buffer = larger;
      }
    }
  } catch (error) {
    throw isErrno(error) ? fileError("read", path, error) : error;
  } finally {
    await file.close();
  }
}

/**
 * Reads standard input to its end, asynchronously: a synchronous read of a terminal or a slow pipe fails with
 * EAGAIN.
 *
 * @param options Length limit, and abort signal.
 * @returns The bytes, in a new buffer.
 * @throws {OnpathError} `file` if it cannot be read; `size` if it is too long.
 * @throws The signal's reason if aborted.
 */
export async function readStdin(options: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { maxBytes, signal } = options;
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of addAbortSignal(signal ?? new AbortController().signal, process.stdin)) {
      length += piece.length;
      if (length > maxBytes) throw tooLong("standard input", undefined, maxBytes);
      pieces.push(piece);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw isErrno(error) ? fileError("read", "standard input", error) : error;
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/** Tests whether an error comes from the file system. */
export function isErrno(error: unknown): error is Error & { code: string } {
  // Some of Deno's errors lack a syscall. Node's own codes begin with ERR_.
  const { code } = error as { code?: unknown };
  return error instanceof Error && typeof code === "string" && /^E(?!RR_)[A-Z0-9]+$/.test(code);
}

/**
 * Converts a file system error to an OnpathError with code `file`.
 *
 * @param verb Attempted operation.
 * @param path Path that the user gave.
 * @param error Error thrown by the file system.
 */
export function fileError(verb: "read" | "write", path: string, error: unknown): OnpathError {
  const { code, message } = error as { code?: string; message: string };
  const reason = fileReason(error);
  return new OnpathError("file", `Cannot ${verb} ${path}: ${reason}`, { path, cause: code ?? message }, {
    cause: error,
  });
}

function tooLong(path: string, bytes: number | undefined, maxBytes: number): OnpathError {
  const length = bytes === undefined ? "is longer" : `has ${bytes} bytes`;
  return new OnpathError("size", `Cannot read ${path}: it ${length}, expected at most ${maxBytes} bytes`, {
    path,
    bytes,
    most: maxBytes,
  });
}
