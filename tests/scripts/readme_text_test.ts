import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeVocabulary } from "../../kernels/tokenize/file/encode.ts";
import { get_encoding } from "tiktoken";
import { vocabulary } from "../kernels/tokenize/vocabularies.ts";
import { longTest } from "../support/long.ts";
import { readmeCode, runCode } from "../support/readme.ts";

longTest("the README's lines in place of tiktoken give its ids, whole and as a prompt grows", async () => {
  const [lines, session] = await readmeCode("In place of tiktoken");
  assert.equal(lines!.trim().split("\n").length, 2, "two lines");
  const text = "The README says so: Größe, 12345 and 漢字.\n\n  Ids are tiktoken's.";
  const peer = get_encoding("cl100k_base");
  const expected = Array.from(peer.encode_ordinary(text));
  peer.free();
  const folder = await mkdtemp(join(tmpdir(), "onpath-readme-"));
  try {
    await writeFile(join(folder, "cl100k.vocab"), encodeVocabulary(await vocabulary("cl100k_base")));
    const head = `import { readFileSync } from "node:fs";\nconst text = ${JSON.stringify(text)};\n`;
    const whole = await runCode(folder, `${head}${lines}\nconsole.log(JSON.stringify(Array.from(ids)));`);
    assert.deepEqual(JSON.parse(whole), expected);
    const prompt = `const prompt = text.split(/(?= )/);\nconst steps: number[][] = [];\n` +
      `const send = (ids: Uint32Array) => steps.push(Array.from(ids));\n`;
    const end = `console.log(JSON.stringify({ ids: Array.from(ids), starts: Array.from(starts), steps }));\n`;
    const { ids, starts, steps } = JSON.parse(await runCode(folder, `${head}${prompt}${session}${end}`));
    assert.deepEqual(ids, expected);
    assert.equal(starts.length, expected.length);
    assert.deepEqual(steps.flat(), expected);
    assert(steps.filter((step: number[]) => step.length > 0).length > 5, "ids come as the prompt grows");
  } finally {
    await rm(folder, { recursive: true });
  }
});
