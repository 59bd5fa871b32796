import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { requestInference } from "../../../runtime/serve/client.ts";
import { predictedBy } from "../../../runtime/serve/predictor.ts";
import { refusal } from "../../support/failure.ts";
import { imageOf, imageTensor, openDevice, smallModel, withServer } from "./helpers.ts";
import { imageModel } from "../../../runtime/serve/image_model.ts";
import { compile } from "../../../kernels/compile.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";

/** Model whose output is the input of {@linkcode smallPlan}. */
function before(url: string) {
  const input = { dtype: "u8", shape: [48, 64, 3], layout: "HWC" } as const;
  const plan = compile({ steps: [{ op: "resize", size: [24, 32] }] }, { input, device: MODEL_PROFILE });
  return predictedBy(imageModel({ name: "before", plan, open: openDevice }), { url });
}

Deno.test("predictedBy() sends results to the model behind, and gives its outputs", async () => {
  await withServer([smallModel()], async (behind) => {
    const model = before(`${behind.url}/v2/models/small/`);
    await withServer([model], async (server) => {
      assert.deepEqual(model.outputs, [{ name: "output", datatype: "FP32", shape: [-1, 3, 8, 8] }]);
      const image = {
        name: "image",
        datatype: "UINT8",
        shape: [48, 64, 3],
        data: new Uint8Array(9216).fill(77),
      } as const;
      const found = await requestInference(`${server.url}/v2/models/before`, { id: "p", inputs: [image] });
      const flat = imageTensor(new Uint8Array(2304).fill(77));
      const wanted = await requestInference(`${behind.url}/v2/models/small`, { inputs: [flat] });
      assert.deepEqual([found.id, found.outputs], ["p", wanted.outputs]);
      await behind.close();
      const lost = requestInference(`${server.url}/v2/models/before`, { inputs: [image] });
      await assert.rejects(lost, refusal("device", /answered 502/));
    });
  });
});

Deno.test("serve() gives curl the bytes of a tensor for a body of pixels", async () => {
  await withServer([smallModel("u8")], async (server) => {
    const url = `${server.url}/v2/models/small/infer`;
    const wanted = await requestInference(`${server.url}/v2/models/small`, {
      inputs: [imageTensor(imageOf(4))],
    });
    const args = ["-sS", "-H", "Inference-Header-Content-Length: 0", "--data-binary", "@-", url];
    const bytes = await new Promise<Uint8Array>((resolve, reject) => {
      const child = execFile(
        "curl",
        args,
        { encoding: "buffer" },
        (error, out) => error ? reject(error) : resolve(out),
      );
      child.stdin!.end(imageOf(4));
    });
    assert.deepEqual([...bytes.subarray(-192)], [...wanted.outputs[0]!.data as Uint8Array]);
  });
});
