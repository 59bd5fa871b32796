/**
 * Table of docs/kv_cache.md: bytes and losses of each format on a synthetic cache.
 *
 *     deno run scripts/quantize/kv_table.ts     prints the table
 *
 * @module
 */

import process from "node:process";
import { reportHeads } from "../../kernels/quantize/attention_report.ts";
import { decodeBlock, encodeBlock } from "../../kernels/quantize/block.ts";
import { narrow, widen } from "../../kernels/quantize/formats/elements.ts";
import type { GroupAxis } from "../../kernels/quantize/formats/group_order.ts";
import { blockBytes, type QuantizeMethod } from "../../kernels/quantize/method.ts";
import { MX_FORMATS, type MxName } from "../../kernels/quantize/formats/mx.ts";
import { reportSize, reportValues } from "../../kernels/quantize/report.ts";
import { markdownTable } from "../io/markdown.ts";
import { syntheticCache } from "./synthetic_cache.ts";

/** Shape of the cache of the table. */
export const TABLE_SHAPE = { layers: 1, heads: 4, tokens: 1024, channels: 128, queries: 128 };

/** Methods of a row: of K, and of V where it differs. */
export interface TableRow {
  readonly name: string;
  readonly keys: QuantizeMethod;
  readonly values: QuantizeMethod;
}

const row = (name: string, method: (axis: GroupAxis) => QuantizeMethod): TableRow => ({
  name,
  keys: method("tokens"),
  values: method("channels"),
});

const float = (format: "e4m3fn" | "e5m2", scale: "one" | "block" | "channel"): QuantizeMethod => ({
  kind: "float",
  format,
  scale,
  stored: "f32",
});

/** Rows of the table. */
export const TABLE_ROWS: readonly TableRow[] = [
  row("FP8 e4m3, scale 1", () => float("e4m3fn", "one")),
  row("FP8 e4m3, scale per head", () => float("e4m3fn", "block")),
  row("FP8 e4m3, scale per channel", () => float("e4m3fn", "channel")),
  row("FP8 e5m2, scale per head", () => float("e5m2", "block")),
  ...(Object.keys(MX_FORMATS) as MxName[]).map((format) =>
    row(format.toUpperCase().replace("_", " ").replace(/ E.*/, (name) => name.toLowerCase()), () => ({
      kind: "mx",
      format,
      axis: "channels",
    }))
  ),
  row("int8, absmax per token", () => integer("absmax", 8, "channels", 128)),
  row("int4, absmax, groups of 32 channels", () => integer("absmax", 4, "channels", 32)),
  row("int4, asymmetric, groups of 32 channels", () => integer("asymmetric", 4, "channels", 32)),
  row("KIVI, 4 bits", (axis) => ({ kind: "kivi", bits: 4, axis, stored: "f16" })),
  row("KIVI, 2 bits", (axis) => ({ kind: "kivi", bits: 2, axis, stored: "f16" })),
  ...([4, 3, 2] as const).map((bits) =>
    row(`rotated, ${bits} bits`, () => ({ kind: "rotated", bits, stored: "f16" }))
  ),
];

function integer(kind: "absmax" | "asymmetric", bits: 4 | 8, axis: GroupAxis, group: number): QuantizeMethod {
  return { kind, bits, axis, group, stored: "f16" };
}

/** Makes the table in Markdown. */
export function kvTable(): string {
  const cache = syntheticCache(TABLE_SHAPE, 14);
  const keys = toBFloat16(cache.keys), values = toBFloat16(cache.values);
  const lines = TABLE_ROWS.map((row) => {
    const decodedKeys = throughFormat(row.keys, keys), decodedValues = throughFormat(row.values, values);
    const heads = reportHeads(keys, decodedKeys.values, TABLE_SHAPE, cache.queries);
    const mean = (pick: (logits: NonNullable<typeof heads[0]["logits"]>) => number) =>
      heads.reduce((sum, head) => sum + pick(head.logits!), 0) / heads.length;
    const size = reportSize("bf16", row.keys, TABLE_SHAPE);
    return [
      row.name,
      (size.bitsPerValue * TABLE_SHAPE.channels / 8).toFixed(1),
      size.ratio.toFixed(2),
      decibels(keys, decodedKeys.values),
      decibels(values, decodedValues.values),
      mean((logits) => logits.meanLogitError).toPrecision(2),
      `${(100 * mean((logits) => logits.meanSoftmaxError)).toPrecision(2)}%`,
      `${(100 * mean((logits) => logits.topKept)).toFixed(1)}%`,
      String(decodedKeys.saturated + decodedValues.saturated),
    ];
  });
  const head = [
    ...["format", "bytes a token", "ratio", "SNR of K, dB", "SNR of V, dB"],
    ...["mean logit error", "softmax moved", "top-1 kept", "saturated"],
  ];
  return markdownTable(head, head.map((_, i) => i === 0 ? "left" : "right"), lines);
}

/** Values as a cache in bf16 has them. */
function toBFloat16(values: Float32Array): Float32Array {
  const bits = new Uint16Array(values.length), rounded = new Float32Array(values.length);
  narrow("bf16", values, bits);
  widen("bf16", bits, rounded);
  return rounded;
}

/** Encodes and decodes each head. */
function throughFormat(
  method: QuantizeMethod,
  values: Float32Array,
): { values: Float32Array; saturated: number } {
  const bytes = blockBytes(method, TABLE_SHAPE);
  const block = { codes: new Uint8Array(bytes.codes), metadata: new Uint8Array(bytes.metadata) };
  const decoded = new Float32Array(values.length), length = TABLE_SHAPE.tokens * TABLE_SHAPE.channels;
  let saturated = 0;
  for (let start = 0; start < values.length; start += length) {
    saturated += encodeBlock(method, values.subarray(start, start + length), TABLE_SHAPE, block);
    decodeBlock(method, block, TABLE_SHAPE, decoded.subarray(start, start + length));
  }
  return { values: decoded, saturated };
}

function decibels(original: Float32Array, decoded: Float32Array): string {
  return reportValues(original, decoded).snr.toFixed(1);
}

if (import.meta.main) process.stdout.write(`${kvTable()}\n`);
