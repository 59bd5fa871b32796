/**
 * Packets of text, and what the tokenizer in hardware answers to them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { driveTokenizer, type TokenizeCard } from "../../scripts/rtl/tokenize_card.ts";
import { DROP_REASONS } from "../../kernels/rtl/registers.ts";
import type { MemoryLatency, Pauses } from "../../runtime/device/rtl/card.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader, OFFSET, writeHeader } from "../../serialize/header.ts";
import { seal } from "./packets.ts";
import { openBuild } from "./rtl.ts";
import { TextRules } from "./text_rules.ts";

/** The plan that packets of text carry, and their longest payload. */
export const TEXT_PLAN = 0xbeef, TEXT_LONGEST = 1344;

/** A packet of text; the flags say first and last by the numbers. */
export function textPacket(
  payload: Uint8Array,
  { flow = 1, sequence = 0, packets = 1, flags = 0, overlap = 0, epoch = 0, position = 0 } = {},
): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + payload.length);
  packet.set(payload, HEADER_BYTES);
  const view = new DataView(packet.buffer);
  writeHeader(view, 0, {
    ...newHeader(),
    kind: KIND.text,
    flags: flags | (sequence === 0 ? FLAG.first : 0) | (sequence === packets - 1 ? FLAG.last : 0),
    flow,
    sequence,
    packets,
    length: payload.length,
    overlap,
    plan: TEXT_PLAN,
    epoch,
    position,
  });
  if (flags & FLAG.checked) view.setUint32(OFFSET.crc, seal(packet), true);
  return packet;
}

/** The packets of a text; its last one ends it. */
export function textPackets(text: Uint8Array, size: number, flow = 1): Uint8Array[] {
  const packets = Math.ceil(text.length / size);
  return Array.from(
    { length: packets },
    (_, sequence) =>
      textPacket(text.subarray(sequence * size, (sequence + 1) * size), {
        flow,
        sequence,
        packets,
        position: sequence * size,
        flags: FLAG.checked | (sequence === packets - 1 ? FLAG.endOfText : 0),
      }),
  );
}

/** Flows one packet of each after another. */
export function interleave(flows: readonly (readonly Uint8Array[])[]): Uint8Array[] {
  const longest = Math.max(...flows.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => flows.flatMap((flow) => flow.slice(at, at + 1))).flat();
}

/** The tokenizer of the builds that are tested. */
export async function openTokenizer(): Promise<TokenizeCard> {
  return driveTokenizer(await openBuild("packet_tokenize"));
}

/** Loads a vocabulary for packets of the tests. */
export function loadText(
  tokenizer: TokenizeCard,
  vocabulary: Vocabulary,
  latency: MemoryLatency = {},
): TextRules {
  tokenizer.load(vocabulary, { plan: TEXT_PLAN, longest: TEXT_LONGEST, latency });
  return new TextRules(vocabulary, TEXT_LONGEST);
}

/** Sends packets and collects the answers as they come. */
export function sendText(
  { card }: TokenizeCard,
  packets: readonly Uint8Array[],
  pauses?: Pauses,
): Uint8Array[] {
  let at = 0;
  packets.forEach((packet, index) => {
    card.input.set(packet, at);
    card.ends[index] = at += packet.length;
  });
  const count = card.run(packets.length, pauses, 2 ** 24);
  let from = 0;
  return Array.from(card.answers.subarray(0, count), (end) => {
    const answer = card.output.slice(from, end);
    from = end;
    return answer;
  });
}

const flowOf = (packet: Uint8Array) => new DataView(packet.buffer).getUint32(8, true);

/** What was met on the way, so that tests know that they met it. */
export interface Met {
  tokens: number;
  /** Answers that say so, by reason: none, pending, look-ahead. */
  escapes: [number, number, number];
  dropped: number;
  parts: number;
}

/** Nothing was met yet. */
export function newMet(): Met {
  return { tokens: 0, escapes: [0, 0, 0], dropped: 0, parts: 0 };
}

/**
 * Sends packets to the RTL and to the rules, and asserts that both say the same: the bytes of every answer, flow by
 * flow in order, parts together, and drops by name.
 */
export function agrees(
  tokenizer: TokenizeCard,
  rules: TextRules,
  packets: readonly Uint8Array[],
  pauses: Pauses = {},
  met: Met = newMet(),
): Met {
  const before = tokenizer.card.counters().drops;
  const looked = tokenizer.lookups(), counted = { ...rules.counts };
  const answers = sendText(tokenizer, packets, pauses);
  const drops = tokenizer.card.counters().drops.map((count, reason) => count - before[reason]!);
  const wanted = new Map<number, Uint8Array[]>();
  const dropped: Record<string, number> = {};
  for (const packet of packets) {
    const verdict = rules.take(packet);
    if (typeof verdict === "string") {
      dropped[verdict] = (dropped[verdict] ?? 0) + 1;
      met.dropped++;
      continue;
    }
    for (const part of verdict) {
      const view = new DataView(part.buffer);
      const flags = view.getUint16(6, true);
      if (flags & FLAG.checked) view.setUint32(OFFSET.crc, seal(part), true);
      met.tokens += view.getUint16(48, true);
      assert.equal((flags & FLAG.escape) !== 0, view.getUint32(60, true) !== 0);
      met.escapes[view.getUint32(60, true)]!++;
    }
    met.parts = Math.max(met.parts, verdict.length);
    const flow = flowOf(packet);
    if (!wanted.has(flow)) wanted.set(flow, []);
    wanted.get(flow)!.push(...verdict);
  }
  const found = new Map<number, Uint8Array[]>();
  let open: Uint8Array | null = null;
  for (const answer of answers) {
    if (open !== null) assert.equal(flowOf(answer), flowOf(open), "another flow's answer between parts");
    open = answer[51]! + 1 < answer[52]! ? answer : null;
    if (!found.has(flowOf(answer))) found.set(flowOf(answer), []);
    found.get(flowOf(answer))!.push(answer);
  }
  assert.deepEqual(new Set(found.keys()), new Set(wanted.keys()));
  // One by one: a difference of hundreds of packets would be formatted for minutes.
  for (const [flow, parts] of wanted) {
    parts.forEach((part, at) => assert.deepEqual(found.get(flow)![at], part, `flow ${flow}, answer ${at}`));
    assert.equal(found.get(flow)!.length, parts.length);
  }
  const names = drops.map((count, reason) => [DROP_REASONS[reason], count] as const);
  assert.deepEqual(Object.fromEntries(names.filter(([, count]) => count > 0)), dropped);
  // The table has all pieces of up to 15 bytes that are one token, and no others.
  const { pieces, found: hits } = tokenizer.lookups();
  assert.deepEqual({ pieces: pieces - looked.pieces, found: hits - looked.found }, {
    pieces: rules.counts.pieces - counted.pieces,
    found: rules.counts.found - counted.found,
  });
  return met;
}
