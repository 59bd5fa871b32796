/**
 * The big comparison: every vocabulary against its peer on all of the corpus, the adversarial texts and as many
 * hostile ones as asked for, in every way of tokenizing.
 *
 * deno task tokens:check --vocabularies cl100k_base,bert --texts fuzz --fuzz 100000 --ways tables
 *
 * It prints a table and ends with 1 where an id differs. A part of it is done by naming that part.
 */

import Table from "cli-table3";
import process from "node:process";
import { parseArgs } from "node:util";
import { plainTokenizer } from "onpath/kernels";
import { random } from "../../support/random.ts";
import { adversarialTexts, corpus, hostileText, type NamedText } from "../../support/texts.ts";
import { peerOf } from "./peers.ts";
import { VOCABULARIES, vocabulary, type VocabularyName, vocabularySource } from "./vocabularies.ts";
import { walkTokens } from "./walk.ts";

/** A way of tokenizing a text. */
type Way = (text: string) => ArrayLike<number>;

/** Ways by name; each is made for one vocabulary. */
const WAYS: Readonly<Record<string, (name: VocabularyName) => Promise<Way>>> = {
  plain: (name) => Promise.resolve(plainTokenizer(vocabularySource(name))),
  tables: async (name) => {
    const tables = await vocabulary(name);
    return (text) => walkTokens(tables, text);
  },
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
  *fuzz(fuzz, seed) {
    const next = random(seed);
    for (let i = 0; i < fuzz; i++) yield { name: `fuzz ${i} of seed ${seed}`, text: hostileText(next) };
  },
};

/** What a comparison found. */
interface Found {
  readonly texts: number;
  readonly bytes: number;
  readonly different: number;
  readonly first: string | null;
}

async function compare(
  name: VocabularyName,
  way: Way,
  texts: Iterable<NamedText>,
  progress: (texts: number) => void,
): Promise<Found> {
  const peer = await peerOf(name);
  const found = { texts: 0, bytes: 0, different: 0, first: null as string | null };
  const utf8 = new TextEncoder();
  const flush = async (batch: NamedText[]) => {
    const expected = await peer.encode(batch.map(({ text }) => text));
    batch.forEach(({ name: title, text }, i) => {
      found.texts++;
      found.bytes += utf8.encode(text).length;
      if (!equal(way(text), expected[i]!)) {
        found.different++;
        found.first ??= title;
      }
    });
    progress(found.texts);
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
    texts: { type: "string", default: Object.keys(TEXTS).join(",") },
    ways: { type: "string", default: Object.keys(WAYS).join(",") },
    fuzz: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
  },
});
const table = new Table({ head: ["vocabulary", "way", "texts", "number", "MB", "different", "first"] });
let different = 0;
for (const name of chosen("vocabulary", values.vocabularies, VOCABULARIES)) {
  for (const wayName of chosen("way", values.ways, Object.keys(WAYS))) {
    const way = await WAYS[wayName]!(name);
    for (const kind of chosen("texts", values.texts, Object.keys(TEXTS))) {
      const found = await compare(
        name,
        way,
        TEXTS[kind]!(Number(values.fuzz), Number(values.seed)),
        (texts) => {
          if (process.stderr.isTTY) process.stderr.write(`\r${name} ${wayName} ${kind}: ${texts} texts  `);
        },
      );
      if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
      different += found.different;
      table.push([
        name,
        wayName,
        kind,
        found.texts,
        (found.bytes / 1e6).toFixed(1),
        found.different,
        found.first ?? "",
      ]);
      console.error(`${name} ${wayName} ${kind}: ${found.different} of ${found.texts} different`);
    }
  }
}
console.log(table.toString());
if (different > 0) process.exitCode = 1;
