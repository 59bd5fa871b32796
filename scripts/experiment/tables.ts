/**
 * Tables of the experiment, as Markdown.
 *
 * @module
 */

import { median } from "../bench/measure.ts";
import { markdownTable } from "../io/markdown.ts";
import { type Cost, type Latency, type Relief, reliefOf } from "./statistics.ts";

/** Row of the tables: one scenario beside one baseline. Plain data. */
export interface Row {
  /** Name of the scenario. */
  readonly scenario: string;
  /** Name of the baseline. */
  readonly baseline: string;
  /** Costs of a request with a NIC and without. */
  readonly cost: { readonly nic: Cost; readonly plain: Cost };
  /** Latencies of the contended run with a NIC and without. */
  readonly contended: { readonly nic: Latency; readonly plain: Latency };
}

/** Names of the tables, which are the markers in docs/relief.md. */
export const TABLES = ["cpu", "ratios", "latency", "paper"] as const;

/** CPU use at the median and at most, and by how much a NIC cut each, as the paper (arXiv 2502.15712) states. */
export const PAPER = { use: [86, 98], cut: [32, 70] } as const;

/**
 * Says what a comparison shows.
 *
 * @param relief Ratios of a row.
 */
export function verdict({ receiver, hosts, all }: Relief): string {
  if (hosts >= 1) return receiver < 1 ? "relieves the receiver; the hosts lose here" : "loses here";
  return all < 1 ? "gains, even if the NIC's work is on a host" : "gains with the NIC's work off the hosts";
}

const ms = (value: number) => value.toFixed(2);
const ratio = (value: number) => value.toFixed(2);
const kilobytes = (bytes: number) => (bytes / 1000).toFixed(0);

/** Break-even in words: a share of the NIC process's CPU time. */
export function describeBreakEven(breakEven: number): string {
  if (breakEven === 0) return "none";
  return Number.isFinite(breakEven) ? `${(100 * breakEven).toFixed(0)}%` : "any";
}

/** Makes a table. */
export function reliefTable(name: typeof TABLES[number], rows: readonly Row[]): string {
  switch (name) {
    case "cpu":
      return table(
        rows,
        ["sender, NIC", "NIC process", "receiver, NIC", "sender", "receiver", "KB, NIC", "KB"],
        ({ cost: { nic, plain } }) => [
          ...[nic.sender, nic.nic, nic.receiver, plain.sender, plain.receiver].map(ms),
          kilobytes(nic.bytes),
          kilobytes(plain.bytes),
        ],
      );
    case "ratios":
      return table(
        rows,
        ["receiver", "hosts", "hosts and NIC", "break-even", "bytes", "verdict"],
        ({ cost: { nic, plain } }) => {
          const relief = reliefOf(nic, plain), { receiver, hosts, all, bytes, breakEven } = relief;
          return [
            ...[receiver, hosts, all].map(ratio),
            describeBreakEven(breakEven),
            ratio(bytes),
            verdict(relief),
          ];
        },
        ["verdict"],
      );
    case "latency":
      return table(
        rows,
        ["p50, NIC", "p99, NIC", "p50", "p99"],
        ({ contended: { nic, plain } }) => [nic.p50, nic.p99, plain.p50, plain.p99].map((t) => t.toFixed(1)),
      );
    case "paper":
      return paperTable(rows);
  }
}

function table(
  rows: readonly Row[],
  head: readonly string[],
  cells: (row: Row) => string[],
  left: readonly string[] = [],
): string {
  return markdownTable(
    ["input", "without a NIC", ...head],
    ["left", "left", ...head.map((name) => left.includes(name) ? "left" as const : "right" as const)],
    rows.map((row) => [row.scenario, row.baseline, ...cells(row)]),
  );
}

/** The paper's figures beside the cuts of the rows. Negative: the NIC costs CPU time. */
function paperTable(rows: readonly Row[]): string {
  const reliefs = rows.map(({ cost: { nic, plain } }) => reliefOf(nic, plain));
  const cuts = (of: (relief: Relief) => number): [string, string] => {
    const values = reliefs.map((relief) => 100 * (1 - of(relief)));
    return [`${median(values).toFixed(0)}%`, `${Math.max(...values).toFixed(0)}%`];
  };
  return markdownTable(["", "median", "greatest"], ["left", "right", "right"], [
    ["the paper: CPU use without a NIC", ...PAPER.use.map((share) => `${share}%`)],
    ["the paper: cut by", ...PAPER.cut.map((share) => `${share}%`)],
    ["here, all rows: the receiver's CPU time, cut by", ...cuts(({ receiver }) => receiver)],
    ["here, all rows: sender and receiver, cut by", ...cuts(({ hosts }) => hosts)],
    ["here, all rows: with the NIC process, cut by", ...cuts(({ all }) => all)],
  ]);
}

/**
 * Replaces the tables of a page.
 *
 * @param page Text with a pair of markers for each table.
 * @param rows Rows of all scenarios.
 * @throws {Error} If a marker is missing.
 */
export function writeTables(page: string, rows: readonly Row[]): string {
  return TABLES.reduce((text, name) => {
    const [before, rest] = text.split(`<!-- ${name} -->`), after = rest?.split(`<!-- /${name} -->`)[1];
    if (after === undefined) throw new Error(`Cannot write the table ${name}: its markers are missing`);
    return `${before}<!-- ${name} -->\n\n${reliefTable(name, rows)}\n\n<!-- /${name} -->${after}`;
  }, page);
}
