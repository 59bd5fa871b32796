import assert from "node:assert/strict";
import { FLAG, KIND, newHeader } from "../../../serialize/header.ts";
import { readPacket, slotAddress } from "../../../serialize/packets.ts";
import { createTextWriter } from "../../../serialize/text/text_writer.ts";
import {
  newTokenCarry,
  readTokenPacket,
  TOKEN_FLAG,
  tokenPacketRoom,
  unpackTokens,
  writeTokenPacket,
} from "../../../serialize/text/token_packet.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import { refusal } from "../../support/failure.ts";
import { answerSlots, textHeader, writeTokens } from "../../support/text_answers.ts";

const slots = answerSlots();
const { bytes, view } = slots.engine;

function runOf(...tokens: [token: number, length: number, end: number][]): TokenRun {
  const run = new TokenRun(1);
  for (const token of tokens) run.put(...token);
  return run;
}

const held = ({ tokens, lengths, ends, count }: TokenRun) =>
  Array.from({ length: count }, (_, n) => [tokens[n], lengths[n], ends[n]]);

Deno.test("TokenRun.reserve() keeps what is held, and doubles its memory", () => {
  const run = runOf([1, 2, 3]);
  const { tokens } = run;
  run.reserve(0);
  assert.equal(run.tokens, tokens);
  run.reserve(1);
  assert.equal(run.tokens.length, 2);
  run.reserve(1);
  assert.equal(run.tokens.length, 2);
  run.reserve(9);
  assert.deepEqual([run.tokens.length, run.ends.length, run.lengths.length], [10, 10, 10]);
  assert.deepEqual(held(run), [[1, 2, 3]]);
  const empty = new TokenRun();
  assert.deepEqual([empty.tokens.length, empty.ids()], [0, new Uint32Array(0)]);
  empty.put(1, 2, 3);
  assert.deepEqual([empty.tokens.length, held(empty)], [16, [[1, 2, 3]]]);
  const large = new TokenRun();
  large.reserve(17);
  assert.equal(large.tokens.length, 17);
});

Deno.test("TokenRun.append() takes a range, shifted, and nothing of an empty one", () => {
  const other = runOf([2, 1, 1], [5, 2, 3], [7, 3, 6]);
  const run = runOf([9, 1, 10]);
  run.append(other, 1, 3);
  assert.deepEqual(held(run), [[9, 1, 10], [5, 2, 3], [7, 3, 6]]);
  run.append(other, 1, 2, 100);
  assert.deepEqual(held(run).at(-1), [5, 2, 103]);
  run.append(other, 2, 2);
  run.append(other, 3, 1);
  assert.equal(run.count, 4);
  run.append(other);
  assert.deepEqual(held(run).slice(4), held(other));
});

Deno.test("TokenRun.confirmed() counts up to the last end of a piece; ids() are without its bit", () => {
  assert.equal(new TokenRun().confirmed(), 0);
  assert.equal(runOf([2, 1, 1], [4, 1, 2]).confirmed(), 0);
  const run = runOf([3, 1, 1], [5, 1, 2], [4, 1, 3]);
  assert.equal(run.confirmed(), 2);
  assert.deepEqual([[...run.ids()], [...run.ids(1)], [...run.ids(1, 2)]], [[1, 2, 2], [2, 2], [2]]);
});

