import fc from "fast-check";
import assert from "node:assert/strict";
import { Compatibility } from "../../../kernels/tokenize/compatible.ts";
import { engineTables } from "../../../kernels/tokenize/tables.ts";
import { TextFlow } from "../../../kernels/tokenize/flow.ts";
import { tokenLengths } from "../../../kernels/tokenize/text_parts.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { chunkCount, chunkEnd, chunkStart, overlapFor } from "../../../serialize/text/cut.ts";
import { ChunkMerge } from "../../../serialize/text/chunk_merge.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { createTextWriter } from "../../../serialize/text/text_writer.ts";
import { FLAG, HEADER_BYTES, newHeader } from "../../../serialize/header.ts";
import { FlowAppend } from "../../../serialize/text/flow_append.ts";
import { newTokenCarry, tokenPacketRoom, writeTokenPacket } from "../../../serialize/text/token_packet.ts";
import { readPacket, reserveSlots, slotAddress } from "../../../serialize/packets.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import { vocabulary } from "../../kernels/tokenize/vocabularies.ts";
import { random, shuffled } from "../../support/random.ts";
import { hostileText } from "../../support/texts.ts";
import { longTest } from "../../support/long.ts";

const utf8 = (text: string) => new TextEncoder().encode(text.toWellFormed());
const BITS = 18;

/** The tokens of a text, or of a chunk of one whose end is not the text's. */
function tokensOf(tables: Vocabulary, text: Uint8Array, ends: boolean): TextFlow {
  const counts = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  const flow = new TextFlow(engineTables(tables), counts, new Compatibility(tables.bpe!), Infinity);
  flow.take(text, 0, text.length);
  if (ends) flow.end();
  return flow;
}

/** Answers to the chunks of a text, as packets in slots, a chunk's parts one after another. */
function answersOf(
  tables: Vocabulary,
  text: Uint8Array,
  cut: { payload: number; overlap: number },
  longest: number,
) {
  const chunks = chunkCount(text.length, cut);
  const room = tokenPacketRoom(longest, BITS, false);
  const engine = createEngine(2 ** 22);
  const slots = reserveSlots(engine, 2 ** 22 / 256 / 4, longest);
  const parts: { chunk: number; slot: number; part: number }[] = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const from = chunkStart(text, cut, chunk), isLast = chunk === chunks - 1;
    const { list, replaced } = tokensOf(
      tables,
      text.subarray(from, chunkEnd(text.length, cut, chunk)),
      isLast,
    );
    const count = Math.max(1, Math.ceil(list.count / room));
    for (let part = 0, position = from; part < count; part++) {
      const tokens = Math.min(room, list.count - part * room);
      const flags = (chunk === 0 ? FLAG.first : 0) | (isLast ? FLAG.last | FLAG.endOfText : 0);
      const header = { ...newHeader(), flow: 1, plan: 2, sequence: chunk, packets: chunks, flags, position };
      const carry = { ...newTokenCarry(), tokens, bits: BITS, part, parts: count, flags: Number(replaced) };
      writeTokenPacket(slots, parts.length, header, carry, list, part * room);
      parts.push({ chunk, slot: parts.length, part });
      for (let n = part * room; n < part * room + tokens; n++) position += list.lengths[n]!;
    }
  }
  return { slots, parts };
}

/** Does what a session does where chunks share no boundary, with an engine that has the whole text. */
function redo(tables: Vocabulary, text: Uint8Array, merge: ChunkMerge): void {
  const { list } = tokensOf(tables, text.subarray(merge.boundary), true);
  const run = new TokenRun();
  let end = merge.boundary, count = 0;
  do {
    end += list.lengths[count]!;
    run.put(list.tokens[count]!, list.lengths[count]!, end);
  } while ((list.tokens[count++]! & 1) === 0);
  merge.redone(run, count, end);
}

