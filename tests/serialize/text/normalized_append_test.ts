import assert from "node:assert/strict";
import { FLAG, KIND } from "../../../serialize/header.ts";
import { slotAddress } from "../../../serialize/packets.ts";
import { NormalizedAppend } from "../../../serialize/text/normalized_append.ts";
import {
  newNormalizedCarry,
  readNormalizedPacket,
  writeNormalizedPacket,
} from "../../../serialize/text/normalized_packet.ts";
import { refusal } from "../../support/failure.ts";
import { answerSlots, textHeader, writeText } from "../../support/text_answers.ts";

const slots = answerSlots();
const PAYLOAD = 10;

/** A text with flow 1 of plan 2. */
function started(known = 0): NormalizedAppend {
  const append = new NormalizedAppend(PAYLOAD);
  append.begin(1, 2, known);
  return append;
}

const textOf = ({ bytes, length }: NormalizedAppend) => new TextDecoder().decode(bytes.subarray(0, length));

Deno.test("NormalizedAppend is empty before it begins", () => {
  const { length, escape, resume, skip, ended, answered, flow } = new NormalizedAppend(PAYLOAD);
  assert.deepEqual([length, escape, resume, skip, ended, answered, flow], [0, 0, 0, 0, false, 0, 0]);
});

/** Writes an answer and takes it. */
function take(append: NormalizedAppend, ...[text, header, carry]: DropFirst<Parameters<typeof writeText>>) {
  writeText(slots, text, header, carry);
  return append.accept(slots, 0);
}
type DropFirst<T> = T extends [unknown, ...infer Rest] ? Rest : never;

Deno.test("NormalizedAppend takes no answer after an escape, and none after the end", () => {
  for (const [header, carry] of [[{}, { escape: 3 }], [{ flags: FLAG.endOfText }, {}]]) {
    const append = started();
    assert.equal(take(append, "ab", { sequence: 0, ...header }, { resume: 2, ...carry }), "accepted");
    assert.deepEqual([append.escape, append.ended], header!.flags === undefined ? [3, false] : [0, true]);
    assert.equal(take(append, "cd", { sequence: 1, position: 2 }, { resume: 4 }), "place");
    assert.equal(textOf(append), "ab");
    assert.deepEqual([append.answered, append.resume], [1, 2]);
  }
});

Deno.test("NormalizedAppend takes resume offsets up to the text that was sent, and never a smaller one", () => {
  for (const [resume, outcome] of [[PAYLOAD, "accepted"], [PAYLOAD + 1, "place"]] as const) {
    assert.equal(take(started(), "ab", { sequence: 0 }, { resume }), outcome);
  }
  for (const [resume, outcome] of [[4, "place"], [5, "accepted"], [20, "accepted"], [21, "place"]] as const) {
    const append = started();
    take(append, "ab", { sequence: 0 }, { resume: 5 });
    assert.equal(take(append, "cd", { sequence: 1, position: 2 }, { resume }), outcome, `${resume}`);
    assert.equal(append.resume, outcome === "accepted" ? resume : 5);
  }
});

Deno.test("NormalizedAppend takes skips up to the text that has come", () => {
  for (const [skip, outcome] of [[2, "accepted"], [3, "place"]] as const) {
    const append = started();
    assert.equal(take(append, "ab", { sequence: 0 }, { skip }), outcome);
    assert.equal(append.skip, outcome === "accepted" ? skip : 0);
  }
  const append = started();
  take(append, "ab", { sequence: 0 });
  assert.equal(take(append, "cd", { sequence: 1, position: 2 }, { skip: 4 }), "accepted");
  const other = started();
  take(other, "ab", { sequence: 0 });
  assert.equal(take(other, "cd", { sequence: 1, position: 2 }, { skip: 5 }), "place");
});

Deno.test("NormalizedAppend looks at resume and skip of the last part alone", () => {
  const append = started();
  assert.equal(
    take(append, "ab", { sequence: 0 }, { parts: 2, resume: 99, skip: 99, escape: 1 }),
    "accepted",
  );
  assert.deepEqual([append.resume, append.escape, append.answered, append.skip], [0, 0, 0, 2]);
  assert.equal(take(append, "c", { sequence: 0, position: 2 }, { part: 1, parts: 2, resume: 1 }), "accepted");
  assert.deepEqual([append.resume, append.answered, append.skip, textOf(append)], [1, 1, 0, "abc"]);
});

Deno.test("NormalizedAppend appends what goes beyond the known bytes, and skips what the text is ahead", () => {
  const append = started();
  take(append, "abcde", { sequence: 0 });
  append.begin(1, 2, 3);
  assert.deepEqual([append.skip, append.escape, append.resume, append.answered], [3, 0, 0, 0]);
  assert.equal(take(append, "cd", { sequence: 0 }, { skip: 1 }), "accepted");
  // One known byte has not come yet.
  assert.deepEqual([textOf(append), append.skip], ["abcde", 2]);
  assert.equal(take(append, "efg", { sequence: 1, position: 2 }, { skip: 1 }), "accepted");
  assert.deepEqual([textOf(append), append.skip], ["abcdefg", 1]);
  assert.equal(take(append, "h", { sequence: 2, position: 5 }, { parts: 2 }), "accepted");
  assert.deepEqual([textOf(append), append.skip], ["abcdefgh", 2]);
});

