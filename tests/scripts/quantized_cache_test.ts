import assert from "node:assert/strict";
import { decodeBlock, encodeBlock } from "../../kernels/quantize/block.ts";
import { type FloatDType, narrow, widen } from "../../kernels/quantize/formats/elements.ts";
import { CACHE_LAYOUTS, type CacheContent, type CacheLayout } from "../../kernels/quantize/layout.ts";
import { blockBytes, type QuantizeMethod } from "../../kernels/quantize/method.ts";
import { encodeTensors } from "../../scripts/io/safetensors.ts";
import { readSafetensors, type SafetensorsFile, tensorOf } from "../../scripts/io/safetensors_read.ts";
import { type Cache, type CacheShape, DEFAULT_NAMES, findCache } from "../../scripts/quantize/cache.ts";
import { METHOD_NAMES, namedMethod } from "../../scripts/quantize/methods.ts";
import { decodeQuantized, DESCRIPTION_KEY, encodeQuantized } from "../../scripts/quantize/quantized_file.ts";
import { syntheticQueries } from "../../scripts/quantize/queries.ts";
import { dequantizeCache, quantizeCache } from "../../scripts/quantize/run.ts";
import { syntheticTensors } from "../../scripts/quantize/synthetic_cache.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import type { ErrorCode } from "../../serialize/errors.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import { refusedWith } from "../kernels/quantize/refused.ts";

const SIZES = { layers: 2, blocks: 2, heads: 2, tokens: 32, channels: 64 };
const RUN = { device: createModelDevice(), signal: new AbortController().signal, onProgress: () => {} };
const QUERIES = { queries: syntheticQueries(4, 1), limit: 0.001 };

function shapeOf(layout: CacheLayout, content: CacheContent, dtype: FloatDType = "bf16"): CacheShape {
  const sizes = content === "separate"
    ? SIZES
    : content === "fused"
    ? { ...SIZES, channels: 128 }
    : { ...SIZES, heads: 1, channels: 128 };
  return { dtype, layout, content, sizes, names: DEFAULT_NAMES[content] };
}

function fileOf(chunks: readonly Uint8Array[]): SafetensorsFile {
  return readSafetensors(new Uint8Array(chunks.flatMap((chunk) => [...chunk])), "x");
}

/** A cache as it comes from a file. */
function readBack(tensors: ReadonlyMap<string, Tensor>, source: CacheShape): Cache {
  const file = fileOf(encodeTensors(tensors));
  return findCache(source, new Set(file.entries.keys()), (name) => tensorOf(file, name));
}

/** Values of a head by plain indexes into a tensor of memory order. */
function plainHead(
  { data, shape: lengths }: Tensor,
  layout: CacheLayout,
  layer: number,
  head: number,
  first: number,
  channels: number,
): Uint16Array {
  const { blocks, tokens } = SIZES;
  const out = new Uint16Array(blocks * tokens * channels);
  for (let t = 0; t < blocks * tokens; t++) {
    for (let c = 0; c < channels; c++) {
      const at = {
        layers: layer,
        blocks: Math.floor(t / tokens),
        heads: head,
        tokens: t % tokens,
        channels: first + c,
      };
      const index = CACHE_LAYOUTS[layout].reduce((sum, axis, i) => sum * lengths[i]! + at[axis], 0);
      out[t * channels + c] = data[index]!;
    }
  }
  return out;
}

function throughReference(method: QuantizeMethod, bits: Uint16Array, channels: number): Uint16Array {
  const shape = { tokens: bits.length / channels, channels }, bytes = blockBytes(method, shape);
  const block = { codes: new Uint8Array(bytes.codes), metadata: new Uint8Array(bytes.metadata) };
  const values = new Float32Array(bits.length), back = new Uint16Array(bits.length);
  widen("bf16", bits, values);
  encodeBlock(method, values, shape, block);
  decodeBlock(method, block, shape, values);
  narrow("bf16", values, back);
  return back;
}

const FIRST: Record<CacheContent, readonly [number, number]> = {
  separate: [0, 0],
  fused: [0, 64],
  mla: [0, 64],
};

