/**
 * Writes the declarations: a `.d.cts` for every source that an entry reaches, and a `.d.ts` and a `.d.cts` for each
 * entry, at the top, where resolvers that ignore `exports` look too. An ES module may take types from CommonJS, so the
 * sources' types are there once: a second set would be a tenth of the download.
 *
 * @module
 */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import ts from "typescript";
import type { Entry } from "./package_json.ts";

/** Extensions of an entry's declarations. */
const ENTRY_KINDS = [".d.ts", ".d.cts"];

/** Names that TypeScript knows only with this library, which few projects enable. */
const DISPOSABLE = /\b(Async)?Disposable\b|\bSymbol\.(asyncDispose|dispose)\b/;

/**
 * Writes the declarations of the package.
 *
 * @param root Folder of the repository.
 * @param entries Entries of the package.
 * @param out Output folder.
 * @returns Number of sources.
 */
export async function writeDeclarations(
  root: string,
  entries: readonly Entry[],
  out: string,
): Promise<number> {
  const texts = declare(root, entries.map(({ source }) => source));
  for (const [source, text] of texts) {
    const path = join(out, "types", source.replace(/\.ts$/, ".d.cts"));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, withCommonEndings(text));
  }
  for (const { name, source } of entries) {
    const text = `export * from "./types/${source.replace(/\.ts$/, ".cjs")}";\n`;
    for (const kind of ENTRY_KINDS) await writeFile(join(out, name + kind), text);
  }
  return texts.size;
}

/** Comment at the head of a file that describes the module. */
const MODULE_HEAD = /^\/\*\*(?:(?!\*\/)[^])*?@module\s*\*\/\s*/;

/**
 * Generates the declarations of sources and of their imports.
 *
 * @param root Folder of the repository.
 * @param sources Sources, relative to `root`.
 * @returns Declarations by source; their imports still end in `.ts`.
 * @throws {Error} If a type cannot be expressed in a declaration.
 */
export function declare(root: string, sources: readonly string[]): Map<string, string> {
  const program = ts.createProgram(sources.map((source) => join(root, source)), {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    types: [],
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    // `deno check` has checked the sources; this step only emits their types.
    noCheck: true,
  });
  const texts = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (_path, text, _mark, _fail, files) => {
    const source = relative(root, files![0]!.fileName).split(sep).join("/");
    // Heads of inner files are for readers of the sources: editors show those of the entries alone.
    if (!sources.includes(source)) text = text.replace(MODULE_HEAD, "");
    texts.set(source, DISPOSABLE.test(text) ? `/// <reference lib="esnext.disposable" />\n${text}` : text);
  });
  const [first] = diagnostics;
  if (first !== undefined) {
    const message = ts.flattenDiagnosticMessageText(first.messageText, " ");
    throw new Error(`Cannot declare ${first.file?.fileName}: ${message}`);
  }
  return texts;
}

/**
 * Changes the extensions of a declaration's relative imports to those of CommonJS.
 *
 * @param text Declaration whose imports end in `.ts`.
 */
export function withCommonEndings(text: string): string {
  let changed = text;
  // Replaces from the end, so that earlier positions stay valid. A position may include the quote.
  for (const { fileName, pos } of relativeImports(text).sort((a, b) => b.pos - a.pos)) {
    const start = changed.indexOf(fileName, pos);
    const target = fileName.replace(/\.ts$/, ".cjs");
    changed = changed.slice(0, start) + target + changed.slice(start + fileName.length);
  }
  return changed;
}

function relativeImports(text: string): ts.FileReference[] {
  return ts.preProcessFile(text, true, true).importedFiles.filter(({ fileName }) => fileName.startsWith("."));
}