Deno.test("readTokenPacket() refuses each contradiction in a carry, one beyond its limit", () => {
  const read = (change: (at: number) => void) => {
    writeTokens(slots, [[1], [2], [3]], { sequence: 0 }, { part: 1, parts: 3, flags: 3, rest: 9, escape: 7 });
    change(slotAddress(slots, 0));
    const carry = newTokenCarry();
    return [readTokenPacket(slots, 0, newHeader(), carry), carry] as const;
  };
  assert.deepEqual(read(() => {}), [
    null,
    { tokens: 3, bits: 4, part: 1, parts: 3, flags: 3, confirmed: 3, rest: 9, escape: 7 },
  ]);
  assert.equal(read((at) => bytes[at + 52] = 2)[0], null);
  assert.equal(read((at) => bytes[at + 52] = 1)[0], "carry");
  assert.equal(read((at) => bytes[at + 53] = 8)[0], "carry");
  assert.equal(read((at) => view.setUint16(at + 54, 4, true))[0], "carry");
  assert.equal(read((at) => view.setUint16(at + 54, 2, true))[0], null);
  assert.equal(read((at) => bytes[at + 50] = 0)[0], "carry");
  assert.equal(read((at) => bytes[at + 50] = 23)[0], "carry");
  // Three ids of 22 bits take 9 bytes, so that the length is wrong and the bits are right.
  assert.equal(read((at) => bytes[at + 50] = 22)[0], "length");
  assert.equal(read((at) => view.setUint16(at + 48, 4, true))[0], "length");
  assert.deepEqual(newTokenCarry(), {
    tokens: 0,
    bits: 1,
    part: 0,
    parts: 1,
    flags: 0,
    confirmed: 0,
    rest: 0,
    escape: 0,
  });
});

Deno.test("writeTokenPacket() fills a slot to its last byte, seals it, and refuses one byte more", () => {
  const write = (tokens: number, slot: number, flags = 0) => {
    const source = {
      tokens: new Int32Array(200).fill(2),
      lengths: new Int32Array(200),
      gaps: new Int32Array(200),
    };
    writeTokenPacket(
      slots,
      slot,
      textHeader({ flags }),
      { ...newTokenCarry(), tokens, bits: 4 },
      source,
      0,
    );
  };
  const spoiled = { ...textHeader({}), overlap: 1, kind: KIND.text };
  const none = { tokens: new Int32Array(1), lengths: new Int32Array(1), gaps: new Int32Array(1) };
  writeTokenPacket(slots, 0, spoiled, { ...newTokenCarry(), tokens: 1, bits: 4 }, none, 0);
  const read = newHeader();
  assert.equal(readTokenPacket(slots, 0, read, newTokenCarry()), null);
  assert.deepEqual([read.overlap, read.kind], [0, KIND.tokens]);
  assert.equal(tokenPacketRoom(64, 4, false), 102);
  assert.equal(tokenPacketRoom(64, 4, true), 13);
  write(102, 7);
  assert.equal(readTokenPacket(slots, 7, newHeader(), newTokenCarry()), null);
  assert.throws(() => write(103, 7), refusal("size", /129 bytes: a slot has 128/));
  assert.throws(() => write(1, 8), refusal("size", /all 8 answer slots/));
  write(3, 0, FLAG.checked);
  assert.equal(readTokenPacket(slots, 0, newHeader(), newTokenCarry()), null);
  bytes[slotAddress(slots, 0) + 64]! ^= 1;
  assert.equal(readTokenPacket(slots, 0, newHeader(), newTokenCarry()), "crc");
  bytes.fill(0xa5, slotAddress(slots, 1), slotAddress(slots, 2));
  write(0, 1);
  assert.deepEqual([...bytes.subarray(slotAddress(slots, 1) + 64, slotAddress(slots, 1) + 66)], [0, 0xa5]);
});

Deno.test("writeTokenPacket() starts at an offset and takes lengths and gaps up to 65,535", () => {
  const source = {
    tokens: Int32Array.of(0, 2, 5),
    lengths: Int32Array.of(0, 65_535, 7),
    gaps: Int32Array.of(0, 9, 65_535),
  };
  const carry = { ...newTokenCarry(), tokens: 2, bits: 4, flags: TOKEN_FLAG.places };
  writeTokenPacket(slots, 0, textHeader({}), carry, source, 1);
  assert.equal(carry.confirmed, 2);
  const run = new TokenRun(1);
  const lengthOf = new Int32Array(3).fill(1);
  assert.equal(unpackTokens(slots, 0, carry, lengthOf, 10, run), 10 + 9 + 65_535 + 65_535 + 7);
  assert.deepEqual(held(run), [[2, 65_535, 65_554], [5, 7, 131_096]]);
  for (const field of ["lengths", "gaps"] as const) {
    const long = { ...source, [field]: Int32Array.of(0, 65_536, 0) };
    assert.throws(
      () => writeTokenPacket(slots, 0, textHeader({}), carry, long, 1),
      refusal("size", /65536 bytes/),
    );
  }
});