for (const content of ["separate", "fused", "mla"] as const) {
  Deno.test(`a cache goes to a file and back, ${content}, in every layout, as the reference does head by head`, async () => {
    const methods = [namedMethod("kivi2", "tokens"), namedMethod("int4", "channels")];
    for (const layout of Object.keys(CACHE_LAYOUTS) as CacheLayout[]) {
      const shape = shapeOf(layout, content), { tensors } = syntheticTensors(shape, 3);
      const cache = readBack(tensors, shape);
      const run = await quantizeCache(cache, methods, { ...RUN, ...QUERIES });
      const { tensors: back } = await dequantizeCache(
        decodeQuantized(fileOf(encodeQuantized(run.file))),
        RUN,
      );
      assert.deepEqual([...back.keys()], [...tensors.keys()]);
      for (const [at, { part }] of cache.parts.entries()) {
        const name = tensors.has(part) ? part : "kv", source = tensors.get(name)!, result = back.get(name)!;
        assert.deepEqual([result.dtype, result.shape], [source.dtype, source.shape]);
        for (let layer = 0; layer < 2; layer++) {
          for (let head = 0; head < shape.sizes.heads; head++) {
            const take = (from: Tensor) => plainHead(from, layout, layer, head, FIRST[content][at]!, 64);
            assert.deepEqual(
              take(result),
              throughReference(methods[at]!, take(source), 64),
              `${layout} ${part}`,
            );
          }
        }
      }
    }
  });
}

Deno.test("a cache with a tensor for each layer gives the codes of one tensor for all", async () => {
  const methods = [namedMethod("fp8", "tokens"), namedMethod("rotated3", "channels")];
  const all = shapeOf("LBNHC", "separate"), own = { ...all, names: ["layers.{layer}.k", "layers.{layer}.v"] };
  const { tensors } = syntheticTensors(own, 3);
  assert.deepEqual([...tensors.keys()], ["layers.0.k", "layers.1.k", "layers.0.v", "layers.1.v"]);
  const whole = await quantizeCache(syntheticTensors(all, 3).cache, methods, { ...RUN, ...QUERIES });
  const each = await quantizeCache(readBack(tensors, own), methods, { ...RUN, ...QUERIES });
  assert.deepEqual(each.file.parts, whole.file.parts);
  assert.deepEqual(each.reports, whole.reports);
  const { tensors: back } = await dequantizeCache(each.file, RUN);
  assert.deepEqual(
    [...back].map(([name, { shape }]) => [name, shape]),
    [...tensors].map((
      [name, { shape }],
    ) => [name, shape]),
  );
});

Deno.test("every method and element type goes to a file and back without other files", async () => {
  for (const name of METHOD_NAMES) {
    for (const dtype of ["bf16", "f16", "f32"] as const) {
      const methods = [namedMethod(name, "tokens"), namedMethod(name, "channels")];
      const { cache } = syntheticTensors(shapeOf("LBHNC", "separate", dtype), 5);
      const { file, reports } = await quantizeCache(cache, methods, { ...RUN, ...QUERIES });
      const read = decodeQuantized(fileOf(encodeQuantized(file)));
      assert.deepEqual(read, file, name);
      const { bytes, values } = reports[0]!.total;
      assert.equal(bytes.before, 2 * 2 * 64 * 64 * (dtype === "f32" ? 4 : 2));
      assert(values.snr > 8, `${name} ${values.snr}`);
    }
  }
});

Deno.test("quantizeCache() reports each layer and head, with bytes of all metadata and logits of K alone", async () => {
  const methods = [namedMethod("kivi2", "tokens"), namedMethod("kivi2", "channels")];
  const { cache } = syntheticTensors(shapeOf("BHLNC", "fused"), 3);
  const steps: string[] = [];
  const { reports: [k, v], work } = await quantizeCache(cache, methods, {
    ...RUN,
    ...QUERIES,
    onProgress: ({ done, total }) => steps.push(`${done}/${total}`),
  });
  assert.deepEqual(steps, ["0/8", "1/8", "2/8", "3/8", "4/8", "5/8", "6/8", "7/8", "8/8"]);
  assert.deepEqual(k!.heads.map(({ layer, head }) => [layer, head]), [[0, 0], [0, 1], [1, 0], [1, 1]]);
  assert.deepEqual(k!.heads[3]!.bytes, { before: 8192, codes: 1024, metadata: 512 });
  assert.deepEqual(k!.total.bytes, { before: 4 * 8192, codes: 4096, metadata: 2048 });
  // 16 KiB of a layer's part in packets of at most 1,344 bytes.
  assert.deepEqual([work.quantize.packets, work.dequantize.packets], [4 * 13, 4 * 13]);
  assert.equal(k!.total.logits!.queries, 16);
  assert.equal(v!.total.logits, undefined);
  assert(k!.total.values.snr > v!.total.values.snr, "outlier channels have their own groups");
  const worst = Math.max(...k!.heads.map(({ logits }) => logits!.maxLogitError));
  assert.equal(k!.total.logits!.maxLogitError, worst);
});

