import fc from "fast-check";
import assert from "node:assert/strict";
import { TOKENIZE_LIMITS, tokenizeImage } from "../../kernels/tokenize/image.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { FLAG, HEADER_BYTES } from "../../serialize/header.ts";
import { refusal } from "../support/failure.ts";
import { randomBytes } from "../support/random.ts";
import {
  agrees,
  interleave,
  loadText,
  newMet,
  openTokenizer,
  sendText,
  TEXT_LONGEST,
  textPacket,
  textPackets,
} from "./text_packets.ts";
import {
  escapingVocabulary,
  PROSE,
  runVocabulary,
  trainedVocabulary,
  wholeVocabulary,
} from "./text_vocabularies.ts";
import { longTest } from "../support/long.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const tokenizer = await openTokenizer();
const trained = await trainedVocabulary();
const escaping = await escapingVocabulary();

/** Texts that break simpler tokenizers. */
const HARD = [
  "a",
  "The the  the   the\n\n the\r\n \u0085 \u3000\u2003x",
  "  ",
  " \n ",
  "x \t",
  // NUL: keys of the piece table are padded with zero bytes.
  "\0 \0\0x\0\0\0",
  "e".repeat(700),
  " ".repeat(300) + "end",
  "=-".repeat(90) + "12345678901234567890",
  "Grüße, Ελλάδα, Россия, हिन्दी, ภาษาไทย, 漢字かな交じり文, العربية, עברית, 한국어",
  "😀👩‍👩‍👧‍👦🏳️‍🌈\u{10ffff}\ufeff\ufffd",
];

/** Bytes that are no UTF-8, between some that are. */
const BROKEN = [
  [0x80],
  [0x41, 0xc3],
  [0xe2, 0x82],
  [0xe2, 0x82, 0x41],
  [0xf0, 0x9f, 0x98, 0xf0, 0x9f, 0x98, 0x80],
  [0xc0, 0xaf, 0xe0, 0x80, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xf5, 0xff],
  [0xe0, 0xa0, 0x80, 0xed, 0x9f, 0xbf, 0xf0, 0x90, 0x80, 0x80, 0xf4, 0x8f, 0xbf, 0xbf],
  [0xf0, 0x8f, 0xbf, 0xbf, 0xe0, 0x9f, 0xbf, 0xc1, 0xbf, 0xdf, 0xbf],
].map((bytes) => Uint8Array.from(bytes));

/** Any text: prose, runs, code points of all planes, bytes of any kind. */
const anyText = fc.array(
  fc.oneof(
    fc.record({ from: fc.nat(PROSE.length - 400), length: fc.nat(400) }).map(({ from, length }) =>
      utf8(PROSE.slice(from, from + length))
    ),
    fc.record({ char: fc.constantFrom(..." aetxyz\n-1"), count: fc.nat(500) }).map(({ char, count }) =>
      utf8(char.repeat(count))
    ),
    fc.string({ unit: "grapheme", maxLength: 30 }).map(utf8),
    fc.uint8Array({ maxLength: 20 }),
  ),
  { minLength: 1, maxLength: 5 },
).map((parts) => Uint8Array.from([...parts.flatMap((part) => [...part]), 46]));

const pauses = fc.record({
  send: fc.integer({ min: 0, max: 10 }),
  take: fc.integer({ min: 0, max: 10 }),
  seed: fc.nat(),
});
const latency = fc.record({
  minCycles: fc.integer({ min: 1, max: 20 }),
  extraCycles: fc.integer({ min: 0, max: 20 }),
  pause: fc.integer({ min: 0, max: 10 }),
  seed: fc.nat(2 ** 31),
});

Deno.test("RTL tokenizer: hard texts answer as the rules say, at every payload", () => {
  const rules = loadText(tokenizer, trained);
  for (const size of [1, 7, 32, TEXT_LONGEST]) {
    const texts = [...HARD.map(utf8), ...BROKEN, Uint8Array.from(BROKEN.flatMap((bytes) => [...bytes, 10]))];
    const flows = texts.filter(({ length }) => length <= 100 * size).map((text, at) =>
      textPackets(text, size, at)
    );
    agrees(tokenizer, rules, flows.flat());
  }
});

longTest("RTL tokenizer: prose in interleaved flows, whatever pauses on either end and in memory", () => {
  const met = newMet();
  const flow = fc.record({ text: anyText, size: fc.constantFrom(1, 7, 32, 256, TEXT_LONGEST) }).filter((
    { text, size },
  ) => text.length < 200 * size);
  fc.assert(
    fc.property(fc.array(flow, { minLength: 1, maxLength: 8 }), pauses, latency, (flows, pauses, latency) => {
      const rules = loadText(tokenizer, trained, latency);
      const packets = flows.map(({ text, size }, at) => textPackets(text, size, at + 1));
      agrees(tokenizer, rules, interleave(packets), pauses, met);
    }),
    { numRuns: 12 },
  );
  assert(met.tokens > 500, `only ${met.tokens} tokens`);
});

