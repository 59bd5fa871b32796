/**
 * Filters of a precompiled map, by clusters or by the longest key.
 *
 * @module
 */

import { utf8Length } from "../tokenize/pattern/pieces.ts";
import { continuesCluster } from "../unicode/graphemes.ts";
import { LONG_CLUSTER, readCharsmap } from "./charsmap.ts";

/** Receives a code point with its source; the sink of a filter. */
type Sink = (code: number, from: number, to: number, anchor: number) => void;

/** Filter of a map: holds one cluster of less than six bytes. */
export function charsmapFilter(
  base64: string,
  next: Sink,
): { push: Sink; end: () => void; heldFrom: () => number } {
  const { find } = readCharsmap(base64);
  const codes: number[] = [], froms: number[] = [], tos: number[] = [];
  let bytes = 0, anchor = Infinity, before = -1, isLong = false;
  const putOne = (code: number, from: number, to: number) => {
    for (const one of find([code]) ?? [code]) next(one, from, to, anchor);
  };
  const flush = () => {
    if (codes.length === 0) return;
    const whole = bytes < LONG_CLUSTER && codes.length > 1 ? find(codes) : null;
    if (whole !== null) { for (const one of whole) next(one, froms[0]!, tos.at(-1)!, anchor); }
    else for (let n = 0; n < codes.length; n++) putOne(codes[n]!, froms[n]!, tos[n]!);
    codes.length = froms.length = tos.length = 0;
  };
  return {
    push: (code, from, to, at) => {
      if (before < 0 || !continuesCluster(before, code)) {
        flush();
        bytes = 0;
        anchor = at;
        isLong = false;
      }
      before = code;
      if (isLong) return putOne(code, from, to);
      codes.push(code);
      froms.push(from);
      tos.push(to);
      bytes += utf8Length(code);
      if (bytes < LONG_CLUSTER) return;
      flush();
      isLong = true;
    },
    end: () => {
      flush();
      before = -1;
    },
    heldFrom: () => codes.length > 0 ? anchor : Infinity,
  };
}

/** Filter of SentencePiece's own rule: holds the code points that may begin a longer key. */
export function longestFilter(
  base64: string,
  next: Sink,
): { push: Sink; end: () => void; heldFrom: () => number } {
  const { longest } = readCharsmap(base64);
  const codes: number[] = [], froms: number[] = [], tos: number[] = [], anchors: number[] = [];
  const settle = (isEnd: boolean) => {
    while (codes.length > 0) {
      const { count, text, isOpen } = longest(codes, 0);
      if (isOpen && !isEnd) return;
      const taken = Math.max(1, count);
      for (const one of count > 0 ? text : [codes[0]!]) next(one, froms[0]!, tos[taken - 1]!, anchors[0]!);
      for (const list of [codes, froms, tos, anchors]) list.splice(0, taken);
    }
  };
  return {
    push: (code, from, to, anchor) => {
      codes.push(code);
      froms.push(from);
      tos.push(to);
      anchors.push(anchor);
      settle(false);
    },
    end: () => settle(true),
    heldFrom: () => anchors[0] ?? Infinity,
  };
}