Deno.test("quantizeCache() compares the logits of MLA over latent and rotary channels", async () => {
  const methods = [namedMethod("mxint8", "tokens"), namedMethod("rotated2", "channels")];
  const { cache } = syntheticTensors(shapeOf("LBHNC", "mla"), 3);
  const seen: number[] = [];
  const queries = (...args: Parameters<ReturnType<typeof syntheticQueries>>) => {
    seen.push(args[3].channels);
    return syntheticQueries(4, 1)(...args);
  };
  const { reports: [latent, rotary] } = await quantizeCache(cache, methods, { ...RUN, queries, limit: 1 });
  assert.deepEqual(seen, [128, 128]);
  assert.equal(rotary!.total.logits, undefined);
  const exact = await quantizeCache(cache, [methods[0]!, methods[0]!], { ...RUN, queries, limit: 1 });
  const error = (report: typeof latent) => report!.total.logits!.meanLogitError;
  assert(error(latent) > 2 * error(exact.reports[0]!), "the rotary channels count");
});

Deno.test("quantizeCache() warns of heads that saturate more than the limit, and names the numbers", async () => {
  const methods = [namedMethod("mxfp4", "tokens"), namedMethod("mxfp4", "channels")];
  const { cache } = syntheticTensors(shapeOf("LBHNC", "separate"), 3);
  const strict = await quantizeCache(cache, methods, { ...RUN, ...QUERIES, limit: 0.001 });
  assert.equal(strict.reports[0]!.warnings.length, 4);
  assert.match(
    strict.reports[0]!.warnings[0]!,
    /^k, layer \d, head \d: \d+ of 4096 values \(.*%\) saturate, above 0.1%/,
  );
  const loose = await quantizeCache(cache, methods, { ...RUN, ...QUERIES, limit: 0.5 });
  assert.deepEqual(loose.reports.map(({ warnings }) => warnings), [[], []]);
});

Deno.test("quantizeCache() reports caches with NaN where a method has a rule for it", async () => {
  const methods = [namedMethod("mxfp8", "tokens"), namedMethod("fp8", "channels", { scale: "one" })];
  const { cache, tensors } = syntheticTensors(shapeOf("LBHNC", "separate"), 3);
  tensors.get("k")!.data[5] = 0x7fc0;
  tensors.get("v")!.data[5] = 0x7f80;
  const { reports: [k, v] } = await quantizeCache(cache, methods, { ...RUN, ...QUERIES });
  assert.deepEqual([k!.total.values.nonFinite, v!.total.values.nonFinite], [32, 1]);
  assert.deepEqual([k!.heads[0]!.logits!.topKept, v!.total.saturated], [0, 1]);
  assert(Number.isNaN(k!.total.logits!.maxLogitError) && k!.heads[1]!.logits!.topKept > 0);
});

Deno.test("syntheticTensors() refuses caches that are too large for memory", () => {
  const shape = shapeOf("LBHNC", "separate");
  const made = (tokens: number) => syntheticTensors({ ...shape, sizes: { ...SIZES, tokens } }, 1);
  refusedWith(
    "size",
    () => made(2 ** 22),
    /Cannot make a KV cache of 8589934592 bytes: expected at most 4294967296/,
  );
});

Deno.test("quantizeCache() ends with the signal's reason", async () => {
  const { cache } = syntheticTensors(shapeOf("LBHNC", "separate"), 3);
  const methods = [namedMethod("fp8", "tokens"), namedMethod("fp8", "channels")];
  const controller = new AbortController();
  const run = quantizeCache(cache, methods, {
    ...RUN,
    ...QUERIES,
    signal: controller.signal,
    onProgress: ({ done }) => done === 3 && controller.abort(new Error("enough")),
  });
  await assert.rejects(run, /enough/);
});

Deno.test("findCache() refuses tensors that are missing or do not fit each other", () => {
  const { tensors } = syntheticTensors(
    { ...shapeOf("LBHNC", "separate"), names: ["k.{layer}", "v.{layer}"] },
    1,
  );
  const refused = (code: ErrorCode, message: RegExp, change: (tensors: Map<string, Tensor>) => void, names = [
    "k.{layer}",
    "v.{layer}",
  ]) => {
    const changed = new Map<string, Tensor>(tensors);
    change(changed);
    refusedWith(code, () => readBack(changed, { ...shapeOf("LBHNC", "separate"), names }), message);
  };
  const other = (shape: number[], dtype: "bf16" | "u8" = "bf16") => {
    const count = shape.reduce((product, length) => product * length, 1);
    return tensor(dtype === "u8" ? new Uint8Array(count) : new Uint16Array(count), { dtype, shape });
  };
  refused("file", /tensor "k.1" is missing/, (all) => all.set("k.2", all.get("k.1")!) && all.delete("k.1"));
  refused("file", /tensor "k.0" is missing/, (all) => all.delete("k.0") && all.delete("k.1"));
  refused("file", /tensor "keys" is missing, found "k.0"/, () => {}, ["keys", "v.{layer}"]);
  refused("shape", /"v.0" has 1 layers, "?k.0"? has 2/, (all) => all.delete("v.1"));
  refused("shape", /"v.0" has 3 heads, k.0 has 2/, (all) => {
    for (const name of ["v.0", "v.1"]) all.set(name, other([2, 3, 32, 64]));
  });
  refused("shape", /"k.1" has shape \[2,2,16,64\]/, (all) => all.set("k.1", other([2, 2, 16, 64])));
  refused("shape", /"v.1" has dtype u8, k.0 has bf16/, (all) => all.set("v.1", other([2, 2, 32, 64], "u8")));
  refused("dtype", /KV cache of u8/, (all) => all.set("k.0", other([2, 2, 32, 64], "u8")));
  refused("shape", /has 5 axes, or 4 for one layer/, (all) => all.set("k.0", other([2, 64])));
  refused("shape", /holds all layers/, (all) => all.set("k.0", other([2, 2, 2, 32, 64])));
  refused("size", /of length 0/, (all) => {
    for (const name of all.keys()) all.set(name, other([2, 2, 0, 64]));
  });
});