longTest(
  "ChunkMerge gives the tokens of the whole text: any chunks, any order, doubled, of hostile texts",
  async () => {
    const removed = { tokens: 0, unshared: 0, texts: 0 };
    for (const name of ["cl100k_base", "o200k_base"] as const) {
      const tables = await vocabulary(name);
      const lengthOf = tokenLengths(tables);
      fc.assert(
        fc.property(
          fc.nat(),
          fc.constantFrom(7, 24, 40, 100),
          fc.nat(40),
          fc.nat(),
          (seed, payload, wanted, order) => {
            const text = utf8(hostileText(random(seed)));
            const cut = { payload, overlap: overlapFor(payload, wanted) };
            const { slots, parts } = answersOf(tables, text, cut, 64);
            const merge = new ChunkMerge({
              length: text.length,
              covers: true,
              cut,
              flow: 1,
              plan: 2,
              lengthOf,
            });
            // Chunks come in any order, the parts of one in theirs; every third comes twice.
            const chunks = shuffled([...new Set(parts.map(({ chunk }) => chunk))], order);
            for (const each of chunks) {
              for (const { slot, part } of parts.filter(({ chunk }) => chunk === each)) {
                assert.match(merge.accept(slots, slot), /accepted|duplicate/);
                if (part % 3 === 0) assert.equal(merge.accept(slots, slot), "duplicate");
              }
            }
            while (merge.stuck) redo(tables, text, merge);
            const { list } = tokensOf(tables, text, true);
            assert(merge.done);
            assert.deepEqual(merge.run.tokens.slice(0, merge.run.count), list.tokens.slice(0, list.count));
            assert.deepEqual(merge.run.lengths.slice(0, merge.run.count), list.lengths.slice(0, list.count));
            removed.tokens += merge.removed;
            removed.unshared += merge.unshared;
            removed.texts++;
          },
        ),
        { numRuns: 400 },
      );
    }
    assert(removed.tokens > 1000 && removed.unshared > 100, JSON.stringify(removed));
  },
);

Deno.test("ChunkMerge does not match by position alone: groups of digits out of phase share no boundary", async () => {
  const tables = await vocabulary("cl100k_base");
  const text = utf8("٢٣٢٠٦");
  const cut = { payload: 11, overlap: 4 };
  const { slots, parts } = answersOf(tables, text, cut, 64);
  assert.equal(chunkCount(text.length, cut), 2);
  const seams: number[] = [];
  const merge = new ChunkMerge({
    length: text.length,
    covers: true,
    cut,
    flow: 1,
    plan: 2,
    lengthOf: tokenLengths(tables),
    onChunk: ({ seam }) => seams.push(seam),
  });
  parts.forEach(({ slot }) => merge.accept(slots, slot));
  assert(merge.stuck && merge.unshared === 1, "the groups ٢٣٢ and ٢٠٦ have no boundary in common");
  while (merge.stuck) redo(tables, text, merge);
  assert.deepEqual(
    merge.run.ids(),
    Uint32Array.from(
      tokensOf(tables, text, true).list.tokens.subarray(0, merge.run.count),
      (token) => token >> 1,
    ),
  );
});

Deno.test("ChunkMerge asks for chunks that are not there, and refuses what is none of its own", async () => {
  const tables = await vocabulary("r50k_base");
  const text = utf8("one two three four five six seven eight nine ten eleven twelve ".repeat(6));
  const cut = { payload: 40, overlap: overlapFor(40, 12) };
  const { slots, parts } = answersOf(tables, text, cut, 64);
  const merge = new ChunkMerge({
    length: text.length,
    covers: true,
    cut,
    flow: 1,
    plan: 2,
    lengthOf: tokenLengths(tables),
  });
  const missing = 3;
  parts.filter(({ chunk }) => chunk !== missing).forEach(({ slot }) => merge.accept(slots, slot));
  assert.deepEqual(parts.map(({ chunk }) => chunk).filter((chunk) => merge.needs(chunk)), [missing]);
  assert(!merge.done && !merge.stuck);
  const { slot } = parts.find(({ chunk }) => chunk === missing)!;
  for (const [at, outcome] of [[8, "flow"], [24, "flow"], [16, "flow"], [32, "place"]] as const) {
    const byte = slotAddress(slots, slot) + at;
    const before = slots.engine.bytes[byte]!;
    slots.engine.bytes[byte] = before + 1;
    assert.equal(merge.accept(slots, slot), outcome, `byte ${at}`);
    slots.engine.bytes[byte] = before;
  }
  assert.equal(merge.accept(slots, slot), "accepted");
  assert(merge.done);
});