Deno.test("RTL tokenizer: more flows than are held, lost, doubled and swapped packets, flows without an end", () => {
  const rules = loadText(tokenizer, trained);
  const text = utf8(PROSE.slice(0, 600));
  const met = newMet();
  const event = fc.record({
    flow: fc.nat(11),
    skip: fc.nat(20),
    twice: fc.nat(20),
    end: fc.nat(40),
    stop: fc.nat(40),
  });
  fc.assert(
    fc.property(fc.array(event, { minLength: 40, maxLength: 120 }), pauses, (events, pauses) => {
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
      agrees(tokenizer, rules, packets, pauses, met);
    }),
    { numRuns: 10 },
  );
  assert(met.dropped > 20, `only ${met.dropped} dropped`);
});

longTest("RTL tokenizer: a flow that waits for too much escapes, and stays so", () => {
  const rules = loadText(tokenizer, escaping);
  const texts = [
    ["x", 500, "z"],
    ["x", 2000, "yz"],
    ["x", 3, "y".repeat(600) + "z"],
    ["x", 3, "y".repeat(508) + "z"],
    ["x", 3, "y".repeat(509) + "z"],
    ["x", 287, "y".repeat(230) + "z"],
    ["x", 287, "y".repeat(600)],
    ["y", 900, ""],
    // 255 x have not left: the greatest token, and all but one of those that may follow it.
    ["x", 383, "y".repeat(253) + "漢y"],
    ["x", 383, "y".repeat(254) + "漢y"],
    ["x", 383, "y".repeat(256) + "漢y"],
    ["x", 1024, "!x"],
    ["x", 1024, ""],
  ] as const;
  const met = newMet();
  for (const size of [50, TEXT_LONGEST]) {
    const flows = texts.map(([run, count, rest], at) =>
      textPackets(utf8(run.repeat(count) + rest), size, at)
    );
    agrees(tokenizer, rules, flows.flat(), {}, met);
  }
  const [, pending, lookahead] = met.escapes;
  assert(pending > 1 && lookahead > 1, `${pending} wait for tokens, ${lookahead} for what follows`);
  fc.assert(
    fc.property(
      fc.array(fc.record({ char: fc.constantFrom(..."xxxyyz!o"), count: fc.nat(400) }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.constantFrom(32, 256),
      (runs, size) => {
        const text = utf8(runs.map(({ char, count }) => char.repeat(count)).join("") + "!");
        agrees(tokenizer, rules, textPackets(text, size), {}, met);
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("RTL tokenizer: tokens of a short piece leave before the look-ahead fills the window", async () => {
  // Tokens of at most 4 x: all but the last few are certain before the z, so 540 bytes fit the window of 512.
  const rules = loadText(tokenizer, await escapingVocabulary(4));
  const met = newMet();
  const flows = [64, 65, 100, 127].map((count, at) =>
    textPackets(utf8("x".repeat(count) + "y".repeat(540 - count) + "z"), TEXT_LONGEST, at)
  );
  agrees(tokenizer, rules, flows.flat(), {}, met);
  assert.deepEqual([met.escapes[1], met.escapes[2]], [0, 0]);
});

Deno.test("RTL tokenizer: an answer of several parts, of bytes that all become three", () => {
  const rules = loadText(tokenizer, escaping);
  const text = Uint8Array.from({ length: TEXT_LONGEST }, () => 0xff);
  const met = agrees(tokenizer, rules, [...textPackets(text, TEXT_LONGEST), ...textPackets(utf8("yz!"), 2)]);
  assert(met.parts > 3);
});

Deno.test("RTL tokenizer: a piece that is a token as a whole, and a text that is one piece", async () => {
  const words = utf8("the ing other thing abcdef abcdefg wholething whole abcde rthe ther the");
  for (const vocabulary of [await wholeVocabulary(), await wholeVocabulary(null)]) {
    const rules = loadText(tokenizer, withPieces(vocabulary));
    for (const size of [3, TEXT_LONGEST]) agrees(tokenizer, rules, textPackets(words, size));
    agrees(
      tokenizer,
      rules,
      [..."the abcdef whole wholething"].map((_, at, all) =>
        textPackets(utf8(all.slice(at).join("")), 64, at)
      ).flat(),
    );
  }
});

Deno.test("RTL tokenizer: a long piece whose end is a token is not that token", async () => {
  // Runs of one letter share no token before their end, so the walk still has the whole piece there.
  const rules = loadText(tokenizer, withPieces(await runVocabulary()));
  for (const length of [128, 129, 130, 150, 191, 192, 200, 255, 256, 300]) {
    agrees(tokenizer, rules, textPackets(utf8("x".repeat(length)), TEXT_LONGEST));
  }
});

/** The rules have piece tables; those of one piece are a state that any code point keeps. */
function withPieces(vocabulary: Vocabulary): Vocabulary {
  if (vocabulary.pieces !== null) return vocabulary;
  const pieces = {
    states: 2,
    classes: 2,
    start: 0,
    transitions: Int16Array.of(1, -1, 1, -1),
    accept: Int8Array.of(-1, 0),
    final: new Uint8Array(2),
    drop: new Uint8Array(2),
    blockOf: new Uint16Array(0x1100),
    classOf: new Uint8Array(256),
  };
  return { ...vocabulary, pieces };
}

Deno.test("RTL tokenizer: packets that are no sound text are dropped by name, and flows go on", () => {
  const rules = loadText(tokenizer, trained);
  const [first, second, third] = textPackets(utf8("one two three"), 5, 3) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const cut = second.slice(0, -1);
  const wrong = second.slice();
  wrong[HEADER_BYTES]! ^= 1;
  const before = tokenizer.card.counters().drops;
  const sent = [first, cut, wrong, second, third];
  const answers = sendText(tokenizer, sent);
  assert.equal(answers.length, 3);
  const drops = tokenizer.card.counters().drops.map((count, reason) => count - before[reason]!);
  assert.deepEqual([drops[1], drops[12]], [1, 1]);
  for (const packet of [first, second, third]) rules.take(packet);
  agrees(tokenizer, rules, textPackets(randomBytes(300, 1), 100, 9));
});

Deno.test("RTL tokenizer: answers wait until their store is full, and none is lost", () => {
  const rules = loadText(tokenizer, trained);
  // An answer of a byte has three beats. They leave every 48 cycles or so, which is later than they are made.
  const flows = Array.from(
    { length: 8 },
    (_, flow) => textPackets(utf8(PROSE.slice(300 * flow, 300 * flow + 100)), 1, flow),
  );
  agrees(tokenizer, rules, interleave(flows), { take: 15 });
});

Deno.test("RTL tokenizer: a reset in the middle leaves nothing behind", () => {
  const packets = interleave(
    [1, 2, 3].map((flow) => textPackets(utf8(PROSE.slice(100 * flow, 100 * flow + 900)), 200, flow)),
  );
  for (const cycles of [60, 300, 1500]) {
    loadText(tokenizer, trained, { minCycles: 20 });
    let at = 0;
    packets.forEach((packet, index) => {
      tokenizer.card.input.set(packet, at);
      tokenizer.card.ends[index] = at += packet.length;
    });
    assert.throws(() => tokenizer.card.run(packets.length, {}, cycles), /did not end/);
    tokenizer.card.reset();
    agrees(tokenizer, loadText(tokenizer, trained), packets);
  }
});

longTest("RTL tokenizer: flows hide the memory's latency, and lookups are counted", () => {
  const each = utf8(PROSE.slice(0, 500));
  const cycles = [1, 2, 4, 8].map((count) => {
    tokenizer.card.reset();
    const rules = loadText(tokenizer, trained, { minCycles: 64 });
    const flows = Array.from({ length: count }, (_, flow) => textPackets(each, 250, flow));
    agrees(tokenizer, rules, interleave(flows));
    const { bytes, cells, classes, transitions, pieces, found } = tokenizer.lookups();
    assert.equal(bytes, count * each.length);
    // A class for each code point. Bytes of pieces that the table has need no cell.
    assert.equal(classes, count * [...PROSE.slice(0, 500)].length);
    assert(transitions >= classes && cells > bytes / 8 && cells < bytes);
    assert(2 * found > pieces && found < pieces, `${found} of ${pieces} pieces found`);
    return tokenizer.card.counters().cycles / bytes;
  });
  for (let n = 1; n < cycles.length; n++) {
    assert(cycles[n]! < 0.62 * cycles[n - 1]!, `cycles a byte by 1, 2, 4 and 8 flows: ${cycles}`);
  }
});

Deno.test("tokenizeImage() refuses by name what the hardware lacks or has no room for", async () => {
  const small = await wholeVocabulary();
  const bpe = small.bpe!;
  const image = tokenizeImage(small);
  assert.equal(image.memory.length, 4 * (bpe.base.length + bpe.tokens + bpe.pairLeft.length / 2));
  const refuses = (change: Partial<Vocabulary>, code: "table" | "device", message: RegExp) =>
    assert.throws(() => tokenizeImage({ ...small, ...change }), refusal(code, message));
  refuses(
    { bpe: { ...bpe, tokens: TOKENIZE_LIMITS.tokens + 1 } },
    "table",
    /65536 tokens, expected at most 65535/,
  );
  refuses(
    { bpe: { ...bpe, pairLeft: new Int32Array(2 ** 20) } },
    "table",
    /"whole" into the RTL: it has \d+ bytes of memory, expected at most 8388608/,
  );
  refuses({ bpe: { ...bpe, units: "characters" } }, "device", /characters with a byte fallback/);
  refuses({ bpe: null, algorithm: "wordpiece" }, "device", /the algorithm wordpiece/);
  refuses({ normalization: [{ op: "nfc" }] }, "device", /normalisation \(nfc\)/);
  const drop = new Uint8Array(small.pieces!.states).fill(1);
  refuses({ pieces: { ...small.pieces!, drop } }, "device", /pieces that are left out/);
});
