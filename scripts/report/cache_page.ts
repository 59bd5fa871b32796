/**
 * Report of a quantized KV cache as one HTML page: bytes, errors, and heat maps by layer and head.
 *
 * @module
 */

import type { HeadLoss, Loss, PartReport } from "../quantize/cache_report.ts";
import { methodText } from "../quantize/methods.ts";
import { heatMap, MAX_CELLS } from "./heat_map.ts";
import { mark, type Markup, type Value } from "./markup.ts";
import { page, section, table, type Tile, tiles } from "./page.ts";
import { bytesText, count, percent } from "./text.ts";

/** Facts of a run. */
export interface CachePage {
  /** Name of the input: a file or a synthetic cache. */
  readonly input: string;
  /** Shape and layout in words. */
  readonly shape: string;
  /** Name of the device. */
  readonly device: string;
  /** Source of the queries in words. */
  readonly queries: string;
  /** Reports of the parts. */
  readonly reports: readonly PartReport[];
  /** Command that makes the page again. */
  readonly command: string;
}

/** Maximum rows of the table of heads; the worst heads come first. */
const MAX_ROWS = 2048;

/**
 * Creates the page.
 *
 * @param facts Facts of a run.
 * @returns Self-contained HTML: no script, font or network access. The same facts yield the same page.
 */
export function cachePage(facts: CachePage): string {
  const { input, shape, device, reports } = facts;
  const title = `KV cache: ${[...new Set(reports.map(({ method }) => methodText(method)))].join("; ")}`;
  return page(`onpath: ${title}`, [
    mark`<header>
<h1>${title}</h1>
<p class="lead">${input}: ${shape}. Values went through device ${device} and back, and are compared
with those before.</p>
</header>
${tiles(headline(reports))}`,
    warnings(reports),
    mapsSection(reports),
    headsSection(reports),
    mark`<footer>
<p><b>How this page was made.</b> Logits are q·k divided by the square root of the channels. Queries: ${facts.queries}.
To generate it again:</p>
<pre>${facts.command}</pre>
</footer>`,
  ]);
}

/** Formats decibels; without any error, as "exact". */
export function snrText(snr: number): string {
  return snr === Infinity ? "exact" : Number.isFinite(snr) ? `${snr.toFixed(1)} dB` : "–";
}

/** Formats an error with three digits. */
export function errorText(error: number): string {
  return Number.isFinite(error) ? String(+error.toPrecision(3)) : "not finite";
}

/** Formats a share in percent. */
export function shareText(share: number): string {
  return Number.isFinite(share) ? percent(share) : "not finite";
}

/** Counts the bytes after encoding. */
export function bytesAfter({ bytes }: Pick<Loss, "bytes">): number {
  return bytes.codes + bytes.metadata;
}

function headline(reports: readonly PartReport[]): Tile[] {
  const sum = (pick: (loss: Loss) => number) => reports.reduce((total, part) => total + pick(part.total), 0);
  const before = sum(({ bytes }) => bytes.before), after = sum(bytesAfter);
  const metadata = sum(({ bytes }) => bytes.metadata);
  const { logits } = reports[0]!.total;
  return [
    {
      name: "Bytes",
      value: `${(before / after).toFixed(2)} times smaller`,
      more: `${bytesText(before)} before, ${bytesText(after)} after; ${bytesText(metadata)} of them metadata`,
    },
    ...reports.map(({ part, total }) => ({
      name: `Signal to noise of ${part}`,
      value: snrText(total.values.snr),
      more: `mean error ${errorText(total.values.meanError)}, greatest ${errorText(total.values.maxError)}`,
    })),
    ...(logits === undefined ? [] : [
      {
        name: "Largest logit stays the largest",
        value: shareText(logits.topKept),
        more: `of ${count(logits.queries)} queries; ${
          shareText(logits.meanSoftmaxError)
        } of the attention moves`,
      },
      {
        name: "Mean error of a logit",
        value: errorText(logits.meanLogitError),
        more: `greatest ${errorText(logits.maxLogitError)}`,
      },
    ]),
    {
      name: "Saturated values",
      value: count(sum(({ saturated }) => saturated)),
      more: `of ${count(sum(({ values }) => values.count + values.nonFinite))}`,
    },
  ];
}

