import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), "utf8");

/** Paths in code spans: those with a folder, or at the root. */
function pathsIn(markdown: string): string[] {
  return [...markdown.matchAll(/`((?:[\w.-]+\/)+(?:[\w.-]+\.\w+)?|mod\.ts|deno\.json)`/g)].map(([, path]) =>
    path!
  );
}

for (const page of ["docs/architecture.md", "docs/glossary.md", "CONTRIBUTING.md"]) {
  Deno.test(`${page} names files and folders that are there`, () => {
    const paths = pathsIn(read(page));
    assert(paths.length > 10, `${paths.length} paths`);
    assert.deepEqual(paths.filter((path) => !existsSync(new URL(path, ROOT))), []);
  });
}

Deno.test("docs/glossary.md lists every word once, in alphabetical order", () => {
  const words = read("docs/glossary.md").split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.split("|")[1]!.trim()).slice(2);
  assert(words.length > 60, `${words.length} words`);
  assert.deepEqual(words, [...new Set(words)].sort((a, b) => a.localeCompare(b, "en")));
});

Deno.test("docs/architecture.md follows a packet through files of which each names the next", () => {
  const section = read("docs/architecture.md").split("## Follow one packet")[1]!;
  const rows = section.split("\n").filter((line) => line.startsWith("| `")).map(pathsIn);
  assert.equal(rows.length, 4);
  for (const column of [0, 1]) {
    for (const [at, row] of rows.slice(1).entries()) {
      const [from, to] = [rows[at]![column]!, row[column]!];
      assert(read(from).includes(to.split("/").slice(-1)[0]!), `${from} does not name ${to}`);
    }
  }
});

Deno.test("docs/architecture.md: the toy workload has under 100 lines", () => {
  assert(read("tests/support/byte_table.ts").trimEnd().split("\n").length < 100);
});
