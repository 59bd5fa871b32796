/**
 * Compiles a vocabulary: from the contents of its files to flat tables.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { compileSplitting } from "../../text_normalize/splitting.ts";
import { decodeVocabulary } from "../file/decode.ts";
import { encodeVocabulary } from "../file/encode.ts";
import type { VocabularySource } from "../source.ts";
import { MAX_IDS, type Vocabulary } from "../vocabulary.ts";
import { compileBpe } from "./bpe.ts";
import type { VocabularyOptions } from "./progress.ts";
import { selectStrings } from "./strings.ts";
import { compileUnigram } from "./unigram.ts";
import { compileWordPiece } from "./word_piece.ts";

/**
 * Compiles a vocabulary.
 *
 * @param source Vocabulary as read from its files.
 * @param options Progress callback and abort signal.
 * @returns The compiled vocabulary.
 * @throws {OnpathError} `table` if the vocabulary contradicts itself; `size` if it is too large; `pipeline`
 * if its pattern is not supported.
 * @throws The signal's reason if aborted.
 */
export async function compileVocabulary(
  source: VocabularySource,
  options: VocabularyOptions = {},
): Promise<Vocabulary> {
  requireSource(source);
  const { name, model, normalization, splitting, decoding, special, around, templates } = source;
  const pair = templates?.pair?.flatMap((part) => "ids" in part ? part.ids : []) ?? [];
  const ids = [...special.map(({ id }) => id), ...around.before, ...around.after, ...pair];
  const idLimit = 1 + Math.max(source.decoded.ids.reduce((max, id) => Math.max(max, id), 0), ...ids);
  if (idLimit > MAX_IDS) {
    throw new OnpathError(
      "size",
      `Cannot compile vocabulary "${name}": it has the id ${idLimit - 1}, expected ids below ${MAX_IDS}`,
      { name, id: idLimit - 1, limit: MAX_IDS },
    );
  }
  options.signal?.throwIfAborted();
  const compiled = {
    name,
    algorithm: model.algorithm,
    idLimit,
    ...bytesById(source, idLimit),
    decoding,
    normalization,
    pieces: compileSplitting(splitting, options.signal),
    bpe: model.algorithm === "bpe" ? await compileBpe(model.bpe, options) : null,
    wordPiece: model.algorithm === "wordpiece" ? compileWordPiece(model.wordPiece) : null,
    ...(model.algorithm === "unigram" && { unigram: compileUnigram(model.unigram, idLimit) }),
    special,
    around,
    ...(templates !== undefined && { templates }),
  };
  // A round trip through the file format: every compiled vocabulary can be read back.
  return decodeVocabulary(encodeVocabulary(compiled));
}

/** Concatenates the bytes of each id, in the order of ids. */
function bytesById(
  { name, decoded }: VocabularySource,
  idLimit: number,
): Pick<Vocabulary, "bytes" | "offsets"> {
  const count = decoded.ids.length;
  const places = Int32Array.from({ length: count }, (_, i) => i).sort((a, b) =>
    decoded.ids[a]! - decoded.ids[b]!
  );
  const { bytes, offsets } = selectStrings(decoded.strings, places);
  const starts = new Uint32Array(idLimit + 1);
  let at = 0;
  for (let id = 0; id < idLimit; id++) {
    if (at < count && decoded.ids[places[at]!] === id) at++;
    if (at < count && decoded.ids[places[at]!] === id) {
      throw new OnpathError("table", `Cannot compile vocabulary "${name}": two tokens have the id ${id}`, {
        name,
        id,
      });
    }
    starts[id + 1] = offsets[at]!;
  }
  return { bytes, offsets: starts };
}

/** Refuses what no reader of vocabulary files has made. */
function requireSource(source: unknown): void {
  const { model, special, around, decoded } = Object(source) as Partial<VocabularySource>;
  if (Array.isArray(special) && [model, around, decoded].every((part) => Object(part) === part)) return;
  throw new OnpathError(
    "table",
    `Cannot compile a vocabulary from a value that is ${
      kindOf(source)
    }: expected what readTokenizerJson(), readTiktoken() or another reader makes`,
    { found: kindOf(source) },
  );
}
