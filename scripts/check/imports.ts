/**
 * Check: imports run one way, serialize <- kernels <- runtime <- scripts.
 *
 * @module
 */

import { posix } from "node:path";
import ts from "typescript";
import { type Check, type Finding, lineAt, SOURCE, type Tree } from "./tree.ts";

/**
 * Folders from which each part of the library may import, besides packages. `npm` and `tests` are
 * unrestricted.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  serialize: ["serialize"],
  kernels: ["kernels", "serialize"],
  runtime: ["runtime", "kernels", "serialize"],
  "mod.ts": ["runtime", "kernels", "serialize"],
};

/** Check of import direction, and of cycles between top folders. */
export const imports: Check = {
  name: "imports",
  rule: "imports run serialize <- kernels <- runtime <- scripts, and no folders import each other",
  run: (tree) => {
    const edges = new Map<string, Map<string, string>>();
    const findings: Finding[] = [];
    for (const { path, line, specifier, target } of listImports(tree)) {
      const [from, to] = [area(path), area(target)];
      const at = `${path}:${line}`;
      if (from !== to) {
        if (!edges.has(from)) edges.set(from, new Map());
        if (!edges.get(from)!.has(to)) edges.get(from)!.set(to, at);
      }
      const allowed = ALLOWED[from];
      if (allowed !== undefined && !allowed.includes(to)) {
        const message = `${from} imports "${specifier}" from ${to}: it may import from ${allowed.join(", ")}`;
        findings.push({ level: "error", at, message });
      }
    }
    const cycle = findCycle(edges);
    if (cycle !== undefined) {
      const ends = cycle.slice(1).map((to, index) => edges.get(cycle[index]!)!.get(to));
      const message = `folders import each other: ${cycle.join(" -> ")} (${ends.join(", ")})`;
      findings.push({ level: "error", at: cycle[0]!, message });
    }
    return findings;
  },
};

/** Check of import circles between files, type imports included: such files cannot be understood alone. */
export const circles: Check = {
  name: "circles",
  rule: "no files import each other in a circle, types included",
  run: (tree) => {
    const edges = new Map<string, Map<string, string>>();
    for (const { path, line, target } of listImports(tree)) {
      if (!edges.has(path)) edges.set(path, new Map());
      edges.get(path)!.set(target, `${path}:${line}`);
    }
    return findCircles(edges).map((files): Finding => ({
      level: "error",
      at: files[0]!,
      message: `files import each other: ${files.join(", ")}`,
    }));
  },
};

/** Finds groups of nodes that reach each other, or nodes that reach themselves, by Tarjan's algorithm. */
function findCircles(edges: ReadonlyMap<string, ReadonlyMap<string, string>>): string[][] {
  const numbers = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const visit = (node: string): number => {
    const number = numbers.size;
    numbers.set(node, number);
    let low = number;
    const depth = stack.push(node) - 1;
    for (const next of edges.get(node)?.keys() ?? []) {
      if (!numbers.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, numbers.get(next)!);
    }
    if (low === number) {
      const group = stack.splice(depth);
      if (group.length > 1 || edges.get(node)?.has(node)) groups.push(group.sort());
    }
    return low;
  };
  for (const node of edges.keys()) if (!numbers.has(node)) visit(node);
  return groups;
}

/** Returns the top folder of a path, or the name of a file at the top. */
function area(path: string): string {
  return path.split("/")[0]!;
}

/** Lists every import of a file of this tree: static, dynamic, type-only, and through the import map. */
function* listImports(
  tree: Tree,
): Generator<{ path: string; line: number; specifier: string; target: string }> {
  const config = tree.paths.includes("deno.json") ? JSON.parse(tree.text("deno.json")!) : {};
  const map: Record<string, string> = config.imports ?? {};
  for (const path of tree.paths) {
    if (!SOURCE.test(path)) continue;
    const text = tree.text(path)!;
    for (const { fileName: specifier, pos } of ts.preProcessFile(text, true, true).importedFiles) {
      const base = specifier.startsWith(".") ? posix.dirname(path) : ".";
      const mapped = specifier.startsWith(".") ? specifier : map[specifier];
      if (!mapped?.startsWith(".")) continue;
      yield { path, line: lineAt(text, pos), specifier, target: posix.join(base, mapped) };
    }
  }
}

/** Finds a cycle in a graph; its first node is repeated at the end. */
function findCycle(edges: ReadonlyMap<string, ReadonlyMap<string, string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): string[] | undefined => {
    const start = trail.indexOf(node);
    if (start >= 0) return [...trail.slice(start), node];
    if (done.has(node)) return undefined;
    for (const next of edges.get(node)?.keys() ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle !== undefined) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
