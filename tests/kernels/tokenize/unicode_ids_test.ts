import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { bundleForNode } from "../../support/node_run.ts";
import { random } from "../../support/random.ts";
import { adversarialTexts, corpusSlice, hostileText } from "../../support/texts.ts";
import { newerTexts } from "../../support/unicode_texts.ts";
import { COMPARED, compareIds, type Comparison } from "./compare.ts";
import { vocabulary } from "./vocabularies.ts";
import { IS_LONG_SUITE, longTest } from "../../support/long.ts";

const run = promisify(execFile);

for (const name of COMPARED) {
  longTest(
    `createEncoder() of ${name} gives its peer's ids around code points that versions of Unicode class differently`,
    async () => {
      const texts = newerTexts();
      assert(texts.length >= 1200, `${texts.length} texts`);
      const { wrong } = await compareIds(name, texts);
      assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} of ${texts.length}`);
    },
    name !== "r50k_base",
  );
}

const hasNode = await run("node", ["--version"]).then(() => true, () => false);

Deno.test({
  name: "createEncoder() gives the peers' ids under Node, whatever its version of Unicode",
  ignore: !hasNode,
  fn: async () => {
    // Compiling the large ones takes half a minute.
    const names = IS_LONG_SUITE ? COMPARED : [COMPARED[0]];
    const next = random(20);
    const texts = [
      ...newerTexts(),
      ...corpusSlice(8_000).map(({ text }) => text),
      ...adversarialTexts().map(({ bytes }) => new TextDecoder().decode(bytes.subarray(0, 4_000))),
      ...Array.from({ length: 200 }, () => hostileText(next).toWellFormed()),
    ];
    // The driver reads compiled tables from the cache that this fills.
    for (const name of names) await vocabulary(name);
    const driver = await bundleForNode(new URL("node_main.ts", import.meta.url));
    const input = driver.replace(/mjs$/, "json");
    try {
      writeFileSync(input, JSON.stringify({ names, texts }));
      const { stdout } = await run("node", [driver, input], { maxBuffer: 2 ** 26, timeout: 300_000 });
      const { node, compared } = JSON.parse(stdout) as { node: string; compared: Record<string, Comparison> };
      for (const name of names) {
        const { wrong, hasEqualTables, texts: count } = compared[name]!;
        assert.equal(count, texts.length);
        assert.deepEqual(wrong.slice(0, 5), [], `${name} under Node ${node}: ${wrong.length} of ${count}`);
        assert(hasEqualTables, `${name}: Node ${node} compiles other tables`);
      }
    } finally {
      rmSync(driver, { force: true });
      rmSync(input, { force: true });
    }
  },
});

Deno.test("decodeVocabulary() reads a file from before normal forms had tables, and one that names them", async () => {
  const bert = await vocabulary("bert");
  for (const normalization of [[{ op: "nfc" }], [{ op: "nfc", tables: "tokenizers" }]] as const) {
    const read = decodeVocabulary(encodeVocabulary({ ...bert, normalization }));
    assert.deepEqual(read.normalization, normalization);
  }
});
