/**
 * Dictionary of a column of texts: a code of 16 bits for each distinct text.
 *
 * @module
 */

import { quoted } from "../../kernels/tabular/table.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Code of missing values. Texts have the codes below. */
export const MISSING_CODE = 2 ** 16 - 1;

/** Maximum characters of a category. Longer texts are free text. */
export const MAX_CATEGORY = 1024;

/** Codes of a column's texts. */
export interface TextCodes {
  /**
   * Returns the code of a text; a new text gets the next code.
   *
   * @param text Text, or a token of missing values.
   * @param row Number of its row in the file, for messages.
   * @throws {OnpathError} `table` if the text is too long, or one too many.
   */
  readonly codeOf: (text: string, row: number) => number;
  /** Texts by code. It grows as texts appear. */
  readonly dictionary: readonly string[];
}

/**
 * Creates an empty dictionary.
 *
 * @param name Name of the column.
 * @param missing Texts that mean a missing value.
 */
export function textCodes(name: string, missing: Iterable<string>): TextCodes {
  const dictionary: string[] = [];
  // Missing texts are in the map too, so that every text costs one search.
  const codes = new Map<string, number>(Array.from(missing, (text) => [text, MISSING_CODE]));
  const add = (text: string, row: number): number => {
    if (text.length > MAX_CATEGORY) {
      throw notTableShaped(
        name,
        `row ${row} has a text of ${text.length} characters, a category has at most ${MAX_CATEGORY}`,
      );
    }
    if (dictionary.length === MISSING_CODE) {
      throw notTableShaped(name, `row ${row} has the text number ${MISSING_CODE + 1}, a code has 16 bits`);
    }
    const code = dictionary.push(text) - 1;
    codes.set(text, code);
    return code;
  };
  // Recent texts by a hash of some of their characters. A text that the map would hash again is mostly found here.
  const recent: string[] = new Array(RECENT).fill("");
  const recentCodes = new Int32Array(RECENT).fill(-1);
  return {
    codeOf: (text, row) => {
      const slot = slotOf(text);
      if (recent[slot] === text && recentCodes[slot]! >= 0) return recentCodes[slot]!;
      const code = codes.get(text) ?? add(text, row);
      recent[slot] = text;
      recentCodes[slot] = code;
      return code;
    },
    dictionary,
  };
}

/** Recent texts that are kept. */
const RECENT = 4096;

/** Hash of the length, the last characters, and two others. */
function slotOf(text: string): number {
  const { length } = text;
  let hash = length;
  const from = Math.max(0, length - 6);
  for (let at = from; at < length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  if (from > 0) hash = (Math.imul(hash, 31) + text.charCodeAt(0) + 31 * text.charCodeAt(length >> 1)) | 0;
  return (hash ^ (hash >>> 12)) & (RECENT - 1);
}

/** Error about a column that no table of codes can hold. */
export function notTableShaped(name: string, why: string): OnpathError {
  return new OnpathError(
    "table",
    `Cannot code column ${quoted(name)}: it is not table-shaped, ${why}; leave it out by --drop`,
    { column: name },
  );
}
