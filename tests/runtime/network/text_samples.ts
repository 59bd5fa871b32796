/**
 * Samples of texts whose result on this host is the expectation: every mode, normalization, and special tokens.
 *
 * @module
 */

import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import type { Plan } from "../../../kernels/plan/plan.ts";
import type { TextStep, Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { createModelDevice, MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { Session } from "../../../runtime/session.ts";
import { others, tiny } from "../../kernels/tokenize/small_vocabularies.ts";
import type { WorkloadSample } from "../workload_samples.ts";

/** Texts with accents, marks, ideographs, long pieces and special tokens. */
export const HARD_TEXTS: readonly string[] = [
  "The Quick brown ÉCLAIR, cafe\u0301 au lait.  ".repeat(30),
  "a".repeat(900) + " ab abc<|end|>" + "é".repeat(300) + "\n\n" + "\u00a0 b".repeat(90),
  "Ångström ﬁne ①②③ Привет МИР 你好世界 🙂 \u1e9b\u0323 " + "\u0301".repeat(12) + " end".repeat(40),
  "",
  "<|end|>",
  "é",
];

/** A sample that compares with the results of a session on the model device. */
async function localSample(
  name: string,
  plan: Plan,
  resources: unknown,
  inputs: readonly string[],
): Promise<WorkloadSample> {
  await using device = createModelDevice();
  const session = await Session.open(plan as never, device, resources as never);
  const expected = new Map<string, unknown>();
  for (const input of inputs) expected.set(input, (await session.run(input as never)).output);
  return {
    name,
    compile: () => plan,
    resources,
    inputs,
    check: (input, output) => assert.deepEqual(output, expected.get(input as string)),
  };
}

const NORMALIZING: readonly (readonly TextStep[])[] = [
  [{ op: "prepend", text: "▁" }, { op: "nfkc" }, { op: "lower_case" }],
  [{ op: "clean_text" }, { op: "strip_accents" }, { op: "replace", from: "ab", to: "wider" }],
];

/** Texts in overlapping chunks, with normalization before tokenizing, and normalization alone. */
export async function textSamples(): Promise<WorkloadSample[]> {
  const vocabularies: Vocabulary[] = [await tiny(), ...await others()];
  const samples: Promise<WorkloadSample>[] = [];
  for (const vocabulary of vocabularies) {
    // A text without a pattern is one piece, which no cut may divide.
    const modes = vocabulary.pieces === null && vocabulary.algorithm === "bpe"
      ? ["stateful"] as const
      : ["stateful", "overlap"] as const;
    for (const mode of modes) {
      const plan = compile({ steps: [{ op: "tokenize", mode }] }, {
        vocabulary,
        device: MODEL_PROFILE,
        payload: 100,
      });
      samples.push(localSample(`tokenize ${vocabulary.name} (${mode})`, plan, { vocabulary }, HARD_TEXTS));
    }
  }
  for (const [n, steps] of NORMALIZING.entries()) {
    const plan = compile({ steps: [{ op: "normalize_text", steps: [...steps] }] }, {
      device: MODEL_PROFILE,
      payload: 90,
    });
    const marks = "x" + "\u0323".repeat(40) + "y".repeat(300);
    samples.push(localSample(`normalize_text ${n}`, plan, undefined, [...HARD_TEXTS, marks]));
  }
  return await Promise.all(samples);
}
