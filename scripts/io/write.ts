/**
 * Writing a file whole or not at all.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { OnpathError } from "../../mod.ts";
import { fileError, isErrno } from "./read.ts";

/** Bytes between two looks at the signal. */
const STRIDE = 16 * 2 ** 20;

/** Temporary names that are in use; see {@linkcode removeUnfinished}. */
const unfinished = new Set<string>();

/**
 * Writes a file: to a temporary name in the same folder, then renamed. Whatever happens, the file is
 * the old one or the new one, and no temporary one stays.
 *
 * @param path The file; an older one is replaced.
 * @param chunks Its bytes, in pieces that follow each other.
 * @param signal Ends the writing with its reason.
 * @throws {OnpathError} `file` when it cannot be written; the signal's reason when it is aborted.
 */
export async function writeWhole(
  path: string,
  chunks: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const temporary = join(
    dirname(path),
    `.${basename(path).slice(0, 80)}.${randomBytes(6).toString("hex")}.tmp`,
  );
  unfinished.add(temporary);
  try {
    const file = await open(temporary, "wx");
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) {
          signal?.throwIfAborted();
          at += (await file.write(chunk, at, Math.min(STRIDE, chunk.length - at))).bytesWritten;
        }
      }
      await file.sync();
    } finally {
      await file.close();
    }
    signal?.throwIfAborted();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw isErrno(error) ? fileError("write", path, error) : error;
  } finally {
    unfinished.delete(temporary);
  }
}

/**
 * Refuses a file whose folder does not exist, before any work is done for it.
 *
 * @throws {OnpathError} `file`, naming the folder.
 */
export async function checkFolderOf(path: string): Promise<void> {
  const folder = dirname(path);
  const info = await stat(folder).catch((error) => {
    throw new OnpathError(
      "file",
      `Cannot write ${path}: there is no folder ${folder}`,
      { path, folder },
      { cause: error },
    );
  });
  if (!info.isDirectory()) {
    throw new OnpathError("file", `Cannot write ${path}: ${folder} is no folder`, { path, folder });
  }
}

/** Removes the temporary files of writes that will never end, at once: for a process that must stop. */
export function removeUnfinished(): void {
  for (const temporary of unfinished) rmSync(temporary, { force: true });
  unfinished.clear();
}
