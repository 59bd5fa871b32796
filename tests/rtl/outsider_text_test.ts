import fc from "fast-check";
import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { createEncoder } from "../../kernels/tokenize/encode.ts";
import { ESCAPES } from "../../kernels/tokenize/flow_limits.ts";
import { TokenizeModel } from "../../kernels/tokenize/model.ts";
import { MAX_NORMALIZED_PARTS, NORMALIZATION_ESCAPES } from "../../kernels/text_normalize/packets.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { createEngine } from "../../serialize/engine.ts";
import { newHeader } from "../../serialize/header.ts";
import { packetBytes, reserveSlots, slotAddress } from "../../serialize/packets.ts";
import { chunkCount, chunkEnd, chunkStart } from "../../serialize/text/cut.ts";
import { newNormalizedCarry, readNormalizedPacket } from "../../serialize/text/normalized_packet.ts";
import {
  MAX_ID_BITS,
  newTokenCarry,
  TOKEN_FLAG,
  writeTokenPacket,
} from "../../serialize/text/token_packet.ts";
import { vocabulary } from "../kernels/tokenize/vocabularies.ts";
import { longTest } from "../support/long.ts";
import { random } from "../support/random.ts";
import { corpusSlice } from "../support/texts.ts";
import {
  crc32c,
  fieldsOf,
  flag,
  get,
  HEADER,
  hexBlocks,
  kind,
  PAGE,
  put,
  requestOf,
  tableOf,
} from "./packets_page.ts";
import { openTokenizer, sendText } from "./text_packets.ts";

// A sender of texts that knows docs/packets.md alone, as outsider_test.ts does for images.

const CARRY = fieldsOf("Tokens");
const NORMALIZED = fieldsOf("Normalized text");
/** Bits of a token's fields in their order: 0 those of the carry. */
const TOKEN = tableOf("Tokens", 1).map(([name, bits, present]) => ({
  name: name!,
  bits: bits === "bits" ? 0 : Number(bits),
  hasPlaces: present === "with places",
}));
const PLAN = 9, FLOW = 8, LONGEST = 1344;
const utf8 = new TextEncoder();

/** Requests of a text. */
function packetsOf(text: Uint8Array, payload: number): Uint8Array[] {
  const packets = Math.ceil(text.length / payload);
  return Array.from({ length: packets }, (_, sequence) => {
    const position = sequence * payload;
    const fields = { kind: kind("text"), plan: PLAN, flow: FLOW, sequence, packets, position };
    const flags = sequence === packets - 1 ? flag("end of text") : 0;
    return requestOf(text.subarray(position, position + payload), fields, flags);
  });
}

/** Number in bits of a payload, the lowest first. */
function bitsAt(payload: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let bit = 0; bit < count; bit++) {
    value += ((payload[(from + bit) >> 3]! >> ((from + bit) & 7)) & 1) * 2 ** bit;
  }
  return value;
}

/** Tokens of an answer, field by field. */
function tokensOf(answer: Uint8Array): Record<string, number>[] {
  assert.equal(get(answer, "kind"), kind("tokens"));
  const sealed = answer.slice();
  put(sealed, "crc", 0);
  assert.equal(get(answer, "crc"), crc32c(sealed));
  const places = Number(CARRY.get("flags")!.limit.match(/(\d+) tokens have places/)![1]);
  const hasPlaces = (get(answer, "flags", CARRY) & places) !== 0;
  const payload = answer.subarray(HEADER);
  let at = 0;
  const tokens = Array.from({ length: get(answer, "count", CARRY) }, () => {
    const token: Record<string, number> = {};
    for (const field of TOKEN) {
      if (field.hasPlaces && !hasPlaces) continue;
      const bits = field.bits || get(answer, "bits", CARRY);
      token[field.name] = bitsAt(payload, at, bits);
      at += bits;
    }
    return token;
  });
  assert.equal(payload.length, Math.max(1, Math.ceil(at / 8)));
  assert.equal(get(answer, "confirmed", CARRY), tokens.findLastIndex(({ ends }) => ends === 1) + 1);
  return tokens;
}

