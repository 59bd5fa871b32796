/**
 * Normalisation packet by packet, as the device does it: UTF-8 in, UTF-8 out, with few code points held back.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { utf8Length } from "../tokenize/pattern/pieces.ts";
import { POINT_BROKEN, POINT_GOES_ON, POINT_WRONG, PointDecoder } from "../tokenize/utf8.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { normalizeText } from "./reference.ts";
import { checkTextSteps } from "./spec.ts";
import { type Sink, type Stage, stagesOf } from "./stages.ts";

/** What comes out of one packet: views that hold until the next call. */
export interface NormalizedPart {
  /** Normalised text, whole code points as UTF-8. */
  readonly bytes: Uint8Array;
  /** By byte of it: where in the original flow what it comes from begins, in bytes. */
  readonly from: Uint32Array;
  /** By byte: where that ends. */
  readonly to: Uint32Array;
}

/** Why and where the device gave up a flow; the host goes on from there. */
export interface NormalizationEscape extends NormalizationPlace {
  /** More than 30 marks follow one another. */
  readonly reason: "marks";
  /** The steps that the rest takes: what is put before a text is put once. */
  readonly steps: readonly TextStep[];
}

/** Normalises one flow. */
export interface TextNormalizer {
  /** Takes the next packet's bytes, and gives what is certain now. */
  push(bytes: Uint8Array): NormalizedPart;
  /** The flow ends: gives what was held. */
  end(): NormalizedPart;
  /** Set once the device gave up; it takes no more then. */
  readonly escape: NormalizationEscape | null;
  /** Where the text has to be normalised anew if what comes from here on were lost. */
  resume(): NormalizationPlace;
}

/** A place from which a text may be normalised anew. */
export interface NormalizationPlace {
  /** Byte of the original flow. */
  readonly position: number;
  /** Bytes at the head of what that gives which have come out already. */
  readonly skip: number;
}

class Output {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  from: Uint32Array<ArrayBuffer> = new Uint32Array(4096);
  to: Uint32Array<ArrayBuffer> = new Uint32Array(4096);
  length = 0;
  // Anchors of what came out last, and its bytes, in a ring: it may have to be made again after an escape.
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

  /** Bytes that came out and come from `position` on. */
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
 * Makes a normaliser for one flow. It decodes UTF-8 as WHATWG does, an invalid sequence being U+FFFD, across the
 * edges of packets too, and holds back what later bytes may change: at most 30 marks with their starter, or what
 * may be the beginning of a text to be replaced.
 *
 * @param steps What happens to the text, in order.
 * @returns The normaliser. What it gives equals {@linkcode normalizeText} of the whole, or it says `escape`.
 * @throws {OnpathError} `pipeline` when the steps are malformed.
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
  checkTextSteps(steps);
  const out = new Output();
  const byStep: Stage[][] = [];
  let escape: NormalizationEscape | null = null;
  const heldFrom = (at: number) => Math.min(at, ...byStep.flat().map((stage) => stage.heldFrom()));
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
    const stages = stagesOf(
      step,
      (code, a, b, anchor) => escape === null && next(code, a, b, anchor),
      () => giveUp(from),
    );
    byStep.unshift(stages);
    return stages[0]!.push;
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
      for (const stage of byStep.flat()) if (escape === null) stage.end();
      return out.take();
    },
    get escape() {
      return escape;
    },
    resume() {
      // As long as a text that is put in front waits for more, nothing has come out.
      if (byStep.some((stages) => !stages[0]!.isStarted())) return { position: 0, skip: 0 };
      if (escape !== null) return escape;
      const position = heldFrom(decoder.need > 0 ? from : at);
      return { position, skip: out.since(position) };
    },
  };
}

/** A text after normalisation, with the way back. */
export interface NormalizedText extends NormalizedPart {
  /** Where the device gave up and the host went on, or null. */
  readonly escape: NormalizationEscape | null;
}

/**
 * Normalises a whole text packet by packet; where the device gives up, the host goes on with the reference.
 *
 * @param text UTF-8, which may be invalid.
 * @param steps What happens to it.
 * @param payload Bytes of a packet; default 1344.
 * @returns The normalised text. Behind an escape every byte's place is the whole rest of the text.
 * @throws {OnpathError} `pipeline` when the steps are malformed, `size` when the text has 4 GiB or more.
 */
export function normalizeBytes(
  text: Uint8Array,
  steps: readonly TextStep[],
  payload: number = 1344,
): NormalizedText {
  if (text.length > 0xffffffff) {
    throw new OnpathError("size", `Cannot normalise ${text.length} bytes: a flow has less than 4 GiB`, {
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
 * Where in the original text a stretch of normalised text comes from.
 *
 * @param part Normalised text.
 * @param start First byte of the stretch.
 * @param end The byte behind it; `end > start`.
 * @returns First byte in the original, and the byte behind the last.
 */
export function originalSpan(part: NormalizedPart, start: number, end: number): [from: number, to: number] {
  let from = Infinity, to = 0;
  for (let i = start; i < end; i++) {
    from = Math.min(from, part.from[i]!);
    to = Math.max(to, part.to[i]!);
  }
  return [from, to];
}
