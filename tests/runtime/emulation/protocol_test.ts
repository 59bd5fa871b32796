import assert from "node:assert/strict";
import fc from "fast-check";
import { answerWithoutDevice, CALL } from "../../../runtime/device/emulation/calls.ts";
import {
  bytesOf,
  decodeMessage,
  encodeMessage,
  type FieldValue,
  MAX_FIELDS,
  numberOf,
} from "../../../runtime/device/emulation/proto2.ts";
import {
  createFrameReader,
  MAX_MESSAGE,
  requestFrame,
  responseFrame,
} from "../../../runtime/device/emulation/frames.ts";
import { refusal } from "../../support/failure.ts";

const value = fc.oneof(
  fc.maxSafeInteger().map(Math.abs),
  fc.uint8Array({ maxLength: 300 }),
) as fc.Arbitrary<FieldValue>;
const fields = fc.array(fc.tuple(fc.integer({ min: 1, max: 2000 }), value), { maxLength: 20 });

Deno.test("decodeMessage() reads what encodeMessage() writes: any numbers up to 2^53 and bytes", () => {
  fc.assert(fc.property(fields, (list) => {
    const expected = new Map<number, FieldValue[]>();
    for (const [field, value] of list) expected.set(field, [...expected.get(field) ?? [], value]);
    assert.deepEqual(decodeMessage(encodeMessage(list)), expected);
  }));
});

Deno.test("decodeMessage() reads fixed-width fields, and the ten bytes of a negative number", () => {
  const fixed = Uint8Array.of(0x09, 1, 0, 0, 0, 2, 0, 0, 0, 0x15, 7, 0, 0, 0);
  assert.deepEqual(decodeMessage(fixed), new Map([[1, [1 + 2 * 2 ** 32]], [2, [7]]]));
  const negative = Uint8Array.of(0x08, ...Array(9).fill(0xff), 1);
  assert.equal(numberOf(decodeMessage(negative), 1), 2 ** 64);
});

Deno.test("decodeMessage() never throws anything but a refusal, whatever the bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    try {
      decodeMessage(bytes);
    } catch (error) {
      assert(refusal("packet", /^Cannot read a message of XRT/)(error));
    }
  }));
});

Deno.test("decodeMessage() refuses a message that ends early, groups, long numbers and too many fields", () => {
  const whole = encodeMessage([[1, 300], [2, Uint8Array.of(1, 2, 3)]]);
  for (const length of [1, 2, 4, 5, 6, 7]) {
    assert.throws(() => decodeMessage(whole.subarray(0, length)), refusal("packet", /ends within/));
  }
  assert.throws(() => decodeMessage(Uint8Array.of(0x0b)), refusal("packet", /type 3/));
  assert.throws(
    () => decodeMessage(Uint8Array.of(0x08, ...Array(10).fill(0x80), 1)),
    refusal("packet", /ten bytes/),
  );
  const many = new Uint8Array(2 * (MAX_FIELDS + 1)).fill(8);
  assert.throws(() => decodeMessage(many), refusal("packet", /more than 1024/));
});

Deno.test("numberOf() and bytesOf() take the last value, a default, and refuse the other kind", () => {
  const message = decodeMessage(encodeMessage([[1, 5], [1, 6], [2, Uint8Array.of(9)]]));
  assert.deepEqual([numberOf(message, 1), numberOf(message, 7)], [6, 0]);
  assert.deepEqual([bytesOf(message, 2).length, bytesOf(message, 7).length], [1, 0]);
  assert.throws(() => numberOf(message, 2), refusal("packet"));
  assert.throws(() => bytesOf(message, 1), refusal("packet"));
});

Deno.test("createFrameReader() gives the frames that were sent, however the socket cuts them", () => {
  const frames = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.uint8Array({ maxLength: 90_000 })),
    {
      maxLength: 6,
    },
  );
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }), (list, cuts) => {
      for (const kind of ["request", "response"] as const) {
        const sent = list.map(([call, message]) =>
          kind === "request" ? requestFrame(call, message) : responseFrame(message)
        );
        const stream = new Uint8Array(sent.reduce((sum, { length }) => sum + length, 0));
        let at = 0;
        for (const frame of sent) {
          stream.set(frame, at);
          at += frame.length;
        }
        const read = createFrameReader(kind);
        const found: { call: number; message: Uint8Array; whole: Uint8Array }[] = [];
        for (let from = 0, n = 0; from < stream.length; n++) {
          const to = from + cuts[n % cuts.length]!;
          for (const frame of read(stream.subarray(from, to))) {
            found.push({ call: frame.call, message: frame.message.slice(), whole: frame.whole.slice() });
          }
          from = to;
        }
        assert.deepEqual(
          found,
          list.map(([call, message], n) => ({
            call: kind === "request" ? call : -1,
            message,
            whole: sent[n]!,
          })),
        );
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("createFrameReader() refuses what is no frame, and one that is too long, at its header", () => {
  const frame = requestFrame(CALL.free, new Uint8Array(4));
  frame[9] = 0;
  assert.throws(() => [...createFrameReader("request")(frame)], refusal("packet", /first bytes are invalid/));
  const long = requestFrame(CALL.toDevice, new Uint8Array(0));
  new DataView(long.buffer).setUint32(1, MAX_MESSAGE + 1, true);
  assert.throws(() => [...createFrameReader("request")(long)], refusal("packet", /at most 33554432/));
  new DataView(long.buffer).setUint32(5, 1, true);
  assert.throws(() => [...createFrameReader("request")(long)], refusal("packet"));
});

Deno.test("answerWithoutDevice() confirms everything, gives zeros, and says that kernels are done", () => {
  const answer = (call: number, ...request: [number, FieldValue][]) =>
    decodeMessage(answerWithoutDevice(call, decodeMessage(encodeMessage(request))));
  assert.equal(numberOf(answer(CALL.close), 1), 1);
  assert.equal(numberOf(answer(CALL.allocate, [2, 64]), 1), 0);
  assert.equal(numberOf(answer(CALL.toDevice, [5, 64]), 1), 64);
  assert.deepEqual([...bytesOf(answer(CALL.fromDevice, [5, 3]), 2)], [0, 0, 0]);
  assert.deepEqual([...bytesOf(answer(CALL.readControl, [3, 4]), 2)], [6, 0, 0, 0]);
  assert.deepEqual([...bytesOf(answer(CALL.readRegister, [3, 4]), 2)], [6, 0, 0, 0]);
  assert.equal(numberOf(answer(999), 1), 1);
});
