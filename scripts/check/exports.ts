/**
 * Check: each public name has a runnable example, or README, docs, examples or another public name use it.
 *
 * @module
 */

import { deno } from "./documentation.ts";
import type { Finding, Tree } from "./tree.ts";

/** Declaration in the output of `deno doc --json`. */
interface Declaration {
  readonly jsDoc?: { readonly tags?: readonly { readonly kind: string }[] };
  readonly location?: { readonly filename: string; readonly line: number };
}

/** Public name with its declarations. */
interface PublicSymbol {
  readonly name: string;
  readonly declarations?: readonly Declaration[];
}

/**
 * Finds public names without an example or a use.
 *
 * @param root Folder of the entries and their deno.json.
 * @param entries Paths of the entries.
 * @param tree Files of the repository: pages of docs and examples use names.
 * @returns One finding for each name without an example or a use.
 */
export function checkExports(root: string, entries: readonly string[], tree: Tree): Finding[] {
  const { nodes } = JSON.parse(deno(root, ["doc", "--json", ...entries])) as {
    nodes: Record<string, { module_doc?: unknown; symbols: PublicSymbol[] }>;
  };
  const symbols = Object.values(nodes).flatMap((node) => node.symbols);
  const pages = tree.paths.filter((path) =>
    /^(README\.md|docs\/.*\.md|examples\/.*|npm\/consumer\/.*)$/.test(path)
  )
    .map((path) => tree.text(path) ?? "").join("\n");
  const heads = JSON.stringify(Object.values(nodes).map(({ module_doc }) => module_doc));
  const shown = new Set((pages + heads.replaceAll("\\n", "\n")).match(/[A-Za-z_$][\w$]*/g));
  const usedBy = usesOf(symbols);
  const findings = new Map<string, Finding>();
  const withExample = new Set(
    symbols.filter(({ declarations = [] }) =>
      declarations.some(({ jsDoc }) => jsDoc?.tags?.some(({ kind }) => kind === "example"))
    ).map(({ name }) => name),
  );
  for (const { name, declarations = [] } of symbols) {
    // A symbol of two entries is found twice, once as a reference without its comment.
    if (withExample.has(name) || shown.has(name) || (usedBy.get(name) ?? 0) > 0) continue;
    const { filename = "", line = 0 } = declarations[0]?.location ?? {};
    const at = `${filename.replace(/^file:\/\//, "").replace(`${root}/`, "")}:${line + 1}`;
    findings.set(name, {
      level: "error",
      at,
      message: `"${name}" is public, has no example, and nothing public uses it`,
    });
  }
  return [...findings.values()];
}

/** Counts by name the other public names that have it in their types. */
function usesOf(symbols: readonly PublicSymbol[]): Map<string, number> {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  for (const { name, declarations = [] } of symbols) {
    if (seen.has(name)) continue;
    seen.add(name);
    const used = new Set(
      [...JSON.stringify(declarations).matchAll(/"(?:typeName|name|repr)":"([\w$]+)"/g)].map(([, found]) =>
        found!
      ),
    );
    for (const each of used) if (each !== name) counts.set(each, (counts.get(each) ?? 0) + 1);
  }
  return counts;
}
