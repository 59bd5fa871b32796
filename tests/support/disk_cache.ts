/**
 * Files that tests make once, and then keep in node_modules/.cache under a digest of what they are made of.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const FOLDER = new URL("../../node_modules/.cache/onpath/", import.meta.url);

/** A file of the cache. */
export interface CacheFile {
  /** Reads it; undefined if it is not yet made. */
  readonly read: () => Uint8Array | undefined;
  /** Writes it, and returns its bytes. Tests run side by side: a file is complete or absent. */
  readonly keep: (bytes: Uint8Array) => Uint8Array;
}

/**
 * Finds a file of the cache.
 *
 * @param name Start of the file's name.
 * @param sources Everything that its bytes depend on.
 */
export function cacheFile(name: string, sources: readonly (string | Uint8Array)[]): CacheFile {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(source);
  const path = new URL(`${name}-${hash.digest("hex").slice(0, 16)}`, FOLDER);
  return {
    read: () => {
      try {
        return new Uint8Array(readFileSync(path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        return undefined;
      }
    },
    keep: (bytes) => {
      mkdirSync(FOLDER, { recursive: true });
      const part = new URL(`${path.href}.${crypto.randomUUID()}.part`);
      writeFileSync(part, bytes);
      renameSync(part, path);
      return bytes;
    },
  };
}
