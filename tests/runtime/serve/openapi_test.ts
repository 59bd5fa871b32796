import assert from "node:assert/strict";
import Ajv from "ajv";
import specification from "./open_inference_rest.json" with { type: "json" };
import { encodeMessage } from "../../../runtime/serve/response.ts";
import { heldModel, imageOf, imageTensor, numbersBody, post, smallModel, withServer } from "./helpers.ts";

const ajv = new Ajv.default({ strict: false });
ajv.addSchema(specification, "oip");

/** Checks a value against a schema of the protocol's OpenAPI description. */
function check(schema: keyof typeof specification.components.schemas, value: unknown): void {
  const validate = ajv.getSchema(`oip#/components/schemas/${schema}`)!;
  assert(
    validate(value),
    `${schema}: ${JSON.stringify(validate.errors)} of ${JSON.stringify(value).slice(0, 300)}`,
  );
}

Deno.test("serve() answers as the OpenAPI description of the Open Inference Protocol says, on all of its paths", async () => {
  await withServer([smallModel(), heldModel()], async (server) => {
    const seen = new Set<string>();
    /** Asks a path of the description with the model's name in it. */
    const get = async (path: keyof typeof specification.paths) => {
      seen.add(path);
      const answer = await fetch(
        server.url + path.replace("${MODEL_NAME}", "small").replace("${MODEL_VERSION}", "1"),
      );
      assert.equal(answer.status, 200, path);
      return await answer.json();
    };
    await get("/v2/health/live");
    await get("/v2/health/ready");
    await get("/v2/models/${MODEL_NAME}/versions/${MODEL_VERSION}/ready");
    check("metadata_server_response", await get("/v2/"));
    check("metadata_model_response", await get("/v2/models/${MODEL_NAME}/versions/${MODEL_VERSION}"));
    seen.add("/v2/models/${MODEL_NAME}/versions/${MODEL_VERSION}/infer");
    assert.deepEqual([...seen].sort(), Object.keys(specification.paths).sort());

    const { parts: [body] } = encodeMessage({ id: "42" }, "inputs", [imageTensor(imageOf(1))], () => false);
    check("inference_request", JSON.parse(new TextDecoder().decode(body)));
    const { status, json } = await post(server, "small", body as Uint8Array<ArrayBuffer>);
    assert.equal(status, 200);
    check("inference_response", json);
    assert.equal(json["id"], "42");
    for (const [model, sent] of [["small", "{"], ["none", "{}"], ["small", numbersBody(1)]] as const) {
      const { status, json } = await post(server, model, sent);
      assert(status >= 400 && status < 500);
      check("inference_error_response", json);
      assert.equal(typeof json["error"], "string");
    }
  });
});
