/**
 * Writing a file whole or not at all.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { OnpathError } from "../../serialize/errors.ts";
import { fileError, isErrno } from "./read.ts";

/** Bytes between two looks at the signal. */
const STRIDE = 16 * 2 ** 20;

/** Temporary names that are in use; see {@linkcode removeUnfinished}. */
const unfinished = new Set<string>();

/** A name in the same folder, which is removed when the process must stop. */
function temporaryFor(path: string): string {
  const temporary = join(
    dirname(path),
    `.${basename(path).slice(0, 80)}.${randomBytes(6).toString("hex")}.tmp`,
  );
  unfinished.add(temporary);
  return temporary;
}

/** A file that is written piece by piece, at once, and appears when it is whole. */
export interface WholeFile {
  /** Writes a piece; it may be used again afterwards. */
  write(chunk: Uint8Array): void;
  /** Gives the file its name; returns its bytes. */
  finish(): number;
  /** Removes what was written. Does nothing when it is finished. */
  abandon(): void;
}

/**
 * Opens a file for pieces that come while other work goes on, none of which is kept.
 *
 * @param path The file; an older one is replaced when this one is finished.
 * @returns The file; all it does throws an OnpathError `file` where it cannot.
 */
export function openWhole(path: string): WholeFile {
  const temporary = temporaryFor(path);
  const attempt = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw isErrno(error) ? fileError("write", path, error) : error;
    }
  };
  let bytes = 0;
  let file: number | undefined = attempt(() => openSync(temporary, "wx"));
  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  return {
    write: (chunk) =>
      attempt(() => {
        for (let at = 0; at < chunk.length;) at += writeSync(file!, chunk, at);
        bytes += chunk.length;
      }),
    finish: () =>
      attempt(() => {
        fsyncSync(file!);
        close();
        renameSync(temporary, path);
        unfinished.delete(temporary);
        return bytes;
      }),
    abandon: () => {
      close();
      rmSync(temporary, { force: true });
      unfinished.delete(temporary);
    },
  };
}

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
  const temporary = temporaryFor(path);
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

/**
 * Makes a folder, and those that it stands in. Node's own recursive `mkdir` never returns where a file system
 * such as /proc answers that there is no such folder.
 *
 * @throws {OnpathError} `file` when it cannot be made.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  try {
    for (let at = resolve(path); !(await isFolder(at)); at = dirname(at)) missing.push(at);
    for (const folder of missing.reverse()) {
      // Another process may make it at the same time.
      await mkdir(folder).catch(async (error) => {
        if (!await isFolder(folder)) throw error;
      });
    }
  } catch (error) {
    throw isErrno(error) ? fileError("write", path, error) : error;
  }
}

/** Whether a folder is there; throws where something else is. */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (isErrno(error) && error.code === "ENOENT") return false;
    throw error;
  }
  throw Object.assign(new Error(`${path} is no folder`), { code: "ENOTDIR" });
}

/** Removes the temporary files of writes that will never end, at once: for a process that must stop. */
export function removeUnfinished(): void {
  for (const temporary of unfinished) rmSync(temporary, { force: true });
  unfinished.clear();
}
