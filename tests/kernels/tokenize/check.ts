/**
 * The big comparison: every vocabulary against its peer on all of the corpus, the adversarial texts and as many
 * hostile ones as asked for, in every way of tokenizing.
 *
 * deno task tokens:check --vocabularies cl100k_base,bert --texts fuzz --fuzz 100000 --ways stateful@1,overlap@32
 *
 * The packages of some vocabularies are too large for development; `--install` installs them into out/:
 *
 * deno task tokens:check --install --vocabularies qwen3,gemma2,gemma3
 *
 * `encoder` is the compiled engine where the vocabulary permits it, `encoder-plain` the one in TypeScript. `--node`
 * runs the same in Node. The texts `debian` are a second corpus, which apt downloads at its first use:
 *
 * deno task tokens:check --node --vocabularies cl100k_base --ways encoder,encoder-plain --texts corpus,debian
 *
 * `--every 20` takes each 20th text of a kind, for a quick look.
 *
 * It prints a table and ends with 1 where an id differs. A part of it is done by naming that part.
 */

import Table from "cli-table3";
import process from "node:process";
import { parseArgs } from "node:util";
import { ChunkCache } from "../../../kernels/tokenize/chunk_cache.ts";
import { createCachedEncoder } from "../../../kernels/tokenize/cached_encode.ts";
import { plainTokenizer } from "../../../kernels/tokenize/reference.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { TEXT_MODES, type TextMode } from "../../../kernels/tokenize/model.ts";
import { compile } from "../../../kernels/compile.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { Session } from "../../../runtime/session.ts";
import { debianTexts } from "../../../scripts/text/debian.ts";
import { runInNode } from "../../support/node_run.ts";
import { random } from "../../support/random.ts";
import { adversarialTexts, corpus, hostileText, type NamedText } from "../../support/texts.ts";
import { peerOf } from "./peers.ts";
import {
  installLarge,
  LARGE_VOCABULARIES,
  UNIGRAM_VOCABULARIES,
  VOCABULARIES,
  vocabulary,
  type VocabularyName,
  vocabularySource,
} from "./vocabularies.ts";
import { walkTokens } from "./walk.ts";

/** A way of tokenizing texts. */
type Way = (texts: readonly string[]) => Promise<ArrayLike<number>[]> | ArrayLike<number>[];

/** Payloads of packets. */
const PAYLOADS = [1, 7, 32, 256, 1344];

/** A session on the model device, at a payload. */
const session = (mode: TextMode, payload: number) => async (name: VocabularyName): Promise<Way | null> => {
  const tables = await vocabulary(name);
  if (mode === "overlap" && tables.pieces === null) return null;
  const device = createModelDevice();
  const plan = compile({ steps: [{ op: "tokenize", mode }] }, {
    vocabulary: tables,
    device,
    payload,
    checksum: "link",
  });
  const opened = await Session.open(plan, device, { vocabulary: tables });
  return async (texts) => (await opened.runMany(texts)).outputs.map(({ ids }) => ids);
};

/** Ways by name; each is made for one vocabulary, or is none of it. */
const WAYS: Readonly<Record<string, (name: VocabularyName) => Promise<Way | null>>> = {
  plain: (name) => {
    const plain = plainTokenizer(vocabularySource(name));
    return Promise.resolve((texts) => texts.map((text) => plain(text)));
  },
  tables: async (name) => {
    const tables = await vocabulary(name);
    return (texts) => texts.map((text) => walkTokens(tables, text));
  },
  encoder: async (name) => {
    const { encode } = createEncoder(await vocabulary(name));
    return (texts) => texts.map((text) => encode(text));
  },
  "encoder-plain": async (name) => {
    const { encode } = createEncoder(await vocabulary(name), { engine: "plain" });
    return (texts) => texts.map((text) => encode(text));
  },
  cache: async (name) => {
    const { encode } = createCachedEncoder(new ChunkCache(await vocabulary(name)));
    return (texts) => texts.map(encode);
  },
  ...Object.fromEntries(
    TEXT_MODES.flatMap((mode) => PAYLOADS.map((payload) => [`${mode}@${payload}`, session(mode, payload)])),
  ),
};