/** Answers of the model to requests. */
async function answersOf(requests: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const model = new TokenizeModel(await vocabulary("r50k_base"), {
    plan: PLAN,
    longest: LONGEST,
    mode: "stateful",
  });
  const engine = createEngine(2 ** 16);
  const input = reserveSlots(engine, 1, HEADER + LONGEST), output = reserveSlots(engine, 8, HEADER + LONGEST);
  return requests.flatMap((request) => {
    input.engine.bytes.set(request, slotAddress(input, 0));
    const count = model.take(input, 0, output, 0);
    assert.equal(typeof count, "number", String(count));
    return Array.from({ length: Number(count) }, (_, part) => packetBytes(output, part).slice());
  });
}

Deno.test("docs/packets.md has a whole text and its answers, as sender and model make them", async () => {
  const [first, second, ...answers] = hexBlocks("A text in full");
  const sent = packetsOf(utf8.encode("Hello, world"), 8);
  assert.deepEqual(sent, [first, second]);
  assert.deepEqual(await answersOf(sent), answers);
  assert.deepEqual(answers.map((answer) => tokensOf(answer).map(({ id }) => id)), [[15496, 11], [995]]);
  assert.deepEqual(answers.map((answer) => get(answer, "held", CARRY)), [2, 0]);
});

longTest("docs/packets.md has the answers to a text that the RTL gives", async () => {
  const [first, second, ...answers] = hexBlocks("A text in full");
  const tokenizer = await openTokenizer();
  tokenizer.load(await vocabulary("r50k_base"), { plan: PLAN, longest: LONGEST, latency: {} });
  assert.deepEqual(sendText(tokenizer, [first!, second!]), answers);
});

Deno.test("docs/packets.md suffices for texts: the ids in answers are the encoder's", async () => {
  const encode = createEncoder(await vocabulary("r50k_base"));
  for (const { text } of corpusSlice(8192).slice(0, 4)) {
    const bytes = utf8.encode(text);
    const answers = await answersOf(packetsOf(bytes, 700));
    const ids = answers.flatMap((answer) => tokensOf(answer).map(({ id }) => id!));
    assert.deepEqual(ids, [...encode.encode(text)]);
  }
});

Deno.test("docs/packets.md names fields that plans have", async () => {
  const device = MODEL_PROFILE;
  const image = { dtype: "u8", shape: [9, 9, 3], layout: "HWC" } as const;
  const known = await vocabulary("r50k_base");
  const plans = [
    compile({ steps: [{ op: "resize", size: [4, 4] }] }, { input: image, device }),
    compile({ steps: [{ op: "tokenize" }] }, { vocabulary: known, device }),
  ].map((plan) => JSON.parse(JSON.stringify(plan)));
  for (const [path, meaning] of tableOf("Fields of a plan")) {
    const names = path!.split(/[.[\]]+/).filter((name) => name !== "");
    const found = plans.map((plan) => names.reduce((value, name) => value?.[name], plan));
    const expected = meaning!.startsWith("of images")
      ? [true, false]
      : meaning!.startsWith("of texts")
      ? [false, true]
      : [true, true];
    assert.deepEqual(found.map((value) => value !== undefined), expected, path);
  }
});

Deno.test("docs/packets.md has the places of tokens", () => {
  const pick = random(5);
  const count = 40;
  const numbers = () => Int32Array.from({ length: count }, () => pick() % 2 ** 16);
  const source = { tokens: numbers(), lengths: numbers(), gaps: numbers() };
  const slots = reserveSlots(createEngine(2 ** 14), 1, HEADER + LONGEST);
  const header = { ...newHeader(), flags: flag("first") + flag("last") + flag("the CRC is set") };
  const carry = { ...newTokenCarry(), tokens: count, bits: 15, flags: TOKEN_FLAG.places };
  writeTokenPacket(slots, 0, header, carry, source, 0);
  const expected = Array.from(source.tokens, (token, at) => ({
    id: token >> 1,
    ends: token & 1,
    length: source.lengths[at],
    gap: source.gaps[at],
  }));
  assert.deepEqual(tokensOf(packetBytes(slots, 0)), expected);
});

