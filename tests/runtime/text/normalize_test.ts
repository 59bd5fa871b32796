import fc from "fast-check";
import assert from "node:assert/strict";
import { normalizeText } from "../../../kernels/text_normalize/reference.ts";
import { normalizeWorkload } from "../../../kernels/text_normalize/workload.ts";
import type { TextStep } from "../../../kernels/tokenize/vocabulary.ts";
import { compile } from "../../../kernels/compile.ts";
import type { NormalizeCompileOptions, NormalizePlan } from "../../../kernels/text_normalize/plan.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { createRtlDevice } from "../../../runtime/device/rtl/device.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { Session } from "../../../runtime/session.ts";
import { refusal } from "../../support/failure.ts";
import { random } from "../../support/random.ts";
import { corpusSlice, hostileText } from "../../support/texts.ts";
import { faultyDevice, spoilAnswers } from "../faulty_device.ts";
import { longTest, sized } from "../../support/long.ts";

const utf8 = new TextEncoder();

/** Steps of every kind, some of them behind others that hold back or leave out. */
const STEPS: readonly (readonly TextStep[])[] = [
  [{ op: "nfc" }],
  [{ op: "nfkd" }, { op: "strip_accents" }, { op: "lower_case" }],
  [{ op: "clean_text" }, { op: "prepend", text: "▁" }, { op: "replace", from: " ", to: "▁" }],
  [{ op: "nfc" }, { op: "prepend", text: "début " }, { op: "nfd" }],
  [{ op: "replace", from: "aab", to: "b" }, { op: "replace", from: "ab", to: "" }],
  // Answers of several parts.
  [{ op: "replace", from: "漢", to: "0123456789".repeat(20) }, { op: "nfc" }],
];

const anyText = fc.array(
  fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.constantFrom("e\u0301", "漢字", "\u0000\u0000", "ﬁ", "가", "  ", "İ", "aab", "\ufdfa"),
    // Longer runs of marks than a device holds.
    fc.integer({ min: 1, max: 80 }).map((count) => `a${"\u0301\u0327".repeat(count)}`),
  ),
  { maxLength: 16 },
).map((parts) => parts.join("").toWellFormed());

function openSession(
  steps: readonly TextStep[],
  device: Device,
  options: Partial<NormalizeCompileOptions> = {},
): Promise<Session<NormalizePlan>> {
  const plan = compile({ steps: [{ op: "normalize_text", steps }] }, { device, ...options });
  return Session.open(plan, device);
}

/** UTF-8 as a decoder of the web reads it. */
const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

Deno.test("Session of normalisation gives what the reference gives, whatever the text, the steps and the payload", async () => {
  await using device = createModelDevice();
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyText, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...STEPS),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 9 }),
      async (texts, steps, payload, packets) => {
        const session = await openSession(steps, device, { payload, packets });
        const { outputs: made } = await session.runMany(texts);
        texts.forEach((text, n) => assert.equal(decode(made[n]!), normalizeText(text, steps)));
      },
    ),
    { numRuns: sized(400, 120) },
  );
});

longTest("Session of normalisation: answers that are lost, doubled and swapped change no byte", async () => {
  let resent = 0, escapes = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyText, { minLength: 3, maxLength: 12 }).map((parts) => parts.join(" ")),
      fc.constantFrom(...STEPS),
      fc.integer({ min: 1, max: 24 }),
      fc.nat(),
      async (text, steps, payload, seed) => {
        const next = random(seed);
        const device = faultyDevice(async ({ number, answer, exchange: { output } }) => {
          const answers = await answer();
          if (number % 2 !== 0 || answers < 2) return answers;
          return spoilAnswers(output, answers, next);
        });
        const session = await openSession(steps, device, { payload, packets: 6 });
        const { output: made, report } = await session.run(text, { retries: 8 });
        assert.equal(decode(made), normalizeText(text, steps));
        resent += report.resent;
        escapes += report.escapes;
      },
    ),
    { numRuns: sized(400, 120) },
  );
  assert(resent > 100 && escapes > 50, `${resent} sent again, ${escapes} given up`);
});

