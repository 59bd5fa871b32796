/** Ids of texts beside those of the vocabulary's peer, in Deno or, bundled, in Node. */

import { compileSplitting } from "../../../kernels/text_normalize/splitting.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { peerOf } from "./peers.ts";
import { vocabulary, type VocabularyName, vocabularySource } from "./vocabularies.ts";

/** Of each kind of pattern and of normalisation one vocabulary. */
export const COMPARED = [
  "r50k_base",
  "cl100k_base",
  "o200k_base",
  "qwen2_5",
  "bert",
  "llama2",
  "deepseek_v3",
  "xlm-r",
] as const satisfies readonly VocabularyName[];

/** What was compared. */
export interface Comparison {
  /** Number of texts. */
  readonly texts: number;
  /** Texts whose ids differ. */
  readonly wrong: readonly string[];
  /** Whether the classes and the automaton that this engine compiles are those of the table file. */
  readonly hasEqualTables: boolean;
}

/**
 * Compares ids with the peer's. The pattern is compiled here, whatever engine compiled the table file.
 *
 * @param name The vocabulary.
 * @param texts Well-formed texts.
 * @returns What differs.
 */
export async function compareIds(name: VocabularyName, texts: readonly string[]): Promise<Comparison> {
  const compiled = await vocabulary(name);
  const pieces = compileSplitting(vocabularySource(name).splitting);
  const encoder = createEncoder({ ...compiled, pieces });
  const peer = await peerOf(name);
  try {
    const expected = await peer.encode(texts);
    return {
      texts: texts.length,
      wrong: texts.filter((text, at) => encoder.encode(text).join() !== expected[at]!.join()),
      hasEqualTables: JSON.stringify(pieces) === JSON.stringify(compiled.pieces),
    };
  } finally {
    peer.close();
  }
}
