/**
 * Check of file sizes: a source has about 70 to 250 lines; a generated file may be longer, within a byte
 * limit.
 *
 * @module
 */

import { type Check, type Finding, lineAt } from "./tree.ts";

/** Number of lines above which a source gets a warning. */
export const WARN_LINES = 250;

/** Maximum number of lines of a source. */
export const MAX_LINES = 400;

/** Exclusive limit of a committed file's size, in bytes. */
export const MAX_BYTES = 1_000_000;

/** Check of the lines of sources and the bytes of files. */
export const sizes: Check = {
  name: "sizes",
  rule: `a source has at most ${MAX_LINES} lines, a file less than ${MAX_BYTES} bytes`,
  run: (tree) =>
    tree.paths.flatMap((path): Finding[] => {
      const { length } = tree.bytes(path);
      if (length >= MAX_BYTES) {
        return [{
          level: "error",
          at: path,
          message: `has ${length} bytes, expected less than ${MAX_BYTES}`,
        }];
      }
      const text = path.endsWith(".ts") ? tree.text(path) : undefined;
      if (text === undefined || text.startsWith("// Generated")) return [];
      const lines = lineAt(text, text.trimEnd().length);
      if (lines <= WARN_LINES) return [];
      const message = `has ${lines} lines, expected about ${WARN_LINES}, at most ${MAX_LINES}`;
      return [{ level: lines > MAX_LINES ? "error" : "warning", at: path, message }];
    }),
};
