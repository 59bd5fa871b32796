import assert from "node:assert/strict";
import type { Tracer } from "@opentelemetry/api";
import { createHandler } from "../../../runtime/serve/handler.ts";
import type { HandlerOptions } from "../../../runtime/serve/handler_types.ts";
import type { AnyInferenceModel } from "../../../runtime/serve/model.ts";
import type { RequestEvent, ServeSpan, ServeTracer } from "../../../runtime/serve/observer.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { type HeldModel, heldModel, numbers } from "./helpers.ts";

/** Handler of a held model that has started. */
async function started(model: HeldModel = heldModel(), options: Omit<HandlerOptions, "models"> = {}) {
  const handler = createHandler({ models: [model], maxDelayMs: 0, ...options });
  await handler.start();
  return { handler, model };
}

Deno.test("createHandler() refuses limits outside their range, and takes their ends", () => {
  const most = { maxBatch: 4096, maxDelayMs: 60_000, maxQueue: 65_536, maxRunning: 64, timeoutMs: 3_600_000 };
  for (const [name, value] of Object.entries(most)) {
    const least = name === "maxDelayMs" ? 0 : 1;
    for (const right of [least, value]) createHandler({ models: [], [name]: right });
    for (const wrong of [least - 1, value + 1, 1.5, NaN, "8"]) {
      assert.throws(
        () => createHandler({ models: [], [name]: wrong as number }),
        refusal("size"),
        `${name} ${wrong}`,
      );
    }
  }
});

Deno.test("createHandler() refuses model names that paths cannot hold, and repeated ones", () => {
  for (const name of ["", "a/b", "..", "a b", "é", "x".repeat(129)]) {
    assert.throws(
      () => createHandler({ models: [heldModel(name)] }),
      refusal("size", /Cannot serve model/),
      name,
    );
  }
  createHandler({ models: [heldModel("x".repeat(128)), heldModel("a.b-c_D")] });
  assert.throws(
    () => createHandler({ models: [heldModel("a"), heldModel("a")] }),
    refusal("size", /repeated/),
  );
});

Deno.test("InferenceHandler.infer() refuses requests before the start and after the close", async () => {
  const handler = createHandler({ models: [heldModel()] });
  const infer = () => handler.infer({ model: "held", inputs: [numbers(1)] });
  await assert.rejects(infer(), refusal("busy", /models are starting/));
  await handler.start();
  assert(handler.isReady());
  await handler.close();
  await assert.rejects(infer(), refusal("busy", /closing/));
  assert(!handler.isReady());
});

Deno.test("InferenceHandler.infer() joins requests into batches, and gives each its own results", async () => {
  const { handler, model } = await started(heldModel(), { maxBatch: 4 });
  const first = handler.infer({ model: "held", inputs: [numbers(1)] });
  await model.started(1);
  const rest = [numbers(2, 3), numbers(4), numbers(5)].map((input, at) =>
    handler.infer({ model: "held", id: String(at), inputs: [input] })
  );
  model.batches[0]!.end();
  await model.started(2);
  assert.deepEqual(model.batches.map(({ items }) => items), [[1], [2, 3, 4, 5]]);
  model.batches[1]!.end();
  const done = await Promise.all([first, ...rest]);
  assert.deepEqual(done.map(({ id, outputs: [y] }) => [id, ...y!.data as Int32Array]), [
    [undefined, 2],
    ["0", 4, 6],
    ["1", 8],
    ["2", 10],
  ]);
  await handler.close();
});

Deno.test("InferenceHandler.infer() ends at the request's own timeout, and at its signal", async () => {
  const { handler, model } = await started();
  await assert.rejects(
    handler.infer({ model: "held", inputs: [numbers(1)] }, { timeoutMs: 1 }),
    refusal("timeout", /model held/),
  );
  const controller = new AbortController();
  const left = handler.infer({ model: "held", inputs: [numbers(2)] }, { signal: controller.signal });
  await model.started(2);
  controller.abort(new Error("gone"));
  await assert.rejects(left, /gone/);
  await assert.rejects(
    handler.infer({ model: "held", inputs: [numbers(2)] }, { signal: controller.signal }),
    /gone/,
  );
  assert.deepEqual(model.batches.map(({ signal }) => signal.aborted), [true, true]);
  await handler.close();
});