Deno.test("NormalizedAppend refuses other flows, plans and positions, and drops duplicates", () => {
  const append = started();
  assert.equal(append.flow, 1);
  assert.equal(take(append, "ab", { sequence: 0, flow: 2 }), "flow");
  assert.equal(take(append, "ab", { sequence: 0, plan: 1 }), "flow");
  assert.equal(take(append, "ab", { sequence: 0, position: 1 }), "place");
  assert.equal(take(append, "ab", { sequence: 0 }), "accepted");
  assert.equal(take(append, "ab", { sequence: 0 }), "duplicate");
  assert.equal(textOf(append), "ab");
});

Deno.test("NormalizedAppend puts answers in order, and names what is wrong with one that was early", () => {
  const append = started();
  assert.equal(take(append, "c", { sequence: 2, position: 2 }), "early");
  assert.equal(take(append, "b", { sequence: 1, position: 1 }), "early");
  assert.equal(take(append, "x", { sequence: 3, position: 9 }), "early");
  assert.equal(textOf(append), "");
  assert.equal(take(append, "a", { sequence: 0 }), "place");
  assert.equal(textOf(append), "abc");
  assert.equal(append.answered, 3);
});

Deno.test("NormalizedAppend grows to hold any text", () => {
  for (const length of [4095, 4096, 4097]) {
    const append = new NormalizedAppend(PAYLOAD);
    append.put(new Uint8Array(length).fill(97));
    append.put(new TextEncoder().encode("bc"));
    assert.equal(append.length, length + 2);
    assert.equal(textOf(append), `${"a".repeat(length)}bc`);
  }
});

Deno.test("readNormalizedPacket() refuses each contradiction in a carry by name", () => {
  const read = (change: (at: number) => void, bytes = "abc") => {
    writeText(slots, bytes, { sequence: 0 }, { part: 1, parts: 3 });
    change(slotAddress(slots, 0));
    return readNormalizedPacket(slots, 0, textHeader({}), newNormalizedCarry());
  };
  const { bytes, view } = slots.engine;
  assert.equal(read(() => {}), null);
  assert.equal(read(() => {}, ""), null);
  assert.equal(read((at) => bytes[at + 5] = KIND.tokens), "kind");
  assert.equal(read((at) => bytes[at + 50] = 1), "carry");
  assert.equal(read((at) => bytes[at + 54] = 1), "carry");
  assert.equal(read((at) => bytes[at + 52] = 2), null);
  assert.equal(read((at) => bytes[at + 52] = 1), "carry");
  assert.equal(read((at) => view.setUint16(at + 48, 4, true)), "length");
  assert.equal(read((at) => view.setUint16(at + 48, 2, true)), "length");
  assert.equal(read((at) => bytes[at] = 0), "magic");
});

Deno.test("writeNormalizedPacket() fills a slot to its last byte, writes its CRC, and refuses one byte more", () => {
  const text = new Uint8Array(70).fill(7);
  const write = (bytes: number, slot: number, flags = 0) =>
    writeNormalizedPacket(
      slots,
      slot,
      textHeader({ flags }),
      { bytes, part: 1, parts: 4, escape: 5, resume: 6, skip: 8 },
      text,
      2,
    );
  write(64, 7);
  const carry = newNormalizedCarry();
  assert.equal(readNormalizedPacket(slots, 7, textHeader({}), carry), null);
  assert.deepEqual(carry, { bytes: 64, part: 1, parts: 4, escape: 5, resume: 6, skip: 8 });
  assert.throws(() => write(65, 7), refusal("size", /129 bytes in slot 7/));
  assert.throws(() => write(1, 8), refusal("size", /slot 8: 8 slots of 128/));
  write(3, 0, FLAG.checked);
  assert.equal(readNormalizedPacket(slots, 0, textHeader({}), carry), null);
  slots.engine.bytes[slotAddress(slots, 0) + 64]! ^= 1;
  assert.equal(readNormalizedPacket(slots, 0, textHeader({}), carry), "crc");
  const header = { ...textHeader({}), overlap: 1, kind: KIND.tokens };
  writeNormalizedPacket(slots, 0, header, { ...carry, bytes: 3 }, text, 0);
  const read = textHeader({});
  assert.equal(readNormalizedPacket(slots, 0, read, carry), null);
  assert.deepEqual([read.overlap, read.kind], [0, KIND.text]);
  // An empty answer has one byte of padding, which is 0.
  slots.engine.bytes.fill(0xa5, slotAddress(slots, 1), slotAddress(slots, 2));
  writeText(slots, "", { sequence: 0 }, {}, 1);
  const at = slotAddress(slots, 1);
  assert.deepEqual([...slots.engine.bytes.subarray(at + 64, at + 66)], [0, 0xa5]);
  assert.deepEqual(newNormalizedCarry(), { bytes: 0, part: 0, parts: 1, escape: 0, resume: 0, skip: 0 });
});
