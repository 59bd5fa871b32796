/**
 * Checks of restricted names: `Deno` only in the files that need it; `console` and development notes nowhere
 * in the library.
 *
 * @module
 */

import ts from "typescript";
import { type Check, type Finding, LIBRARY, lineAt, SOURCE } from "./tree.ts";

/** Files that may use Deno's own namespace. All others run in Node, Bun and browsers too. */
export const DENO_FILES: readonly RegExp[] = [
  /^tests\//,
  /^scripts\/rtl\/native_load\.ts$/,
  // Deno's foreign function interface, and the benchmark that compares with it.
  /^runtime\/device\/xrt\/binding\/deno_provider\.ts$/,
  /^scripts\/bench\/xrt\.ts$/,
];

/** Development notes that must not stay; split, so that this file does not contain them. */
const NOTES = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|")})\\b`, "g");

/** Check of Deno's namespace outside the listed files. */
export const denoNamespace: Check = {
  name: "deno",
  rule: "`Deno` is used only in the files of DENO_FILES",
  run: (tree) =>
    tree.paths.filter((path) => SOURCE.test(path) && !DENO_FILES.some((allowed) => allowed.test(path)))
      .flatMap((path) =>
        findIdentifiers(path, tree.text(path)!, "Deno").map((line): Finding => ({
          level: "error",
          at: `${path}:${line}`,
          message: "uses Deno's namespace: use a node: module, or name the file in DENO_FILES",
        }))
      ),
};

/** Check of prints and development notes in the library. */
export const leftovers: Check = {
  name: "leftovers",
  rule: "the library prints nothing and contains no development notes",
  run: (tree) =>
    tree.paths.filter((path) => LIBRARY.test(path) && SOURCE.test(path)).flatMap((path) => {
      const text = tree.text(path)!;
      const prints = findIdentifiers(path, text, "console").map((line) => ({ line, what: "console" }));
      const notes = [...text.matchAll(NOTES)].map((m) => ({ line: lineAt(text, m.index), what: m[0] }));
      return [...prints, ...notes].map(({ line, what }): Finding => ({
        level: "error",
        at: `${path}:${line}`,
        message: `${what} is left over`,
      }));
    }),
};

/** Names that Node 20 lacks, and what stands in for each. */
const NEWER: ReadonlyMap<string, string> = new Map([[
  "withResolvers",
  "deferred() of serialize/wait.ts",
]]);

/** Code that Node runs; the package is built and tested by Deno. */
const RUNS_IN_NODE = /^(?:(?:serialize|kernels|runtime|scripts)\/|mod\.ts$)/;

/** Check of names that Deno has, and Node 20 lacks. */
export const newerNames: Check = {
  name: "node 20",
  rule: "the library and the commands use no name that Node 20 lacks",
  run: (tree) =>
    tree.paths.filter((path) => SOURCE.test(path) && RUNS_IN_NODE.test(path)).flatMap((path) =>
      [...NEWER].flatMap(([name, other]) =>
        findIdentifiers(path, tree.text(path)!, name).map((line): Finding => ({
          level: "error",
          at: `${path}:${line}`,
          message: `${name} is missing in Node 20: use ${other}`,
        }))
      )
    ),
};

/** Lists the lines that use a name in code; comments and strings are ignored. */
function findIdentifiers(path: string, text: string, name: string): number[] {
  if (!text.includes(name)) return [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lines: number[] = [];
  const visit = (node: ts.Node): void => {
    const named = ts.isIdentifier(node) ||
      (ts.isStringLiteral(node) && ts.isElementAccessExpression(node.parent));
    if (named && node.text === name) lines.push(lineAt(text, node.getStart()));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines;
}
