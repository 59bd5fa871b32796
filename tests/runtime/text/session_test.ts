import fc from "fast-check";
import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { createRtlDevice } from "../../../runtime/device/rtl/device.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { Session } from "../../../runtime/session.ts";
import type { TokenizePlan } from "../../../kernels/tokenize/plan/plan.ts";
import type { TokenizeStep } from "../../../kernels/tokenize/plan/spec.ts";
import { ChunkCache } from "../../../kernels/tokenize/chunk_cache.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { peerOf } from "../../kernels/tokenize/peers.ts";
import { VOCABULARIES, vocabulary } from "../../kernels/tokenize/vocabularies.ts";
import { refusal } from "../../support/failure.ts";
import { random } from "../../support/random.ts";
import { adversarialTexts, corpusSlice, hostileText } from "../../support/texts.ts";
import { faultyDevice, spoilAnswers } from "../faulty_device.ts";
import { longTest, sized } from "../../support/long.ts";

/** Payloads that texts are cut into. */
const PAYLOADS = [1, 7, 32, 256, 1344];

const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

function openSession(
  tables: Vocabulary,
  device: Device,
  step: Partial<TokenizeStep> = {},
  options: { payload?: number; packets?: number; overlap?: number } = {},
): Promise<Session<TokenizePlan>> {
  const plan = compile({ steps: [{ op: "tokenize", ...step }] }, {
    vocabulary: tables,
    device,
    ...options,
  });
  return Session.open(plan, device, { vocabulary: tables });
}

/** Texts of every kind. */
function mixedTexts(seed: number, units: number, longest: number, hostile: number): string[] {
  const next = random(seed);
  return [
    ...corpusSlice(units).map(({ text }) => text),
    ...adversarialTexts().map(({ bytes }) => decode(bytes.subarray(0, longest))),
    ...Array.from({ length: hostile }, () => hostileText(next)),
    "",
  ].map((text) => text.toWellFormed());
}

for (const name of VOCABULARIES) {
  longTest(
    `TextSession with ${name} gives the peer's ids at every payload, in every mode it has`,
    async () => {
      const tables = await vocabulary(name);
      const texts = mixedTexts(name.length, 12_000, 6000, 150);
      const peer = await peerOf(name);
      const expected = await peer.encode(texts);
      peer.close();
      await using device = createModelDevice();
      for (const mode of tables.pieces === null ? ["stateful"] as const : ["stateful", "overlap"] as const) {
        for (const payload of sized(PAYLOADS, [7, 256])) {
          const session = await openSession(tables, device, { mode }, { payload });
          const { outputs } = await session.runMany(texts);
          outputs.forEach(({ ids }, at) =>
            assert.deepEqual(Array.from(ids), expected[at], `${mode}, ${payload}: text ${at}`)
          );
        }
      }
    },
    name !== "bert",
  );
}

Deno.test("Session of text says where tokens lie: their bytes are those of the text", async () => {
  const tables = await vocabulary("cl100k_base");
  const text = mixedTexts(3, 4000, 500, 20).join("\n");
  const bytes = new TextEncoder().encode(text);
  await using device = createModelDevice();
  for (const mode of ["stateful", "overlap"] as const) {
    const session = await openSession(tables, device, { mode }, { payload: 100 });
    const { ids, starts, ends } = (await session.run(text)).output;
    assert.deepEqual([starts[0], ends.at(-1)], [0, bytes.length]);
    for (let n = 0; n < ids.length; n++) {
      if (n > 0) assert.equal(starts[n], ends[n - 1]);
      const own = tables.bytes.subarray(tables.offsets[ids[n]!]!, tables.offsets[ids[n]! + 1]!);
      assert.deepEqual(bytes.subarray(starts[n], ends[n]), own);
    }
  }
  // Where the text was normalised, places are those of the original.
  const bert = await vocabulary("bert");
  const source = "Ünïque  Words\u0000, WORDS";
  const { starts, ends } = (await (await openSession(bert, device, { mode: "overlap" })).run(source)).output;
  const original = new TextEncoder().encode(source);
  const words = Array.from(starts, (start, n) => decode(original.subarray(start, ends[n])));
  assert.equal(words.at(-1), "WORDS");
  assert.equal(words.join("").replaceAll("\u0000", ""), "ÜnïqueWords,WORDS");
});