function warnings(reports: readonly PartReport[]): Markup | null {
  const all = reports.flatMap((report) => report.warnings);
  if (all.length === 0) return null;
  return mark`<p><b>Warnings:</b></p>
<ul>${
    all.map((text) =>
      mark`<li>${text}</li>
`
    )
  }</ul>`;
}

function mapsSection(reports: readonly PartReport[]): Markup {
  const lead = "A cell is a head of a layer. Dark cells lose most.";
  const [keys] = reports;
  const columns = keys!.heads.filter(({ layer }) => layer === 0).length;
  if (keys!.heads.length > MAX_CELLS) {
    return section(
      "maps",
      "Heads",
      lead,
      mark`<p>${count(keys!.heads.length)} heads are too many to draw.</p>`,
    );
  }
  const rowsOf = (heads: readonly HeadLoss[], pick: (head: HeadLoss) => number) =>
    Array.from(
      { length: heads.length / columns },
      (_, row) => heads.slice(row * columns, (row + 1) * columns).map(pick),
    );
  const axes = { rowName: "layer", columnName: "head" };
  return section(
    "maps",
    "Heads",
    lead,
    mark`<div class="side">${[
      heatMap({
        ...axes,
        title: "Mean error of q·k",
        rows: rowsOf(keys!.heads, ({ logits }) => logits!.meanLogitError),
        isGreaterBetter: false,
        show: errorText,
      }),
      heatMap({
        ...axes,
        title: "Queries whose largest logit stays the largest",
        rows: rowsOf(keys!.heads, ({ logits }) => logits!.topKept),
        isGreaterBetter: true,
        show: shareText,
      }),
      ...reports.map(({ part, heads }) =>
        heatMap({
          ...axes,
          title: `Signal to noise of ${part}`,
          rows: rowsOf(heads, ({ values }) => values.snr),
          isGreaterBetter: true,
          show: (snr) => snrText(snr).replace(" dB", ""),
        })
      ),
    ]}</div>`,
  );
}

function headsSection(reports: readonly PartReport[]): Markup {
  return section(
    "heads",
    "Numbers of each head",
    "Bytes count all metadata. Errors are those of values, logits of q·k.",
    reports.map(({ part, method, heads }) => {
      const worst = heads.length > MAX_ROWS ? worstHeads(heads).slice(0, MAX_ROWS) : heads;
      const omitted = heads.length - worst.length;
      return mark`<h3>${part}: ${methodText(method)}</h3>
${omitted > 0 && mark`<p>The ${count(worst.length)} worst heads of ${count(heads.length)}.</p>`}${
        headTable(worst)
      }`;
    }),
  );
}

/** Orders heads by the share of kept leaders, or by SNR where there are no logits. */
export function worstHeads(heads: readonly HeadLoss[]): HeadLoss[] {
  const rank = ({ logits, values }: HeadLoss) =>
    [...(logits === undefined ? [] : [logits.topKept]), values.snr].map((rank) =>
      Number.isNaN(rank) ? -1 : rank
    );
  return heads.toSorted((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1;
  });
}

function headTable(heads: readonly HeadLoss[]): Markup {
  const hasLogits = heads[0]!.logits !== undefined;
  const names = ["layer", "head", "bytes before", "after", "mean error", "greatest", "SNR", "saturated"];
  const more = ["mean error of q·k", "greatest of q·k", "attention moved", "top-1 kept"];
  return table(
    [...names, ...(hasLogits ? more : [])].map((head) => ({ head, number: true })),
    heads.map((loss) => {
      const { values, logits } = loss;
      const cells: Value[] = [
        count(loss.layer),
        count(loss.head),
        count(loss.bytes.before),
        count(bytesAfter(loss)),
        errorText(values.meanError),
        errorText(values.maxError),
        snrText(values.snr),
        count(loss.saturated),
      ];
      if (logits !== undefined) {
        cells.push(
          errorText(logits.meanLogitError),
          errorText(logits.maxLogitError),
          shareText(logits.meanSoftmaxError),
          shareText(logits.topKept),
        );
      }
      return { cells };
    }),
  );
}
