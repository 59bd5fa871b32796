/**
 * Record batches of an Arrow IPC file or stream, one at a time.
 *
 * @module
 */

import {
  type AsyncRecordBatchStreamReader,
  type RecordBatch,
  RecordBatchReader,
  type Schema,
} from "apache-arrow";
import { type FileHandle, open } from "node:fs/promises";
import { OnpathError } from "../../serialize/errors.ts";
import { fileError, isErrno } from "../io/read.ts";
import { checkArrow } from "./arrow_check.ts";
import type { PassOptions } from "./source.ts";

/**
 * Reads the schema.
 *
 * @param path Path of the file.
 * @param signal Aborts the reading with its reason.
 * @returns The schema, and the bytes of the file.
 * @throws {OnpathError} `file` if the file cannot be read or is malformed.
 */
export async function readArrowSchema(
  path: string,
  signal?: AbortSignal,
): Promise<{ readonly schema: Schema; readonly bytes: number }> {
  const opened = await openReader(path, { signal });
  await opened.close();
  return opened;
}

/**
 * Reads the batches in order.
 *
 * @param path Path of the file.
 * @param options Signal and progress.
 * @throws {OnpathError} `file` if the file cannot be read or is malformed.
 * @throws The signal's reason if aborted.
 */
export async function* readArrowBatches(
  path: string,
  options: PassOptions = {},
): AsyncGenerator<RecordBatch> {
  const { reader, close } = await openReader(path, options);
  try {
    const batches = reader[Symbol.asyncIterator]();
    while (true) {
      options.signal?.throwIfAborted();
      const next = await batches.next().catch((error: unknown) => {
        throw readError(error, path, options.signal);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await close();
  }
}

/** Error about the contents of a file. */
export function malformed(path: string, why: string, cause?: unknown): OnpathError {
  return new OnpathError("file", `Cannot read ${path}: it is malformed, ${why}`, { path }, { cause });
}

async function openReader(path: string, { signal, onBytes }: PassOptions) {
  signal?.throwIfAborted();
  const file = await open(path, "r").catch((error) => {
    throw fileError("read", path, error);
  });
  try {
    const info = await file.stat();
    // A second pass over a pipe would find nothing.
    if (!info.isFile()) {
      throw new OnpathError("file", `Cannot read ${path}: expected a file, which can be read twice`, {
        path,
      });
    }
    await checkArrow(file, info.size, (why) => malformed(path, why), signal);
    let bytes = 0;
    const counted = {
      fd: file.fd,
      stat: () => Promise.resolve(info),
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        const result = await file.read(buffer, offset, length, position);
        signal?.throwIfAborted();
        if (result.bytesRead === 0) throw malformed(path, `it ends before byte ${position + length}`);
        bytes += result.bytesRead;
        // The library seeks a block of an unknown kind for ever, and a footer may name one block many times.
        if (bytes > 2 * info.size + 65_536) {
          throw malformed(path, "its parts refer to each other in a circle");
        }
        onBytes?.(Math.min(bytes, info.size));
        return result;
      },
      // The reader closes its source at the end; the file is closed below, once.
      close: () => Promise.resolve(),
    };
    const reader = await RecordBatchReader.from(
      counted as unknown as FileHandle,
    ) as AsyncRecordBatchStreamReader;
    await reader.open();
    const { schema } = reader;
    if (schema === undefined || schema === null) throw malformed(path, "it has no schema");
    return { reader, schema, bytes: info.size, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw readError(error, path, signal);
  }
}

/** Errors of the library about malformed bytes have no class of their own. */
function readError(error: unknown, path: string, signal: AbortSignal | undefined): unknown {
  signal?.throwIfAborted();
  if (error instanceof OnpathError) return error;
  if (isErrno(error)) return fileError("read", path, error);
  return malformed(path, `the reader finds: ${String((error as Error).message).slice(0, 200)}`, error);
}