/** Texts by kind; fuzz makes as many as asked for of a seed. */
const TEXTS: Readonly<Record<string, (fuzz: number, seed: number) => Generator<NamedText>>> = {
  *corpus() {
    yield* corpus();
  },
  *adversarial() {
    const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
    for (const { name, bytes } of adversarialTexts()) yield { name, text: utf8.decode(bytes) };
  },
  *debian() {
    yield* debianTexts();
  },
  *fuzz(fuzz, seed) {
    const next = random(seed);
    for (let i = 0; i < fuzz; i++) yield { name: `fuzz ${i} of seed ${seed}`, text: hostileText(next) };
  },
};

/** What a comparison found. */
interface Found {
  readonly way: string;
  texts: number;
  bytes: number;
  different: number;
  first: string | null;
}

/** Compares ways with the peer, which does each text once. */
async function compare(
  name: VocabularyName,
  ways: ReadonlyMap<string, Way>,
  texts: Iterable<NamedText>,
  progress: (texts: number) => void,
): Promise<Found[]> {
  const peer = await peerOf(name);
  const found = [...ways.keys()].map((way): Found => ({
    way,
    texts: 0,
    bytes: 0,
    different: 0,
    first: null,
  }));
  const utf8 = new TextEncoder();
  const flush = async (batch: NamedText[]) => {
    const list = batch.map(({ text }) => text);
    const expected = await peer.encode(list);
    const bytes = list.reduce((sum, text) => sum + utf8.encode(text).length, 0);
    for (const row of found) {
      const ids = await ways.get(row.way)!(list);
      row.texts += batch.length;
      row.bytes += bytes;
      batch.forEach(({ name: title }, i) => {
        if (equal(ids[i]!, expected[i]!)) return;
        row.different++;
        row.first ??= title;
      });
    }
    progress(found[0]!.texts);
  };
  try {
    let batch: NamedText[] = [];
    for (const text of texts) {
      batch.push(text);
      if (batch.length < 64) continue;
      await flush(batch);
      batch = [];
    }
    await flush(batch);
  } finally {
    peer.close();
  }
  return found;
}

function equal(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function chosen<Name extends string>(what: string, list: string, known: readonly Name[]): Name[] {
  return list.split(",").map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined) throw new Error(`Cannot check ${what} "${name}": known are ${known.join(", ")}`);
    return found;
  });
}

const { values } = parseArgs({
  options: {
    vocabularies: { type: "string", default: VOCABULARIES.join(",") },
    texts: { type: "string", default: "corpus,adversarial,fuzz" },
    ways: { type: "string", default: Object.keys(WAYS).join(",") },
    fuzz: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    install: { type: "boolean", default: false },
    every: { type: "string", default: "1" },
    node: { type: "boolean", default: false },
  },
});
if (values.node) {
  process.exit(await runInNode(import.meta.url, process.argv.slice(2).filter((word) => word !== "--node")));
}
/** Each text whose number is a multiple of `step`. */
function* everyOf(texts: Iterable<NamedText>, step: number): Generator<NamedText> {
  let n = 0;
  for (const text of texts) if (n++ % step === 0) yield text;
}

const table = new Table({ head: ["vocabulary", "way", "texts", "number", "MB", "different", "first"] });
let different = 0;
if (values.install) installLarge();
for (
  const name of chosen("vocabulary", values.vocabularies, [
    ...VOCABULARIES,
    ...LARGE_VOCABULARIES,
    ...UNIGRAM_VOCABULARIES,
  ])
) {
  const ways = new Map<string, Way>();
  for (const way of chosen("way", values.ways, Object.keys(WAYS))) {
    const made = await WAYS[way]!(name);
    if (made !== null) ways.set(way, made);
  }
  for (const kind of chosen("texts", values.texts, Object.keys(TEXTS))) {
    const rows = await compare(
      name,
      ways,
      everyOf(TEXTS[kind]!(Number(values.fuzz), Number(values.seed)), Number(values.every)),
      (texts) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${name} ${kind}: ${texts} texts  `);
      },
    );
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    for (const { way, texts, bytes, different: wrong, first } of rows) {
      different += wrong;
      table.push([name, way, kind, texts, (bytes / 1e6).toFixed(1), wrong, first ?? ""]);
      console.error(`${name} ${way} ${kind}: ${wrong} of ${texts} different`);
    }
  }
}
console.log(table.toString());
if (different > 0) process.exitCode = 1;
