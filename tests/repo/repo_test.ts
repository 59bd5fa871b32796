import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHECKS } from "../../scripts/check/main.ts";
import { readTree } from "../../scripts/check/tree.ts";

const tree = readTree(fileURLToPath(new URL("../..", import.meta.url)));

for (const { name, rule, run } of CHECKS) {
  Deno.test(`${name}: ${rule}`, () => {
    const errors = run(tree).filter(({ level }) => level === "error");
    assert.deepEqual(errors.map(({ at, message }) => `${at} ${message}`), []);
  });
}

Deno.test("readTree() lists what git tracks or would track", () => {
  assert(tree.paths.includes("mod.ts") && tree.paths.includes("scripts/check/tree.ts"));
  assert(!tree.paths.some((path) => /^(node_modules|npm\/dist|out)\//.test(path)));
  assert.equal(tree.text("scripts/photos/coffee.png"), undefined);
});

Deno.test("readTree() leaves out links to folders and deleted files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "onpath-tree-"));
  try {
    execFileSync("git", ["init", "--quiet"], { cwd: folder });
    await mkdir(join(folder, "real"));
    await writeFile(join(folder, "real", "a.ts"), "");
    await writeFile(join(folder, "gone.ts"), "");
    await symlink("real", join(folder, "link"));
    execFileSync("git", ["add", "gone.ts"], { cwd: folder });
    await rm(join(folder, "gone.ts"));
    assert.deepEqual(readTree(folder).paths, ["real/a.ts"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
