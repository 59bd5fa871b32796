import fc from "fast-check";
import assert from "node:assert/strict";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader, OFFSET } from "../../../serialize/header.ts";
import { readPacketBytes } from "../../../serialize/packets.ts";
import { openModel, type TakePacket } from "../../rtl/text_model.ts";
import { interleave, TEXT_LONGEST, textPacket, textPackets } from "../../rtl/text_packets.ts";
import { TextRules } from "../../rtl/text_rules.ts";
import {
  escapingVocabulary,
  PROSE,
  trainedVocabulary,
  wholeVocabulary,
} from "../../rtl/text_vocabularies.ts";
import { seal } from "../../rtl/packets.ts";
import { adversarialTexts, hostileText } from "../../support/texts.ts";
import { random } from "../../support/random.ts";
import { vocabulary } from "./vocabularies.ts";
import { longTest } from "../../support/long.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const trained = await trainedVocabulary();
const escaping = await escapingVocabulary();

/** Asserts that the model answers packets as the rules do, byte for byte; returns what was met. */
function agrees(
  vocabulary: Vocabulary,
  packets: readonly Uint8Array[],
): { dropped: number; escaped: number } {
  const rules = new TextRules(vocabulary, TEXT_LONGEST);
  const model = openModel(vocabulary);
  const met = { dropped: 0, escaped: 0 };
  for (const packet of packets) {
    const expected = rules.take(packet);
    const found = model(packet);
    if (typeof expected === "string") {
      met.dropped++;
      assert.equal(found, expected);
      continue;
    }
    for (const part of expected) {
      const view = new DataView(part.buffer);
      if (view.getUint16(6, true) & FLAG.checked) view.setUint32(OFFSET.crc, seal(part), true);
      if (view.getUint16(6, true) & FLAG.escape) met.escaped++;
    }
    assert.deepEqual(found, expected);
  }
  return met;
}

longTest("TokenizeModel answers every packet as the plain rules do, at every payload", () => {
  const next = random(11);
  const texts = [
    ...adversarialTexts().map(({ bytes }) => bytes.subarray(0, 3000)),
    ...Array.from({ length: 60 }, () => utf8(hostileText(next).toWellFormed())),
    utf8(PROSE.slice(0, 5000)),
  ].filter(({ length }) => length > 0);
  for (const size of [1, 7, 32, 256, TEXT_LONGEST]) {
    for (const vocabulary of [trained, escaping]) {
      const flows = texts.map((text, at) => textPackets(text.subarray(0, 400 * size), size, at));
      for (let from = 0; from < flows.length; from += 8) {
        agrees(vocabulary, interleave(flows.slice(from, from + 8)));
      }
    }
  }
});

Deno.test("TokenizeModel with a whole piece looked up first answers as the rules do", async () => {
  const words = utf8("the ing other thing abcdef abcdefg wholething whole abcde rthe ther the");
  const whole = await wholeVocabulary();
  for (const size of [3, TEXT_LONGEST]) agrees(whole, textPackets(words, size));
});

Deno.test("TokenizeModel: packets lost, doubled, swapped, of more flows than are held, and without an end", () => {
  const text = utf8(PROSE.slice(0, 600));
  const event = fc.record({
    flow: fc.nat(11),
    skip: fc.nat(20),
    twice: fc.nat(20),
    end: fc.nat(40),
    stop: fc.nat(40),
  });
  let dropped = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 40, maxLength: 120 }), (events) => {
      const next = new Map<number, number>();
      const packets = events.flatMap(({ flow, skip, twice, end, stop }) => {
        const sequence = (next.get(flow) ?? 0) + (skip === 0 ? 1 : 0);
        next.set(flow, end === 0 || stop === 0 ? 0 : sequence + 1);
        const packet = textPacket(text.subarray((7 * sequence) % 500, (7 * sequence) % 500 + 7), {
          flow,
          sequence,
          packets: stop === 0 ? sequence + 1 : 2 ** 20,
          flags: end === 0 ? FLAG.endOfText : 0,
          overlap: skip === 1 && twice === 1 ? 3 : 0,
        });
        return twice === 0 ? [packet, packet] : [packet];
      });
      dropped += agrees(trained, packets).dropped;
    }),
    { numRuns: 60 },
  );
  assert(dropped > 100, `only ${dropped} dropped`);
});

