/**
 * Parses a regular expression of tiktoken or a tokenizer.json into a tree.
 *
 * @module
 */

import { nullable, type PatternNode, type RepeatMode } from "./ast.ts";
import {
  type Cursor,
  enter,
  type PatternSyntax,
  peek,
  readClass,
  readEscape,
  take,
  takeIf,
} from "./parse_class.ts";
import { patternError } from "./refuse.ts";
import { ANY, complement, END } from "./set.ts";
import { foldCase } from "./unicode.ts";

/** Maximum length of a pattern, in UTF-16 units. */
export const MAX_PATTERN = 16384;

/** Maximum number in a bound such as `{1,3}`: each repeat is a copy of the item. */
export const MAX_REPEATS = 256;

/** Maximum number of stacked repeats, such as `a{1,2}{1,2}`, in one pattern. */
export const MAX_STACKED = 64;

interface Flags {
  readonly i: boolean;
  readonly s: boolean;
  readonly x: boolean;
  readonly m: boolean;
}

const EMPTY: PatternNode = { kind: "sequence", items: [] };
const END_OF_TEXT: PatternNode = { kind: "assert", allowed: [END, END] };
const LINE_FEED = [10, 10] as const;

function sequence(items: readonly PatternNode[]): PatternNode {
  return items.length === 1 ? items[0]! : { kind: "sequence", items };
}

function readFlags(cursor: Cursor, flags: Flags, at: number): Flags {
  const found = /^([a-zA-Z]*)(?:-([a-zA-Z]*))?/.exec(cursor.text.slice(cursor.at, cursor.at + 32))!;
  cursor.at += found[0].length;
  const out = { ...flags };
  for (const [letters, value] of [[found[1]!, true], [found[2] ?? "", false]] as const) {
    for (const letter of letters) {
      // `u` is always on; Oniguruma's `m` is `s` elsewhere.
      if (letter === "u" && value) continue;
      if (letter === "m" && cursor.syntax === "oniguruma") out.s = value;
      else if (letter === "i" || letter === "s" || letter === "x" || letter === "m") out[letter] = value;
      else throw patternError(cursor.text, at, `the flag "${letter}" is not supported`);
    }
  }
  return out;
}

// After "(?": a look-around, a group with flags, or flags alone; those hold to the end of the enclosing
// group.
function readGroup(cursor: Cursor, flags: Flags, at: number): { node: PatternNode; flags: Flags } {
  const close = (inner: Flags) => {
    enter(cursor, at);
    const node = readChoice(cursor, inner);
    cursor.depth--;
    if (!takeIf(cursor, ")")) throw patternError(cursor.text, at, "the group has no closing parenthesis");
    return node;
  };
  if (!takeIf(cursor, "?")) return { node: close(flags), flags };
  if (takeIf(cursor, ":")) return { node: close(flags), flags };
  if (takeIf(cursor, ">")) return { node: { kind: "atomic", item: close(flags), at }, flags };
  if (takeIf(cursor, "=")) return { node: { kind: "look", item: close(flags), negative: false, at }, flags };
  if (takeIf(cursor, "!")) return { node: { kind: "look", item: close(flags), negative: true, at }, flags };
  if (takeIf(cursor, "<=") || takeIf(cursor, "<!")) {
    throw patternError(cursor.text, at, "look-behind is not supported");
  }
  const name = /^(?:P?<|')[A-Za-z_][A-Za-z0-9_]*[>']/.exec(cursor.text.slice(cursor.at, cursor.at + 64));
  if (name !== null) {
    cursor.at += name[0].length;
    return { node: close(flags), flags };
  }
  if (takeIf(cursor, "#")) {
    const end = cursor.text.indexOf(")", cursor.at);
    if (end < 0) throw patternError(cursor.text, at, "the comment has no closing parenthesis");
    cursor.at = end + 1;
    return { node: EMPTY, flags };
  }
  if (!/^[a-zA-Z-]/.test(peek(cursor))) {
    throw patternError(cursor.text, at, `the group "(?${peek(cursor)}" is not supported`);
  }
  const inner = readFlags(cursor, flags, at);
  if (takeIf(cursor, ":")) return { node: close(inner), flags };
  if (takeIf(cursor, ")")) return { node: EMPTY, flags: inner };
  throw patternError(cursor.text, at, `the group "(?${peek(cursor)}" is not supported`);
}

function endOfLine(): PatternNode {
  return { kind: "assert", allowed: [...LINE_FEED, END, END] };
}

function readAtom(cursor: Cursor, flags: Flags): { node: PatternNode; flags: Flags } {
  const at = cursor.at;
  const next = take(cursor);
  const node = (set: readonly number[]): { node: PatternNode; flags: Flags } => ({
    node: { kind: "set", set },
    flags,
  });
  switch (next) {
    case "(":
      return readGroup(cursor, flags, at);
    case "[":
      return node(readClass(cursor, flags.i));
    case ".":
      return node(flags.s ? ANY : complement(LINE_FEED));
    case "$":
      return { node: cursor.syntax === "oniguruma" || flags.m ? endOfLine() : END_OF_TEXT, flags };
    case "^":
      throw patternError(cursor.text, at, `"^" looks behind, which is not supported`);
    case "*":
    case "+":
    case "?":
      throw patternError(cursor.text, at, `"${next}" has nothing to repeat`);
    case "\\": {
      if (takeIf(cursor, "z")) return { node: END_OF_TEXT, flags };
      if (takeIf(cursor, "Z")) {
        const last: PatternNode = { kind: "sequence", items: [{ kind: "set", set: LINE_FEED }, END_OF_TEXT] };
        const item: PatternNode = { kind: "choice", items: [END_OF_TEXT, last] };
        return { node: { kind: "look", item, negative: false, at }, flags };
      }
      const set = readEscape(cursor);
      // Oniguruma folds the case of single code points and of bracketed classes, but not of properties.
      const isFolded = flags.i && (cursor.syntax === "fancy-regex" || set.length === 2 && set[0] === set[1]);
      return node(isFolded ? foldCase(set) : set);
    }
  }
  const literal = [next.codePointAt(0)!, next.codePointAt(0)!];
  return node(flags.i ? foldCase(literal) : literal);
}