Deno.test("Session of text: special tokens stand for themselves where they are allowed, and ids around a text", async () => {
  const { Tiktoken } = await import("tiktoken");
  const { readFileSync } = await import("node:fs");
  const path = new URL("../../../node_modules/tiktoken/encoders/cl100k_base.json", import.meta.url);
  const { bpe_ranks, special_tokens, pat_str } = JSON.parse(readFileSync(path, "utf8"));
  const peer = new Tiktoken(bpe_ranks, special_tokens, pat_str);
  const tables = await vocabulary("cl100k_base");
  const symbols = [
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|",
    "|>",
    "endoftext",
    " a",
    "\n",
    "Größe",
    "<",
    "  ",
  ];
  await using device = createModelDevice();
  try {
    for (const mode of ["stateful", "overlap"] as const) {
      const session = await openSession(tables, device, { mode, special: "all" }, { payload: 32 });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.constantFrom(...symbols), { maxLength: 30 }), async (parts) => {
          const text = parts.join("");
          const { ids } = (await session.run(text)).output;
          assert.deepEqual(Array.from(ids), Array.from(peer.encode(text, "all")));
        }),
        { numRuns: 60 },
      );
    }
  } finally {
    peer.free();
  }
  const bert = await vocabulary("bert");
  const session = await openSession(bert, device, { around: true });
  const { ids } = (await session.run("hello world")).output;
  assert.deepEqual(Array.from(ids), [101, 7592, 2088, 102]);
});

Deno.test("Session.stream() of text gives ids as they become final, the same whatever is pushed", async () => {
  const tables = await vocabulary("cl100k_base");
  const encoder = createEncoder(tables, { special: "all" });
  await using device = createModelDevice();
  const session = await openSession(tables, device, { special: "all" }, { payload: 64 });
  const text = mixedTexts(9, 3000, 1500, 30).join("<|endoftext|>");
  const bytes = new TextEncoder().encode(text);
  const expected = Array.from(encoder.encode(bytes));
  const next = random(4);
  const stream = session.stream();
  for (let round = 0; round < 2; round++) {
    const ids: number[] = [];
    for (let at = 0; at < bytes.length;) {
      const to = at + 1 + next() % 300;
      ids.push(...await stream.push(bytes.subarray(at, to)));
      at = to;
    }
    assert(ids.length > 0.8 * expected.length, "most ids come before the end");
    ids.push(...await stream.end());
    assert.deepEqual(ids, expected);
  }
  // A prompt, word by word: a word's ids are there when the next one begins.
  assert.deepEqual([...await stream.push("Hello")], []);
  assert.deepEqual([...await stream.push(", world")], [9906, 11]);
  assert.deepEqual([...await stream.end()], [1917]);
  // A run that never ends does not keep the tokens that were given out.
  for (let n = 0; n < 200; n++) await stream.push("word after word ".repeat(40));
  await stream.end();
  const overlapping = await openSession(tables, device, { mode: "overlap" });
  assert.throws(() => overlapping.stream(), refusal("pipeline", /overlap/));
});

longTest("Session of text: answers that are lost, doubled and swapped change no id", async () => {
  const tables = await vocabulary("cl100k_base");
  const text = mixedTexts(6, 6000, 3000, 40).join(" ");
  const expected = Array.from(createEncoder(tables).encode(text));
  for (const mode of ["stateful", "overlap"] as const) {
    for (let seed = 1; seed <= 12; seed++) {
      const next = random(seed);
      const device = faultyDevice(async ({ number, answer, exchange: { output } }) => {
        const answers = await answer();
        // Every third exchange is a bad one.
        if (number % 3 !== 0 || answers < 2) return answers;
        return spoilAnswers(output, answers, next);
      });
      const session = await openSession(tables, device, { mode }, { payload: 128, packets: 16 });
      const { output, report } = await session.run(text, { retries: 3 });
      assert.deepEqual(Array.from(output.ids), expected, `${mode}, seed ${seed}`);
      assert(device.calls() > 10 && report.sent > 0);
    }
  }
});

Deno.test("Session of text: a device that never answers, lies, or is spoiled ends in one clear error", async () => {
  const tables = await vocabulary("r50k_base");
  for (const mode of ["stateful", "overlap"] as const) {
    const silent = await openSession(tables, faultyDevice(() => Promise.resolve(0)), { mode });
    await assert.rejects(() => silent.run("some text"), refusal("gap", /did not come back after 3 tries/));
    const liar = await openSession(tables, faultyDevice(() => Promise.resolve(-1)), { mode });
    await assert.rejects(() => liar.run("some text"), refusal("device", /returned -1 answers/));
    const spoiled = await openSession(
      tables,
      faultyDevice(async ({ answer, exchange: { output } }) => {
        const answers = await answer();
        output.engine.bytes[output.address + 66]! ^= 4;
        return answers;
      }),
      { mode },
    );
    await assert.rejects(() => spoiled.run("some text"), refusal("gap", /refused answers: crc 3/));
    const stuck = await openSession(tables, faultyDevice(() => new Promise(() => {})), { mode });
    await assert.rejects(() => stuck.run("some text", { timeoutMs: 20 }), refusal("timeout"));
    await assert.rejects(() => stuck.run("some text"), refusal("device", /open a new session/));
    const aborted = await openSession(tables, faultyDevice(() => new Promise(() => {})), { mode });
    const signal = AbortSignal.timeout(20);
    await assert.rejects(() => aborted.run("some text", { signal }), /timeout/);
  }
});

