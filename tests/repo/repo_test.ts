import assert from "node:assert/strict";
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
