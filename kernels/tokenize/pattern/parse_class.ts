/**
 * Parses the parts of a pattern that match one code point: escapes and bracketed classes.
 *
 * @module
 */

import { excerpt } from "../../../serialize/excerpt.ts";
import { patternError } from "./refuse.ts";
import {
  type CodeSet,
  codeSet,
  complement,
  difference,
  intersection,
  LAST_CODE_POINT,
  union,
} from "./set.ts";
import { whiteSpace } from "../../unicode/white_space.ts";
import { decimalDigits, foldCase, propertySet, wordCharacters } from "./unicode.ts";

/**
 * Dialect of a pattern: `fancy-regex` (tiktoken, and the regex crate below it) or `oniguruma`
 * (tokenizer.json). They differ as follows:
 *
 * | text | fancy-regex | oniguruma |
 * |---|---|---|
 * | `x{1,3}+` | possessive | one or more of `x{1,3}` |
 * | `x{,3}` | rejected | zero to three |
 * | `$` | end of the text | end of the text or before a line feed |
 * | `\w` | with U+200C and U+200D | without them, with `²³¹¼½¾` |
 * | `(?i:\p{Lu})` | all cases | upper case |
 */
export type PatternSyntax = "fancy-regex" | "oniguruma";

/** Text of a pattern, with the parser's state. */
export interface Cursor {
  /** The whole pattern. */
  readonly text: string;
  /** Index of the next character, in UTF-16 units. */
  at: number;
  /** Dialect of the pattern. */
  readonly syntax: PatternSyntax;
  /** Number of open groups and classes. */
  depth: number;
  /** Stacked repeats so far. */
  stacked: number;
}

/** Maximum nesting depth of groups and classes. */
export const MAX_NESTING = 64;

/**
 * Opens a group or class; throws `pipeline` beyond {@linkcode MAX_NESTING}, because each level uses stack.
 */
export function enter(cursor: Cursor, at: number): void {
  if (++cursor.depth > MAX_NESTING) {
    throw patternError(cursor.text, at, `more than ${MAX_NESTING} nested groups and classes`);
  }
}

const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, v: 11, f: 12, a: 7, e: 27 };

