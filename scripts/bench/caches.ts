/**
 * Candidates for KV caches: reordering into packets and the model's work on them, beside a copy of the values.
 *
 * @module
 */

import { compile } from "../../kernels/compile.ts";
import { reservePlanSlots } from "../../kernels/plan/slots.ts";
import { beginDequantize, beginQuantize } from "../../kernels/quantize/flow.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import {
  reserveWorkspace,
  type StripeWorkspace,
  workspaceBytes,
} from "../../kernels/quantize/flows/stripes.ts";
import { createCacheModel } from "../../kernels/quantize/model/model.ts";
import type { CacheDimensions } from "../../kernels/quantize/packing.ts";
import type { DequantizePlan, QuantizePlan } from "../../kernels/quantize/plan.ts";
import type { Work } from "../../kernels/workload.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { createEngine } from "../../serialize/engine.ts";
import {
  type Checksum,
  type PacketSlots,
  reserveSlots,
  slotBytesFor,
  SLOTS_ALIGNMENT,
} from "../../serialize/packets.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import type { Candidate } from "./measure.ts";

/** Layers, blocks, heads, tokens and channels of caches of 1, 8 and 64 MiB in bf16. */
export const CACHE_SIZES: Readonly<Record<string, CacheDimensions>> = {
  "1 MiB": [4, 8, 8, 16, 128],
  "8 MiB": [32, 8, 8, 16, 128],
  "64 MiB": [32, 64, 8, 16, 128],
};

/** Order of memory of vLLM's NHD: tokens before heads. */
const NHD = [0, 1, 3, 2, 4] as const;

const FP8: QuantizeMethod = { kind: "float", format: "e4m3fn", scale: "one", stored: "f16" };
const SCALED: QuantizeMethod = { ...FP8, scale: "block" };
const INT4: QuantizeMethod = { kind: "absmax", bits: 4, axis: "channels", group: 32, stored: "f16" };
const CHANNELS: QuantizeMethod = { kind: "mx", format: "mxfp4", axis: "channels" };
const TOKENS: QuantizeMethod = { ...CHANNELS, axis: "tokens" };

/**
 * Creates the candidates of one size. The first is a copy of the values.
 *
 * @param shape Lengths of the axes.
 */
export function cacheCandidates(shape: CacheDimensions): Candidate[] {
  const input = cacheOf(shape), copy = input.data.slice();
  return [
    { name: "memcpy of the values", run: () => copy.set(input.data) },
    { name: "into slots, groups of channels", run: reordering(input, CHANNELS) },
    { name: "into slots, groups of tokens, HND", run: reordering(input, TOKENS) },
    { name: "into slots, groups of tokens, NHD", run: reordering(withOrder(input, NHD), TOKENS) },
    { name: "bf16 to FP8, scale 1", run: encoding(input, FP8, "link") },
    { name: "bf16 to FP8, scale per head", run: encoding(input, SCALED, "link") },
    { name: "bf16 to FP8, scale per head, CRC-32C", run: encoding(input, SCALED, "crc32c") },
    { name: "FP8 to bf16, scale 1", run: decoding(input, FP8, "link") },
    { name: "FP8 to bf16, scale per head", run: decoding(input, SCALED, "link") },
    { name: "bf16 to int4", run: encoding(input, INT4, "link") },
    { name: "int4 to bf16", run: decoding(input, INT4, "link") },
  ];
}

/** A cache of values that look random, each finite. */
function cacheOf(shape: CacheDimensions): Tensor<"bf16"> {
  const count = shape.reduce((product, length) => product * length, 1);
  const data = new Uint16Array(count);
  for (let n = 0, state = 1; n < count; n++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[n] = 0x3c00 + (state >>> 31 << 15) + (state >>> 22 & 0x3ff);
  }
  return tensor(data, { dtype: "bf16", shape });
}

/** Views the elements with another order of axes in memory. */
function withOrder(cache: Tensor<"bf16">, order: readonly number[]): Tensor<"bf16"> {
  const strides = [...cache.strides];
  let step = 1;
  for (const axis of order.toReversed()) {
    strides[axis] = step;
    step *= cache.shape[axis]!;
  }
  return { ...cache, strides };
}

function quantizePlan(input: Tensor<"bf16">, method: QuantizeMethod, checksum: Checksum): QuantizePlan {
  return compile({ steps: [{ op: "quantize", method }] }, { input, device: MODEL_PROFILE, checksum });
}

/** Writes all requests into a session's slots, one exchange after another. */
function reordering(input: Tensor<"bf16">, method: QuantizeMethod): () => void {
  const plan = quantizePlan(input, method, "link");
  const { packing } = plan.body, channels = input.shape[4]!;
  const { requests } = reservePlanSlots(plan.packets, workspaceBytes(packing, channels));
  const workspace = reserveWorkspace(packing, channels, requests.engine);
  return () => {
    for (const flow of beginQuantize(plan, input, {}, workspace).flows) {
      while (flow.write(requests, 0, requests.slots) > 0);
    }
  };
}

/** Runs the model over all packets of a cache. They are in memory, and exceed the caches of a core. */
function encoding(input: Tensor<"bf16">, method: QuantizeMethod, checksum: Checksum): () => void {
  const plan = quantizePlan(input, method, checksum);
  return filled(plan, (workspace) => beginQuantize(plan, input, {}, workspace)).take;
}

function decoding(input: Tensor<"bf16">, method: QuantizeMethod, checksum: Checksum): () => void {
  const plan = quantizePlan(input, method, checksum);
  const { work, take, answers, count } = filled(
    plan,
    (workspace) => beginQuantize(plan, input, {}, workspace),
  );
  take();
  let flow = 0;
  for (let slot = 0; slot < count; slot++) {
    while (work.flows[flow]!.done) flow++;
    work.flows[flow]!.accept(answers, slot);
  }
  const cache = work.result();
  const back = compile({ steps: [{ op: "dequantize", method, dtype: "bf16" }] }, {
    input: cache,
    device: MODEL_PROFILE,
    checksum,
  });
  return filled(back, () => beginDequantize(back, cache)).take;
}

/** Writes all requests of a work into slots, and returns the model's work on them. */
function filled<Out>(plan: QuantizePlan | DequantizePlan, begin: (workspace: StripeWorkspace) => Work<Out>): {
  readonly work: Work<Out>;
  readonly take: () => void;
  readonly answers: PacketSlots;
  readonly count: number;
} {
  const { packing, values: { shape } } = plan.body;
  // A flow may end with a packet that is not full.
  const slots = Math.ceil(packing.perHead * packing.heads / packing.groups) + 64;
  const { request, answer } = plan.packets;
  const bytes = slots * (slotBytesFor(request) + slotBytesFor(answer)) + 2 * SLOTS_ALIGNMENT;
  const engine = createEngine(bytes + workspaceBytes(packing, shape[4]));
  const requests = reserveSlots(engine, slots, request), answers = reserveSlots(engine, slots, answer);
  const work = begin(reserveWorkspace(packing, shape[4], engine));
  let count = 0;
  for (const flow of work.flows) {
    for (let more = 1; more > 0; count += more) more = flow.write(requests, count, slots - count);
  }
  const model = createCacheModel(plan, "bus");
  const take = () => {
    for (let slot = 0; slot < count; slot++) model.take(requests, slot, answers, slot);
  };
  return { work, take, answers, count };
}
