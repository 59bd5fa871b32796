/**
 * Normalisation packet by packet, like the device: UTF-8 in, UTF-8 out, with a bounded number of code points
 * held back.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { utf8Length } from "../tokenize/pattern/pieces.ts";
import { POINT_BROKEN, POINT_GOES_ON, POINT_WRONG, PointDecoder } from "../tokenize/utf8.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { normalizeText } from "./reference.ts";
import { checkVocabularySteps } from "./step_shapes.ts";
import { type CodePointFilter, filtersOf, type Sink } from "./filters.ts";

/** Output of one packet; the views are valid until the next call. */
export interface NormalizedPart {
  /** Normalised text, whole code points as UTF-8. */
  readonly bytes: Uint8Array;
  /** By byte: offset in the original flow at which its source begins. */
  readonly from: Uint32Array;
  /** By byte: exclusive end of its source in the original flow. */
  readonly to: Uint32Array;
}

/** Reason and position at which the device gave a flow up; the host continues from there. */
export interface NormalizationEscape extends NormalizationPlace {
  /** More than 30 consecutive marks. */
  readonly reason: "marks";
  /** Steps for the rest of the text, without `prepend` once it was applied. */
  readonly steps: readonly TextStep[];
}

/** Normaliser of one flow. */
export interface TextNormalizer {
  /** Takes the bytes of the next packet, and returns the text that is final now. */
  push(bytes: Uint8Array): NormalizedPart;
  /** Ends the flow, and returns the text held back. */
  end(): NormalizedPart;
  /** Escape of the flow; null while it continues. After an escape no bytes may be pushed. */
  readonly escape: NormalizationEscape | null;
  /** Resume offset after a loss of all later output. */
  resume(): NormalizationPlace;
}

/** Position from which a text can be normalised again. */
export interface NormalizationPlace {
  /** Byte offset in the original flow. */
  readonly position: number;
  /** Leading bytes of the repeated output that were already emitted. */
  readonly skip: number;
}

class Output {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  from: Uint32Array<ArrayBuffer> = new Uint32Array(4096);
  to: Uint32Array<ArrayBuffer> = new Uint32Array(4096);
  length = 0;
  // Ring of the anchors and sizes of the last outputs: an escape may repeat them.
  readonly #anchors = new Float64Array(64).fill(-1);
  readonly #sizes = new Float64Array(64);
  #last = 0;

  readonly put: Sink = (code, from, to, anchor) => {
    if (this.length + 4 > this.bytes.length) this.#grow();
    const at = this.length, size = utf8Length(code), bytes = this.bytes;
    if (size === 1) bytes[at] = code;
    else if (size === 2) {
      bytes[at] = 0xc0 | code >> 6;
      bytes[at + 1] = 0x80 | code & 63;
    } else if (size === 3) {
      bytes[at] = 0xe0 | code >> 12;
      bytes[at + 1] = 0x80 | code >> 6 & 63;
      bytes[at + 2] = 0x80 | code & 63;
    } else {
      bytes[at] = 0xf0 | code >> 18;
      bytes[at + 1] = 0x80 | code >> 12 & 63;
      bytes[at + 2] = 0x80 | code >> 6 & 63;
      bytes[at + 3] = 0x80 | code & 63;
    }
    for (let i = at; i < at + size; i++) {
      this.from[i] = from;
      this.to[i] = to;
    }
    this.length += size;
    if (this.#anchors[this.#last] !== anchor) {
      this.#last = (this.#last + 1) & 63;
      this.#anchors[this.#last] = anchor;
      this.#sizes[this.#last] = 0;
    }
    this.#sizes[this.#last]! += size;
  };

  /** Returns the number of emitted bytes whose source is at or after `position`. */
  since(position: number): number {
    return this.#sizes.reduce((sum, bytes, i) => this.#anchors[i]! >= position ? sum + bytes : sum, 0);
  }

  #grow(): void {
    const bytes = new Uint8Array(this.bytes.length * 2);
    const from = new Uint32Array(bytes.length), to = new Uint32Array(bytes.length);
    bytes.set(this.bytes);
    from.set(this.from);
    to.set(this.to);
    [this.bytes, this.from, this.to] = [bytes, from, to];
  }

  take(): NormalizedPart {
    const end = this.length;
    this.length = 0;
    return {
      bytes: this.bytes.subarray(0, end),
      from: this.from.subarray(0, end),
      to: this.to.subarray(0, end),
    };
  }
}

/**
 * Creates a normaliser for one flow. UTF-8 is decoded as WHATWG specifies, also across packet boundaries; an
 * invalid sequence becomes U+FFFD. Code points that later bytes may change are held back: at most 30 marks
 * with their starter, or a possible beginning of a text to replace.
 *
 * @param steps Normalisation steps, in order.
 * @returns The normaliser. Its output equals {@linkcode normalizeText} of the whole text, unless `escape` is
 * set.
 * @throws {OnpathError} `pipeline` if the steps are malformed.
 *
 * @example
 * ```ts
 * import { createTextNormalizer } from "./model.ts";
 * import assert from "node:assert/strict";
 *
 * const normalizer = createTextNormalizer([{ op: "nfc" }, { op: "lower_case" }]);
 * const first = new TextDecoder().decode(normalizer.push(new TextEncoder().encode("CAFE")).bytes);
 * const second = new TextDecoder().decode(normalizer.push(new TextEncoder().encode("\u0301!")).bytes);
 * const third = new TextDecoder().decode(normalizer.end().bytes);
 * assert.deepEqual([first, second, third], ["caf", "é", "!"]);
 * ```
 */
