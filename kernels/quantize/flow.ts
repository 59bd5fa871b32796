/**
 * Flows of KV caches. Groups of all heads are cut into flows, and each flow into packets of whole groups.
 *
 * @module
 */

import { checkElements } from "../../serialize/dtype.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { cutRows } from "../../serialize/partition.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import { type PayloadSource, PlacedOutgoing } from "../../serialize/placed_outgoing.ts";
import type { PayloadSink, Placement } from "../../serialize/reassembler.ts";
import { type Tensor, zeros } from "../../serialize/tensor.ts";
import { PlacedFlow } from "../placed_flow.ts";
import type { Work } from "../workload.ts";
import { checkCache, headBytes, type QuantizedCache } from "./cache.ts";
import { createCodeReader, createCodeSink, createMetadataReader } from "./flows/code_places.ts";
import { checkFiniteValues, computeScales, storeScales } from "./flows/host_scales.ts";
import { fromChannelGroups, toChannelGroups } from "./flows/channel_codes.ts";
import { checkDistinct, checkExtent } from "./flows/rows.ts";
import type { StripeWorkspace } from "./flows/stripes.ts";
import { createValueReader, createValueSink } from "./flows/value_places.ts";
import type { FloatDType } from "./formats/elements.ts";
import type { QuantizeMethod } from "./method.ts";
import { codePayload, type GroupPacking, valuePayload } from "./packing.ts";
import type { DequantizePlan, QuantizePlan } from "./plan.ts";

/** Options of a run that quantizes. */
export interface QuantizeOptions {
  /**
   * Scales for small floats, such as calibrated ones: one for each head, or for each channel of a head. Each is
   * representable in the stored type. Computed from the values by default.
   */
  readonly scales?: Float32Array | undefined;
}

/** Options of a run that dequantizes. */
export interface DequantizeOptions<D extends FloatDType = FloatDType> {
  /** Receives the values, in any strides. Default a new dense tensor. */
  readonly into?: Tensor<D> | undefined;
}

/** Groups of a flow. A partition counts at most 2^24 items a row. */
const STRETCH = 2 ** 20;

/** Payloads of an input, by the first group of a flow. */
type SourceOf = (base: number) => PayloadSource;

/**
 * Checks an input and creates its flows.
 *
 * @param plan Plan that quantizes.
 * @param input Tensor of the plan's type and shape, in any strides.
 * @param options Given scales.
 * @param workspace Memory for a stripe, in the engine of the slots.
 * @throws {OnpathError} `dtype` or `shape` if the input differs; `size` for NaN or infinity where scales come from
 * values.
 */
export function beginQuantize(
  plan: QuantizePlan,
  input: Tensor,
  options: QuantizeOptions,
  workspace: StripeWorkspace,
): Work<QuantizedCache> {
  const { metadata, sourceOf } = readQuantized(plan, input, options, workspace);
  const { sinkOf, finish } = placeQuantized(plan, metadata ?? undefined);
  const flows = stretches(plan.body.packing).map((stretch) =>
    groupFlow(plan, stretch, sourceOf(stretch.base), sinkOf(stretch.base))
  );
  const result = (): QuantizedCache => {
    for (const flow of flows) flow.result();
    return finish();
  };
  return { flows, result };
}

/**
 * Checks an input to quantize and prepares its payloads.
 *
 * @returns Payloads, and the scales if they come from the host.
 * @throws {OnpathError} As {@linkcode beginQuantize}.
 */
export function readQuantized(
  plan: QuantizePlan,
  input: Tensor,
  { scales }: QuantizeOptions,
  workspace: StripeWorkspace,
): { readonly metadata: Uint8Array<ArrayBuffer> | null; readonly sourceOf: SourceOf } {
  const { body } = plan;
  const { method, packing, values: { shape } } = body;
  checkTensor(plan, input, "quantize");
  checkExtent(input);
  const given = scales === undefined ? undefined : storeScales(body, scales);
  if (given === undefined && !packing.isGiven && needsFinite(method)) checkFiniteValues(body, input);
  const metadata = packing.isGiven ? given ?? computeScales(body, input) : null;
  const readValues = createValueReader(packing, input, workspace);
  const readMetadata = metadata === null
    ? undefined
    : createMetadataReader(packing, { method, shape, metadata });
  const sourceOf: SourceOf = (base) => ({
    write: (engine, at, first, count) => {
      readValues(engine, at, base + first, count);
      readMetadata?.(engine, at + count * packing.valueBytes, base + first, count);
    },
  });
  return { metadata, sourceOf };
}

/**
 * Reserves a quantized cache.
 *
 * @param plan Plan that quantizes.
 * @param given Scales from the host; undefined if the device computes the metadata.
 * @returns Sinks by the first group of a flow, and the cache once all flows are complete.
 */
export function placeQuantized(plan: QuantizePlan, given?: Uint8Array<ArrayBuffer>): {
  readonly sinkOf: (base: number) => PayloadSink;
  readonly finish: () => QuantizedCache;
} {
  const { body } = plan;
  const { method, packing, values: { shape } } = body;
  const bytes = headBytes(method, shape);
  const metadata = given ?? new Uint8Array(packing.heads * bytes.metadata);
  const cache = { method, shape, codes: new Uint8Array(packing.heads * bytes.codes), metadata };
  return {
    sinkOf: (base) => createCodeSink(packing, cache, base),
    finish: () => isChannelFloat(method) ? { ...cache, codes: fromChannelGroups(body, cache.codes) } : cache,
  };
}

