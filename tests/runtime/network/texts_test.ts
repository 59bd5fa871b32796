import assert from "node:assert/strict";
import fc from "fast-check";
import { checkSpans, packSpans, unpackSpans } from "../../../kernels/tokenize/span_map.ts";
import { normalizeBytes } from "../../../kernels/text_normalize/model.ts";
import type { TextStep } from "../../../kernels/tokenize/vocabulary.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import type { RelayFaults } from "../../../runtime/network/fault_path.ts";
import { longTest, sized } from "../../support/long.ts";
import { test } from "../helpers.ts";
import { openParties, sendSample } from "./parties.ts";
import { textSamples } from "./text_samples.ts";

const SAMPLES = (await textSamples()).map((sample) => ({ sample, plan: sample.compile(MODEL_PROFILE) }));

async function runThrough(faults: RelayFaults, seed: number): Promise<Record<string, number>> {
  const plans = SAMPLES.map(({ sample, plan }) => ({ plan, resources: sample.resources }));
  await using parties = await openParties({ plans, faults, seed });
  const fallbacks: Record<string, number> = {};
  for (const { sample, plan } of SAMPLES) {
    for (const report of await sendSample(parties, sample, plan)) {
      for (const [reason, count] of Object.entries(report.fallbacks)) {
        fallbacks[reason] = (fallbacks[reason] ?? 0) + count;
      }
    }
  }
  assert.equal(
    parties.receiver.counts().fallbacks,
    Object.values(fallbacks).reduce((sum, count) => sum + count, 0),
  );
  return fallbacks;
}

test("openSender() sends chunks and normalized texts, and each result equals the local one", async () => {
  const { seam, escape } = await runThrough({}, 1);
  assert(seam! > 0);
  assert(escape! > 0);
});

test("openSender() sends chunks and normalized texts through loss, duplication and reordering", async () => {
  await runThrough({ loss: 0.03, duplication: 0.05, reordering: 0.2 }, 5);
});

longTest("openSender() sends chunks and normalized texts through all faults with three seeds", async () => {
  const faults = { loss: 0.08, duplication: 0.08, reordering: 0.3, corruption: 0.03, delayMs: 1 };
  for (let seed = 100; seed < 103; seed++) await runThrough(faults, seed);
});

const STEPS: readonly (readonly TextStep[])[] = [
  [{ op: "nfkc" }, { op: "lower_case" }],
  [{ op: "nfd" }, { op: "strip_accents" }],
  [{ op: "prepend", text: "▁" }, { op: "replace", from: " ", to: "▁▁" }],
];

test("unpackSpans() returns what packSpans() packed, and checkSpans() counts its bytes", () => {
  const piece = fc.constantFrom(
    "a",
    "É",
    "e\u0301",
    "\u0323\u0301",
    "ﬁ",
    "你",
    "🙂",
    " ",
    "ab",
    "Ω".repeat(40),
  );
  const code = fc.integer({ min: 0, max: 0x10ffff }).map((value) =>
    String.fromCodePoint(value).toWellFormed()
  );
  const text = fc.array(fc.oneof(piece, code)).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(text, fc.constantFrom(...STEPS), (value, steps) => {
      const bytes = new TextEncoder().encode(value);
      const { from, to } = normalizeBytes(bytes, steps);
      if (from.length === 0) return;
      const packed = packSpans({ from, to });
      const length = to.reduce((most, end) => Math.max(most, end), 0);
      assert.equal(checkSpans(packed, length), from.length);
      const unpacked = unpackSpans(packed, from.length);
      assert.deepEqual([unpacked.from, unpacked.to], [from, to]);
      assert.throws(() => checkSpans(packed, length - 1), { code: "packet" });
    }),
    { numRuns: sized(3000, 150) },
  );
});

test("checkSpans() refuses maps that another host forged", () => {
  const hostile = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(hostile, fc.nat({ max: 200 }), (packed, length) => {
      let total: number;
      try {
        total = checkSpans(packed, length);
      } catch (error) {
        assert.equal((error as { code: string }).code, "packet");
        return;
      }
      const { from, to } = unpackSpans(packed, total);
      assert(total <= 2 ** 26);
      for (let n = 0; n < Math.min(total, 5000); n++) assert(from[n]! <= to[n]! && to[n]! <= length);
    }),
    { numRuns: sized(20_000, 500) },
  );
  assert.throws(() => checkSpans(Uint8Array.of(129), 5), { code: "packet" });
  assert.throws(() => checkSpans(Uint8Array.of(128, 255, 255), 5), { code: "packet" });
});

test("packSpans() takes one byte for 32 bytes of plain text", () => {
  const { from, to } = normalizeBytes(new TextEncoder().encode("A".repeat(3200)), [{ op: "lower_case" }]);
  assert.equal(packSpans({ from, to }).length, 100);
});
