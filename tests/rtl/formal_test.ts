import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import process from "node:process";
import { PROOFS } from "../../scripts/formal/proofs.ts";
import { formalTools, prove } from "../../scripts/formal/solve.ts";
import { proofsTable } from "../../scripts/formal/table.ts";
import { applyMutation } from "../../scripts/rtl/mutations.ts";
import { IS_LONG_SUITE } from "../support/long.ts";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

const tools = await formalTools();
// CI installs the tools: there, a missing one fails.
const able = process.env.ONPATH_RTL === undefined && (process.env.CI !== undefined || !("missing" in tools));
if (!able) console.log("skipped: proofs of the RTL, which want yosys and z3");

for (const [at, proof] of PROOFS.entries()) {
  // One proof is made in the quick suite.
  const ignore = !able || (at > 0 && !IS_LONG_SUITE);
  Deno.test({
    name: `formal: ${proof.name} holds, and each of its breaks fails`,
    ignore,
    fn: async () => {
      const { holds, failed, asserts } = await prove(proof);
      assert(holds, `${failed}: ${asserts.join(", ")}`);
      for (const broken of proof.breaks) {
        const result = await prove(proof, { broken });
        assert.equal(result.failed, "base", broken.wrong);
        assert.notEqual(result.asserts.length, 0, broken.wrong);
      }
    },
  });
}

Deno.test("formal: every proof has a break, which changes one place of a module that it proves", async () => {
  for (const { name, modules, breaks } of PROOFS) {
    assert.notEqual(breaks.length, 0, name);
    for (const broken of breaks) {
      assert(modules.includes(broken.file.replace(/\.sv$/, "")), `${name}: ${broken.file}`);
      const source = await read(`kernels/rtl/${broken.file}`);
      assert.notEqual(applyMutation(broken, source), source);
    }
  }
  assert.equal(new Set(PROOFS.map(({ name }) => name)).size, PROOFS.length);
});

Deno.test("formal: every wrapper and stub in tests/rtl/formal is used by a proof", async () => {
  const used = PROOFS.flatMap(({ wrapper, stubs = [] }) => [wrapper, ...stubs]);
  const there = (await readdir(new URL("formal", import.meta.url))).map((name) => name.replace(/\.sv$/, ""));
  assert.deepEqual([...new Set(used)].sort(), there.sort());
});

Deno.test("docs/proofs.md has the table of all proofs", async () => {
  assert((await read("docs/proofs.md")).includes(proofsTable(PROOFS)));
});

Deno.test({
  name: "formal: prove() ends by its signal, and names sources that yosys refuses",
  ignore: !able,
  fn: async () => {
    const proof = PROOFS[0]!;
    await assert.rejects(prove(proof, { signal: AbortSignal.abort(new Error("enough")) }), /enough/);
    const { file } = proof.breaks[0]!;
    const broken = { file, text: "module axis_skid", replacement: "module (", wrong: "no module" };
    await assert.rejects(prove(proof, { broken }), /^Error: Cannot prove axis_skid: yosys refuses/);
  },
});
