/**
 * Every task says what it is for: `deno task` alone is the list people start from.
 *
 * @module
 */

import { type Check, type Finding, lineAt } from "./tree.ts";

/** Descriptions of the tasks in deno.json. */
export const tasks: Check = {
  name: "tasks",
  rule: "every task has a description",
  run: (tree) => {
    const text = tree.text("deno.json")!;
    const list: Record<string, string | { description?: string }> = JSON.parse(text).tasks ?? {};
    return Object.entries(list)
      .filter(([, task]) => typeof task === "string" || !task.description?.trim())
      .map(([name]): Finding => ({
        level: "error",
        at: `deno.json:${lineAt(text, text.indexOf(`"${name}"`, text.indexOf('"tasks"')))}`,
        message: `task "${name}" has no description: write { "description": …, "command": … }`,
      }));
  },
};
