/**
 * Candidates for packets of text: writing them, appending tokens, and merging chunks.
 *
 * @module
 */

import { chunkCount, type TextCut } from "../../serialize/text/cut.ts";
import { ChunkMerge } from "../../serialize/text/chunk_merge.ts";
import { createEngine } from "../../serialize/engine.ts";
import { createTextWriter } from "../../serialize/text/text_writer.ts";
import { FlowAppend } from "../../serialize/text/flow_append.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { maxParts, type TextMode, TokenizeModel } from "../../kernels/tokenize/model.ts";
import { newHeader } from "../../serialize/header.ts";
import { newTokenCarry, readTokenPacket, unpackTokens } from "../../serialize/text/token_packet.ts";
import { type PacketSlots, reserveSlots } from "../../serialize/packets.ts";
import { tokenLengths } from "../../kernels/tokenize/text_parts.ts";
import { TokenRun } from "../../serialize/text/token_run.ts";
import type { Candidate } from "./measure.ts";
import { type BenchVocabulary, mixedTexts } from "./text.ts";

/** Payload in bytes. */
const PAYLOAD = MODEL_PROFILE.payload;
const PLAN = 7, FLOW = 1;

/** A text in packets, and the answers to them. */
interface Answered {
  readonly text: Uint8Array;
  readonly cut: TextCut;
  readonly requests: PacketSlots;
  readonly answers: PacketSlots;
  readonly packets: number;
  readonly answered: number;
}

function answered({ tables }: BenchVocabulary, text: Uint8Array, mode: TextMode): Answered {
  const cut = { payload: PAYLOAD, overlap: mode === "overlap" ? 32 : 0 };
  const packets = chunkCount(text.length, cut);
  const parts = maxParts(tables, PAYLOAD);
  const engine = createEngine(packets * (parts + 1) * 1408 + 2 ** 14);
  const requests = reserveSlots(engine, packets, PAYLOAD);
  const answers = reserveSlots(engine, packets * parts, PAYLOAD);
  createTextWriter({ plan: PLAN, checksum: "link" }).chunks(text, cut, FLOW, 0, packets, requests, 0);
  const model = new TokenizeModel(tables, { plan: PLAN, longest: PAYLOAD, mode });
  let count = 0;
  for (let slot = 0; slot < packets; slot++) {
    const made = model.take(requests, slot, answers, count);
    if (typeof made === "string") throw new Error(`Cannot answer packet ${slot}: ${made}`);
    count += made;
  }
  return { text, cut, requests, answers, packets, answered: count };
}

/**
 * The host's work for a text of about half a megabyte, and tiktoken for comparison.
 *
 * @param vocabulary Vocabulary of the model's answers and of tiktoken.
 */
export function hostCandidates(vocabulary: BenchVocabulary): Candidate[] {
  const words = mixedTexts(2 ** 19).join("\n");
  const text = new TextEncoder().encode(words);
  const stateful = answered(vocabulary, text, "stateful"), overlap = answered(vocabulary, text, "overlap");
  const lengthOf = tokenLengths(vocabulary.tables);
  const copy = new Uint8Array(text.length);
  const run = new TokenRun(2 ** 18);
  const header = newHeader(), carry = newTokenCarry();
  const write = ({ cut, requests, packets }: Answered) => {
    const writer = createTextWriter({ plan: PLAN, checksum: "link" });
    return () => writer.chunks(text, cut, FLOW, 0, packets, requests, 0);
  };
  return [
    { name: "memcpy of the text", run: () => copy.set(text) },
    { name: "tiktoken, WebAssembly", run: () => void vocabulary.peer.encode_ordinary(words) },
    { name: "packets of text", run: write(stateful) },
    {
      name: "tokens appended",
      run: () => {
        run.count = 0;
        const append = new FlowAppend(lengthOf, run);
        append.begin(FLOW, PLAN, 0);
        for (let slot = 0; slot < stateful.answered; slot++) append.accept(stateful.answers, slot);
      },
    },
    {
      name: "chunks: tokens unpacked",
      run: () => {
        for (let slot = 0; slot < overlap.answered; slot++) {
          run.count = 0;
          readTokenPacket(overlap.answers, slot, header, carry);
          unpackTokens(overlap.answers, slot, carry, lengthOf, header.position, run);
        }
      },
    },
    {
      name: "chunks: tokens unpacked and put together",
      run: () => {
        const { cut } = overlap;
        const merge = new ChunkMerge({
          length: text.length,
          covers: true,
          cut,
          flow: FLOW,
          plan: PLAN,
          lengthOf,
          run,
        });
        for (let slot = 0; slot < overlap.answered; slot++) merge.accept(overlap.answers, slot);
      },
    },
  ];
}
