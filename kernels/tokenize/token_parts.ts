/**
 * Tokens that a sender computed itself, as bytes for the receiver: 12 bytes each, little-endian.
 *
 * | byte | size | field |
 * |---|---|---|
 * | 0 | u32 | id times 2, plus 1 if a piece ends with the token |
 * | 4 | u32 | bytes of text |
 * | 8 | u32 | exclusive end in the text |
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import type { TokenRun } from "../../serialize/text/token_run.ts";
import type { HostFallback } from "./flows/host_fallback.ts";

/** Tokens in one part. */
const PART_TOKENS = 16_384;
/** Bytes of one token. */
const TOKEN_BYTES = 12;
/** Bytes behind the tokens of a stretch: its exclusive end. */
const END_BYTES = 4;

/**
 * Tokenizes the rest of a text.
 *
 * @param fallback Engine of this host.
 * @param text The whole text.
 * @param from Offset at which a piece begins.
 */
export function* restParts(
  fallback: HostFallback,
  text: Uint8Array,
  from: number,
): Generator<Uint8Array<ArrayBuffer>> {
  for (const run of fallback.rest(text, from, PART_TOKENS)) yield packRun(run, 0, run.count, 0);
}

/**
 * Tokenizes a stretch that ends with a piece.
 *
 * @param fallback Engine of this host.
 * @param text The whole text.
 * @param from Offset at which a piece begins.
 * @param bytes Minimum bytes of the stretch, unless the text ends first.
 * @param run Empty run that receives the tokens.
 * @returns Parts; the last one has the end of the stretch behind its tokens.
 */
export function* stretchParts(
  fallback: HostFallback,
  text: Uint8Array,
  from: number,
  bytes: number,
  run: TokenRun,
): Generator<Uint8Array<ArrayBuffer>> {
  let end = from;
  while (end < text.length && end - from < bytes) {
    fallback.begin(end);
    const at = fallback.take(text, end, text.length, true, run);
    end = at === text.length ? at : run.ends[run.count - 1]!;
  }
  let first = 0;
  for (; run.count - first > PART_TOKENS; first += PART_TOKENS) {
    yield packRun(run, first, first + PART_TOKENS, 0);
  }
  const last = packRun(run, first, run.count, END_BYTES);
  new DataView(last.buffer).setUint32(last.length - END_BYTES, end, true);
  yield last;
}

function packRun(
  { tokens, lengths, ends }: TokenRun,
  first: number,
  end: number,
  more: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TOKEN_BYTES * (end - first) + more);
  const view = new DataView(bytes.buffer);
  for (let n = first, at = 0; n < end; n++, at += TOKEN_BYTES) {
    view.setUint32(at, tokens[n]!, true);
    view.setUint32(at + 4, lengths[n]!, true);
    view.setUint32(at + 8, ends[n]!, true);
  }
  return bytes;
}

/** Limits of the tokens that a part may have. */
export interface PartLimits {
  /** Exclusive upper limit of ids. */
  readonly idLimit: number;
  /** Bytes of the text. */
  readonly length: number;
  /** Offset behind which the first token ends. */
  readonly from: number;
}

/**
 * Appends a part to a run.
 *
 * @param part Tokens from another host.
 * @param run Run that receives the tokens.
 * @param limits Ids and offsets that are possible.
 * @param hasEnd Whether the end of a stretch follows the tokens.
 * @returns Exclusive end of the stretch, or of the last token.
 * @throws {OnpathError} `packet` if a token is impossible or the part has another length.
 */
export function takePart(
  part: Uint8Array,
  run: TokenRun,
  { idLimit, length, from }: PartLimits,
  hasEnd: boolean,
): number {
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
  const tokens = part.length - (hasEnd ? END_BYTES : 0);
  if (tokens < 0 || tokens % TOKEN_BYTES !== 0) {
    throw new OnpathError("packet", `Cannot receive a text: a part of its tokens has ${part.length} bytes`);
  }
  let end = run.count === 0 ? from : run.ends[run.count - 1]!;
  for (let at = 0; at < tokens; at += TOKEN_BYTES) {
    const token = view.getUint32(at, true), bytes = view.getUint32(at + 4, true);
    const to = view.getUint32(at + 8, true);
    if (token >>> 1 >= idLimit || to < end + bytes || to > length) {
      throw new OnpathError(
        "packet",
        `Cannot receive a text: token ${token >>> 1} at ${to} is out of order`,
      );
    }
    run.put(token, bytes, end = to);
  }
  if (!hasEnd) return end;
  const last = view.getUint32(tokens, true);
  if (last < end || last > length) {
    throw new OnpathError("packet", `Cannot receive a text: a stretch ends at ${last} of ${length} bytes`);
  }
  return last;
}