Deno.test("unpackTokens() refuses ids that are not in use and leaves the run as it was", () => {
  for (const flags of [0, TOKEN_FLAG.places]) {
    for (const lengthOf of [Int32Array.of(0, 1, 1), Int32Array.of(0, 1, 1, 0)]) {
      writeTokens(slots, [[1], [3]], { sequence: 0 }, { flags });
      const carry = newTokenCarry();
      readTokenPacket(slots, 0, newHeader(), carry);
      const run = runOf([9, 9, 9]);
      assert.equal(unpackTokens(slots, 0, carry, lengthOf, 0, run), -1);
      assert.deepEqual(held(run), [[9, 9, 9]]);
      assert(unpackTokens(slots, 0, carry, Int32Array.of(0, 1, 1, 1), 0, run) >= 0);
      assert.equal(run.count, 3);
    }
  }
});

Deno.test("TextWriter.packet() writes every field, and a CRC where the plan asks for one", () => {
  const text = Uint8Array.of(1, 2, 3, 4, 5);
  for (const checksum of ["crc32c", "link"] as const) {
    const writer = createTextWriter({ plan: 6, checksum });
    const checked = checksum === "crc32c" ? FLAG.checked : 0;
    const header = newHeader();
    const write = (sequence: number, packets: number, ends: boolean, from = 1, to = 4) => {
      writer.packet({ flow: 5, sequence, packets, overlap: 1, position: 9, ends }, text, from, to, slots, 2);
      assert.equal(readPacket(slots, 2, header), null);
      const at = slotAddress(slots, 2) + 64;
      assert.deepEqual(bytes.slice(at, at + to - from), text.slice(from, to));
      return header.flags;
    };
    assert.equal(write(1, 3, false), checked);
    const { flow, plan, sequence, packets, overlap, position, length } = header;
    assert.deepEqual([flow, plan, sequence, packets, overlap, position, length], [5, 6, 1, 3, 1, 9, 3]);
    assert.equal(write(0, 3, false), checked | FLAG.first);
    assert.equal(write(2, 3, true), checked | FLAG.last | FLAG.endOfText);
    assert.equal(write(0, 1, true, 0, 5), checked | FLAG.first | FLAG.last | FLAG.endOfText);
    assert.equal(write(1, 3, false, 0, 4), checked);
    assert.equal(write(1, 3, false, 2, 5), checked);
  }
});

Deno.test("TextWriter.chunks() writes a range of chunks into the slots behind the first", () => {
  const writer = createTextWriter({ plan: 6, checksum: "link" });
  const text = Uint8Array.from({ length: 17 }, (_, at) => 65 + at);
  const header = newHeader();
  bytes.fill(0, slotAddress(slots, 0));
  writer.chunks(text, { payload: 13, overlap: 4 }, 3, 1, 2, slots, 4);
  const read = (slot: number) => {
    assert.equal(readPacket(slots, slot, header), null);
    const { sequence, packets, position, length, overlap, flags } = header;
    return { sequence, packets, position, length, overlap, flags };
  };
  assert.equal(readPacket(slots, 3, header), "magic");
  assert.deepEqual(read(4), { sequence: 1, packets: 3, position: 6, length: 10, overlap: 4, flags: 0 });
  const flags = FLAG.last | FLAG.endOfText;
  assert.deepEqual(read(5), { sequence: 2, packets: 3, position: 12, length: 5, overlap: 4, flags });
  assert.equal(readPacket(slots, 6, header), "magic");
  writer.chunks(text, { payload: 13, overlap: 4 }, 3, 0, 1, slots, 0);
  assert.deepEqual(read(0), {
    sequence: 0,
    packets: 3,
    position: 0,
    length: 10,
    overlap: 0,
    flags: FLAG.first,
  });
});
