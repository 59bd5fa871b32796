/**
 * Report of a quantized cache for a terminal.
 *
 * @module
 */

import type { CacheShape } from "../../quantize/cache.ts";
import type { HeadLoss, Loss, PartReport } from "../../quantize/cache_report.ts";
import { bytesAfter, errorText, shareText, snrText, worstHeads } from "../../report/cache_page.ts";
import { bytes, columnTable, count } from "../text.ts";

const LOSSES = ["error", "greatest", "SNR dB", "saturated", "q·k error", "greatest", "moved", "top-1"];

/** Describes the shape and layout of a cache in a line. */
export function shapeWords({ sizes, content, layout, dtype }: CacheShape): string {
  const { layers, blocks, heads, tokens, channels } = sizes;
  const row = content === "separate"
    ? ""
    : content === "fused"
    ? ", K and V in a row"
    : ", latent and rotary in a row";
  const of = blocks === 1 ? `${count(tokens)} tokens` : `${count(blocks)} blocks of ${count(tokens)} tokens`;
  return `${count(layers)} layers x ${count(heads)} heads x ${of} x ${count(channels)} channels${row}; ` +
    `${dtype}, layout ${layout}`;
}

/** Formats the bytes of all parts in a line. */
export function bytesWords(reports: readonly PartReport[]): string {
  const sum = (pick: (loss: Loss) => number) => reports.reduce((total, part) => total + pick(part.total), 0);
  const before = sum(({ bytes }) => bytes.before), after = sum(bytesAfter);
  return `${bytes(before)} to ${bytes(after)}, ${(before / after).toFixed(2)} times smaller; ` +
    `${count(sum(({ bytes }) => bytes.metadata))} of them are metadata`;
}

/** Table of the parts. */
export function partsText(reports: readonly PartReport[]): string {
  const rows = reports.map(({ part, total }) => [
    part,
    total.bytes.before,
    bytesAfter(total),
    (total.bytes.before / bytesAfter(total)).toFixed(2),
    ...losses(total),
  ]);
  return columnTable(["part", "before", "after", "ratio", ...LOSSES], rows);
}

/**
 * Table of the worst heads of the keys.
 *
 * @param reports Reports of the parts.
 * @param most Maximum number of rows.
 */
export function headsText([keys]: readonly PartReport[], most: number): string {
  const heads = worstHeads(keys!.heads).slice(0, most);
  const rows = heads.map((loss: HeadLoss) => [
    String(loss.layer),
    String(loss.head),
    loss.bytes.before,
    bytesAfter(loss),
    ...losses(loss),
  ]);
  const title = keys!.heads.length > most ? `The ${most} worst of ${count(keys!.heads.length)}` : "All";
  const table = columnTable(["layer", "head", "before", "after", ...LOSSES], rows, { keys: 2 });
  return `${title} heads of ${keys!.part}:\n\n${table}`;
}

function losses({ values, saturated, logits }: Loss): (string | number)[] {
  return [
    errorText(values.meanError),
    errorText(values.maxError),
    snrText(values.snr).replace(" dB", ""),
    saturated,
    ...(logits === undefined ? ["-", "-", "-", "-"] : [
      errorText(logits.meanLogitError),
      errorText(logits.maxLogitError),
      shareText(logits.meanSoftmaxError),
      shareText(logits.topKept),
    ]),
  ];
}