Deno.test("decodeQuantized() refuses files without a description, or whose tensors do not fit it", async () => {
  const methods = [namedMethod("uint4", "tokens"), namedMethod("kivi2", "channels")];
  const { cache } = syntheticTensors(shapeOf("LBHNC", "separate"), 3);
  const { file } = await quantizeCache(cache, methods, { ...RUN, ...QUERIES });
  const good = fileOf(encodeQuantized(file));
  const description = JSON.parse(good.metadata.get(DESCRIPTION_KEY)!);
  const refused = (
    code: ErrorCode,
    message: RegExp,
    change: (all: Map<string, Tensor>) => void,
    text: string,
  ) => {
    const all = new Map([...good.entries.keys()].map((name) => [name, tensorOf(good, name)]));
    change(all);
    refusedWith(
      code,
      () => decodeQuantized(fileOf(encodeTensors(all, { [DESCRIPTION_KEY]: text }))),
      message,
    );
  };
  const same = JSON.stringify(description);
  const changed = (change: Record<string, unknown>) => JSON.stringify({ ...description, ...change });
  assert.equal(decodeQuantized(good).parts.length, 2);
  refusedWith("file", () => decodeQuantized(fileOf(encodeTensors(new Map()))), /no quantized cache/);
  const none = () => {};
  refused("file", /is not JSON/, none, "{");
  for (
    const change of [
      { version: 2 },
      { dtype: "f64" },
      { layout: "NHD" },
      { content: "other" },
      { sizes: { ...SIZES, heads: 0 } },
      { sizes: { ...SIZES, layers: 1025 } },
      { names: ["k"] },
      { names: ["k", "k"] },
      { names: ["{layer}{layer}", "v"] },
      { methods: [description.methods[0]] },
      { methods: [{ ...description.methods[0], group: 0 }, description.methods[1]] },
      { more: 1 },
    ]
  ) refused("file", /onpath\.kv_cache/, none, changed(change));
  refused("file", /"v.1.minima" is missing/, (all) => all.delete("v.1.minima"), same);
  refused("shape", /"k.0.codes" is u8 of shape \[2, 1\], expected u8 of shape \[2, 2048\]/, (all) => {
    all.set("k.0.codes", tensor(new Uint8Array(2), { dtype: "u8", shape: [2, 1] }));
  }, same);
  refused("dtype", /"k.0.scales" is u16/, (all) => {
    all.set("k.0.scales", tensor(new Uint16Array(2 * 128), { dtype: "u16", shape: [2, 128] }));
  }, same);
  refused("shape", /expected u8 of shape/, none, changed({ sizes: { ...SIZES, tokens: 64 } }));
  refused("shape", /do not divide/, none, changed({ sizes: { ...SIZES, channels: 60 } }));
});

Deno.test("namedMethod() takes options that a method has, and refuses others by name", () => {
  assert.deepEqual(namedMethod("int4", "channels", { group: 64, stored: "bf16" }), {
    kind: "absmax",
    bits: 4,
    axis: "channels",
    group: 64,
    stored: "bf16",
  });
  assert.deepEqual(namedMethod("kivi4", "tokens", { group: undefined }).kind, "kivi");
  refusedWith("pipeline", () => namedMethod("fp9", "tokens"), /expected one of fp8/);
  refusedWith(
    "pipeline",
    () => namedMethod("fp8", "tokens", { group: 32 }),
    /--group: it has --scale, --stored/,
  );
  refusedWith("pipeline", () => namedMethod("mxfp4", "tokens", { stored: "f16" }), /it has no options/);
});
