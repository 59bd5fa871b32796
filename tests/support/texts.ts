/**
 * Texts for tests: real ones, those that broke rules, and hostile ones.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { corpus, type NamedText } from "../../scripts/text/corpus.ts";
import { cacheFile } from "./disk_cache.ts";

export { corpus, type NamedText };

/** Maximum length of a document in a slice, in UTF-16 units. */
const HEAD = 2048;

let heads: readonly NamedText[] | undefined;

/** The beginnings of all documents. To read the documents takes a second, and many test files need a few of them. */
function corpusHeads(): readonly NamedText[] {
  if (heads !== undefined) return heads;
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url));
  // The lock file has the versions of the packages that the documents come from.
  const sources = [read("scripts/text/corpus.ts"), read("deno.lock"), String(HEAD)];
  const { read: cached, keep } = cacheFile("corpus", sources);
  const file = cached() ?? keep(new TextEncoder().encode(JSON.stringify(
    corpus().map(({ name, text }) => ({ name, text: text.slice(0, HEAD).toWellFormed() })),
  )));
  return heads = JSON.parse(new TextDecoder().decode(file)) as NamedText[];
}

/** Every so many-th document, cut short: at most so many UTF-16 units in all, of every kind. */
export function corpusSlice(units: number): NamedText[] {
  const all = corpusHeads();
  const step = Math.max(1, Math.floor((all.length * HEAD) / units));
  return all.filter((_, i) => i % step === 0);
}

/** A way to build an adversarial text. */
type Recipe =
  | string
  | { readonly op: "repeat"; readonly s: string; readonly n: number }
  | { readonly op: "lit"; readonly s: string }
  | { readonly op: "cat"; readonly p: readonly Recipe[] };

/** A text that broke a rule of cutting, as bytes: some are not valid UTF-8. */
export interface AdversarialText {
  readonly name: string;
  /** Why it is hard. */
  readonly why: string;
  readonly bytes: Uint8Array;
}

/** The texts of tests/golden/adversarial-text.json, 40 of them. */
export function adversarialTexts(): AdversarialText[] {
  const file = readFileSync(new URL("../golden/adversarial-text.json", import.meta.url), "utf8");
  const { cases } = JSON.parse(file) as {
    cases: { name: string; why: string; gen?: Recipe; bytesHex?: string; repeat?: number }[];
  };
  const utf8 = new TextEncoder();
  return cases.map(({ name, why, gen, bytesHex, repeat }) => {
    if (bytesHex === undefined) return { name, why, bytes: utf8.encode(cook(gen!)) };
    const once = Uint8Array.from(bytesHex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    const bytes = new Uint8Array(once.length * repeat!);
    for (let i = 0; i < repeat!; i++) bytes.set(once, i * once.length);
    return { name, why, bytes };
  });
}

function cook(recipe: Recipe): string {
  if (typeof recipe === "string") return recipe;
  switch (recipe.op) {
    case "repeat":
      return recipe.s.repeat(recipe.n);
    case "lit":
      return recipe.s;
    case "cat":
      return recipe.p.map(cook).join("");
  }
}

/** What breaks rules: letters of both cases, digits of several scripts, white space, quotes, marks, long code points. */
const HOSTILE = [
  ..."aBé漢1٣२ \n\r\t'slL/.-\u0301\u00a0😀ſ",
  ...'tdmrevDKΣςßİı0９Ⅷ²_<|>#{}"\u0000\u0085\u200d\ufeff\ufffd\u3000ﬁ가각ｱ\u{10ffff}\u{1f1e9}\u{2a700}',
  " the",
  "ing",
  "\r\n",
  "  ",
  "<|endoftext|>",
  "▁",
  ".:",
];

/**
 * A hostile text: a few symbols out of many, in any order, some of them repeated.
 *
 * @param next Numbers of 32 bits, as `random` of random.ts gives them.
 */
export function hostileText(next: () => number): string {
  const below = (limit: number) => next() % limit;
  const symbols = Array.from({ length: 1 + below(12) }, () => HOSTILE[below(HOSTILE.length)]!);
  const length = 1 + below(below(20) === 0 ? 1200 : 120);
  let text = "";
  while (text.length < length) {
    const symbol = symbols[below(symbols.length)]!;
    text += below(4) === 0 ? symbol.repeat(1 + below(9)) : symbol;
  }
  return text;
}
