import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { COMMITTED_BUILDS } from "../../kernels/rtl/builds.ts";
import { type JudgedMutation, mergeJudged, mutationSection } from "../../scripts/rtl/mutation_table.ts";
import { applyMutation, listMutations } from "../../scripts/rtl/mutations.ts";

const mutations = listMutations();

Deno.test("every mutation of the RTL changes one place of its file, in a build that there is", async () => {
  for (const mutation of mutations) {
    const path = new URL(`../../kernels/rtl/${mutation.file}`, import.meta.url);
    const source = await readFile(path, "utf8");
    assert.notEqual(applyMutation(mutation, source), source);
    assert(COMMITTED_BUILDS.some(({ name }) => name === mutation.build), mutation.build);
  }
});

Deno.test("every module of the RTL has a mutation", async () => {
  const files = await readdir(new URL("../../kernels/rtl/", import.meta.url));
  const mutated = new Set(mutations.map(({ file }) => file));
  assert.deepEqual(files.filter((file) => file.endsWith(".sv") && !mutated.has(file)), []);
});

Deno.test("no mutation of the RTL is listed twice", () => {
  const seen = new Set(mutations.map(({ file, replacement, text }) => `${file} ${text} ${replacement}`));
  assert.equal(seen.size, mutations.length);
});

Deno.test("docs/mutations.md is what its table gives: each of it a test notices, or it says why none can", async () => {
  const read = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8");
  const rows = JSON.parse(await read("mutations.json")) as JudgedMutation[];
  assert.deepEqual(mergeJudged(rows, []), rows, "rows of mutations that are no longer listed");
  assert((await read("mutations.md")).endsWith(mutationSection(rows)));
  for (const { wrong, caughtBy, unseen } of rows) assert((caughtBy === null) === (unseen !== null), wrong);
});

Deno.test("applyMutation() refuses a text that is gone, or that stands there twice", () => {
  const mutation = { ...mutations[0]!, text: "a <= b", replacement: "a <= c" };
  assert.equal(applyMutation(mutation, "if (x) a <= b;"), "if (x) a <= c;");
  assert.throws(() => applyMutation(mutation, "a <= 1"), /^Error: Cannot mutate .* 0 times/);
  assert.throws(() => applyMutation(mutation, "a <= b; a <= b;"), /^Error: Cannot mutate .* 2 times/);
});