/** Returns the next code point as text, or the empty string at the end. */
export function peek(cursor: Cursor): string {
  const code = cursor.text.codePointAt(cursor.at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

/** Consumes the next code point and returns it; the empty string at the end. */
export function take(cursor: Cursor): string {
  const one = peek(cursor);
  cursor.at += one.length;
  return one;
}

/** Consumes `text` if it comes next; returns whether it did. */
export function takeIf(cursor: Cursor, text: string): boolean {
  if (!cursor.text.startsWith(text, cursor.at)) return false;
  cursor.at += text.length;
  return true;
}

function only(code: number): CodeSet {
  return [code, code];
}

function property(cursor: Cursor, negative: boolean, at: number): CodeSet {
  let name = take(cursor);
  if (name === "{") {
    const end = cursor.text.indexOf("}", cursor.at);
    if (end < 0) throw patternError(cursor.text, at, "the property has no closing brace");
    name = cursor.text.slice(cursor.at, end);
    cursor.at = end + 1;
  }
  const set = propertySet(name.trim());
  if (set === null) throw patternError(cursor.text, at, `the property "${excerpt(name)}" is unknown`);
  return negative ? complement(set) : set;
}

function hexadecimal(cursor: Cursor, letter: string, at: number): number {
  let digits: string;
  if (takeIf(cursor, "{")) {
    const end = cursor.text.indexOf("}", cursor.at);
    digits = end < 0 ? "" : cursor.text.slice(cursor.at, end);
    cursor.at = end + 1;
  } else {
    const length = letter === "x" ? 2 : letter === "u" ? 4 : 8;
    digits = cursor.text.slice(cursor.at, cursor.at + length);
    cursor.at += length;
    if (digits.length < length) digits = "";
  }
  const code = /^[0-9A-Fa-f]+$/.test(digits) ? parseInt(digits, 16) : NaN;
  if (!(code <= LAST_CODE_POINT) || (code >= 0xd800 && code < 0xe000)) {
    throw patternError(cursor.text, at, "the number is not a code point");
  }
  return code;
}

/**
 * Parses an escape after its backslash.
 *
 * @param cursor Parser after the backslash.
 * @returns The set; one code point for an escaped character.
 * @throws {OnpathError} `pipeline` if the escape is unknown or not supported.
 */
export function readEscape(cursor: Cursor): CodeSet {
  const at = cursor.at - 1;
  const letter = take(cursor);
  switch (letter) {
    case "s":
      return whiteSpace();
    case "S":
      return complement(whiteSpace());
    case "d":
      return decimalDigits();
    case "D":
      return complement(decimalDigits());
    case "w":
    case "W": {
      const word = wordCharacters(cursor.syntax === "oniguruma");
      return letter === "w" ? word : complement(word);
    }
    case "h":
    case "H": {
      const digits = codeSet([48, 57, 65, 70, 97, 102]);
      return letter === "h" ? digits : complement(digits);
    }
    case "p":
    case "P":
      return property(cursor, letter === "P", at);
    case "x":
    case "u":
    case "U":
      return only(hexadecimal(cursor, letter, at));
  }
  const control = CONTROLS[letter];
  if (control !== undefined) return only(control);
  if (letter === "") throw patternError(cursor.text, at, "the last character is a backslash");
  if (/^[1-9]/.test(letter) || letter === "k") {
    throw patternError(cursor.text, at, "back references are not supported");
  }
  if (letter === "b" || letter === "B" || letter === "A" || letter === "G" || letter === "K") {
    throw patternError(cursor.text, at, `"\\${letter}" looks behind, which is not supported`);
  }
  if (/^[A-Za-z0-9]/.test(letter)) {
    throw patternError(cursor.text, at, `the escape "\\${letter}" is not supported`);
  }
  return only(letter.codePointAt(0)!);
}

function posix(cursor: Cursor): CodeSet | null {
  const found = /^\[:(\^?)([a-z]+):\]/.exec(cursor.text.slice(cursor.at, cursor.at + 16));
  if (found === null) return null;
  const at = cursor.at;
  cursor.at += found[0].length;
  const set = found[2] === "word"
    ? wordCharacters(cursor.syntax === "oniguruma")
    : found[2] === "alnum"
    ? union(propertySet("Alphabetic")!, decimalDigits())
    : found[2] === "punct"
    // Symbols belong to this class, unlike to \p{P}.
    ? union(propertySet("P")!, propertySet("S")!)
    : propertySet(found[2]!);
  // POSIX classes are ASCII in the regex crate, and Unicode in Oniguruma.
  if (set === null) throw patternError(cursor.text, at, `the class "${found[0]}" is not supported`);
  const within = cursor.syntax === "fancy-regex" ? intersection(set, [0, 127]) : set;
  return found[1] === "^" ? complement(within) : within;
}

/**
 * Parses a bracketed class after its opening bracket, with nested classes and the operations `&&`, `--`,
 * `~~`.
 *
 * @param cursor Parser after the bracket.
 * @param ignoreCase True to add the other cases of its code points.
 * @returns The set.
 * @throws {OnpathError} `pipeline` if the class is malformed.
 */
export function readClass(cursor: Cursor, ignoreCase: boolean): CodeSet {
  const opened = cursor.at - 1;
  enter(cursor, opened);
  const negative = takeIf(cursor, "^");
  let whole: CodeSet | null = null;
  let operation = "";
  let parts: CodeSet[] = [];
  const finish = () => {
    const operand = union(...parts);
    parts = [];
    whole = whole === null
      ? operand
      : operation === "&&"
      ? intersection(whole, operand)
      : operation === "--"
      ? difference(whole, operand)
      : union(difference(whole, operand), difference(operand, whole));
  };
  const one = (): { readonly set: CodeSet; readonly literal: boolean } => {
    const next = take(cursor);
    if (next === "") throw patternError(cursor.text, opened, "the class has no closing bracket");
    if (next === "\\") {
      // In a class, \b is a backspace.
      if (cursor.syntax === "oniguruma" && takeIf(cursor, "b")) return { set: only(8), literal: true };
      const set = readEscape(cursor);
      return { set, literal: set.length === 2 && set[0] === set[1] };
    }
    return { set: only(next.codePointAt(0)!), literal: true };
  };
  for (let first = true;; first = false) {
    if (!first && takeIf(cursor, "]")) break;
    if (cursor.text.startsWith("[", cursor.at)) {
      const named = posix(cursor);
      if (named !== null) parts.push(named);
      else {
        cursor.at++;
        parts.push(readClass(cursor, ignoreCase));
      }
      continue;
    }
    const found = ["&&", ...(cursor.syntax === "fancy-regex" ? ["--", "~~"] : [])]
      .find((sign) => cursor.text.startsWith(sign, cursor.at));
    if (found !== undefined && !(found === "--" && first)) {
      finish();
      operation = found;
      cursor.at += 2;
      continue;
    }
    const at = cursor.at;
    const from = one();
    const isRange = from.literal && cursor.text.startsWith("-", cursor.at) &&
      !cursor.text.startsWith("-]", cursor.at) && !cursor.text.startsWith("-[", cursor.at) &&
      !(cursor.syntax === "fancy-regex" && cursor.text.startsWith("--", cursor.at));
    if (!isRange) {
      parts.push(from.set);
      continue;
    }
    cursor.at++;
    const to = one();
    if (!to.literal || to.set[0]! < from.set[0]!) {
      throw patternError(cursor.text, at, "the range is invalid, expected two ascending code points");
    }
    parts.push([from.set[0]!, to.set[0]!]);
  }
  finish();
  cursor.depth--;
  const folded = ignoreCase ? foldCase(whole!) : whole!;
  return negative ? complement(folded) : folded;
}
