/**
 * Writes a file completely, or not at all.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { OnpathError } from "../../serialize/errors.ts";
import { fileError, isErrno } from "./read.ts";

/** Bytes written between two checks of the signal. */
const STRIDE = 16 * 2 ** 20;

/** Temporary files in use; see {@linkcode removeUnfinished}. */
const unfinished = new Set<string>();

/** Returns a temporary name in the same folder, and registers it for {@linkcode removeUnfinished}. */
export function temporaryFor(path: string): string {
  const temporary = join(
    dirname(path),
    `.${basename(path).slice(0, 80)}.${randomBytes(6).toString("hex")}.tmp`,
  );
  unfinished.add(temporary);
  return temporary;
}

/** Removes a temporary file, if it is there. */
export function dropTemporary(temporary: string): void {
  rmSync(temporary, { force: true });
  unfinished.delete(temporary);
}

/**
 * Gives a temporary file that another process has written its name.
 *
 * @param temporary Name from {@linkcode temporaryFor}.
 * @param path Path of the file; an existing one is replaced.
 * @returns Length of the file in bytes.
 * @throws {OnpathError} `file` if it was not written, or cannot be renamed.
 */
export async function takeDraft(temporary: string, path: string): Promise<number> {
  try {
    const { size } = await stat(temporary);
    await rename(temporary, path);
    unfinished.delete(temporary);
    return size;
  } catch (error) {
    throw isErrno(error) ? fileError("write", path, error) : error;
  }
}

/** File written in synchronous chunks; it appears under its name once complete. */
export interface WholeFile {
  /** Writes a chunk; the caller may reuse its memory afterwards. */
  write(chunk: Uint8Array): void;
  /** Renames the file to its final name; returns its length in bytes. */
  finish(): number;
  /** Removes the unfinished file; no effect after `finish`. */
  abandon(): void;
}

/**
 * Opens a file for chunks that arrive during other work; no chunk is kept in memory.
 *
 * @param path Path of the file; an existing one is replaced by `finish`.
 * @returns The file; its methods throw an OnpathError `file` on failure.
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
      dropTemporary(temporary);
    },
  };
}

/**
 * Writes a file under a temporary name in the same folder, then renames it. On any failure the old file
 * remains, and the temporary one is removed.
 *
 * @param path Path of the file; an existing one is replaced.
 * @param chunks Bytes of the file, in order.
 * @param signal Aborts the writing with its reason.
 * @throws {OnpathError} `file` if the file cannot be written.
 * @throws The signal's reason if aborted.
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
 * Checks, before any work, that the folder of a file exists.
 *
 * @throws {OnpathError} `file` if the folder is missing; the message names it.
 */
export async function checkFolderOf(path: string): Promise<void> {
  const folder = dirname(path);
  const info = await stat(folder).catch((error) => {
    throw new OnpathError(
      "file",
      `Cannot write ${path}: the folder ${folder} is missing`,
      { path, folder },
      { cause: error },
    );
  });
  if (!info.isDirectory()) {
    throw new OnpathError("file", `Cannot write ${path}: ${folder} is not a folder`, { path, folder });
  }
}

/**
 * Creates a folder and its missing parents. Node's recursive `mkdir` never returns if a file system such as
 * /proc reports ENOENT on creation.
 *
 * @throws {OnpathError} `file` if the folder cannot be created.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  try {
    for (let at = resolve(path); !(await isFolder(at)); at = dirname(at)) missing.push(at);
    for (const folder of missing.reverse()) {
      // Another process may create it at the same time.
      await mkdir(folder).catch(async (error) => {
        if (!await isFolder(folder)) throw error;
      });
    }
  } catch (error) {
    throw isErrno(error) ? fileError("write", path, error) : error;
  }
}

/** Tests whether a folder exists; throws if the path is something else. */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (isErrno(error) && error.code === "ENOENT") return false;
    throw error;
  }
  throw Object.assign(new Error(`${path} is not a folder`), { code: "ENOTDIR" });
}

/** Removes the temporary files of unfinished writes synchronously, before the process exits. */
export function removeUnfinished(): void {
  for (const temporary of unfinished) rmSync(temporary, { force: true });
  unfinished.clear();
}
