/**
 * Normalisation of a growing text: output is returned as soon as it is final.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../serialize/errors.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { createTextNormalizer, type NormalizationEscape } from "./model.ts";
import { normalizeText } from "./reference.ts";

/** Normaliser of a growing text. */
export interface NormalizerStream {
  /**
   * Takes more UTF-8 of the text; returns the output that is final now. The view is valid until the next
   * call.
   */
  push(bytes: Uint8Array): Uint8Array;
  /** Ends the text; returns the rest. */
  end(): Uint8Array;
}

/**
 * Bytes of the text kept for the reference: more than the filters of the model hold back, a few dozen code
 * points each.
 */
const KEPT = 2 ** 14;

/**
 * Creates a normaliser for one text. It uses the devices' model. After an escape (more than 30 consecutive
 * marks), the rest of the text is buffered and normalised by the reference at its end.
 *
 * @param steps Normalisation steps, in order.
 * @returns The stream; its joined output equals {@linkcode normalizeText} of the whole text.
 * @throws {OnpathError} `pipeline` if the steps are malformed.
 *
 * @example
 * ```ts
 * import { createNormalizerStream } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const stream = createNormalizerStream([{ op: "nfc" }]);
 * const utf8 = new TextEncoder();
 * const parts = ["cafe", "\u0301 and", " more"].map((part) => new TextDecoder().decode(stream.push(utf8.encode(part))));
 * assert.deepEqual(parts, ["caf", "é an", "d mor"]);
 * assert.equal(new TextDecoder().decode(stream.end()), "e");
 * ```
 */
export function createNormalizerStream(steps: readonly TextStep[]): NormalizerStream {
  const model = createTextNormalizer(steps);
  // Text from offset `begins`: everything that the model may hold back, or everything since its escape.
  let text: Uint8Array<ArrayBuffer> = new Uint8Array(2 * KEPT);
  let begins = 0, length = 0;
  const keep = (bytes: Uint8Array) => {
    if (length + bytes.length > text.length) {
      const held = model.escape === null ? Math.min(length, KEPT) : length;
      const moved = new Uint8Array(Math.max(text.length, 2 * (held + bytes.length)));
      moved.set(text.subarray(length - held, length));
      begins += length - held;
      text = moved;
      length = held;
    }
    text.set(bytes, length);
    length += bytes.length;
  };
  const rest = ({ position, skip, steps }: NormalizationEscape) => {
    const utf16 = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      text.subarray(position - begins, length),
    );
    return new TextEncoder().encode(normalizeText(utf16, steps)).subarray(skip);
  };
  return {
    push: (bytes) => {
      if (!(bytes instanceof Uint8Array)) {
        throw new OnpathError(
          "dtype",
          `Cannot normalize bytes that are ${kindOf(bytes)}: expected a Uint8Array`,
        );
      }
      keep(bytes);
      return model.escape === null ? model.push(bytes).bytes : EMPTY;
    },
    end: () => {
      if (model.escape === null) {
        const { bytes } = model.end();
        if (model.escape === null) return bytes;
        const before = bytes.slice();
        const after = rest(model.escape);
        const all = new Uint8Array(before.length + after.length);
        all.set(before);
        all.set(after, before.length);
        return all;
      }
      return rest(model.escape);
    },
  };
}

const EMPTY = new Uint8Array(0);
