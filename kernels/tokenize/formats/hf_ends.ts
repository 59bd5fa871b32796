/**
 * What stands after the model in a tokenizer.json: ids put around a text, and how tokens become text again.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt, named } from "../../excerpt.ts";
import { parseWith } from "../../schema.ts";
import { MAX_AROUND } from "../file/meta.ts";
import type { TokenDecoding } from "../vocabulary.ts";
import { DECODER, type Decoder, POST_PROCESSOR, type PostProcessor } from "./hf_schema.ts";

/** Ids put before and after a text. */
export interface Around {
  /** Before it. */
  readonly before: readonly number[];
  /** After it. */
  readonly after: readonly number[];
}

/**
 * Reads `post_processor`.
 *
 * @param json The part of the file; null where there is none.
 * @param name The vocabulary's name.
 * @returns Ids put around a text.
 * @throws {OnpathError} `file` when it is of a kind that onpath does not know, named.
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

/** Sequences of post-processors within one another, at most. */
const MAX_SEQUENCES = 8;

function around(json: unknown, name: string, depth: number): Around {
  if (depth > MAX_SEQUENCES) throw unknown(name, "post_processor", "a sequence within eight others");
  const post: PostProcessor = parseWith(POST_PROCESSOR, json, "file", `post_processor of "${name}"`);
  switch (post.type) {
    case "ByteLevel":
      // It moves offsets only, and onpath's offsets are those of the tokens' bytes.
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
              `Cannot read post_processor of "${name}": it has no ids for ${named(piece.SpecialToken.id)}`,
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

/** How tokens become text, and which text of a token stands for another. */
export interface DecoderParts {
  /** How tokens become text again. */
  readonly decoding: TokenDecoding;
  /** Replaced in every token. */
  readonly replace: { readonly from: string; readonly to: string } | null;
  /** Whether tokens `<0x0A>` are bytes. */
  readonly byteFallback: boolean;
  /** Whether tokens are written in the byte-level alphabet. */
  readonly byteLevel: boolean;
}

/**
 * Reads `decoder`.
 *
 * @param json The part of the file.
 * @param name The vocabulary's name.
 * @returns How tokens become text.
 * @throws {OnpathError} `file` when it is missing or of a kind that onpath does not know, named.
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

/** Refuses a part of a kind that is not known, before a schema says it in its own words. */
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
