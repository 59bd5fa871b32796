/**
 * What the checks look at: files by path. The repository is one tree; tests make others in memory.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Files by path, relative to the root, with `/` between folders. */
export interface Tree {
  /** All paths, sorted. */
  readonly paths: readonly string[];
  /** The bytes of a file. */
  bytes(path: string): Uint8Array;
  /** The text of a file; undefined for a binary one. */
  text(path: string): string | undefined;
}

/** What a check objects to. */
export interface Finding {
  /** Warnings are shown; errors fail the run. */
  readonly level: "error" | "warning";
  /** Where: a path, with a line where there is one. */
  readonly at: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** A check of the repository. */
export interface Check {
  /** One word. */
  readonly name: string;
  /** What holds when it finds nothing. */
  readonly rule: string;
  /** Looks at a tree. */
  readonly run: (tree: Tree) => Finding[];
}

/** Source files. */
export const SOURCE = /\.[cm]?[jt]s$/;

/** Folders and files of the library. */
export const LIBRARY = /^(serialize|kernels|runtime)\/|^mod\.ts$/;

/**
 * Reads a repository: what git tracks, and what it neither tracks nor ignores.
 *
 * @param root The repository.
 * @returns Its files.
 */
export function readTree(root: string): Tree {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  // A file that is deleted and not yet staged is still listed.
  const paths = listed.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
  return makeTree([...new Set(paths)], (path) => readFileSync(join(root, path)));
}

/**
 * Makes a tree of texts.
 *
 * @param texts Texts by path.
 * @returns The tree.
 */
export function memoryTree(texts: Readonly<Record<string, string>>): Tree {
  return makeTree(Object.keys(texts), (path) => new TextEncoder().encode(texts[path]));
}

/**
 * Numbers a position.
 *
 * @param text A text.
 * @param index A position in it.
 * @returns Its line, from 1.
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
