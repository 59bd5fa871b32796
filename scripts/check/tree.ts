/**
 * Input of the checks: files by path. The repository is one tree; tests create others in memory.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Files by path, relative to the root, with `/` between folders. */
export interface Tree {
  /** All paths, sorted. */
  readonly paths: readonly string[];
  /** Returns the bytes of a file. */
  bytes(path: string): Uint8Array;
  /** Returns the text of a file; undefined for a binary file. */
  text(path: string): string | undefined;
}

/** Problem found by a check. */
export interface Finding {
  /** Severity: warnings are printed; errors fail the run. */
  readonly level: "error" | "warning";
  /** Path of the file, with its line if known. */
  readonly at: string;
  /** Description of the problem, and the expected state. */
  readonly message: string;
}

/** Check of the repository. */
export interface Check {
  /** Name of the check, one word. */
  readonly name: string;
  /** Statement that holds if there are no findings. */
  readonly rule: string;
  /** Checks a tree and returns its findings. */
  readonly run: (tree: Tree) => Finding[];
}

/** Paths of source files. */
export const SOURCE = /\.[cm]?[jt]s$/;

/** Paths of the library. */
export const LIBRARY = /^(serialize|kernels|runtime)\/|^mod\.ts$/;

/**
 * Reads a repository: all files that git tracks, and untracked files that it does not ignore.
 *
 * @param root Folder of the repository.
 * @returns Its files.
 */
export function readTree(root: string): Tree {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  // Git also lists deleted files that are not staged, and links to folders as if they were files.
  const isFile = (path: string) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true;
  const paths = listed.split("\0").filter((path) => path !== "" && isFile(path));
  return makeTree([...new Set(paths)], (path) => readFileSync(join(root, path)));
}

/**
 * Creates a tree in memory.
 *
 * @param texts Texts by path.
 * @returns The tree.
 */
export function memoryTree(texts: Readonly<Record<string, string>>): Tree {
  return makeTree(Object.keys(texts), (path) => new TextEncoder().encode(texts[path]));
}

/**
 * Converts a position to a line number.
 *
 * @param text Text that contains the position.
 * @param index Position in UTF-16 units.
 * @returns Line number, from 1.
 */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function makeTree(paths: readonly string[], read: (path: string) => Uint8Array): Tree {
  const cache = new Map<string, Uint8Array>();
  const bytes = (path: string) => {
    let found = cache.get(path);
    if (found === undefined) cache.set(path, found = read(path));
    return found;
  };
  return {
    paths: [...paths].sort(),
    bytes,
    text: (path) => {
      const found = bytes(path);
      return found.includes(0) ? undefined : new TextDecoder().decode(found);
    },
  };
}
