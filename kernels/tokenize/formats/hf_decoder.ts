/**
 * The decoder of a tokenizer.json: how tokens become text.
 *
 * @module
 */

import { named } from "../../../serialize/excerpt.ts";
import { parseWith } from "../../schema.ts";
import type { TokenDecoding } from "../vocabulary.ts";
import { checkType, unknown } from "./hf_refuse.ts";
import { DECODER, type Decoder } from "./hf_schema.ts";

/** Decoding of tokens to text, and replacements within tokens. */
export interface DecoderParts {
  /** Method that joins tokens to text. */
  readonly decoding: TokenDecoding;
  /** Replacement applied to every token. */
  readonly replace: { readonly from: string; readonly to: string } | null;
  /** True if tokens of the form `<0x0A>` stand for bytes. */
  readonly byteFallback: boolean;
  /** True if tokens are written in the byte-level alphabet. */
  readonly byteLevel: boolean;
}

/**
 * Reads `decoder`.
 *
 * @param json Value of `decoder`.
 * @param name Name of the vocabulary.
 * @returns Decoding of tokens.
 * @throws {OnpathError} `file` if it is missing or its type is not supported; the message names the type.
 */
export function readDecoder(json: unknown, name: string): DecoderParts {
  const place = { name, part: "decoder" };
  checkType(json, [
    "ByteLevel",
    "WordPiece",
    "Replace",
    "ByteFallback",
    "Fuse",
    "Strip",
    "Metaspace",
    "Sequence",
  ], place);
  const whole = parseWith(DECODER, json, "file", `decoder of "${name}"`);
  const steps = whole.type === "Sequence" ? whole.decoders : [whole];
  const kinds = steps.map((step) => step.type).join(", ");
  const first = steps[0];
  if (kinds === "ByteLevel") return parts({ byteLevel: true });
  if (first?.type === "WordPiece" && steps.length === 1) {
    return parts({ decoding: { kind: "words", prefix: first.prefix, cleanUp: first.cleanup } });
  }
  if (first?.type === "Metaspace" && steps.length === 1) {
    const strips =
      (first.prepend_scheme ?? (first.add_prefix_space === false ? "never" : "always")) !== "never";
    return parts({
      replace: { from: first.replacement, to: " " },
      decoding: { kind: "bytes", leadingSpaces: strips ? 1 : 0 },
    });
  }
  if (/^Replace, ByteFallback, Fuse(?:, Strip)?$/.test(kinds)) {
    const replace = first as Decoder & { type: "Replace" };
    const strip = steps[3] as (Decoder & { type: "Strip" }) | undefined;
    if (
      strip !== undefined &&
      (strip.content !== " " || strip.stop !== 0 || strip.start < 0 || strip.start > 255)
    ) {
      throw unknown(
        name,
        "decoder",
        `Strip of ${named(strip.content)}, ${strip.start}, ${strip.stop}`,
      );
    }
    return parts({
      replace: { from: replace.pattern.String, to: replace.content },
      byteFallback: true,
      decoding: { kind: "bytes", leadingSpaces: strip?.start ?? 0 },
    });
  }
  throw unknown(name, "decoder", kinds);
}

function parts(some: Partial<DecoderParts>): DecoderParts {
  return {
    decoding: { kind: "bytes", leadingSpaces: 0 },
    replace: null,
    byteFallback: false,
    byteLevel: false,
    ...some,
  };
}
