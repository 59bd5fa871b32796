/**
 * Generates the sets by which tokenizers cuts text into grapheme clusters before a precompiled map. The map
 * replaces a whole cluster of less than six bytes if a key begins it, and so shows where clusters end.
 *
 * @module
 */

import { charsmap } from "./charsmap.ts";
import { packRanges, rangesFrom, sourceLines } from "./pack.ts";
import { ALL_TEXTS, tokenizersProbe } from "./peers.ts";

function normalizer(entries: Iterable<readonly [string, string]>) {
  return tokenizersProbe({ type: "Precompiled", precompiled_charsmap: charsmap(entries) }).getNormalizer();
}

/** Code points that a test on each finds, in texts of 1024 whose code points are keys. */
function found(test: (one: string, normalize: (text: string) => string) => boolean): number[] {
  return ALL_TEXTS.flatMap((text) => {
    const all = Array.from(text).filter((one) => one !== "\0");
    const probe = normalizer(all.map((one) => [one, "X"] as const));
    return all.filter((one) => test(one, (whole) => probe.normalizeString(whole)));
  }).map((one) => one.codePointAt(0)!);
}

function source(name: string, about: string, codes: readonly number[]): string {
  return `/** ${about} */\nexport const ${name}: string =\n${sourceLines(packRanges(rangesFrom(codes)))};\n`;
}

/** Generates the source of `kernels/unicode/graphemes_data.ts` after its head. */
export function graphemesSource(): string {
  const letter = normalizer([["a", "X"]]);
  const extends_ = ALL_TEXTS.flatMap((text) =>
    Array.from(text).filter((one) => one !== "\0" && letter.normalizeString(`a${one}`) === "X")
  ).map((one) => one.codePointAt(0)!);
  return [
    source(
      "EXTENDS",
      "Code points that continue the cluster before them: Extend, SpacingMark, ZWJ.",
      extends_,
    ),
    source(
      "PREPENDS",
      "Code points that the following one continues: Prepend.",
      found((one, normalize) => normalize(`${one}b`) === "X"),
    ),
    source(
      "CONTROLS",
      "Code points of at most three bytes that nothing continues: Control, CR, LF.",
      found((one, normalize) => one < "\uffff" && one.length === 1 && normalize(`${one}\u0301`) !== "X"),
    ),
  ].join("\n");
}
