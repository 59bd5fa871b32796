/**
 * Codes of small floats with a scale per channel. A cache holds them as tokens x channels; in packets 32 tokens of
 * a channel form a group, since a group has one scale.
 *
 * @module
 */

import { packCodes, packedBytes, unpackCodes } from "../formats/pack.ts";
import { codeBits } from "../method.ts";
import type { CacheBody } from "../plan.ts";

/** Orders the codes of all heads by groups, for packets. */
export function toChannelGroups(body: CacheBody, codes: Uint8Array): Uint8Array<ArrayBuffer> {
  return reorder(body, codes, (from, to, position, place) => to[place] = from[position]!);
}

/** Orders the codes of all heads by tokens, as a cache holds them. */
export function fromChannelGroups(body: CacheBody, codes: Uint8Array): Uint8Array<ArrayBuffer> {
  return reorder(body, codes, (from, to, position, place) => to[position] = from[place]!);
}

function reorder(
  { method, packing, values: { shape } }: CacheBody,
  codes: Uint8Array,
  move: (from: Uint8Array, to: Uint8Array, position: number, place: number) => void,
): Uint8Array<ArrayBuffer> {
  const { values, perHead, heads } = packing;
  const channels = shape[4], count = perHead * values, bits = codeBits(method);
  const ofHead = packedBytes(count, bits);
  const out = new Uint8Array(codes.length);
  const from = new Uint8Array(count), to = new Uint8Array(count);
  for (let head = 0; head < heads; head++) {
    unpackCodes(codes.subarray(head * ofHead, (head + 1) * ofHead), bits, from);
    for (let first = 0, position = 0; first < count; first += values * channels) {
      for (let t = 0; t < values; t++) {
        for (let c = 0; c < channels; c++, position++) move(from, to, position, first + c * values + t);
      }
    }
    packCodes(to, bits, out.subarray(head * ofHead, (head + 1) * ofHead));
  }
  return out;
}
