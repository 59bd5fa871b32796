/**
 * The comparison of rules: by which one texts that were cut into chunks can be put together. It writes
 * docs/text_rules.md.
 *
 * deno task tokens:rules
 *
 * With --check it writes nothing and compares; --vocabularies and --documents do a part of it and print that.
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { Compatibility } from "../../../kernels/tokenize/compatible.ts";
import { engineTables } from "../../../kernels/tokenize/tables.ts";
import { normalizeBytes } from "../../../kernels/text_normalize/model.ts";
import { TextFlow } from "../../../kernels/tokenize/flow.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { wellFormed } from "../../../kernels/tokenize/text_parts.ts";
import { compile } from "../../../kernels/compile.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { Session } from "../../../runtime/session.ts";
import { MERGE_RULES, mergeByRule, type MergeRule, type RuleChunk } from "../../../serialize/text/rules.ts";
import { markdownTable } from "../../../scripts/io/markdown.ts";
import { random } from "../../support/random.ts";
import { adversarialTexts, corpusSlice, hostileText } from "../../support/texts.ts";
import { peerOf } from "./peers.ts";
import { vocabulary, type VocabularyName } from "./vocabularies.ts";

/** Vocabularies of the table: one column each. */
export const RULE_VOCABULARIES: readonly VocabularyName[] = [
  "r50k_base",
  "p50k_base",
  "cl100k_base",
  "o200k_base",
  "llama3",
  "qwen2_5",
  "bert",
];

/** Bytes of a chunk, or of a packet. */
export const RULE_PAYLOADS = [1, 7, 32, 256, 1344] as const;

/** The page. */
const PAGE = new URL("../../../docs/text_rules.md", import.meta.url);

/** A row of the table. */
export interface RuleRow {
  readonly rule: string;
  readonly payload: number;
  /** Documents whose ids differ, by vocabulary. */
  readonly wrong: Record<string, number>;
}

/** Documents: of the corpus in many languages, those that broke other rules, and hostile ones. */
export function ruleDocuments(): string[] {
  const next = random(134);
  const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return [
    ...corpusSlice(300_000).map(({ text }) => text),
    ...adversarialTexts().map(({ bytes }) => decode(bytes.subarray(0, 2000))),
    ...Array.from({ length: 100 }, () => hostileText(next)),
  ].map((text) => text.toWellFormed()).filter((text) => text.length > 0);
}

/** A text as chunks of a payload behind an overlap of the longest token, each tokenized as a text of its own. */
function paperChunks(flow: TextFlow, text: Uint8Array, payload: number, overlap: number): RuleChunk[] {
  const chunks: RuleChunk[] = [];
  for (let at = 0; at < text.length; at += payload) {
    let from = Math.max(0, at - overlap), to = Math.min(text.length, at + payload);
    while ((text[from]! & 0xc0) === 0x80) from--;
    while (to < text.length && (text[to]! & 0xc0) === 0x80) to++;
    flow.restart();
    flow.list.count = 0;
    flow.take(text, from, to);
    flow.end();
    const { list } = flow;
    let end = from;
    const ends = Array.from({ length: list.count }, (_, n) => end += list.gaps[n]! + list.lengths[n]!);
    chunks.push({ from, ids: Array.from(list.tokens.subarray(0, list.count), (token) => token >> 1), ends });
  }
  return chunks;
}

function longestToken({ bpe, wordPiece }: Vocabulary): number {
  return bpe?.longestToken ?? wordPiece!.longestToken;
}

