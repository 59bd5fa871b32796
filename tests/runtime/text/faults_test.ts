import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { normalizeText } from "../../../kernels/text_normalize/reference.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import type { Device } from "../../../runtime/device/device.ts";
import type { RunOptions } from "../../../runtime/run_options.ts";
import { Session } from "../../../runtime/session.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { FLAG, HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { type PacketSlots, slotAddress } from "../../../serialize/packets.ts";
import { refusal } from "../../support/failure.ts";
import { others, tiny } from "../../kernels/tokenize/small_vocabularies.ts";
import { faultyDevice, gate } from "../faulty_device.ts";
import { settle, test, withoutUnhandled } from "../helpers.ts";

const STEPS = [{ op: "nfc" }, { op: "lower_case" }] as const;
const WORDS = "abc Über abc, c e\u0301 ab  bc. ".repeat(20);
const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

async function openTokens(device: Device, options: { payload?: number; packets?: number } = {}) {
  const vocabulary = await tiny();
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device, ...options });
  return await Session.open(plan, device, { vocabulary });
}

function openNormalizer(device: Device, options: { payload?: number; packets?: number } = {}) {
  const plan = compile({ steps: [{ op: "normalize_text", steps: STEPS }] }, { device, ...options });
  return Session.open(plan, device);
}

/** Makes the CRC of a packet right again. */
function reseal(slots: PacketSlots, slot: number): void {
  const at = slotAddress(slots, slot);
  const { view, functions } = slots.engine;
  functions.seal(at, HEADER_BYTES + view.getUint16(at + OFFSET.length, true));
}

test("Session of normalisation: a high bit of a resume offset that is flipped makes no text shorter", async () => {
  const expected = normalizeText(WORDS, STEPS);
  let refused = 0;
  for (let bit = 7; bit < 32; bit++) {
    // The first answer is kept with its forged resume offset, the rest of the exchange is lost.
    const device = faultyDevice(async ({ number, exchange: { output }, answer }) => {
      const answers = await answer();
      if (number > 0) return answers;
      output.engine.bytes[slotAddress(output, 0) + 56 + (bit >> 3)]! ^= 1 << (bit & 7);
      reseal(output, 0);
      return 1;
    });
    const session = await openNormalizer(device, { payload: 64, packets: 4 });
    const { output, report } = await session.run(WORDS);
    assert.equal(decode(output), expected, `bit ${bit}`);
    refused += report.outcomes["place"] ?? 0;
  }
  assert.equal(refused, 25);
});

test("Session.stream() of normalisation: a resume offset beyond what was sent loses no text", async () => {
  const text = "Große Wörter und mehr. ";
  for (const bit of [5, 8, 10, 31]) {
    const device = faultyDevice(async ({ number, exchange: { output }, answer }) => {
      const answers = await answer();
      if (number % 2 === 1) return 0;
      for (let slot = 0; slot < answers; slot++) {
        output.engine.bytes[slotAddress(output, slot) + 56 + (bit >> 3)]! ^= 1 << (bit & 7);
        reseal(output, slot);
      }
      return answers;
    });
    const session = await openNormalizer(device);
    const stream = session.stream();
    let made = "";
    let error: unknown;
    try {
      for (let n = 0; n < 10; n++) made += decode(await stream.push(text));
      made += decode(await stream.end());
    } catch (caught) {
      error = caught;
    }
    if (error === undefined) assert.equal(made, normalizeText(text.repeat(10), STEPS), `bit ${bit}`);
    else refusal("gap")(error);
  }
});

/** Shortens the last packet of a text before the device sees it: its answers are well-formed and cover less. */
function shorten(slots: PacketSlots, count: number, bytes: number): boolean {
  const { view } = slots.engine;
  for (let slot = 0; slot < count; slot++) {
    const at = slotAddress(slots, slot);
    if ((view.getUint16(at + OFFSET.flags, true) & FLAG.endOfText) === 0) continue;
    const length = view.getUint16(at + OFFSET.length, true);
    if (length <= bytes) continue;
    view.setUint16(at + OFFSET.length, length - bytes, true);
    reseal(slots, slot);
    return true;
  }
  return false;
}

for (const mode of ["stateful", "overlap"] as const) {
  test(`Session of text, ${mode}: tokens that end before the text does are not taken`, async () => {
    const vocabulary = await tiny();
    const text = `${WORDS}abcabcabcabc`;
    const expected = [...createEncoder(vocabulary).encode(text)];
    for (const always of [false, true]) {
      let short = 0;
      const device = faultyDevice(({ exchange: { input, count }, answer }) => {
        if ((always || short === 0) && shorten(input, count, 6)) short++;
        return answer();
      });
      const plan = compile({ steps: [{ op: "tokenize", mode }] }, { vocabulary, device, payload: 64 });
      const session = await Session.open(plan, device, { vocabulary });
      const result = await session.run(text).catch(refusal("gap"));
      // Where every answer is too short, what is left may become too small to be shortened.
      assert(always || result !== true);
      if (result !== true) {
        assert.deepEqual([...result.output.ids], expected);
        assert(result.report.resent > 0);
      }
      assert(short > 0);
    }
  });
}