Deno.test("chunks cover a text, overlap as much as they say, and begin with whole characters", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }).map(utf8),
      fc.integer({ min: 1, max: 90 }),
      fc.nat(60),
      (text, payload, wanted) => {
        const cut = { payload, overlap: overlapFor(payload, wanted) };
        const chunks = chunkCount(text.length, cut);
        const slots = reserveSlots(createEngine(2 ** 17), chunks, payload);
        createTextWriter({ plan: 3, checksum: "crc32c" }).chunks(text, cut, 5, 0, chunks, slots, 0);
        let end = 0;
        const header = newHeader();
        for (let chunk = 0; chunk < chunks; chunk++) {
          assert.equal(readPacket(slots, chunk, header), null);
          const { position, length, overlap, sequence, packets } = header;
          assert.deepEqual([sequence, packets], [chunk, chunks]);
          assert(length <= payload && position === end - overlap && position + length > end);
          if (cut.overlap > 0) {
            assert.notEqual(text[position]! & 0xc0, 0x80);
            assert(chunk === 0 || overlap >= cut.overlap && overlap <= cut.overlap + 3);
          } else assert.equal(overlap, 0);
          const at = slotAddress(slots, chunk) + HEADER_BYTES;
          assert.deepEqual(
            slots.engine.bytes.slice(at, at + length),
            text.slice(position, position + length),
          );
          end = position + length;
        }
        assert.equal(end, text.length);
        assert.equal((header.flags & FLAG.endOfText) !== 0, true);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("FlowAppend puts answers in their order, whatever the order in which they come", async () => {
  const tables = await vocabulary("r50k_base");
  const text = utf8("Words of a flow, one packet after another, with numbers 123456 and more. ".repeat(9));
  const lengthOf = tokenLengths(tables);
  const size = 20, packets = Math.ceil(text.length / size);
  const slots = reserveSlots(createEngine(2 ** 19), packets * 8, 64);
  const counts = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  const flow = new TextFlow(engineTables(tables), counts, new Compatibility(tables.bpe!), Infinity);
  const all = new TokenRun();
  let answers = 0, position = 0;
  for (let sequence = 0; sequence < packets; sequence++) {
    flow.take(text, sequence * size, Math.min(text.length, (sequence + 1) * size));
    if (sequence === packets - 1) flow.end();
    const parts = Math.max(1, Math.ceil(flow.list.count / 2));
    for (let part = 0; part < parts; part++) {
      const tokens = Math.min(2, flow.list.count - 2 * part);
      const flags = (sequence === 0 ? FLAG.first : 0) | (sequence === packets - 1 ? FLAG.last : 0);
      const header = { ...newHeader(), flow: 4, plan: 2, sequence, packets, flags, position };
      writeTokenPacket(
        slots,
        answers++,
        header,
        { ...newTokenCarry(), tokens, bits: BITS, part, parts },
        flow.list,
        2 * part,
      );
      for (let n = 2 * part; n < 2 * part + tokens; n++) {
        position += flow.list.lengths[n]!;
        all.put(flow.list.tokens[n]!, flow.list.lengths[n]!, 100 + position);
      }
    }
    flow.list.count = 0;
  }
  const copy = slots.engine.bytes.slice(slots.address, slots.address + answers * slots.slotBytes);
  for (let seed = 0; seed < 30; seed++) {
    slots.engine.bytes.set(copy, slots.address);
    const run = new TokenRun();
    const append = new FlowAppend(lengthOf, run);
    append.begin(4, 2, 100);
    const order = shuffled(Array.from({ length: answers }, (_, slot) => slot), seed);
    // Each waits in a slot that is free by then, as answers do.
    const scratch = answers;
    for (const slot of order) {
      const from = slotAddress(slots, slot);
      slots.engine.bytes.copyWithin(slotAddress(slots, scratch), from, from + slots.slotBytes);
      assert.match(append.accept(slots, scratch), /accepted|early/);
      slots.engine.bytes.copyWithin(slotAddress(slots, scratch), from, from + slots.slotBytes);
      assert.equal(append.accept(slots, scratch), "duplicate");
    }
    assert.equal(append.answered, packets);
    assert.deepEqual(run.tokens.slice(0, run.count), all.tokens.slice(0, all.count));
    assert.deepEqual(run.ends.slice(0, run.count), all.ends.slice(0, all.count));
  }
});