export function createTextNormalizer(steps: readonly TextStep[]): TextNormalizer {
  checkVocabularySteps(steps);
  const out = new Output();
  const byStep: CodePointFilter[][] = [];
  let escape: NormalizationEscape | null = null;
  const heldFrom = (at: number) => Math.min(at, ...byStep.flat().map((filter) => filter.heldFrom()));
  const giveUp = (at: number) => {
    if (escape !== null) return;
    const position = heldFrom(at);
    const rest = steps.filter((step, i) =>
      step.op !== "prepend" || position === 0 || !byStep[i]![0]!.isStarted()
    );
    escape = { reason: "marks", position, skip: out.since(position), steps: rest };
  };
  let from = 0, at = 0;
  const chain = steps.toReversed().reduce<Sink>((next, step) => {
    const filters = filtersOf(
      step,
      (code, a, b, anchor) => escape === null && next(code, a, b, anchor),
      () => giveUp(from),
    );
    byStep.unshift(filters);
    return filters[0]!.push;
  }, out.put);

  const decoder = new PointDecoder();
  const one = (byte: number): void => {
    if (decoder.need === 0) from = at;
    const code = decoder.take(byte);
    if (code === POINT_GOES_ON) return;
    if (code === POINT_BROKEN) {
      chain(0xfffd, from, at, from);
      return one(byte);
    }
    chain(code === POINT_WRONG ? 0xfffd : code, from, at + 1, from);
  };
  return {
    push(bytes) {
      for (let i = 0; i < bytes.length && escape === null; i++, at++) one(bytes[i]!);
      return out.take();
    },
    end() {
      if (escape === null && decoder.need > 0) chain(0xfffd, from, at, from);
      decoder.restart();
      for (const filter of byStep.flat()) if (escape === null) filter.end();
      return out.take();
    },
    get escape() {
      return escape;
    },
    resume() {
      // Nothing has been emitted while a text to be prepended still lacks input.
      if (byStep.some((filters) => !filters[0]!.isStarted())) return { position: 0, skip: 0 };
      if (escape !== null) return escape;
      const position = heldFrom(decoder.need > 0 ? from : at);
      return { position, skip: out.since(position) };
    },
  };
}

/** Normalised text, with the source of every byte. */
export interface NormalizedText extends NormalizedPart {
  /** Position at which the device gave up and the host continued; null without an escape. */
  readonly escape: NormalizationEscape | null;
}

/**
 * Normalises a whole text packet by packet; after an escape, the host continues with the reference.
 *
 * @param text UTF-8; may be invalid.
 * @param steps Normalisation steps, in order.
 * @param payload Payload of a packet, in bytes; default 1344.
 * @returns The normalised text. After an escape, the source of every byte is the whole rest of the text.
 * @throws {OnpathError} `pipeline` if the steps are malformed; `size` if the text has 4 GiB or more.
 */
export function normalizeBytes(
  text: Uint8Array,
  steps: readonly TextStep[],
  payload: number = 1344,
): NormalizedText {
  if (text.length > 0xffffffff) {
    throw new OnpathError("size", `Cannot normalise ${text.length} bytes: expected less than 4 GiB`, {
      bytes: text.length,
    });
  }
  const normalizer = createTextNormalizer(steps);
  const parts: NormalizedPart[] = [];
  const keep = ({ bytes, from, to }: NormalizedPart) =>
    parts.push({ bytes: bytes.slice(), from: from.slice(), to: to.slice() });
  for (let at = 0; at < text.length; at += payload) keep(normalizer.push(text.subarray(at, at + payload)));
  keep(normalizer.end());
  const { escape } = normalizer;
  if (escape !== null) {
    const rest = new TextDecoder("utf-8", { ignoreBOM: true }).decode(text.subarray(escape.position));
    const bytes = new TextEncoder().encode(normalizeText(rest, escape.steps)).subarray(escape.skip);
    parts.push({
      bytes,
      from: new Uint32Array(bytes.length).fill(escape.position),
      to: new Uint32Array(bytes.length).fill(text.length),
    });
  }
  const length = parts.reduce((sum, part) => sum + part.bytes.length, 0);
  const whole = { bytes: new Uint8Array(length), from: new Uint32Array(length), to: new Uint32Array(length) };
  let at = 0;
  for (const part of parts) {
    whole.bytes.set(part.bytes, at);
    whole.from.set(part.from, at);
    whole.to.set(part.to, at);
    at += part.bytes.length;
  }
  return { ...whole, escape };
}

/**
 * Maps a stretch of normalised text to the original text.
 *
 * @param part Normalised text.
 * @param start Offset of the stretch's first byte.
 * @param end Exclusive end; `end > start`.
 * @returns Offset of the first byte in the original, and exclusive end.
 */
export function originalSpan(part: NormalizedPart, start: number, end: number): [from: number, to: number] {
  let from = Infinity, to = 0;
  for (let i = start; i < end; i++) {
    from = Math.min(from, part.from[i]!);
    to = Math.max(to, part.to[i]!);
  }
  return [from, to];
}
