/**
 * Text through libxrt: a vocabulary from host to card to chip, packets both ways.
 */

import assert from "node:assert/strict";
import { createEncoder } from "../../../../kernels/tokenize/encode.ts";
import { compile } from "../../../../kernels/compile.ts";
import { createModelDevice } from "../../../../runtime/device/model.ts";
import { createRtlDevice } from "../../../../runtime/device/rtl/device.ts";
import { offload } from "../../../../runtime/offload.ts";
import { Session } from "../../../../runtime/session.ts";
import { vocabulary } from "../../../kernels/tokenize/vocabularies.ts";
import { refusal } from "../../../support/failure.ts";
import { noise } from "../../../support/images.ts";
import { adversarialTexts, corpusSlice } from "../../../support/texts.ts";
import { openDevice, testEnd } from "./cards.ts";

const r50k = await vocabulary("r50k_base");
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const TEXTS = [
  ...corpusSlice(12_000).map(({ text }) => text.slice(0, 600)),
  ...adversarialTexts().slice(0, 12).map(({ bytes }) => utf8.decode(bytes.subarray(0, 700))),
].map((text) => text.toWellFormed());
const STEPS = [{ op: "tokenize" }] as const;

Deno.test("text on an emulated card: the ids of the peer, within 1% of the lookups of the RTL", async () => {
  const encoder = createEncoder(r50k);
  const { device } = await openDevice();
  await using rtl = await createRtlDevice();
  try {
    const reports = [];
    for (const each of [device, rtl]) {
      const plan = compile({ steps: STEPS }, { vocabulary: r50k, device: each, payload: 256 });
      const session = await Session.open(plan, each, { vocabulary: r50k });
      const { outputs, report } = await session.runMany(TEXTS);
      outputs.forEach(({ ids }, at) => assert.deepEqual(ids, encoder.encode(TEXTS[at]!), `text ${at}`));
      reports.push(report);
    }
    const [card, own] = reports as [typeof reports[number], typeof reports[number]];
    assert.deepEqual([card.sent, card.resent, card.escapes], [own.sent, own.resent, own.escapes]);
    assert.equal(card.counters.packets, card.sent);
    assert(card.counters.cycles! > TEXTS.join("").length);
    // A cache of verdicts is shared by flows, whose order depends on the time that memory takes.
    const [found, wanted] = [card.counters.lookups!, own.counters.lookups!];
    assert(Math.abs(found - wanted) < wanted / 100, `${found} lookups, ${wanted} by the RTL alone`);
  } finally {
    await device.close();
  }
});

Deno.test("text and images take turns on an emulated card, and what is refused leaves it as it was", async () => {
  const { device } = await openDevice();
  await using model = createModelDevice();
  const encoder = createEncoder(r50k);
  const image = noise(1, 40, 60, 3, 7);
  const steps = [{ op: "resize", size: [16, 16] }] as const;
  try {
    const text = compile({ steps: STEPS }, { vocabulary: r50k, device });
    const expected = await offload(compile({ steps }, { input: image, device: model }), image, model);
    for (let round = 0; round < 2; round++) {
      const session = await Session.open(text, device, { vocabulary: r50k });
      assert.deepEqual((await session.run(TEXTS[0]!)).output.ids, encoder.encode(TEXTS[0]!));
      const chunks = compile({ steps: [{ op: "tokenize", mode: "overlap" }] }, {
        vocabulary: r50k,
        device,
      });
      await assert.rejects(
        Session.open(chunks, device, { vocabulary: r50k }),
        refusal("device", /chunks that overlap/),
      );
      const cl100k = await vocabulary("cl100k_base");
      const large = compile({ steps: STEPS }, { vocabulary: cl100k, device });
      await assert.rejects(
        Session.open(large, device, { vocabulary: cl100k }),
        refusal("table", /expected at most 65535/),
      );
      assert.deepEqual((await session.run(TEXTS[1]!)).output.ids, encoder.encode(TEXTS[1]!));
      const plan = compile({ steps }, { input: image, device });
      assert.deepEqual((await offload(plan, image, device)).output.data, expected.output.data);
    }
  } finally {
    await device.close();
  }
});

Deno.test("a long piece is worked on for many cycles without a beat of memory, and its run ends", async () => {
  const { device } = await openDevice();
  const encoder = createEncoder(r50k);
  try {
    const plan = compile({ steps: STEPS }, { vocabulary: r50k, device, payload: 256 });
    const session = await Session.open(plan, device, { vocabulary: r50k });
    const cycles: number[] = [];
    for (const text of ["a".repeat(700), " ".repeat(1500), "a".repeat(700)]) {
      const { output, report } = await session.run(text);
      assert.deepEqual(output.ids, encoder.encode(text));
      cycles.push(report.counters.cycles!);
    }
    // The harness of an emulated card once took 8,192 cycles without a beat for a wait.
    assert(cycles[2]! - cycles[1]! > 2 ** 14, `${cycles}`);
  } finally {
    await device.close();
  }
});

testEnd();