Deno.test("InferenceHandler.close() finishes what runs and what is queued, and closes models once", async () => {
  const { handler, model } = await started(heldModel(), { maxBatch: 1, maxDelayMs: 60_000 });
  const both = [1, 2].map((value) => handler.infer({ model: "held", inputs: [numbers(value)] }));
  await model.started(1);
  const closed = handler.close();
  await assert.rejects(handler.infer({ model: "held", inputs: [numbers(3)] }), refusal("busy"));
  model.batches[0]!.end();
  await model.started(2);
  assert.equal(model.closes, 0);
  model.batches[1]!.end();
  await closed;
  assert.deepEqual((await Promise.all(both)).map(({ outputs: [y] }) => (y!.data as Int32Array)[0]), [2, 4]);
  await handler.close();
  assert.equal(model.closes, 1);
});

Deno.test("InferenceHandler.close() aborts requests that exceed its timeout", async () => {
  const { handler, model } = await started();
  const held = handler.infer({ model: "held", inputs: [numbers(1)] });
  await model.started(1);
  const closed = handler.close({ timeoutMs: 1 });
  await assert.rejects(held, refusal("timeout", /requests/));
  await closed;
  assert.equal(model.closes, 1);
});

Deno.test("InferenceHandler.infer() reports every request to the observer, by outcome", async () => {
  const events: RequestEvent[] = [];
  const batches: number[] = [];
  const observer = {
    onRequest: (event: RequestEvent) => events.push(event),
    onBatch: ({ items }: { items: number }) => batches.push(items),
  };
  const { handler, model } = await started(heldModel(), { observer, maxQueue: 2, maxBatch: 2 });
  const run = (...values: number[]) => handler.infer({ model: "held", inputs: [numbers(...values)] });
  const ok = run(1, 2);
  await model.started(1);
  const queued = run(3, 4);
  await assert.rejects(run(5), refusal("busy"));
  await assert.rejects(handler.infer({ model: "held", inputs: [] }), refusal("pipeline"));
  model.batches[0]!.end();
  await ok;
  await model.started(2);
  model.batches[1]!.end(new TypeError("a defect"));
  await assert.rejects(queued, TypeError);
  assert.deepEqual(events.map(({ model, outcome, items }) => [model, outcome, items]), [
    ["held", "busy", 1],
    ["held", "pipeline", 0],
    ["held", "ok", 2],
    ["held", "unexpected", 2],
  ]);
  assert.deepEqual(batches, [2, 2]);
  await handler.close();
});

Deno.test("InferenceHandler.infer() makes a span of each request, with its context, items and error", async () => {
  const spans: Record<string, unknown>[] = [];
  const tracer: ServeTracer = {
    startSpan: (name, options, context) => {
      const span: Record<string, unknown> = { name, ...options, context, ended: 0 };
      spans.push(span);
      return {
        setAttribute: (key, value) => span[key] = value,
        recordException: ({ message }) => void (span["exception"] = message),
        setStatus: (status) => span["status"] = status,
        end: () => void (span["ended"] = Number(span["ended"]) + 1),
      } satisfies ServeSpan;
    },
  };
  const { handler, model } = await started(heldModel(), { tracer });
  const ok = handler.infer({ model: "held", inputs: [numbers(7, 8)] }, { context: "caller" });
  await model.started(1);
  model.batches[0]!.end();
  await ok;
  await assert.rejects(handler.infer({ model: "held", inputs: [] }), OnpathError);
  assert.deepEqual(
    spans.map((
      span,
    ) => [span["name"], span["kind"], span["context"], span["onpath.items"], span["status"], span["ended"]]),
    [
      ["infer held", 1, "caller", 2, { code: 1 }, 1],
      ["infer held", 1, undefined, 0, { code: 2, message: "pipeline" }, 1],
    ],
  );
  assert.match(String(spans[1]!["exception"]), /input x is missing/);
  // OpenTelemetry's own tracer fits the interface.
  const fits: (tracer: Tracer) => ServeTracer = (tracer) => tracer;
  assert.equal(typeof fits, "function");
  await handler.close();
});

Deno.test("InferenceHandler.infer() refuses a model that returns fewer outputs than it names", async () => {
  const model: AnyInferenceModel = { ...heldModel(), begin: () => ({ items: [], join: () => [] }) };
  await using handler = createHandler({ models: [model] });
  await handler.start();
  await assert.rejects(
    handler.infer({ model: "held", inputs: [numbers(1)] }),
    refusal("device", /returned no output y/),
  );
});
