/**
 * The declarations: a `.d.ts` and a `.d.cts` for every source that an entry reaches, and one of each
 * at the top for every entry, where resolvers that know no `exports` find them too.
 *
 * @module
 */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import ts from "typescript";
import type { Entry } from "./package_json.ts";

/** Both kinds of declaration: the ending of the file, and of what it imports. */
const KINDS = [
  { declaration: ".d.ts", module: ".js" },
  { declaration: ".d.cts", module: ".cjs" },
] as const;

/** Names that TypeScript only knows with this library, which few projects ask for. */
const DISPOSABLE = /\b(Async)?Disposable\b|\bSymbol\.(asyncDispose|dispose)\b/;

/**
 * Makes and writes the declarations of the package.
 *
 * @param root The repository.
 * @param entries The package's entries.
 * @param out The folder to write to.
 * @returns The number of sources.
 */
export async function writeDeclarations(
  root: string,
  entries: readonly Entry[],
  out: string,
): Promise<number> {
  const texts = declare(root, entries.map(({ source }) => source));
  for (const [source, text] of texts) {
    for (const kind of KINDS) {
      const path = join(out, "types", source.replace(/\.ts$/, kind.declaration));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, withEndings(text, kind.module));
    }
  }
  for (const { name, source } of entries) {
    for (const kind of KINDS) {
      const target = source.replace(/\.ts$/, kind.module);
      await writeFile(join(out, name + kind.declaration), `export * from "./types/${target}";\n`);
    }
  }
  return texts.size;
}

/**
 * Makes the declarations of sources and of what they import.
 *
 * @param root The repository.
 * @param sources The sources, relative to it.
 * @returns The texts by source; their imports still end in `.ts`.
 * @throws {Error} When a type cannot be written out.
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
    // `deno check` has checked the sources; this only writes their types down.
    noCheck: true,
  });
  const texts = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (_path, text, _mark, _fail, files) => {
    const source = relative(root, files![0]!.fileName).split(sep).join("/");
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
 * Changes the endings of a declaration's relative imports.
 *
 * @param text A declaration whose imports end in `.ts`.
 * @param ending `.js` or `.cjs`.
 * @returns The declaration for that kind of module.
 */
export function withEndings(text: string, ending: ".js" | ".cjs"): string {
  let changed = text;
  // From the end, so that positions before it stay true. A position may include the quote.
  for (const { fileName, pos } of relativeImports(text).sort((a, b) => b.pos - a.pos)) {
    const start = changed.indexOf(fileName, pos);
    const target = fileName.replace(/\.ts$/, ending);
    changed = changed.slice(0, start) + target + changed.slice(start + fileName.length);
  }
  return changed;
}

function relativeImports(text: string): ts.FileReference[] {
  return ts.preProcessFile(text, true, true).importedFiles.filter(({ fileName }) => fileName.startsWith("."));
}