/** Documents that a rule gets wrong, by rule and payload; the last two are what sessions do. */
export async function compareRules(name: VocabularyName, documents: readonly string[]): Promise<RuleRow[]> {
  const tables = await vocabulary(name);
  const peer = await peerOf(name);
  const expected = await peer.encode(documents);
  peer.close();
  const isWrong = (ids: ArrayLike<number>, at: number) =>
    ids.length !== expected[at]!.length || expected[at]!.some((id, n) => id !== ids[n]);
  const counts = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  const compatibility = tables.bpe === null ? null : new Compatibility(tables.bpe);
  const flow = new TextFlow(engineTables(tables), counts, compatibility, Infinity);
  const overlap = longestToken(tables);
  const rows: RuleRow[] = [];
  const normalized = documents.map((text) => {
    const bytes = wellFormed(text);
    return tables.normalization.length === 0 ? bytes : normalizeBytes(bytes, tables.normalization).bytes;
  });
  for (const rule of MERGE_RULES) {
    for (const payload of RULE_PAYLOADS) {
      const wrong = normalized.filter((text, at) =>
        isWrong(mergeByRule(rule as MergeRule, paperChunks(flow, text, payload, overlap)), at)
      );
      rows.push({ rule, payload, wrong: { [name]: wrong.length } });
    }
  }
  await using device = createModelDevice();
  for (const mode of ["overlap", "stateful"] as const) {
    for (const payload of RULE_PAYLOADS) {
      const plan = compile({ steps: [{ op: "tokenize", mode }] }, {
        vocabulary: tables,
        device,
        payload,
      });
      const session = await Session.open(plan, device, { vocabulary: tables });
      const wrong = (await session.runMany(documents)).outputs.filter(({ ids }, at) =>
        isWrong(ids, at)
      ).length;
      rows.push({
        rule: mode === "overlap" ? "confirmed pieces" : "state on the device",
        payload,
        wrong: { [name]: wrong },
      });
    }
  }
  return rows;
}

/** The tables of vocabularies side by side. */
export function joinRows(tables: readonly (readonly RuleRow[])[]): RuleRow[] {
  return tables[0]!.map((row, at) => ({
    ...row,
    wrong: Object.assign({}, ...tables.map((rows) => rows[at]!.wrong)) as Record<string, number>,
  }));
}

/** The table as Markdown. */
export function ruleTable(rows: readonly RuleRow[]): string {
  const names = Object.keys(rows[0]!.wrong);
  return markdownTable(
    ["rule", "bytes", ...names],
    ["left", "right", ...names.map(() => "right" as const)],
    rows.map(({ rule, payload, wrong }) => [rule, payload, ...names.map((name) => wrong[name]!)].map(String)),
  );
}

/** The page. */
export function rulePage(rows: readonly RuleRow[], documents: number): string {
  return `# Rules for merging chunks

A NIC receives one packet at a time, so a text that is cut into packets is tokenized in chunks. The paper lets
chunks overlap by the length of the longest token, and joins them at a token that both contain. That is not
exact. A token depends on the piece that contains it, and the end of a chunk makes tokens that the whole text
does not have.

- \`paper\`: joins at the last token so far that the next chunk's overlap contains too. That token may occur
  twice, and the end of a chunk may have made it.
- \`longest run\`: joins at the longest run of ids that both have in the overlap. Repeated letters have several
  such runs.
- \`position\`: joins at the first byte of the overlap at which tokens of both end. Groups of digits out of
  phase have such bytes: ٢٣٢٠٦ cut as ٢٣٢٠ and ٣٢٠٦ under o200k_base.
- **confirmed pieces** (mode \`overlap\`): joins at the first piece boundary of both that no chunk's end has
  made. Patterns look ahead and never behind, so from there on both equal the whole text's. Without such a
  boundary, the stretch is sent again. The overlap is 32 bytes, less if packets are short; chunks are at most
  a payload long.
- **state on the device** (mode \`stateful\`): no overlap; the device keeps the piece that has not ended.

Documents of ${documents} whose ids differ from the peer's: texts in many languages, code and Markdown of 2 KB,
adversarial cases, and 100 hostile strings. In the first three rules, a chunk has the given number of bytes
_after_ an overlap of the longest token (up to 128 bytes and more). They are tokenized in this process.

${ruleTable(rows)}

Made by \`deno task tokens:rules\`.
`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      vocabularies: { type: "string" },
      documents: { type: "string" },
    },
  });
  const part = values.vocabularies !== undefined || values.documents !== undefined;
  const names = values.vocabularies?.split(",") as VocabularyName[] | undefined ?? RULE_VOCABULARIES;
  const documents = ruleDocuments().slice(0, Number(values.documents ?? Infinity));
  const tables: RuleRow[][] = [];
  for (const name of names) {
    console.error(`${name}, ${documents.length} documents …`);
    tables.push(await compareRules(name, documents));
  }
  const rows = joinRows(tables);
  if (part) console.log(ruleTable(rows));
  else if (!values.check) writeFileSync(PAGE, rulePage(rows, documents.length));
  else if (readFileSync(PAGE, "utf8") !== rulePage(rows, documents.length)) {
    console.error(
      "Cannot accept docs/text_rules.md: it is not what the comparison gives, run deno task tokens:rules",
    );
    process.exitCode = 1;
  }
}
