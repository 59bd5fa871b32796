/**
 * Tokenizing on the host: the compiled engine, or the plain one of the devices without a window.
 *
 * @module
 */

import { requireObject } from "../../serialize/require.ts";
import { normalizeText } from "../text_normalize/reference.ts";
import { createNormalizerStream, type NormalizerStream } from "../text_normalize/stream.ts";
import { Compatibility } from "./compatible.ts";
import { TextFlow } from "./flow.ts";
import type { TextLookups } from "./lookups.ts";
import { allowedTokens } from "./special.ts";
import { createSplitter, specialParts } from "./special_strip.ts";
import { engineTables } from "./tables.ts";
import { type TextEngine, textEngine } from "./text_engine.ts";
import { checkText } from "./text_parts.ts";
import { requireVocabulary, type Vocabulary } from "./vocabulary.ts";
import { joined, WholeText } from "./whole_text.ts";

/** Options of an encoder. */
export interface EncodeOptions {
  /** Special tokens recognised in the text; default `"none"`: their text is ordinary text. */
  readonly special?: "all" | "none" | readonly string[] | undefined;
  /** True to add the vocabulary's ids around a text, such as [CLS] and [SEP]; default false. */
  readonly around?: boolean | undefined;
  /**
   * Engine: `compiled`, WebAssembly with SIMD, where the vocabulary permits it (the default); or `plain`, which
   * also runs where WebAssembly is forbidden. Both give the same ids.
   */
  readonly engine?: "compiled" | "plain" | undefined;
}

/** Encoder of a text that arrives in parts. */
export interface TokenStream {
  /** Appends to the text; returns the ids that are final now. */
  readonly push: (text: string | Uint8Array) => Uint32Array;
  /** Ends the text; returns the remaining ids. The stream can then take a new text. */
  readonly end: () => Uint32Array;
}

/** Tokenizes texts on the host. */
export interface TokenEncoder {
  /** Vocabulary of the ids. */
  readonly vocabulary: Vocabulary;
  /**
   * Returns the ids of a whole text. Bytes are UTF-8; malformed ones become U+FFFD. Few ids are part of a larger
   * buffer: copy them by `slice()` before their `buffer` is transferred.
   */
  readonly encode: (text: string | Uint8Array) => Uint32Array;
  /** Creates a stream for a text that arrives in parts, such as a growing prompt. */
  readonly stream: () => TokenStream;
  /** Table lookups since the creation of the encoder. */
  readonly lookups: () => TextLookups;
}

/**
 * Creates an encoder.
 *
 * @param vocabulary Compiled vocabulary.
 * @param options Special tokens, and ids around a text.
 * @returns The encoder. For every text, its ids equal those of the reference tokenizer.
 * @throws {OnpathError} `pipeline` if a special token is unknown.
 *
 * @example
 * ```ts
 * import { compileVocabulary, createEncoder, readTiktoken } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const units = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const ranks = [...units, `${btoa("ab")} 256`].join("\n");
 * const vocabulary = await compileVocabulary(readTiktoken(ranks, "tiny", { pattern: "\\p{L}+|\\P{L}", special: {} }));
 * assert.deepEqual([...createEncoder(vocabulary).encode("cab")], [99, 256]);
 * ```
 */
