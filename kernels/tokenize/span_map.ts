/**
 * Map from normalized text to the user's text, packed for a host that has neither.
 *
 * Bytes that come from one span of the user's text are a group. A record describes equal groups in a row:
 * their number, the bytes of one group, the gap between the previous span and the next, and the length of a
 * span. A group of `n` bytes that follows without a gap and has a span of `n` bytes is plain.
 *
 * | first byte | record |
 * |---|---|
 * | 0 to 127 | plain groups: bits 5 and 6 hold the bytes of one less 1, bits 0 to 4 their number less 1 |
 * | 128 | number, bytes, gap and length as varints; the gap in zigzag |
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import type { NormalizedPart } from "../text_normalize/model.ts";

/** Bytes of normalized text that a map may describe. */
export const MAX_MAPPED_BYTES: number = 2 ** 26;
/** Bytes of a packed map. */
export const MAX_MAP_BYTES: number = 3 * 2 ** 20;

/** Marks a record of four numbers. */
const LONG = 128;
/** Plain groups in one short record, at most. */
const MAX_PLAIN = 32;

interface Group {
  count: number;
  bytes: number;
  gap: number;
  length: number;
}

/**
 * Packs a map.
 *
 * @param part Normalized text with the source of every byte.
 * @throws {OnpathError} `size` if the text or its map is too long.
 */
export function packSpans({ from, to }: Pick<NormalizedPart, "from" | "to">): Uint8Array<ArrayBuffer> {
  if (from.length > MAX_MAPPED_BYTES) {
    throw tooLong("bytes of normalized text", from.length, MAX_MAPPED_BYTES);
  }
  const packed: number[] = [];
  let run: Group = { count: 0, bytes: 0, gap: 0, length: 0 };
  const put = () => {
    let { count, bytes, gap, length } = run;
    if (gap === 0 && bytes === length && bytes <= 4) {
      for (; count > 0; count -= MAX_PLAIN) {
        packed.push(((bytes - 1) << 5) | (Math.min(MAX_PLAIN, count) - 1));
      }
      return;
    }
    packed.push(LONG);
    for (let value of [count, bytes, gap < 0 ? -2 * gap - 1 : 2 * gap, length]) {
      for (; value > 127; value = Math.floor(value / 128)) packed.push(128 | (value & 127));
      packed.push(value);
    }
  };
  let last = 0;
  for (let at = 0; at < from.length;) {
    let end = at + 1;
    while (end < from.length && from[end] === from[at] && to[end] === to[at]) end++;
    const bytes = end - at, gap = from[at]! - last, length = to[at]! - from[at]!;
    if (run.count > 0 && run.bytes === bytes && run.gap === gap && run.length === length) run.count++;
    else {
      if (run.count > 0) put();
      run = { count: 1, bytes, gap, length };
      if (packed.length > MAX_MAP_BYTES) break;
    }
    last = to[at]!;
    at = end;
  }
  if (run.count > 0) put();
  if (packed.length > MAX_MAP_BYTES) {
    throw tooLong("bytes of a map to the text", packed.length, MAX_MAP_BYTES);
  }
  return Uint8Array.from(packed);
}

function tooLong(what: string, found: number, most: number): OnpathError {
  return new OnpathError("size", `Cannot send a text with ${found} ${what}: expected at most ${most}`, {
    found,
    most,
  });
}

/**
 * Checks a packed map from another host.
 *
 * @param packed Packed map.
 * @param length Bytes of the stretch of the user's text.
 * @returns Bytes of normalized text.
 * @throws {OnpathError} `packet` if the map is malformed or leaves the stretch.
 */
export function checkSpans(packed: Uint8Array, length: number): number {
  let total = 0, last = 0;
  for (const { count, bytes, gap, length: span } of groups(packed)) {
    total += count * bytes;
    const step = gap + span;
    const ends = [last + gap, last + gap + (count - 1) * step];
    last += count * step;
    const isInside = count > 0 && bytes > 0 && Math.min(...ends) >= 0 && Math.max(...ends) + span <= length;
    if (!isInside || total > MAX_MAPPED_BYTES) throw malformed();
  }
  if (total === 0) throw malformed();
  return total;
}

/** Unpacks a map that {@linkcode checkSpans} accepted. The text itself stays empty. */
export function unpackSpans(packed: Uint8Array, total: number): NormalizedPart {
  const from = new Uint32Array(total), to = new Uint32Array(total);
  let at = 0, last = 0;
  for (const { count, bytes, gap, length } of groups(packed)) {
    for (let n = 0; n < count; n++) {
      const begin = last + gap;
      last = begin + length;
      from.fill(begin, at, at + bytes);
      to.fill(last, at, at += bytes);
    }
  }
  return { bytes: new Uint8Array(0), from, to };
}

/** Reads records. The yielded object is reused. */
function* groups(packed: Uint8Array): Generator<Readonly<Group>> {
  const group: Group = { count: 0, bytes: 0, gap: 0, length: 0 };
  let at = 0;
  const varint = () => {
    let value = 0, scale = 1;
    for (let byte = 128; byte >= 128; scale *= 128) {
      if (at === packed.length || scale > 2 ** 28) throw malformed();
      byte = packed[at++]!;
      value += (byte & 127) * scale;
    }
    return value;
  };
  while (at < packed.length) {
    const code = packed[at++]!;
    if (code < LONG) {
      group.count = (code & 31) + 1;
      group.bytes = group.length = (code >> 5) + 1;
      group.gap = 0;
    } else {
      if (code > LONG) throw malformed();
      group.count = varint();
      group.bytes = varint();
      const gap = varint();
      group.gap = gap % 2 === 1 ? -(gap + 1) / 2 : gap / 2;
      group.length = varint();
    }
    yield group;
  }
}

function malformed(): OnpathError {
  return new OnpathError("packet", "Cannot receive a text: the map to its bytes is malformed");
}
