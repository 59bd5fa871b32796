/**
 * Reading a file of bounded length.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { open } from "node:fs/promises";
import process from "node:process";
import { addAbortSignal } from "node:stream";
import { OnpathError } from "../../serialize/errors.ts";

/** Inputs are at most this long: 1 GiB. */
export const MAX_INPUT_BYTES = 2 ** 30;

/** A first read of what has no length of its own, such as a pipe. */
const FIRST_READ = 65536;

/** How a file is read. */
export interface ReadOptions {
  /** Longest file that is taken, in bytes. */
  readonly most: number;
  /** Ends the reading with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a whole file or pipe. A file that is too long is refused before it is read.
 *
 * @param path The file.
 * @param options The limit, and a signal.
 * @returns The bytes, in a buffer of their own.
 * @throws {OnpathError} `file` when there is none, it cannot be read, or it is a folder; `size` when
 * it is too long; the signal's reason when it is aborted.
 */
export async function readBounded(path: string, options: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { most, signal } = options;
  signal?.throwIfAborted();
  const file = await open(path, "r").catch((error) => {
    throw fileError("read", path, error);
  });
  try {
    const info = await file.stat();
    if (info.isDirectory()) {
      throw new OnpathError("file", `Cannot read ${path}: it is a folder, expected a file`, { path });
    }
    if (info.isFile() && info.size > most) throw tooLong(path, info.size, most);
    // One byte more than the file has, so that its end is seen without another buffer.
    let buffer = new Uint8Array(info.isFile() ? info.size + 1 : FIRST_READ);
    let length = 0;
    while (true) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
      if (length > most) throw tooLong(path, undefined, most);
      if (length === buffer.length) {
        const larger = new Uint8Array(Math.min(2 * length, most + 1));
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
 * Reads standard input to its end. It may be a terminal or a slow pipe, where a read at once fails with EAGAIN.
 *
 * @param options The limit, and a signal.
 * @returns The bytes, in a buffer of their own.
 * @throws {OnpathError} `file` when it cannot be read; `size` when it is too long; the signal's reason when it is
 * aborted.
 */
export async function readStdin(options: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { most, signal } = options;
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of addAbortSignal(signal ?? new AbortController().signal, process.stdin)) {
      length += piece.length;
      if (length > most) throw tooLong("standard input", undefined, most);
      pieces.push(piece);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw isErrno(error) ? fileError("read", "standard input", error) : error;
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/** Whether an error comes from the file system. */
export function isErrno(error: unknown): error is Error & { code: string } {
  // Deno names no syscall in some of its errors. Codes of Node itself begin with ERR_.
  const { code } = error as { code?: unknown };
  return error instanceof Error && typeof code === "string" && /^E(?!RR_)[A-Z0-9]+$/.test(code);
}

/** Why the file system refused, for people. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EISDIR: "it is a folder, expected a file",
  ENOTDIR: "a part of the path is no folder",
  ENOSPC: "no space is left",
  EROFS: "the file system is read-only",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
};

/**
 * A failure of the file system as onpath's own.
 *
 * @param verb What was tried: `read` or `write`.
 * @param path The file that the user named.
 * @param error What was thrown.
 */
export function fileError(verb: "read" | "write", path: string, error: unknown): OnpathError {
  const { code, message } = error as { code?: string; message: string };
  const reason = REASONS[code ?? ""] ?? message;
  return new OnpathError("file", `Cannot ${verb} ${path}: ${reason}`, { path, cause: code ?? message }, {
    cause: error,
  });
}

function tooLong(path: string, bytes: number | undefined, most: number): OnpathError {
  const length = bytes === undefined ? "is longer than that" : `has ${bytes} bytes`;
  return new OnpathError("size", `Cannot read ${path}: at most ${most} bytes are taken, it ${length}`, {
    path,
    bytes,
    most,
  });
}