Deno.test("docs/packets.md names the limits, flags and reasons of answers to texts", () => {
  const words = (name: string, fields = CARRY) => fields.get(name)!.limit;
  assert.match(words("bits"), new RegExp(`1 to ${MAX_ID_BITS}$`));
  assert.match(words("parts", NORMALIZED), new RegExp(`1 to ${MAX_NORMALIZED_PARTS}$`));
  const numbers = (text: string) => Array.from(text.matchAll(/(?:^|, )(\d) /g), ([, n]) => Number(n));
  const { replaced, idle, places } = TOKEN_FLAG;
  assert.deepEqual(numbers(words("flags")), [replaced, idle, places]);
  const reasons = (list: readonly string[]) =>
    list.slice(1).map((name, at) => `${at + 1} ${name}`).join(", ");
  assert.ok(words("escape").endsWith(reasons(ESCAPES)), words("escape"));
  assert.ok(words("escape", NORMALIZED).endsWith(reasons(NORMALIZATION_ESCAPES)));
});

Deno.test("docs/packets.md has the carry of normalized text", () => {
  const text = utf8.encode("déjà");
  const fields = { kind: kind("text"), plan: PLAN, flow: FLOW, sequence: 0, packets: 1, position: 0 };
  const packet = requestOf(text, fields);
  const values = { text: text.length, part: 2, parts: 3, escape: 1, resume: 70_000, skip: 2 ** 31 };
  for (const [name, value] of Object.entries(values)) put(packet, name, value, NORMALIZED);
  put(packet, "crc", 0);
  put(packet, "crc", crc32c(packet));
  const slots = reserveSlots(createEngine(2 ** 14), 1, HEADER + LONGEST);
  slots.engine.bytes.set(packet, slotAddress(slots, 0));
  const carry = newNormalizedCarry();
  assert.equal(readNormalizedPacket(slots, 0, newHeader(), carry), null);
  const { text: bytes, ...others } = values;
  assert.deepEqual({ ...carry }, { bytes, ...others });
  for (const name of ["zero", "unused"]) {
    const spoiled = packet.slice();
    put(spoiled, name, 1, NORMALIZED);
    put(spoiled, "crc", 0);
    put(spoiled, "crc", crc32c(spoiled));
    slots.engine.bytes.set(spoiled, slotAddress(slots, 0));
    assert.equal(readNormalizedPacket(slots, 0, newHeader(), carry), "carry", name);
  }
});

Deno.test("docs/packets.md has the cut into chunks", () => {
  assert.match(PAGE, /`R = P − 3` and `C = R − V`/);
  assert.match(PAGE, /`max\(1, ⌈\(n − V\) \/ C⌉\)` chunks\. Chunk `k` ends at `k·C \+ R`, at most `n`\./);
  const texts = fc.string({ unit: "binary", minLength: 1, maxLength: 300 }).map((text) =>
    utf8.encode(text.toWellFormed())
  );
  fc.assert(fc.property(texts, fc.integer({ min: 9, max: 40 }), (text, payload) => {
    const overlap = Math.floor((payload - 3) / 2), n = text.length;
    const cut = { payload, overlap };
    const [reach, step] = [payload - 3, payload - 3 - overlap];
    const count = Math.max(1, Math.ceil((n - overlap) / step));
    assert.equal(chunkCount(n, cut), count);
    for (let k = 0; k < count; k++) {
      let from = k * step;
      while ((text[from]! & 0xc0) === 0x80) from--;
      assert.deepEqual([chunkStart(text, cut, k), chunkEnd(n, cut, k)], [
        from,
        Math.min(n, k * step + reach),
      ]);
    }
  }));
});