longTest(
  "Session of normalisation takes bytes that are no UTF-8, and real texts; the host does next to nothing of them",
  async () => {
    await using device = createModelDevice();
    const next = random(3);
    for (const steps of STEPS) {
      const session = await openSession(steps, device, { payload: 256 });
      for (let n = 0; n < 60; n++) {
        const bytes = Uint8Array.from({ length: next() % 900 }, () => next() % 3 === 0 ? next() % 256 : 0xcc);
        const { output } = await session.run(bytes);
        assert.equal(decode(output), normalizeText(decode(bytes), steps));
        const hostile = hostileText(next).toWellFormed();
        assert.equal(decode((await session.run(hostile)).output), normalizeText(hostile, steps));
      }
      const texts = corpusSlice(20_000).map(({ text }) => text.toWellFormed());
      const { outputs: made, report } = await session.runMany(texts);
      texts.forEach((text, n) => assert.equal(decode(made[n]!), normalizeText(text, steps)));
      assert(texts.join("").length > 10_000 && report.hostBytes === 0 && report.resent === 0);
      assert.equal(
        report.sent,
        texts.reduce((sum, text) => sum + Math.ceil(utf8.encode(text).length / 256), 0),
      );
    }
  },
);

longTest("Session.stream() of normalisation gives what is certain, whatever is pushed", async () => {
  await using device = createModelDevice();
  await fc.assert(
    fc.asyncProperty(
      anyText,
      fc.constantFrom(...STEPS),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 40 }),
      async (text, steps, size, payload) => {
        const session = await openSession(steps, device, { payload });
        const stream = session.stream();
        const bytes = utf8.encode(text);
        for (let round = 0; round < 2; round++) {
          const parts: number[] = [];
          for (let at = 0; at < bytes.length; at += size) {
            parts.push(...await stream.push(bytes.subarray(at, at + size)));
          }
          parts.push(...await stream.end());
          assert.equal(decode(Uint8Array.from(parts)), normalizeText(text, steps));
        }
      },
    ),
    { numRuns: sized(200, 80) },
  );
  // A text without end takes little memory: what is certain is out, and forgotten.
  const session = await openSession([{ op: "nfc" }], device);
  const stream = session.stream();
  const piece = utf8.encode("Große Wörter, e\u0301 und mehr. ".repeat(40));
  let out = 0;
  for (let n = 1; n <= 100; n++) {
    out += (await stream.push(piece)).length;
    assert(out > n * (piece.length - 50) - 50, "what is certain has come out");
  }
});

Deno.test("Session of normalisation: a text that grows beyond an answer's parts is done by the host, by name", async () => {
  await using device = createModelDevice();
  const steps: TextStep[] = [{ op: "replace", from: "x", to: "y".repeat(250) }];
  const session = await openSession(steps, device, { payload: 64 });
  const text = `before ${"x".repeat(200)} and after`;
  const { output: made, report } = await session.run(text);
  assert.equal(decode(made), normalizeText(text, steps));
  assert.equal(report.escapes, 1);
  assert(report.hostBytes > 0);
});

Deno.test("Session of normalisation refuses by name what cannot be, and ends in one clear error", async () => {
  await using device = createModelDevice();
  assert.throws(
    () => normalizeWorkload.compile({ steps: [{ op: "tokenize" }] }, { device }),
    refusal("pipeline", /expected normalize_text, found tokenize/),
  );
  assert.throws(
    () => compile({ steps: [{ op: "normalize_text", steps: [{ op: "upper" } as never] }] }, { device }),
    refusal("pipeline"),
  );
  const plan = compile({ steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] }, { device });
  await using rtl = await createRtlDevice();
  await assert.rejects(() => Session.open(plan, rtl), refusal("plan", /compiled for model/));
  await assert.rejects(
    () => openSession([{ op: "nfc" }], rtl),
    refusal("device", /RTL has no kernel for text normalisation/),
  );
  const silent = await openSession([{ op: "nfc" }], faultyDevice(() => Promise.resolve(0)));
  await assert.rejects(
    () => silent.run("some text"),
    refusal("gap", /did not come back after 3 tries/),
  );
  const stuck = await openSession([{ op: "nfc" }], faultyDevice(() => new Promise(() => {})));
  await assert.rejects(() => stuck.run("some text", { timeoutMs: 20 }), refusal("timeout"));
  await assert.rejects(() => stuck.run("some text"), refusal("device", /open a new session/));
  // Another session's program takes this one's place, and is exchanged for it again.
  const session = await Session.open(plan, device);
  await openSession([{ op: "nfd" }], device);
  assert.equal(decode((await session.run("e\u0301")).output), "\u00e9");
});
