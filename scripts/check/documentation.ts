/**
 * Check: everything that the public entries export is documented, with more than its name.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import process from "node:process";
import type { Finding } from "./tree.ts";

/** Words that add nothing to a name. */
const EMPTY = new Set(
  "a an and are as at by for from gets in is it its of on or sets that the this to with".split(" "),
);

/**
 * Runs `deno doc --lint` and checks every comment on the entries' exports.
 *
 * @param root Folder of the entries and their deno.json.
 * @param entries Paths of the entries.
 * @returns Exports without documentation, or documented with only their name.
 */
export function checkDocumentation(root: string, entries: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  try {
    deno(root, ["doc", "--lint", ...entries]);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    findings.push({ level: "error", at: "deno doc --lint", message: `finds:\n${stderr?.trim() ?? error}` });
  }
  const { nodes } = JSON.parse(deno(root, ["doc", "--json", ...entries])) as {
    nodes: Record<string, { module_doc?: Documented["jsDoc"]; symbols: unknown }>;
  };
  for (const [entry, { module_doc, symbols }] of Object.entries(nodes)) {
    if (!module_doc?.doc) {
      findings.push({ level: "error", at: entry, message: "has no module documentation" });
    }
    walk(symbols, "", (name, { location, jsDoc, declarationKind }) => {
      const tags = jsDoc?.tags ?? [];
      // `deno doc` gives the module's comment to a file's first symbol if that has none.
      const own = tags.some(({ kind }) => kind === "module") ? undefined : jsDoc?.doc;
      const text = own === undefined ? "" : [own, ...tags.map(({ doc }) => doc)].join(" ");
      if (!addsToName(name, text)) {
        const at = location === undefined ? entry : `${location.filename}:${location.line + 1}`;
        const message = `"${name}" is documented as "${own?.trim() ?? ""}", which only repeats its name`;
        // A member is read beside its owner; an export is found alone, in searches and hovers.
        findings.push({ level: declarationKind === "export" ? "error" : "warning", at, message });
      }
    });
  }
  // A symbol of two entries is found twice.
  return [...new Map(findings.map((finding) => [finding.at + finding.message, finding])).values()]
    .map((finding) => ({ ...finding, at: finding.at.replace(/^file:\/\//, "").replace(`${root}/`, "") }));
}

/**
 * Tests whether a comment contains more than a name.
 *
 * @param name Name in camel case or capitals.
 * @param doc Text of the comment.
 * @returns True if a word remains that is neither empty nor part of the name.
 */
export function addsToName(name: string, doc: string): boolean {
  const known = new Set(words(name.replace(/([a-z])([A-Z])/g, "$1 $2")));
  return words(doc).some((word) =>
    !EMPTY.has(word) && !known.has(word) && !known.has(word.replace(/s$/, ""))
  );
}

interface Documented {
  readonly name?: string;
  readonly declarationKind?: string;
  readonly jsDoc?: {
    readonly doc?: string;
    readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
  };
  /** Position; the line counts from 0. */
  readonly location?: { readonly filename: string; readonly line: number };
}

/** Visits every node with a comment; a declaration takes the name of its symbol. */
function walk(value: unknown, name: string, visit: (name: string, node: Documented) => void): void {
  if (typeof value !== "object" || value === null) return;
  const node = value as Documented;
  const own = typeof node.name === "string" ? node.name : name;
  // Comments of tags only belong to overloads or overrides, which `deno doc --lint` checks.
  if (node.jsDoc?.doc !== undefined) visit(own, node);
  for (const [key, child] of Object.entries(value)) {
    if (key !== "jsDoc") walk(child, own, visit);
  }
}

function words(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
    .map((word) => EMPTY.has(word) ? word : word.replace(/s$/, ""));
}

/** Runs Deno in the folder of the entries and returns its output. */
export function deno(root: string, args: readonly string[]): string {
  return execFileSync(process.execPath, [...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}
