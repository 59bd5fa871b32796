/**
 * The parts after the model in a tokenizer.json: ids around a text, and the decoding of tokens to text.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt, named } from "../../excerpt.ts";
import { parseWith } from "../../schema.ts";
import { MAX_AROUND } from "../file/meta.ts";
import type { TokenDecoding } from "../vocabulary.ts";
import { DECODER, type Decoder, POST_PROCESSOR, type PostProcessor } from "./hf_schema.ts";

/** Ids added before and after a text. */
export interface Around {
  /** Ids before the text. */
  readonly before: readonly number[];
  /** Ids after the text. */
  readonly after: readonly number[];
}

/**
 * Reads `post_processor`.
 *
 * @param json Value of `post_processor`; null or undefined if absent.
 * @param name Name of the vocabulary.
 * @returns Ids around a text.
 * @throws {OnpathError} `file` if its type is not supported; the message names the type.
 */
export function readPostProcessor(json: unknown, name: string): Around {
  if (json === null || json === undefined) return { before: [], after: [] };
  checkType(json, ["ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing", "Sequence"], {
    name,
    part: "post_processor",
  });
  const ids = around(json, name, 0);
  const most = Math.max(ids.before.length, ids.after.length);
  if (most > MAX_AROUND) {
    throw unknown(name, "post_processor", `a template of ${most} ids before or after a text`);
  }
  return ids;
}

/** Maximum nesting depth of post-processor sequences. */
const MAX_SEQUENCES = 8;

function around(json: unknown, name: string, depth: number): Around {
  if (depth > MAX_SEQUENCES) throw unknown(name, "post_processor", "a sequence nested in eight others");
  const post: PostProcessor = parseWith(POST_PROCESSOR, json, "file", `post_processor of "${name}"`);
  switch (post.type) {
    case "ByteLevel":
      // ByteLevel changes offsets only; onpath's offsets are those of the tokens' bytes.
      return { before: [], after: [] };
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: [post.cls[1]], after: [post.sep[1]] };
    case "Sequence": {
      const parts = post.processors.map((part) => around(part, name, depth + 1));
      return { before: parts.toReversed().flatMap((p) => p.before), after: parts.flatMap((p) => p.after) };
    }
    case "TemplateProcessing": {
      const at = post.single.findIndex((piece) => "Sequence" in piece);
      const ids = (pieces: typeof post.single) =>
        pieces.flatMap((piece) => {
          if (!("SpecialToken" in piece)) throw unknown(name, "post_processor", "a template with two texts");
          const token = Object.hasOwn(post.special_tokens, piece.SpecialToken.id)
            ? post.special_tokens[piece.SpecialToken.id]
            : undefined;
          if (token === undefined) {
            throw new OnpathError(
              "file",
              `Cannot read post_processor of "${name}": ids of ${named(piece.SpecialToken.id)} are missing`,
              { name, token: piece.SpecialToken.id },
            );
          }
          return token.ids;
        });
      if (at < 0) throw unknown(name, "post_processor", "a template without a text");
      return { before: ids(post.single.slice(0, at)), after: ids(post.single.slice(at + 1)) };
    }
  }
}

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

/** Rejects a part of an unknown type by name, before the schema reports it less clearly. */
function checkType(
  json: unknown,
  known: readonly string[],
  { name, part }: { name: string; part: string },
): void {
  const type = typeof json === "object" && json !== null && "type" in json ? json.type : json;
  if (typeof type === "string" && known.includes(type)) return;
  throw unknown(name, part, typeof type === "string" ? excerpt(type) : named(type));
}

function unknown(name: string, part: string, what: string): OnpathError {
  return new OnpathError("file", `Cannot read ${part} of "${name}": ${what} is not supported`, {
    name,
    part,
    what,
  });
}
