/**
 * Choice of the chunk overlap from samples of the user's texts. A large overlap sends more bytes twice; a small one
 * needs more retries.
 *
 * @module
 */

import { kindOf, OnpathError } from "../serialize/errors.ts";
import { requireVocabulary, type Vocabulary } from "../kernels/tokenize/vocabulary.ts";
import { wellFormed } from "../kernels/tokenize/text_parts.ts";
import { chunkCount, overlapFor } from "../serialize/text/cut.ts";
import { HEADER_BYTES } from "../serialize/header.ts";
import { createModelDevice } from "./device/model.ts";
import { compile } from "../kernels/compile.ts";
import type { OverlapChoice, OverlapRow } from "../kernels/tokenize/plan/overlap_choice.ts";
import { Session } from "./session.ts";

/** Overlaps to try, in bytes. */
const CANDIDATES = [0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];

/**
 * Chooses the overlap that sends the fewest bytes, retries included. Every candidate runs on the model device.
 *
 * @param vocabulary Vocabulary of the tokenizer.
 * @param texts Samples of the user's texts.
 * @param payload Longest payload in bytes. Default 1344.
 * @returns The chosen overlap, and the measurements of all candidates.
 * @throws {OnpathError} `pipeline` when the vocabulary does not support the overlap mode.
 */
export async function chooseOverlap(
  vocabulary: Vocabulary,
  texts: readonly (string | Uint8Array)[],
  payload: number = 1344,
): Promise<OverlapChoice> {
  requireVocabulary(vocabulary);
  if (!Array.isArray(texts)) {
    throw new OnpathError(
      "dtype",
      `Cannot choose an overlap: the texts are ${kindOf(texts)}, expected an array`,
    );
  }
  const samples = texts.map(wellFormed);
  const bytes = samples.reduce((sum, text) => sum + text.length, 0);
  const rows: OverlapRow[] = [];
  await using device = createModelDevice();
  const tried = new Set<number>();
  for (const candidate of CANDIDATES) {
    const overlap = overlapFor(payload, candidate);
    if (tried.has(overlap)) continue;
    tried.add(overlap);
    const pipeline = { steps: [{ op: "tokenize", mode: "overlap" }] } as const;
    const plan = compile(pipeline, { vocabulary, device, payload, overlap, checksum: "link" });
    const session = await Session.open(plan, device, { vocabulary });
    const { report } = await session.runMany(samples);
    const chunks = samples.reduce((sum, text) => sum + chunkCount(text.length, plan.body.cut), 0);
    const sent = bytes + chunks * (HEADER_BYTES + overlap) +
      report.retries * (HEADER_BYTES + plan.packets.answer) + report.hostBytes;
    rows.push({ overlap, chunks, retries: report.retries, sent, removed: report.removed });
  }
  const best = rows.reduce((least, row) => row.sent < least.sent ? row : least);
  return { overlap: best.overlap, bytes, rows };
}
