/**
 * SentencePiece's precompiled character map. SentencePiece itself replaces the longest key at each place.
 *
 * Hugging Face's tokenizers applies the map cluster by cluster. A grapheme cluster of less than six bytes becomes the text of the shortest key that begins it, whatever
 * follows the key in the cluster. Any other cluster is mapped code point by code point. Clusters follow UAX #29
 * with the sets of tokenizers, without its rules for emoji and Indic conjuncts, whose clusters have six bytes
 * or more.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { utf8Length } from "../tokenize/pattern/pieces.ts";
import { continuesCluster } from "../unicode/graphemes.ts";

/** Maximum length of a map in base64; that of NFKC has 400,000. */
export const MAX_CHARSMAP = 2 ** 22;

/** Maximum bytes of a text that replaces a key; that of NFKC has 33. */
export const MAX_CHARSMAP_TEXT = 48;

/** Bytes from which a cluster is mapped code point by code point. */
export const LONG_CLUSTER = 6;

/** Precompiled map. */
export interface Charsmap {
  /**
   * Finds the text that replaces code points.
   *
   * @param codes Code points of a cluster.
   * @returns Code points of the text of the shortest key that begins them; null for none.
   */
  readonly find: (codes: ArrayLike<number>) => readonly number[] | null;
  /**
   * Finds the text of the longest key.
   *
   * @param codes Code points of a text.
   * @param from Index of the first one.
   * @returns Number of code points of the key, 0 for none; its text; and whether a longer key may begin here.
   */
  readonly longest: (codes: ArrayLike<number>, from: number) => LongestKey;
}

/** Longest key at a place of a text. */
export interface LongestKey {
  /** Code points of the key; 0 for none. */
  readonly count: number;
  /** Code points of its text. */
  readonly text: readonly number[];
  /** True if more code points could complete a longer key. */
  readonly isOpen: boolean;
}

/** Maximum length of a key, in code points. */
const MAX_KEY = 64;

/**
 * Reads a map.
 *
 * @param base64 Map as in a tokenizer.json: length of the double array, the double array, texts that end in 0.
 * @returns The map.
 * @throws {OnpathError} `file` if it is malformed, or a text has more than {@linkcode MAX_CHARSMAP_TEXT} bytes.
 */
export function readCharsmap(base64: string): Charsmap {
  const known = recent.get(base64);
  if (known !== undefined) return known;
  if (base64.length > MAX_CHARSMAP || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    throw malformed(`expected base64 of at most ${MAX_CHARSMAP} characters`);
  }
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
  if (size < 4 || size % 4 !== 0 || size > bytes.length - 4) {
    throw malformed(`a double array of ${size} bytes in ${bytes.length}`);
  }
  const units = Uint32Array.from({ length: size / 4 }, (_, at) => view.getUint32(4 + 4 * at, true));
  const texts = readTexts(bytes.subarray(4 + size));
  const map = { find: finder(units, texts), longest: longestFinder(units, texts) };
  if (recent.size >= RECENT) recent.delete(recent.keys().next().value!);
  recent.set(base64, map);
  return map;
}

/** Maps read last; a plan and its vocabulary name the same one. */
const recent = new Map<string, Charsmap>();
const RECENT = 4;

function malformed(what: string): OnpathError {
  return new OnpathError("file", `Cannot read a precompiled map: ${what}`, {});
}

/** Code points of the texts, by the offset of their first byte. */
function readTexts(bytes: Uint8Array): (offset: number) => readonly number[] | null {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let from = 0, at = 0; at < bytes.length; at++) {
    if (at - from > MAX_CHARSMAP_TEXT) throw malformed(`a text has more than ${MAX_CHARSMAP_TEXT} bytes`);
    if (bytes[at] === 0) from = at + 1;
  }
  const read = new Map<number, readonly number[]>();
  return (offset) => {
    if (offset >= bytes.length) return null;
    let text = read.get(offset);
    if (text === undefined) {
      const end = bytes.indexOf(0, offset);
      const decoded = decoder.decode(bytes.subarray(offset, end < 0 ? bytes.length : end));
      text = Array.from(decoded, (one) => one.codePointAt(0)!);
      read.set(offset, text);
    }
    return text;
  };
}

