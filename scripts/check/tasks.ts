/**
 * Check: every task has a description, because users start from the list of `deno task`.
 *
 * @module
 */

import ts from "typescript";
import { type Check, type Finding, lineAt } from "./tree.ts";

/** Check of the tasks in deno.json. */
export const tasks: Check = {
  name: "tasks",
  rule: "every task has a description and a unique name",
  run: (tree) => {
    const text = tree.text("deno.json")!;
    const list: Record<string, string | { description?: string }> = JSON.parse(text).tasks ?? {};
    const seen = new Set<string>();
    return taskNames(text).flatMap(({ name, line }): Finding[] => {
      const at = `deno.json:${line}`;
      // A JSON parser silently keeps the last of two equal keys.
      if (seen.has(name)) return [{ level: "error", at, message: `task "${name}" is repeated` }];
      seen.add(name);
      const task = list[name]!;
      if (typeof task !== "string" && task.description?.trim()) return [];
      const message = `task "${name}" has no description: write { "description": …, "command": … }`;
      return [{ level: "error", at, message }];
    });
  },
};

/** Lists the names of the tasks as written, including repeated ones. */
function taskNames(text: string): { name: string; line: number }[] {
  const [statement] = ts.parseJsonText("deno.json", text).statements;
  const members = (object: ts.Node) =>
    ts.isObjectLiteralExpression(object) ? object.properties.filter(ts.isPropertyAssignment) : [];
  return members(statement!.expression)
    .filter(({ name }) => ts.isStringLiteral(name) && name.text === "tasks")
    .flatMap(({ initializer }) => members(initializer))
    .map(({ name }) => ({ name: (name as ts.StringLiteral).text, line: lineAt(text, name.end) }));
}