Deno.test("Session of text refuses by name what cannot be: device, vocabulary, plan, pieces", async () => {
  const r50k = await vocabulary("r50k_base"), cl100k = await vocabulary("cl100k_base");
  await using device = createModelDevice();
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary: r50k, device });
  await assert.rejects(
    Session.open(plan, device, { vocabulary: cl100k }),
    refusal("plan", /compiled for r50k_base/),
  );
  const rtl = await createRtlDevice();
  await assert.rejects(Session.open(plan, rtl, { vocabulary: r50k }), refusal("plan", /device rtl/));
  await assert.rejects(
    Session.open(plan, device, undefined as never),
    refusal("plan", /r50k_base is missing/),
  );
  assert.throws(
    () => compile({ steps: [{ op: "tokenize", special: ["<|x|>"] }] }, { vocabulary: r50k, device }),
    refusal("pipeline", /r50k_base has no such token/),
  );
  const mistral = await vocabulary("mistral");
  assert.throws(
    () => compile({ steps: [{ op: "tokenize", mode: "overlap" }] }, { vocabulary: mistral, device }),
    refusal("pipeline", /one piece/),
  );
  for (const [step, payload] of [["payload", 0], ["payload", 9000]] as const) {
    assert.throws(
      () => compile({ steps: [{ op: "tokenize" }] }, { vocabulary: r50k, device, [step]: payload }),
      refusal("size"),
    );
  }
  await device.close();
  await assert.rejects(Session.open(plan, device, { vocabulary: r50k }), refusal("device", /closed/));
});

longTest(
  "Session of text on the RTL: the ids of the model, its cycles by its own counters, what it lacks by name",
  async () => {
    const r50k = await vocabulary("r50k_base");
    const texts = mixedTexts(2, 6000, 1200, 20);
    const encoder = createEncoder(r50k);
    await using rtl = await createRtlDevice();
    const session = await openSession(r50k, rtl, {}, { payload: 256 });
    const { outputs, report } = await session.runMany(texts);
    const bytes = texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0);
    outputs.forEach(({ ids }, at) => assert.deepEqual(ids, encoder.encode(texts[at]!)));
    assert(report.counters.cycles! > bytes && report.counters.lookups > bytes);
    assert.equal(report.counters.packets, report.sent);
    const stream = session.stream();
    assert.deepEqual(
      [...await stream.push("Hello, wor"), ...await stream.push("ld"), ...await stream.end()],
      [
        ...encoder.encode("Hello, world"),
      ],
    );
    for (
      const [name, mode, code, message] of [
        ["cl100k_base", "stateful", "table", /into the RTL: it has \d+ [a-z ]+, expected at most/],
        ["bert", "stateful", "device", /algorithm wordpiece/],
        ["r50k_base", "overlap", "device", /chunks that overlap/],
      ] as const
    ) {
      await assert.rejects(openSession(await vocabulary(name), rtl, { mode }), refusal(code, message));
    }
  },
);

longTest("Session of text with a cache sends what it has not seen, and gives the same tokens", async () => {
  for (const name of ["cl100k_base", "bert"] as const) {
    const tables = await vocabulary(name);
    const texts = mixedTexts(8, 8000, 3000, 20);
    await using device = createModelDevice();
    for (const mode of ["stateful", "overlap"] as const) {
      const plan = compile({ steps: [{ op: "tokenize", mode }] }, {
        vocabulary: tables,
        device,
        payload: 200,
      });
      const plain = await Session.open(plan, device, { vocabulary: tables });
      const expected = await plain.runMany(texts);
      const cache = new ChunkCache(tables);
      const session = await Session.open(plan, device, { vocabulary: tables, cache });
      const first = await session.runMany(texts);
      assert.deepEqual(first.outputs, expected.outputs);
      // All is known now, and an edit is sent alone.
      const second = await session.runMany(texts);
      assert.deepEqual(second.outputs, expected.outputs);
      assert.equal(second.report.sent, 0);
      const long = texts.reduce((a, b) => a.length > b.length ? a : b);
      const edited = `${long.slice(0, 900)} edited ${long.slice(900)}`;
      const third = await session.run(edited);
      assert.deepEqual(third.output.ids, (await plain.run(edited)).output.ids);
      assert(third.report.sent < 40 && third.report.sent > 0, `${third.report.sent} packets`);
    }
    const other = new ChunkCache(await vocabulary("gpt2"));
    const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary: tables, device });
    await assert.rejects(Session.open(plan, device, { vocabulary: tables, cache: other }), refusal("plan"));
  }
});