export function createEncoder(vocabulary: Vocabulary, options: EncodeOptions = {}): TokenEncoder {
  requireVocabulary(vocabulary);
  requireObject("create an encoder", "the options are", options);
  const tables = engineTables(vocabulary);
  const counts: TextLookups = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  const compatibility = vocabulary.bpe === null ? null : new Compatibility(vocabulary.bpe);
  const special = allowedTokens(vocabulary, options.special ?? "none");
  const { normalization } = vocabulary;
  const { before, after } = options.around === true ? vocabulary.around : { before: [], after: [] };
  const engine = options.engine === "plain" ? null : textEngine(tables);

  const makeStream = (isWhole: boolean): TokenStream => {
    const flow = new TextFlow(tables, counts, compatibility, Infinity, engine);
    const splitter = createSplitter(special, {
      text: (bytes, from, to) => put(bytes, from, to),
      special: (id, length) => {
        endPart();
        flow.putSpecial(id, length);
      },
    });
    let begun = false;
    let normalizer: NormalizerStream | null = null;
    const put = (bytes: Uint8Array, from: number, to: number) => {
      if (normalization.length === 0) return flow.take(bytes, from, to);
      normalizer ??= isWhole ? wholeNormalizer(normalization) : createNormalizerStream(normalization);
      const normalized = normalizer.push(bytes.subarray(from, to));
      flow.take(normalized, 0, normalized.length);
    };
    const endPart = () => {
      if (normalizer !== null) {
        const rest = normalizer.end();
        normalizer = null;
        flow.take(rest, 0, rest.length);
      }
      flow.end();
    };
    const leave = (ends: boolean): Uint32Array => {
      const first = !begun ? before : [];
      begun = !ends;
      const last = ends ? after : [];
      const ids = new Uint32Array(first.length + flow.list.count + last.length);
      ids.set(first);
      for (let n = 0; n < flow.list.count; n++) ids[first.length + n] = flow.list.tokens[n]! >> 1;
      ids.set(last, first.length + flow.list.count);
      flow.list.count = 0;
      if (ends) flow.restart();
      return ids;
    };
    return {
      push: (text) => {
        const bytes = typeof checkText(text) === "string" ? utf8.encode(text as string) : text as Uint8Array;
        if (splitter === null) put(bytes, 0, bytes.length);
        else splitter.take(bytes, 0, bytes.length);
        return leave(false);
      },
      end: () => {
        splitter?.end();
        endPart();
        return leave(true);
      },
    };
  };

  const plainWhole = (): TokenEncoder["encode"] => {
    const whole = makeStream(true);
    return (text) => {
      const first = whole.push(text);
      const rest = whole.end();
      return rest.length === 0 ? first : joined([first, rest]);
    };
  };
  const compiledWhole = (engine: TextEngine): TokenEncoder["encode"] => {
    const whole = new WholeText(engine, tables, counts, compatibility);
    const part = (text: string | Uint8Array) => {
      if (normalization.length > 0) {
        const decoded = typeof text === "string" ? text.toWellFormed() : lenient.decode(text);
        return whole.string(normalizeText(decoded, normalization));
      }
      return typeof text === "string" ? whole.string(text) : whole.utf8(text);
    };
    const bare = (text: string | Uint8Array) => {
      if (special.length === 0) return part(text);
      const bytes = typeof text === "string" ? utf8.encode(text) : text;
      return joined(
        specialParts(special, bytes).map(({ id, from, to }) =>
          id === null ? part(bytes.subarray(from, to)) : Uint32Array.of(id)
        ),
      );
    };
    if (before.length === 0 && after.length === 0) return (text) => bare(checkText(text));
    return (text) => joined([Uint32Array.from(before), bare(checkText(text)), Uint32Array.from(after)]);
  };

  return {
    vocabulary,
    encode: engine === null ? plainWhole() : compiledWhole(engine),
    stream: () => makeStream(false),
    lookups: () => ({ ...counts, pairs: counts.pairs + (compatibility?.lookups ?? 0) }),
  };
}

const utf8 = new TextEncoder();
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Normalises the whole text at its end with the JavaScript engine's own functions, which are faster than the
 * model.
 */
function wholeNormalizer(steps: Vocabulary["normalization"]): NormalizerStream {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  return {
    push: (bytes) => {
      text += decoder.decode(bytes, { stream: true });
      return NOTHING;
    },
    end: () => new TextEncoder().encode(normalizeText(text + decoder.decode(), steps)),
  };
}

const NOTHING = new Uint8Array(0);