/**
 * Checks a quantized cache and creates its flows.
 *
 * @param plan Plan that dequantizes.
 * @param input Cache of the plan's method and shape.
 * @param options Memory for the values.
 * @throws {OnpathError} `dtype` or `shape` if the cache or the memory differs; `size` for stored values that no
 * encoder writes.
 */
export function beginDequantize(
  plan: DequantizePlan,
  input: QuantizedCache,
  { into }: DequantizeOptions = {},
): Work<Tensor> {
  const { body: { packing, values: { shape, dtype } } } = plan;
  const sourceOf = readDequantized(plan, input);
  if (into !== undefined) {
    checkTensor(plan, into, "dequantize into");
    checkExtent(into);
    checkDistinct(into);
  }
  const output = into ?? zeros({ dtype, shape });
  const flows = stretches(packing).map((stretch) =>
    groupFlow(plan, stretch, sourceOf(stretch.base), createValueSink(packing, output, stretch.base))
  );
  const result = (): Tensor => {
    for (const flow of flows) flow.result();
    return output;
  };
  return { flows, result };
}

/**
 * Checks a quantized cache and prepares its payloads.
 *
 * @throws {OnpathError} As {@linkcode beginDequantize}.
 */
export function readDequantized(plan: DequantizePlan, input: QuantizedCache): SourceOf {
  const { body } = plan;
  const { method, packing, values: { shape } } = body;
  const cache = checkCache(method, shape, input);
  const codes = isChannelFloat(method) ? toChannelGroups(body, cache.codes) : cache.codes;
  const readCodes = createCodeReader(packing, codes), readMetadata = createMetadataReader(packing, cache);
  return (base) => ({
    write: (engine, at, first, count) => {
      readCodes(engine, at, base + first, count);
      readMetadata(engine, at + count * packing.codeBytes, base + first, count);
    },
  });
}

/** Groups of a flow. */
export interface Stretch {
  /** Number of the first group. */
  readonly base: number;
  /** Groups, with the padding. */
  readonly groups: number;
}

/** Flows of a cache: their first group, and their groups with the padding. */
export function stretches({ perHead, heads, groups, unit }: GroupPacking): Stretch[] {
  const total = perHead * heads, stretch = Math.floor(STRETCH / groups) * groups;
  return Array.from({ length: Math.ceil(total / stretch) }, (_, n) => {
    const own = Math.min(stretch, total - n * stretch);
    return { base: n * stretch, groups: Math.ceil(own / unit) * unit };
  });
}

/** Places of a flow's requests and answers. */
export function groupPlacements(
  plan: QuantizePlan | DequantizePlan,
  { groups }: Stretch,
): { readonly requests: Placement; readonly answers: Placement } {
  const { id, workload, body: { packing, checksum } } = plan;
  const isCodes = workload === "quantize";
  const cut = cutRows(groups, 1, 1, packing.groups, packing.groups);
  const request = isCodes ? valuePayload(packing, 1) : codePayload(packing, 1, false);
  const answer = isCodes ? codePayload(packing, 1, true) : packing.valueBytes;
  const requests: Placement = { plan: id, cut, planes: 1, itemBytes: request, checksum };
  return { requests, answers: { ...requests, itemBytes: answer } };
}

function groupFlow(
  plan: QuantizePlan | DequantizePlan,
  stretch: Stretch,
  source: PayloadSource,
  sink: PayloadSink,
): PlacedFlow<void> {
  const { requests, answers } = groupPlacements(plan, stretch);
  return new PlacedFlow<void>({
    send: (number) => new PlacedOutgoing(number, requests, source),
    receive: (number) => new PlacedIncoming<void>(number, answers, () => undefined, sink),
  });
}

function checkTensor(
  { body: { values: { dtype, shape } } }: QuantizePlan | DequantizePlan,
  value: unknown,
  intent: string,
): void {
  const found = Object(value) as Partial<Tensor>;
  const isTensor = [found.shape, found.strides].every(Array.isArray) && ArrayBuffer.isView(found.data);
  if (found.dtype !== dtype || !isTensor) {
    const what = found.dtype === undefined ? `a value ${kindOf(value)}` : String(found.dtype).slice(0, 40);
    throw new OnpathError("dtype", `Cannot ${intent} ${what}: the plan is for a tensor of ${dtype}`, {
      expected: dtype,
    });
  }
  if (found.shape!.length !== shape.length || shape.some((length, axis) => found.shape![axis] !== length)) {
    throw new OnpathError(
      "shape",
      `Cannot ${intent} shape [${found.shape!.slice(0, 8).join(", ")}]: the plan is for [${
        shape.join(", ")
      }]`,
      { found: found.shape!.slice(0, 8), expected: shape },
    );
  }
  checkElements(dtype, found.data!);
}

/** Whether scales come from the values. Small floats under a scale of 1 and MX have rules for NaN and infinity. */
function needsFinite({ kind }: QuantizeMethod): boolean {
  return kind !== "float" && kind !== "mx";
}

/** Whether packets hold the codes in another order than a cache. */
function isChannelFloat(method: QuantizeMethod): boolean {
  return method.kind === "float" && method.scale === "channel";
}
