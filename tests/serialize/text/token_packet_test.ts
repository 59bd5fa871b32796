import fc from "fast-check";
import assert from "node:assert/strict";
import { createEngine } from "../../../serialize/engine.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader } from "../../../serialize/header.ts";
import {
  newTokenCarry,
  readTokenPacket,
  TOKEN_FLAG,
  tokenPacketRoom,
  unpackTokens,
  writeTokenPacket,
} from "../../../serialize/text/token_packet.ts";
import { reserveSlots, slotAddress } from "../../../serialize/packets.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import { refusal } from "../../support/failure.ts";

const engine = createEngine(2 ** 16);
const slots = reserveSlots(engine, 4, 1344);

/** The only packet of its flow. */
const ALONE = FLAG.first | FLAG.last;

/** Tokens of a vocabulary of so many bits: id, whether a piece ends, and where they lie. */
const anyTokens = fc.integer({ min: 1, max: 22 }).chain((bits) =>
  fc.record({
    bits: fc.constant(bits),
    places: fc.boolean(),
    sealed: fc.boolean(),
    tokens: fc.array(
      fc.record({
        id: fc.nat(2 ** bits - 1),
        ends: fc.boolean(),
        length: fc.integer({ min: 1, max: 2 ** 16 - 1 }),
        gap: fc.nat(2 ** 16 - 1),
      }),
      { maxLength: 150 },
    ),
  })
);

Deno.test("packets of tokens give back what was written, and touch nothing behind their slot", () => {
  fc.assert(
    fc.property(anyTokens, ({ bits, places, sealed, tokens }) => {
      const source = {
        tokens: Int32Array.from(tokens, ({ id, ends }) => id * 2 + Number(ends)),
        lengths: Int32Array.from(tokens, ({ length }) => length),
        gaps: Int32Array.from(tokens, ({ gap }) => gap),
      };
      const lengthOf = new Int32Array(2 ** bits);
      tokens.forEach(({ id, length }) => lengthOf[id] ||= length);
      engine.bytes.fill(0xa5, slotAddress(slots, 1));
      const header = { ...newHeader(), flags: ALONE | (sealed ? FLAG.checked : 0), flow: 9, position: 77 };
      const carry = {
        ...newTokenCarry(),
        tokens: tokens.length,
        bits,
        flags: places ? TOKEN_FLAG.places : 0,
      };
      writeTokenPacket(slots, 0, header, carry, source, 0);
      assert(engine.bytes.subarray(slotAddress(slots, 1)).every((byte) => byte === 0xa5));
      const read = newHeader(), found = newTokenCarry();
      assert.equal(readTokenPacket(slots, 0, read, found), null);
      assert.deepEqual([read.kind, read.flow, read.position], [KIND.tokens, 9, 77]);
      assert.equal(found.tokens, tokens.length);
      assert.equal(found.confirmed, tokens.findLastIndex(({ ends }) => ends) + 1);
      const run = new TokenRun(1);
      let end = unpackTokens(slots, 0, found, lengthOf, 77, run);
      assert.deepEqual(Array.from(run.tokens.subarray(0, run.count)), Array.from(source.tokens));
      for (let n = tokens.length - 1; n >= 0; n--) {
        const length = places ? tokens[n]!.length : lengthOf[tokens[n]!.id]!;
        assert.deepEqual([run.ends[n], run.lengths[n]], [end, length]);
        end -= length + (places ? tokens[n]!.gap : 0);
      }
      assert.equal(end, 77);
    }),
    { numRuns: 400 },
  );
});

Deno.test("a full packet fills its payload to the last bit, and no further", () => {
  for (const bits of [16, 17, 18]) {
    for (const payload of [64, 256, 1344]) {
      const room = tokenPacketRoom(payload, bits, false);
      const source = {
        tokens: new Int32Array(room).fill(2 ** (bits + 1) - 1),
        lengths: new Int32Array(room),
        gaps: new Int32Array(room),
      };
      const carry = { ...newTokenCarry(), tokens: room, bits };
      const header = { ...newHeader(), flags: ALONE };
      writeTokenPacket(slots, 2, header, carry, source, 0);
      assert(header.length <= payload && header.length * 8 + bits + 1 > payload * 8 - 7);
      const [at, run] = [slotAddress(slots, 2) + HEADER_BYTES, new TokenRun()];
      assert.equal(engine.bytes[at + header.length - 1]! !== 0, true);
      assert.equal(readTokenPacket(slots, 2, newHeader(), carry), null);
      assert.equal(unpackTokens(slots, 2, carry, new Int32Array(2 ** bits).fill(1), 0, run), room);
      assert(run.ids().every((id) => id === 2 ** bits - 1));
    }
  }
});

Deno.test("packets of tokens that say what cannot be are refused by name", () => {
  const write = () => {
    const source = { tokens: Int32Array.of(6, 9), lengths: new Int32Array(2), gaps: new Int32Array(2) };
    writeTokenPacket(
      slots,
      0,
      { ...newHeader(), flags: ALONE },
      { ...newTokenCarry(), tokens: 2, bits: 4 },
      source,
      0,
    );
    return slotAddress(slots, 0);
  };
  const { view, bytes } = engine;
  const read = (spoil: (at: number) => void) => {
    spoil(write());
    return readTokenPacket(slots, 0, newHeader(), newTokenCarry());
  };
  assert.equal(read(() => {}), null);
  assert.equal(read((at) => bytes[at + 5] = KIND.text), "kind");
  assert.equal(read((at) => view.setUint16(at + 48, 4, true)), "length");
  assert.equal(read((at) => view.setUint16(at + 20, 3, true)), "length");
  assert.equal(read((at) => bytes[at + 50] = 0), "carry");
  assert.equal(read((at) => bytes[at + 50] = 23), "carry");
  assert.equal(read((at) => bytes[at + 51] = 1), "carry");
  assert.equal(read((at) => bytes[at + 53] = 8), "carry");
  assert.equal(read((at) => view.setUint16(at + 54, 3, true)), "carry");
  // Ids that are none: beyond the last, or not in use.
  write();
  const carry = newTokenCarry();
  readTokenPacket(slots, 0, newHeader(), carry);
  for (const lengthOf of [new Int32Array(4).fill(1), Int32Array.of(1, 1, 1, 0, 1)]) {
    const run = new TokenRun();
    assert.equal(unpackTokens(slots, 0, carry, lengthOf, 0, run), -1);
    assert.equal(run.count, 0);
  }
  const source = { tokens: Int32Array.of(6), lengths: Int32Array.of(70_000), gaps: Int32Array.of(0) };
  const long = { ...newTokenCarry(), tokens: 1, bits: 4, flags: TOKEN_FLAG.places };
  assert.throws(() => writeTokenPacket(slots, 0, newHeader(), long, source, 0), refusal("size", /65535/));
  assert.throws(
    () => writeTokenPacket(slots, 4, newHeader(), carry, source, 0),
    refusal("size", /all 4 answer slots/),
  );
});
