/**
 * Servers for tests, and clients that send what a well-behaved one does not.
 *
 * @module
 */

import { request } from "node:http";
import { connect } from "node:net";
import { compile } from "../../../kernels/compile.ts";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import { createModelDevice, MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { createHandler } from "../../../runtime/serve/handler.ts";
import type { HandlerOptions, InferenceHandler } from "../../../runtime/serve/handler_types.ts";
import { imageModel } from "../../../runtime/serve/image_model.ts";
import type { AnyInferenceModel, InferenceModel } from "../../../runtime/serve/model.ts";
import { type InferenceServer, serve, type ServeOptions } from "../../../runtime/serve/server.ts";
import type { InferenceTensor } from "../../../runtime/serve/tensors.ts";

/** Opens a model device, as a model does. */
export const openDevice = () => Promise.resolve(createModelDevice());

/** Shape of the images of {@linkcode smallPlan}. */
export const SHAPE: readonly number[] = [24, 32, 3];

/** Bytes of such an image. */
export const IMAGE_BYTES = 24 * 32 * 3;

/** Plan that resizes and normalises small images. */
export function smallPlan(dtype: "u8" | "f32" | "f16" | "bf16" = "f32"): ImagePlan {
  const input = { dtype: "u8", shape: SHAPE, layout: "HWC" } as const;
  const mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225];
  return compile({
    steps: [
      { op: "resize", size: [8, 8] },
      ...dtype === "u8" ? [] : [{ op: "normalize", mean, std, range: "0-1", dtype, layout: "CHW" } as const],
    ],
  }, { input, device: MODEL_PROFILE });
}

/** Model `small` of {@linkcode smallPlan}. */
export function smallModel(dtype?: "u8" | "f32" | "f16" | "bf16"): AnyInferenceModel {
  return imageModel({ name: "small", plan: smallPlan(dtype), open: openDevice });
}

/** Image whose levels follow from a seed. */
export function imageOf(seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: IMAGE_BYTES }, (_, at) => (at * 31 + seed * 97 + (at >> 5)) & 255);
}

/** Input tensor of an image. */
export function imageTensor(data: Uint8Array): InferenceTensor {
  return { name: "image", datatype: "UINT8", shape: SHAPE, data };
}

/** Model whose batches end when the test ends them. */
export interface HeldModel extends InferenceModel<number, number> {
  /** Batches that run, in order of their start. */
  readonly batches: {
    readonly items: readonly number[];
    readonly signal: AbortSignal;
    readonly end: (error?: unknown) => void;
  }[];
  /** Resolves once a number of batches have started. */
  readonly started: (count: number) => Promise<void>;
  /** How often it was closed. */
  closes: number;
}

/** Creates a model whose input `x` has INT32 items, and whose output `y` doubles them. */
export function heldModel(name = "held"): HeldModel {
  const batches: HeldModel["batches"] = [];
  const waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  return {
    name,
    version: "1",
    platform: "test",
    inputs: [{ name: "x", datatype: "INT32", shape: [-1] }],
    outputs: [{ name: "y", datatype: "INT32", shape: [-1] }],
    start: () => Promise.resolve(),
    begin: ([x]) => ({
      items: [...x!.data as Int32Array],
      join: (results) => [{
        name: "y",
        datatype: "INT32",
        shape: [results.length],
        data: Int32Array.from(results),
      }],
    }),
    run: (items, { signal }) =>
      new Promise((resolve, reject) => {
        const abort = () => reject(signal!.reason);
        signal!.addEventListener("abort", abort, { once: true });
        const end = (error?: unknown) => {
          signal!.removeEventListener("abort", abort);
          if (error === undefined) resolve(items.map((item) => 2 * item));
          else reject(error);
        };
        batches.push({ items, signal: signal!, end });
        for (const waiter of waiters) if (batches.length >= waiter.count) waiter.resolve();
      }),
    close() {
      this.closes++;
      return Promise.resolve();
    },
    closes: 0,
    batches,
    started: (count) =>
      batches.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push({ count, resolve: () => resolve() })),
  };
}

/** Input `x` of {@linkcode heldModel}. */
export function numbers(...values: number[]): InferenceTensor {
  return { name: "x", datatype: "INT32", shape: [values.length], data: Int32Array.from(values) };
}

/** JSON body with input `x`. */
export function numbersBody(...values: number[]): string {
  return JSON.stringify({ inputs: [{ name: "x", datatype: "INT32", shape: [values.length], data: values }] });
}

/** Runs a test against a server; a defect of the server fails it. */
export async function withServer(
  models: readonly AnyInferenceModel[],
  run: (server: InferenceServer, handler: InferenceHandler) => Promise<void>,
  options: Omit<HandlerOptions, "models"> & Omit<ServeOptions, "port" | "host"> = {},
): Promise<void> {
  const defects: unknown[] = [];
  const handler = createHandler({ models, ...options });
  const server = await serve(handler, { ...options, port: 0, onDefect: (error) => defects.push(error) });
  try {
    await run(server, handler);
  } finally {
    await server.close();
  }
  if (defects.length > 0) throw defects[0];
}

/** Response to a request that `fetch` cannot make. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends a request with exact headers. */
export function ask(
  url: string,
  { method = "POST", headers = {}, chunks = [] }: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly chunks?: readonly (Uint8Array | string)[];
  },
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      const parts: Uint8Array[] = [];
      answer.on("data", (part: Uint8Array) => parts.push(part));
      answer.on("end", () => {
        const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
        resolve({
          status: answer.statusCode!,
          headers: answer.headers,
          text: new TextDecoder().decode(bytes),
        });
        sent.destroy();
      });
    });
    sent.on("error", reject);
    for (const chunk of chunks) sent.write(chunk);
    sent.end();
  });
}

/** Writes bytes to a port; all bytes that come back until the connection ends. */
export function writeRaw(port: number, bytes: Uint8Array | string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (part: Uint8Array) => text += new TextDecoder().decode(part));
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    socket.end(bytes);
  });
}

/** Posts a body to a model, and reads JSON. */
export async function post(
  server: InferenceServer,
  model: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly json: Record<string, unknown>; readonly headers: Headers }> {
  const answer = await fetch(`${server.url}/v2/models/${model}/infer`, { method: "POST", body, headers });
  return { status: answer.status, json: JSON.parse(await answer.text()), headers: answer.headers };
}
