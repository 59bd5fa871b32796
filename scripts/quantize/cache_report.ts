/**
 * Report of a cache that went through a method and back: bytes, errors, saturated values, and what a model notices,
 * for each layer and head.
 *
 * @module
 */

import type { Tensor } from "../../serialize/tensor.ts";
import { joinLogits, type LogitReport, reportLogits } from "../../kernels/quantize/attention_report.ts";
import type { FloatDType } from "../../kernels/quantize/formats/elements.ts";
import { FLOAT_BYTES } from "../../kernels/quantize/formats/elements.ts";
import type { BlockShape } from "../../kernels/quantize/formats/group_order.ts";
import type { CachePart } from "../../kernels/quantize/layout.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import {
  joinValues,
  reportValues,
  saturationWarning,
  type SizeReport,
  type ValueReport,
} from "../../kernels/quantize/report.ts";
import { countSaturated } from "../../kernels/quantize/saturation.ts";
import type { Cache } from "./cache.ts";
import { headOf, type QuantizedLayer } from "./cache_codec.ts";
import { gatherHead, headShape } from "./head_values.ts";
import type { QuerySource } from "./queries.ts";

/** Bytes of values before, and of codes and metadata. */
export type Bytes = Pick<SizeReport, "before" | "codes" | "metadata">;

/** Loss of a head, or of many. */
export interface Loss {
  /** Bytes before and after. */
  readonly bytes: Bytes;
  /** Error of the values. */
  readonly values: ValueReport;
  /** Number of saturated values. */
  readonly saturated: number;
  /** Loss of the logits, present for keys. */
  readonly logits?: LogitReport;
}

/** Loss of one head. */
export interface HeadLoss extends Loss {
  /** Index of the layer. */
  readonly layer: number;
  /** Index of the head in its layer. */
  readonly head: number;
}

/** Report of a part of the cache. */
export interface PartReport {
  /** Name of the part. */
  readonly part: CachePart;
  /** Method of its codes. */
  readonly method: QuantizeMethod;
  /** Losses of all heads, by layer and head. */
  readonly heads: readonly HeadLoss[];
  /** Loss of all heads together. */
  readonly total: Loss;
  /** Scales that saturate more than the limit, with the numbers; the worst heads first. */
  readonly warnings: readonly string[];
}

/** Builds the report while layers arrive: all of the first part, then all of the second one. */
export interface CacheReporter {
  /** Compares a decoded layer. */
  readonly add: (part: number, layer: number, encoded: QuantizedLayer, decoded: Tensor<FloatDType>) => void;
  /** Returns the report of each part, after its last layer. */
  readonly finish: () => PartReport[];
}

/** Maximum number of warnings about heads of one part. */
const MAX_WARNINGS = 8;

/**
 * Starts a report.
 *
 * @param cache Cache before encoding.
 * @param methods Method of each part.
 * @param queries Queries of each head; their channels are those of K, or of both parts of MLA.
 * @param limit Share of saturated values above which a head has a warning.
 */
export function startReport(
  cache: Cache,
  methods: readonly QuantizeMethod[],
  queries: QuerySource,
  limit: number,
): CacheReporter {
  const losses = cache.parts.map((): HeadLoss[] => []);
  // Keys of MLA are both parts, so the decoded layers of the first one are kept.
  const keyParts = cache.content === "mla" ? cache.parts : cache.parts.slice(0, 1);
  const kept = keyParts.map((): Tensor<FloatDType>[] => []);
  const logits = new Map<string, LogitReport>();
  const compareKeys = (layer: number, head: number, before: Rows, after: Rows): LogitReport =>
    reportLogits(queries(layer, head, before.rows, before.shape), before.rows, after.rows, before.shape);
  return {
    add: (part, layer, encoded, decoded) => {
      const original = cache.parts[part]!.layers[layer]!;
      const heads = original.shape[2]!, shape = headShape(original);
      const before = new Float32Array(shape.tokens * shape.channels), after = new Float32Array(before.length);
      const isLastKey = part === keyParts.length - 1;
      if (part < keyParts.length) kept[part]![layer] = decoded;
      for (let head = 0; head < heads; head++) {
        gatherHead(original, head, before);
        gatherHead(decoded, head, after);
        const { codes, metadata } = headOf(encoded, head, heads);
        losses[part]!.push({
          layer,
          head,
          bytes: {
            before: before.length * FLOAT_BYTES[cache.dtype],
            codes: codes.length,
            metadata: metadata.length,
          },
          values: reportValues(before, after),
          saturated: countSaturated(methods[part]!, before, metadata, shape),
        });
        if (!isLastKey) continue;
        const [own, back] = keyParts.length === 1
          ? [{ rows: before, shape }, { rows: after, shape }]
          : [keyParts.map(({ layers }) => layers[layer]!), kept.map((layers) => layers[layer]!)]
            .map((parts) => joinRows(parts, head));
        logits.set(`${layer} ${head}`, compareKeys(layer, head, own!, back!));
      }
      for (const layers of isLastKey ? kept : []) delete layers[layer];
    },
    finish: () =>
      cache.parts.map(({ part }, at) => {
        const heads = at > 0
          ? losses[at]!
          : losses[at]!.map((loss) => ({ ...loss, logits: logits.get(`${loss.layer} ${loss.head}`)! }));
        return {
          part,
          method: methods[at]!,
          heads,
          total: joinLosses(heads),
          warnings: warningsOf(part, heads, limit),
        };
      }),
  };
}

/**
 * Joins losses of several heads.
 *
 * @param losses Losses of at least one head.
 */
export function joinLosses(losses: readonly Loss[]): Loss {
  const total = (pick: (loss: Loss) => number) => losses.reduce((sum, loss) => sum + pick(loss), 0);
  const logits = losses.flatMap((loss) => loss.logits ?? []);
  return {
    bytes: {
      before: total(({ bytes }) => bytes.before),
      codes: total(({ bytes }) => bytes.codes),
      metadata: total(({ bytes }) => bytes.metadata),
    },
    values: joinValues(losses.map(({ values }) => values)),
    saturated: total(({ saturated }) => saturated),
    ...(logits.length === 0 ? {} : { logits: joinLogits(logits) }),
  };
}

/** Dense values of a head. */
interface Rows {
  readonly rows: Float32Array<ArrayBuffer>;
  readonly shape: BlockShape;
}

/** Rows of a head, the parts side by side. */
function joinRows(parts: readonly Tensor<FloatDType>[], head: number): Rows {
  const shapes = parts.map(headShape), { tokens } = shapes[0]!;
  const stride = shapes.reduce((sum, { channels }) => sum + channels, 0);
  const rows = new Float32Array(tokens * stride);
  let first = 0;
  for (const [at, part] of parts.entries()) {
    gatherHead(part, head, rows, { stride, first });
    first += shapes[at]!.channels;
  }
  return { rows, shape: { tokens, channels: stride } };
}

function warningsOf(part: CachePart, heads: readonly HeadLoss[], limit: number): string[] {
  const share = ({ saturated, values }: HeadLoss) => saturated / (values.count + values.nonFinite);
  const found = heads.toSorted((a, b) => share(b) - share(a)).flatMap((loss) => {
    const { layer, head, saturated, values } = loss;
    const text = saturationWarning(saturated, values.count + values.nonFinite, limit);
    return text === undefined ? [] : [`${part}, layer ${layer}, head ${head}: ${text}`];
  });
  if (found.length <= MAX_WARNINGS) return found;
  return [...found.slice(0, MAX_WARNINGS), `${part}: ${found.length - MAX_WARNINGS} more heads saturate so`];
}
