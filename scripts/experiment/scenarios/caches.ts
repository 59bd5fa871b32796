/**
 * Blocks of a KV cache in bf16 to fewer bits.
 *
 * @module
 */

import { compile } from "../../../kernels/compile.ts";
import type { QuantizedCache } from "../../../kernels/quantize/cache.ts";
import { toBFloat16Bits } from "../../../serialize/dtype.ts";
import { headBytes } from "../../../kernels/quantize/cache.ts";
import { createGroupEncoder } from "../../../kernels/quantize/model/codec.ts";
import type { QuantizeMethod } from "../../../kernels/quantize/method.ts";
import type { CacheDimensions } from "../../../kernels/quantize/packing.ts";
import type { QuantizePlan } from "../../../kernels/quantize/plan.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { syntheticCache } from "../../quantize/synthetic_cache.ts";
import type { Item, Scenario } from "../scenario.ts";

/** Layers, blocks, heads, tokens and channels: a block of 256 tokens. */
const SHAPE: CacheDimensions = [1, 1, 8, 256, 128];
const VALUES = SHAPE.reduce((product, length) => product * length, 1);

function planOf(method: QuantizeMethod): QuantizePlan {
  const input = tensor(new Uint16Array(VALUES), { dtype: "bf16", shape: [...SHAPE] });
  return compile({ steps: [{ op: "quantize", method }] }, { input, device: MODEL_PROFILE });
}

/** Encodes a whole block by one call of the compiled loop, which the model device calls for each packet. */
function direct(method: QuantizeMethod): (bytes: Uint8Array) => Uint8Array {
  const { body } = planOf(method), { codes, metadata } = headBytes(method, SHAPE);
  const heads = SHAPE[0] * SHAPE[2], length = heads * (codes + metadata), from = 2 * VALUES;
  const engine = createEngine(from + length + 64);
  const at = engine.reserve(from + length);
  const encode = createGroupEncoder(body);
  return (bytes) => {
    engine.bytes.set(bytes, at);
    encode(engine, at, at + from, VALUES / body.packing.values);
    return engine.bytes.slice(at + from, at + from + length);
  };
}

async function blocks(seed: number, count: number): Promise<Item[]> {
  const [layers, , heads, tokens, channels] = SHAPE;
  const items: Item[] = [];
  for (let n = 0; n < count; n++) {
    const { keys } = syntheticCache({ layers, heads, tokens, channels, queries: 0 }, 1000 * seed + n);
    const data = Uint16Array.from(keys, toBFloat16Bits);
    const input = tensor(data, { dtype: "bf16", shape: [...SHAPE] });
    items.push({ plain: new Uint8Array(data.buffer), forNic: () => input });
    if (n % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
  }
  return items;
}

function ofMethod(name: string, method: QuantizeMethod): Scenario {
  return {
    name: `KV block, ${name}`,
    requests: { phase: 50, contended: 100 },
    open: () => Promise.resolve({ plan: planOf(method) }),
    items: blocks,
    bytesOf: (output) => {
      const { codes, metadata } = output as QuantizedCache;
      const bytes = new Uint8Array(codes.length + metadata.length);
      bytes.set(codes);
      bytes.set(metadata, codes.length);
      return bytes;
    },
    baselines: [{
      name: "bf16, WebAssembly",
      isExact: true,
      open: () => Promise.resolve(direct(method)),
    }],
  };
}

/** Scenarios with KV caches. */
export const CACHE_SCENARIOS: readonly Scenario[] = [
  ofMethod("FP8", { kind: "float", format: "e4m3fn", scale: "one", stored: "f16" }),
  ofMethod("int8, groups of 128", { kind: "absmax", bits: 8, axis: "channels", group: 128, stored: "f16" }),
  ofMethod("int4, groups of 32", { kind: "absmax", bits: 4, axis: "channels", group: 32, stored: "f16" }),
];
