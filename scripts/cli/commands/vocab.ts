/**
 * `vocab`: compiles a vocabulary into a table file, and describes its contents.
 *
 * @module
 */

import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { loadVocabulary, TABLE_ENDING } from "../../io/vocabulary.ts";
import { checkFolderOf, writeWhole } from "../../io/write.ts";
import { type Context, print, printJson } from "../context.ts";
import { followProgress } from "../progress.ts";
import { bytes, count, factTable } from "../text.ts";

/** Options of `vocab`. */
export interface VocabOptions {
  /** `--output`: path of the table file. */
  readonly output?: string | undefined;
  /** `--json` */
  readonly json?: boolean | undefined;
}

/**
 * Compiles or reads a vocabulary and prints its contents.
 *
 * @param name Name of an encoding, or path of a file.
 * @param options Options of the command line.
 * @param context Provides the abort signal.
 * @throws {OnpathError} `file` if the output's name does not end in `.vocab`.
 */
export async function describeVocabulary(
  name: string,
  options: VocabOptions,
  context: Context,
): Promise<void> {
  const { output, json } = options;
  const { signal } = context;
  if (output !== undefined) {
    if (!output.toLowerCase().endsWith(TABLE_ENDING)) {
      throw new OnpathError("file", `Cannot write ${output}: expected a name that ends in ${TABLE_ENDING}`, {
        path: output,
      });
    }
    await checkFolderOf(output);
  }
  const follower = await followProgress("steps");
  let vocabulary: Vocabulary;
  try {
    vocabulary = await loadVocabulary(name, { signal, onProgress: follower.onProgress });
  } finally {
    follower.stop();
  }
  const file = encodeVocabulary(vocabulary);
  if (output !== undefined) await writeWhole(output, [file], signal);
  const { pieces, bpe, wordPiece, unigram, special, normalization, algorithm, idLimit } = vocabulary;
  if (json) {
    return printJson({
      name: vocabulary.name,
      algorithm,
      idLimit,
      tokens: bpe?.tokens ?? null,
      units: bpe?.units ?? null,
      longestToken: (bpe ?? wordPiece ?? unigram!).longestToken,
      states: pieces?.states ?? null,
      classes: pieces?.classes ?? null,
      classBytes: pieces === null ? null : pieces.blockOf.byteLength + pieces.classOf.byteLength,
      special: special.length,
      normalization,
      fileBytes: file.length,
      checksum: vocabulary.checksum,
      ...(output === undefined ? {} : { output }),
    });
  }
  print(factTable([
    ["vocabulary", vocabulary.name],
    [
      "algorithm",
      bpe !== null ? `byte pair encoding over ${bpe.units}` : wordPiece !== null ? "WordPiece" : "Unigram",
    ],
    ["ids", `below ${count(idLimit)}, ${count(special.length)} special tokens`],
    ["longest token", `${(bpe ?? wordPiece ?? unigram!).longestToken} bytes`],
    [
      "pieces",
      pieces === null
        ? "the whole text is one piece"
        : `${pieces.states} states x ${pieces.classes} classes, class tables of ${
          bytes(pieces.blockOf.byteLength + pieces.classOf.byteLength)
        }`,
    ],
    ["normalization", normalization.length === 0 ? "none" : normalization.map(({ op }) => op).join(", ")],
    ["tables", `${bytes(file.length)}, bit-packed`],
    ...(output === undefined ? [] : [["written", output]] as const),
  ]));
}
