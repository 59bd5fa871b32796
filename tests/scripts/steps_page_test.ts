import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { compile } from "../../kernels/compile.ts";
import { parsePipeline, type PipelineInput } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import type { LookupPipeline } from "../../kernels/lookup/spec.ts";
import { memoize } from "../../kernels/memoize/memo.ts";
import type { DequantizePipeline, QuantizePipeline } from "../../kernels/quantize/spec.ts";
import { WORKLOADS } from "../../kernels/registry.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import type { TextStep } from "../../kernels/tokenize/vocabulary.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { tensor } from "../../serialize/tensor.ts";
import { STEP_EXAMPLES } from "../../scripts/docs/step_examples.ts";
import { STEP_SECTIONS, stepsOf, stepsPage } from "../../scripts/docs/steps.ts";
import { tiny } from "../kernels/tokenize/small_vocabularies.ts";
import { randomCache, referenceCache, referenceValues } from "../support/caches.ts";
import { randomBytes } from "../support/random.ts";

const IMAGE = tensor(randomBytes(400 * 600 * 3, 1), { dtype: "u8", shape: [400, 600, 3], layout: "HWC" });
const TEXT = "Ｃafé 漢字 a\u0007b";

Deno.test("docs/steps.md is what the schemas give, run deno task docs:steps", () => {
  assert.equal(readFileSync(new URL("../../docs/steps.md", import.meta.url), "utf8"), stepsPage());
});

Deno.test("docs/steps.md has a section for every workload and no example without a step", () => {
  const names = (list: readonly string[]) => [...list].sort();
  assert.deepEqual(
    names(STEP_SECTIONS.map(({ workload }) => workload)),
    names(WORKLOADS.map(({ name }) => name)),
  );
  assert.deepEqual(
    names(STEP_SECTIONS.flatMap(stepsOf).map(({ name }) => name)),
    names(Object.keys(STEP_EXAMPLES)),
  );
});

for (const section of STEP_SECTIONS) {
  for (const { name } of stepsOf(section)) {
    Deno.test(`docs/steps.md: the example of ${name} runs`, async () => {
      await using device = createModelDevice();
      // As a reader has it: text in a file.
      const pipeline = JSON.parse(JSON.stringify(STEP_EXAMPLES[name]));
      assert(JSON.stringify(pipeline).includes(`"${name.split(",")[0]}"`));
      if (section.workload === "image") {
        const plan = compile(parsePipeline(pipeline as PipelineInput), { input: IMAGE, device });
        const { output } = await offload(plan, IMAGE, device);
        const expected = referencePipeline(pipeline, IMAGE);
        assert.deepEqual([output.shape, output.dtype], [expected.shape, expected.dtype]);
        if (plan.body.bounds.every(({ levels }) => levels === 0)) {
          assert.deepEqual(output.data, expected.data);
        }
      } else if (section.workload === "tokenize") {
        const vocabulary = await tiny();
        const plan = compile(pipeline as { steps: [{ op: "tokenize" }] }, { vocabulary, device });
        const { output } = await offload(plan, "ab<|end|>abc", device, { resources: { vocabulary } });
        assert.deepEqual([...output.ids], [256, 300, 258]);
      } else if (section.workload === "lookup") {
        const memo = memoize((x) => 255 - x, { input: "u8", output: "u8" });
        const input = tensor(Uint8Array.of(0, 1, 255), { dtype: "u8", shape: [3] });
        const plan = compile(pipeline as LookupPipeline, { memo, input, device });
        const { output } = await offload(plan, input, device, { resources: { memo } });
        assert.deepEqual([...output.data], [255, 254, 0]);
      } else if (section.workload === "quantize") {
        const input = randomCache("bf16", [1, 2, 2, 16, 32], 1);
        const { steps } = pipeline as QuantizePipeline;
        const { output } = await offload(compile({ steps }, { input, device }), input, device);
        assert.deepEqual(output, referenceCache(steps[0].method, input));
      } else if (section.workload === "dequantize") {
        const { steps } = pipeline as DequantizePipeline;
        const input = referenceCache(steps[0].method, randomCache("bf16", [1, 2, 2, 16, 32], 1));
        const { output } = await offload(compile({ steps }, { input, device }), input, device);
        assert.deepEqual(output, referenceValues(steps[0].dtype, input));
      } else {
        const steps = pipeline.steps[0].steps as TextStep[];
        const plan = compile(pipeline as { steps: [{ op: "normalize_text"; steps: TextStep[] }] }, {
          device,
        });
        const { output } = await offload(plan, TEXT, device);
        assert.equal(new TextDecoder().decode(output), normalizeText(TEXT, steps));
      }
    });
  }
}
