/**
 * Prompts to the tokens of cl100k_base.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compile } from "../../../kernels/compile.ts";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { corpus } from "../../text/corpus.ts";
import type { Baseline, Item, Scenario } from "../scenario.ts";

/** Encoding of all prompts. */
export const ENCODING = "cl100k_base";
/** File of the compiled tables, in the folder of the experiment. */
export const TABLES = `${ENCODING}.vocab`;

const bytesOf = (ids: Uint32Array) => new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);

const TIKTOKEN: Baseline = {
  name: "text, tiktoken",
  isExact: true,
  open: async () => {
    const { Tiktoken } = await import("tiktoken");
    const path = new URL(`../../../node_modules/tiktoken/encoders/${ENCODING}.json`, import.meta.url);
    const { bpe_ranks, special_tokens, pat_str } = JSON.parse(await readFile(path, "utf8"));
    const encoding = new Tiktoken(bpe_ranks, special_tokens, pat_str);
    const decoder = new TextDecoder();
    return (bytes) => bytesOf(encoding.encode_ordinary(decoder.decode(bytes)));
  },
};

/** Cuts prompts of about `length` UTF-16 units out of a real corpus, each another piece for each seed and number. */
function prompts(seed: number, count: number, length: number): Item[] {
  const whole = corpus().map(({ text }) => text).join("\n");
  const utf8 = new TextEncoder();
  return Array.from({ length: count }, (_, n) => {
    const at = Math.imul(1000 * seed + n, 0x9e3779b1) >>> 0;
    const from = at % (whole.length - length);
    const text = whole.slice(from, from + length).toWellFormed();
    return { plain: utf8.encode(text), forNic: () => text };
  });
}

function ofLength(name: string, length: number, requests: Scenario["requests"]): Scenario {
  return {
    name,
    requests,
    open: async (folder) => {
      const vocabulary = decodeVocabulary(await readFile(join(folder, TABLES)));
      const plan = compile({ steps: [{ op: "tokenize", mode: "stateful" }] }, {
        vocabulary,
        device: MODEL_PROFILE,
      });
      return { plan, resources: { vocabulary } };
    },
    items: (seed, count) => Promise.resolve(prompts(seed, count, length)),
    bytesOf: (output) => bytesOf((output as { ids: Uint32Array }).ids),
    baselines: [TIKTOKEN],
  };
}

/** Scenarios with texts. */
export const PROMPT_SCENARIOS: readonly Scenario[] = [
  ofLength("prompt of 4 KB", 4096, { phase: 100, contended: 200 }),
  ofLength("prompt of 64 KB", 65_536, { phase: 20, contended: 100 }),
];
