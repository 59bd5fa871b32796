/**
 * Check: links in Markdown lead to an existing file of this tree, and to a heading in it.
 *
 * @module
 */

import { posix } from "node:path";
import { type Check, type Finding, lineAt, type Tree } from "./tree.ts";

/** `[text](target)`, `![text](target)`, `[name]: target` and `src="target"`. */
const LINK = /\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\s*\[[^\]]+\]:\s*<?([^\s>]+)>?|\b(?:src|href)="([^"]+)"/gm;

/** Check of links in Markdown files. */
export const links: Check = {
  name: "links",
  rule: "links in Markdown lead to existing files and headings",
  run: (tree) =>
    tree.paths.filter((path) => path.endsWith(".md")).flatMap((path) => {
      const text = withoutCode(tree.text(path)!);
      return [...text.matchAll(LINK)].flatMap((match): Finding[] => {
        const message = objection(tree, path, (match[1] ?? match[2] ?? match[3])!);
        return message === undefined
          ? []
          : [{ level: "error", at: `${path}:${lineAt(text, match.index)}`, message }];
      });
    }),
};

/** Returns the problem of a link, or undefined. */
function objection(tree: Tree, from: string, link: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return undefined;
  const [file, anchor] = link.split("#") as [string, string?];
  const target = file === ""
    ? from
    : posix.join(posix.dirname(from), decodeURIComponent(file)).replace(/\/$/, "");
  const known = tree.paths.includes(target) || tree.paths.some((path) => path.startsWith(`${target}/`));
  if (!known) return `links to "${link}": ${target} is missing`;
  if (anchor === undefined || !target.endsWith(".md")) return undefined;
  const headings = listAnchors(tree.text(target)!);
  return headings.includes(anchor) ? undefined : `links to "${link}": ${target} has no such heading`;
}

/** Lists the anchors of a page's headings, by the rules of code forges. */
function listAnchors(markdown: string): string[] {
  const seen = new Map<string, number>();
  return [...markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(
    ([, heading]) => {
      const anchor = heading!.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      return count === 0 ? anchor : `${anchor}-${count}`;
    },
  );
}

/** Replaces code by spaces, without changing line numbers. */
function withoutCode(markdown: string): string {
  return markdown.replace(/^(```|~~~)[\s\S]*?^\1|`[^`\n]*`/gm, (code) => code.replace(/[^\n]/g, " "));
}