Deno.test("TokenizeModel: a flow that waits for too much escapes by name, and stays so", () => {
  const texts = [
    "x".repeat(2000) + "yz",
    "xxx" + "y".repeat(600) + "z",
    "y".repeat(900),
    "x".repeat(1024) + "!x",
  ];
  let escaped = 0;
  for (const size of [50, TEXT_LONGEST]) {
    escaped += agrees(escaping, texts.flatMap((text, at) => textPackets(utf8(text), size, at))).escaped;
  }
  assert(escaped > 3, `only ${escaped} answers say so`);
});

Deno.test("TokenizeModel in overlap mode: every packet is a text of its own, in any order", () => {
  const chunk = utf8(PROSE.slice(100, 300));
  const [whole] = openModel(trained)(textPacket(chunk, { flags: FLAG.endOfText })) as Uint8Array[];
  const model = openModel(trained, "overlap");
  for (const sequence of [5, 0, 3, 3]) {
    const packet = textPacket(chunk, {
      sequence,
      packets: 9,
      overlap: sequence && 32,
      position: 40 * sequence,
    });
    const answers = model(packet) as Uint8Array[];
    assert.equal(answers.length, 1);
    const header = newHeader();
    assert.equal(readPacketBytes(answers[0]!, header), null);
    assert.deepEqual([header.kind, header.sequence, header.overlap], [KIND.tokens, sequence, 0]);
    assert.equal(header.position, 40 * sequence);
    // What is cut before the end of a chunk is cut as in the whole text; the rest has not left.
    const tokens = (answer: Uint8Array) => new DataView(answer.buffer).getUint16(48, true);
    const bits = tokens(answers[0]!) * (answers[0]![50]! + 1);
    const bytes = Math.floor(bits / 8);
    assert(tokens(answers[0]!) < tokens(whole!) && tokens(answers[0]!) > 10);
    assert.deepEqual(
      answers[0]!.subarray(HEADER_BYTES, HEADER_BYTES + bytes),
      whole!.subarray(HEADER_BYTES, HEADER_BYTES + bytes),
    );
  }
});

Deno.test("TokenizeModel: a word of WordPiece that packets cannot say the length of escapes", async () => {
  const bert = await vocabulary("bert");
  const model: TakePacket = openModel(bert);
  const text = utf8(`one ${"a".repeat(70_000)} two`);
  const answers = textPackets(text, TEXT_LONGEST).flatMap((packet) => model(packet) as Uint8Array[]);
  const escapes = answers.map((answer) => new DataView(answer.buffer).getUint32(60, true));
  assert.equal(escapes.at(-1), 1);
  assert.equal(new DataView(answers[0]!.buffer).getUint16(48, true), 1, "the word before has left");
});

Deno.test("TokenizeModel drops by name what it does not take", () => {
  const model = openModel(trained, "stateful", 256);
  const packet = (change: (view: DataView) => void) => {
    const bytes = textPacket(utf8("some text"));
    change(new DataView(bytes.buffer));
    return model(bytes);
  };
  assert.equal(packet((view) => view.setUint32(24, 7, true)), "plan");
  assert.equal(packet((view) => view.setUint8(5, KIND.samples)), "items");
  assert.equal(packet((view) => view.setUint32(0, 7, true)), "magic");
  assert.equal(model(textPacket(new Uint8Array(257))), "items");
  assert.equal(model(textPacket(utf8("x"), { sequence: 3, packets: 9 })), "order");
  assert.equal(model(textPacket(utf8("xyz"), { overlap: 2 })), "overlap");
});
