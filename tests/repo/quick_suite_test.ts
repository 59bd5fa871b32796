import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import config from "../../deno.json" with { type: "json" };

const TESTS = new URL("../", import.meta.url);

Deno.test("deno task test runs every test file once", () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("_test.ts"));
  const folders = new Set(files.map((path) => dirname(path)));
  const named = config.tasks.test.command.split(" ").filter((word) => /^tests\/[a-z/]+$/.test(word))
    .map((word) => word.slice("tests/".length));
  const joined = new Map<string, number[]>();
  const partsOf = new Map<string, number>();
  for (const name of readdirSync(new URL("quick/", TESTS))) {
    const source = readFileSync(new URL(`quick/${name}`, TESTS), "utf8");
    const [, folder, part = "0", parts = "1"] = source.match(/importTests\("([^"]+)"(?:, (\d+), (\d+))?\)/)!;
    joined.set(folder!, [...joined.get(folder!) ?? [], Number(part)]);
    partsOf.set(folder!, Number(parts));
  }
  for (const [folder, parts] of joined) {
    const expected = Array.from({ length: partsOf.get(folder)! }, (_, part) => part);
    assert.deepEqual(parts.sort((a, b) => a - b), expected, folder);
  }
  assert.deepEqual([...folders].sort(), [...named, ...joined.keys()].sort());
});