/** Base of a unit of darts-clone's double array: its children are there, exclusive or their byte. */
function baseOf(at: number, unit: number): number {
  return at ^ ((unit >>> 10) << ((unit & 0x200) >>> 6));
}

/** Finds the shortest key. */
function finder(
  units: Uint32Array,
  textAt: (offset: number) => readonly number[] | null,
): Charsmap["find"] {
  const root = baseOf(0, units[0]!);
  return (codes) => {
    let base = root;
    for (let n = 0; n < codes.length; n++) {
      const code = codes[n]!, length = utf8Length(code);
      for (let k = 0; k < length; k++) {
        const byte = byteOf(code, length, k);
        const at = base ^ byte;
        const unit = units[at];
        if (byte === 0 || unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return null;
        base = baseOf(at, unit);
        if ((unit & 0x100) !== 0) return textAt((units[base] ?? 0) & 0x7fffffff);
      }
    }
    return null;
  };
}

/** Finds the longest key. */
function longestFinder(
  units: Uint32Array,
  textAt: (offset: number) => readonly number[] | null,
): Charsmap["longest"] {
  const root = baseOf(0, units[0]!);
  return (codes, from) => {
    let base = root, count = 0;
    let text: readonly number[] = [];
    for (let n = from; n < codes.length; n++) {
      const code = codes[n]!, length = utf8Length(code);
      for (let k = 0; k < length; k++) {
        const byte = byteOf(code, length, k);
        const at = base ^ byte;
        const unit = units[at];
        if (byte === 0 || unit === undefined || (unit & 0x800000ff) >>> 0 !== byte || n - from >= MAX_KEY) {
          return { count, text, isOpen: false };
        }
        base = baseOf(at, unit);
        if ((unit & 0x100) === 0 || k + 1 < length) continue;
        const found = textAt((units[base] ?? 0) & 0x7fffffff);
        if (found !== null) [count, text] = [n - from + 1, found];
      }
    }
    return { count, text, isOpen: true };
  };
}

/** Byte `k` of a code point of `length` bytes in UTF-8. */
function byteOf(code: number, length: number, k: number): number {
  if (length === 1) return code;
  const bits = code >> 6 * (length - 1 - k);
  return k > 0 ? 0x80 | bits & 63 : (0xf00 >> length) & 0xff | bits;
}

/**
 * Maps a whole text.
 *
 * @param text Well-formed text.
 * @param base64 Map.
 */
export function applyCharsmap(text: string, base64: string): string {
  const { find } = readCharsmap(base64);
  const out: string[] = [];
  let cluster: number[] = [];
  const put = () => {
    const bytes = cluster.reduce((sum, code) => sum + utf8Length(code), 0);
    const whole = bytes < LONG_CLUSTER && cluster.length > 1 ? find(cluster) : null;
    if (whole !== null) out.push(String.fromCodePoint(...whole));
    else for (const code of cluster) out.push(String.fromCodePoint(...find([code]) ?? [code]));
    cluster = [];
  };
  for (const one of text) {
    const code = one.codePointAt(0)!;
    if (cluster.length > 0 && !continuesCluster(cluster.at(-1)!, code)) put();
    cluster.push(code);
  }
  put();
  return out.join("");
}

/**
 * Maps a whole text by SentencePiece's own rule: the longest key at each place.
 *
 * @param text Well-formed text.
 * @param base64 Map.
 */
export function applyLongest(text: string, base64: string): string {
  const { longest } = readCharsmap(base64);
  const codes = Array.from(text, (one) => one.codePointAt(0)!);
  const out: string[] = [];
  for (let at = 0; at < codes.length;) {
    const { count, text: put } = longest(codes, at);
    out.push(String.fromCodePoint(...count > 0 ? put : [codes[at]!]));
    at += Math.max(1, count);
  }
  return out.join("");
}