function readBounds(cursor: Cursor): readonly [number, number] | null {
  if (takeIf(cursor, "*")) return [0, Infinity];
  if (takeIf(cursor, "+")) return [1, Infinity];
  if (takeIf(cursor, "?")) return [0, 1];
  if (peek(cursor) !== "{") return null;
  const at = cursor.at;
  const found = /^\{(\d*)(,?)(\d*)\}/.exec(cursor.text.slice(at, at + 32));
  const least = found?.[1] ?? "", most = found?.[3] ?? "";
  if (found === null || (least === "" && (most === "" || cursor.syntax === "fancy-regex"))) {
    throw patternError(
      cursor.text,
      at,
      "the bound is malformed; a literal brace needs a backslash",
    );
  }
  cursor.at += found[0].length;
  const from = least === "" ? 0 : Number(least);
  const to = found[2] === "" ? from : most === "" ? Infinity : Number(most);
  if (to < from || Math.max(from, to === Infinity ? 0 : to) > MAX_REPEATS) {
    throw patternError(cursor.text, at, `a bound needs ascending numbers up to ${MAX_REPEATS}`);
  }
  return [from, to];
}

function readRepeats(cursor: Cursor, first: PatternNode, flags: Flags): PatternNode {
  let node = first;
  for (;;) {
    if (flags.x) skipSpace(cursor);
    const at = cursor.at;
    const isBraced = peek(cursor) === "{";
    const bounds = readBounds(cursor);
    if (bounds === null) return node;
    let mode: RepeatMode = "greedy";
    if (takeIf(cursor, "?")) mode = "lazy";
    else if (!(isBraced && cursor.syntax === "oniguruma") && takeIf(cursor, "+")) mode = "possessive";
    const [least, most] = bounds;
    if (most > 1 && nullable(node)) {
      throw patternError(cursor.text, at, "a repeated part can match the empty text");
    }
    if (node !== first && ++cursor.stacked > MAX_STACKED) {
      throw patternError(cursor.text, at, `more than ${MAX_STACKED} repeats of repeats`);
    }
    node = { kind: "repeat", item: node, least, most, mode, at };
  }
}

function skipSpace(cursor: Cursor): void {
  for (;;) {
    if (/^[ \t\r\n\v\f]/.test(peek(cursor))) cursor.at++;
    else if (peek(cursor) === "#") { while (cursor.at < cursor.text.length && take(cursor) !== "\n"); }
    else return;
  }
}

function readChoice(cursor: Cursor, outer: Flags): PatternNode {
  let flags = outer;
  const branches: PatternNode[] = [];
  let items: PatternNode[] = [];
  for (;;) {
    if (flags.x) skipSpace(cursor);
    if (takeIf(cursor, "|")) {
      branches.push(sequence(items));
      items = [];
    } else if (cursor.at >= cursor.text.length || peek(cursor) === ")") {
      branches.push(sequence(items));
      return branches.length === 1 ? branches[0]! : { kind: "choice", items: branches };
    } else {
      const at = cursor.at;
      const atom = readAtom(cursor, flags);
      if (atom.flags !== flags && cursor.syntax === "oniguruma" && items.length + branches.length > 0) {
        // In Oniguruma such flags take the following alternatives into their group.
        throw patternError(cursor.text, at, "flags inside a pattern must be at its beginning");
      }
      flags = atom.flags;
      items.push(readRepeats(cursor, atom.node, flags));
    }
  }
}

/**
 * Parses a regular expression.
 *
 * @param pattern Text of the pattern.
 * @param syntax Dialect of the pattern.
 * @returns The tree.
 * @throws {OnpathError} `pipeline`, with the position, if the pattern is malformed or not supported:
 * look-behind, `^`, `\b`, back references, conditions, flags other than i, m, s, u and x.
 *
 * @example
 * ```ts
 * import { parsePattern } from "./parse.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parsePattern("a|b+").kind, "choice");
 * assert.throws(() => parsePattern("a(?<=b)"), /position 1: look-behind is not supported/);
 * ```
 */
export function parsePattern(pattern: string, syntax: PatternSyntax = "fancy-regex"): PatternNode {
  if (pattern.length > MAX_PATTERN) {
    throw patternError(pattern, -1, `it is longer than ${MAX_PATTERN} UTF-16 units`);
  }
  const cursor: Cursor = { text: pattern, at: 0, syntax, depth: 0, stacked: 0 };
  const node = readChoice(cursor, { i: false, s: false, x: false, m: false });
  if (cursor.at < pattern.length) throw patternError(pattern, cursor.at, "unmatched closing parenthesis");
  return node;
}