test("Session of text whose tokens need not cover it: an end that no answer tells of is asked for again", async () => {
  const [, words] = await others();
  const text = "the first word and the last  ";
  const expected = [...createEncoder(words!).encode(text)];
  let cleared = 0;
  const device = faultyDevice(async ({ number, exchange: { output }, answer }) => {
    const answers = await answer();
    for (let slot = 0; number === 0 && slot < answers; slot++) {
      const at = slotAddress(output, slot) + OFFSET.flags;
      const flags = output.engine.view.getUint16(at, true);
      if (flags & FLAG.endOfText) cleared++;
      output.engine.view.setUint16(at, flags & ~FLAG.endOfText, true);
      reseal(output, slot);
    }
    return answers;
  });
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary: words!, device });
  const session = await Session.open(plan, device, { vocabulary: words! });
  const { output, report } = await session.run(text);
  assert.deepEqual([...output.ids], expected);
  assert(cleared > 0 && report.resent > 0, `${cleared} ends cleared, ${report.resent} sent again`);
});

/** How a step of a stream is made to fail. */
const FAILURES: Readonly<Record<string, (number: number, answer: () => Promise<number>) => Promise<number>>> =
  {
    "the device rejects": (number, answer) => number % 3 === 1 ? Promise.reject(new Error("lost")) : answer(),
    "the device rejects after it has answered": async (number, answer) => {
      const answers = await answer();
      if (number % 3 === 1) throw new Error("lost");
      return answers;
    },
    "answers stay missing": (number, answer) => number % 7 >= 4 ? Promise.resolve(0) : answer(),
  };

for (const [what, fail] of Object.entries(FAILURES)) {
  test(`Session.stream() of text, used on after a rejected push because ${what}, loses no id`, async () => {
    const device = faultyDevice(({ number, answer }) => fail(number, answer));
    const session = await openTokens(device, { payload: 16 });
    const expected = [...createEncoder(await tiny()).encode(WORDS)];
    const { push, end } = session.stream({ retries: 1 });
    const ids: number[] = [];
    let failures = 0;
    const take = async (step: () => Promise<Uint32Array>) => {
      try {
        ids.push(...await step());
      } catch {
        failures++;
      }
    };
    for (let at = 0; at < WORDS.length; at += 20) await take(() => push(WORDS.slice(at, at + 20)));
    // An end that fails is asked for again with an empty text.
    for (let tries = 0; ids.length < expected.length && tries < 20; tries++) {
      const before = failures;
      await take(end);
      if (failures === before) break;
    }
    assert.deepEqual(ids, expected);
    assert(failures > 3, `${failures} failures`);
  });
}

test("Session.stream() of text, used on after an aborted push, loses no id", async () => {
  const held = gate<void>();
  const controller = new AbortController();
  const device = faultyDevice(async ({ number, answer }) => {
    if (number === 1) await held.promise;
    return await answer();
  });
  const session = await openTokens(device);
  const expected = [...createEncoder(await tiny()).encode("abc ab abc bc abc")];
  const stream = session.stream({ signal: controller.signal });
  const ids = [...await stream.push("abc ab ")];
  const second = stream.push("abc bc ").catch((error) => error);
  await settle();
  controller.abort(new Error("enough"));
  assert.equal((await second).message, "enough");
  held.open();
  // The stream's own signal ends every later step too.
  await assert.rejects(stream.push("abc"), /enough/);
  assert.deepEqual(ids, expected.slice(0, ids.length));
});

for (const options of [{ retries: NaN }, { retries: Infinity }, { timeoutMs: NaN }, { timeoutMs: -1 }]) {
  const [[name, value]] = Object.entries(options) as [[string, number]];
  test(`sessions of text refuse ${name} of ${value} before any exchange, and stay usable`, async () => {
    await withoutUnhandled(async () => {
      const device = faultyDevice(({ answer }) => answer());
      const bad = options as RunOptions;
      const session = await openTokens(device);
      assert.throws(() => session.stream(bad), refusal("size"));
      await assert.rejects(session.run("abc", bad), refusal("size"));
      const vocabulary = await tiny();
      await assert.rejects(Session.open(session.plan, device, { vocabulary }, bad), refusal("size"));
      await settle();
      assert.equal(device.calls(), 0);
      assert.deepEqual([...(await session.run("abc")).output.ids], [258]);
    });
  });
}

test("a run of text over a device that loses everything ends in one error that counts its tries", async () => {
  const device = faultyDevice(() => Promise.resolve(0));
  const session = await openTokens(device);
  for (const retries of [0, 3]) {
    const before = device.calls();
    await assert.rejects(session.run("abc", { retries }), (error) => {
      assert(error instanceof OnpathError && error.code === "gap");
      return true;
    });
    assert.equal(device.calls() - before, retries + 1);
  }
});
