/** The encoder alone in a browser's bundle: its size, what it leaves out, and that it runs in Node and Chromium. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import { createEncoder } from "../../kernels/tokenize/encode.ts";
import { decodeVocabulary } from "../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../kernels/tokenize/file/encode.ts";
import { findBrowser, runPage } from "../../npm/browser.ts";
import { tiny } from "../kernels/tokenize/small_vocabularies.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Maximum bytes of the bundle. */
const MAX_BYTES = 150_000;
const TEXTS = ["abc ab  bcab é.", "e\u0301 É 漢字 \u{1F600}", "<|end|>ab"];

interface Bundle {
  readonly text: string;
  readonly sources: readonly string[];
}

async function bundle(): Promise<Bundle> {
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    stdin: {
      contents: 'export { createEncoder, decodeVocabulary } from "onpath/tokenize";',
      resolveDir: ROOT,
    },
    alias: { "onpath/tokenize": "./kernels/tokenize/mod.ts" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    logLevel: "silent",
  });
  await esbuild.stop();
  const [inputs] = Object.values(metafile.outputs).map((output) => output.inputs);
  const sources = Object.entries(inputs!).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return { text: outputFiles[0]!.text, sources: sources.map(([path]) => path) };
}

const files = async (folder: string, { text }: Bundle): Promise<void> => {
  await writeFile(join(folder, "onpath.mjs"), text);
  await writeFile(join(folder, "tiny.vocab"), encodeVocabulary(await tiny()));
};

const CODE = `
  const vocabulary = decodeVocabulary(file);
  const ids = ${JSON.stringify(TEXTS)}.map((text) => [
    ...createEncoder({ ...vocabulary, normalization: [{ op: "nfc" }] }, { special: "all" }).encode(text),
  ]);`;

async function expected(): Promise<number[][]> {
  const vocabulary = decodeVocabulary(encodeVocabulary(await tiny()));
  const encoder = createEncoder({ ...vocabulary, normalization: [{ op: "nfc" }] }, { special: "all" });
  return TEXTS.map((text) => [...encoder.encode(text)]);
}

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-bundle-"));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

Deno.test("onpath/tokenize: createEncoder() and decodeVocabulary() have less than 150 KB in a bundle, without zod", async () => {
  const made = await bundle();
  const bytes = new TextEncoder().encode(made.text).length;
  assert(bytes < MAX_BYTES, `the bundle has ${bytes} bytes`);
  const unwanted = made.sources.filter((path) =>
    /zod|msgpack|properties_data|node:|runtime\/|kernels\/rtl\//.test(path)
  );
  assert.deepEqual(unwanted, []);
  assert(made.sources.includes("kernels/tokenize/encode.ts"));
});

Deno.test("onpath/tokenize: the bundle gives the library's ids in Node", async () => {
  const made = await bundle();
  const output = await inFolder(async (folder) => {
    await files(folder, made);
    await writeFile(
      join(folder, "main.mjs"),
      `import { readFileSync } from "node:fs";
       import { createEncoder, decodeVocabulary } from "./onpath.mjs";
       const file = readFileSync(new URL("tiny.vocab", import.meta.url));
       ${CODE} console.log(JSON.stringify(ids));`,
    );
    return await promisify(execFile)("node", [join(folder, "main.mjs")], { timeout: 60_000 });
  });
  assert.deepEqual(JSON.parse(output.stdout), await expected());
});

const browser = await findBrowser();

Deno.test({
  name: `onpath/tokenize: the bundle gives the library's ids in a browser${
    browser === null ? " (skipped: needs Chromium)" : ""
  }`,
  ignore: browser === null,
  fn: async () => {
    const made = await bundle();
    const ids = await inFolder(async (folder) => {
      await files(folder, made);
      await writeFile(
        join(folder, "index.html"),
        `<meta charset="utf-8"><script type="module">
           import { createEncoder, decodeVocabulary } from "./onpath.mjs";
           try {
             const file = new Uint8Array(await (await fetch("tiny.vocab")).arrayBuffer());
             ${CODE} await fetch("/done", { method: "POST", body: JSON.stringify(ids) });
           } catch (error) {
             await fetch("/done", { method: "POST", body: JSON.stringify(String(error)) });
           }
         </script>`,
      );
      return await runPage(browser!, folder, "/index.html");
    });
    assert.deepEqual(ids, await expected());
  },
});
