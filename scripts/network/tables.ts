/**
 * Tables of the programs on a path.
 *
 * @module
 */

import type { RelayCounts } from "../../runtime/network/mod.ts";
import { columnTable, count } from "../cli/text.ts";
import type { ComparedSample } from "./demo.ts";
import { addPaths, type PartyCounts, type SentEvent, total } from "./events.ts";

/** Table of programs: datagrams, repeats, drops and processor time. */
export function partiesTable(parties: ReadonlyMap<string, PartyCounts>): string {
  const rows = [...parties].map(([name, { received, sent, repeats, dropped, cpuMs }]) => [
    name,
    received,
    sent,
    repeats,
    total(dropped),
    Math.round(cpuMs),
    reasonsText(dropped) || "-",
  ]);
  return columnTable(["host", "received", "sent", "repeats", "dropped", "CPU ms", "dropped by reason"], rows);
}

/** Formats counts by reason: `3 crc, 1 late`. */
export function reasonsText(counts: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(counts).filter(([, each]) => (each ?? 0) > 0)
    .map(([reason, each]) => `${count(each!)} ${reason}`).join(", ");
}

/** Describes the faults of all paths in one line; empty without any. */
export function faultsText(parties: ReadonlyMap<string, PartyCounts>): string {
  const { received, lost, duplicated, corrupted, reordered }: RelayCounts = addPaths(
    [...parties.values()].map(({ path }) => path),
  );
  if (received === 0) return "";
  return `of ${count(received)} datagrams on the paths ${count(lost)} lost, ${count(duplicated)} doubled, ` +
    `${count(corrupted)} changed, ${count(reordered)} reordered`;
}

/** Reasons of datagrams whose authentication failed: a wrong or missing tag, and a counter that was used. */
const UNAUTHENTIC = ["mac", "replay"] as const;

/** Describes authenticated datagrams of all programs in one line. */
export function authenticityText(parties: ReadonlyMap<string, PartyCounts>): string {
  const received = [...parties.values()].reduce((sum, each) => sum + each.received, 0);
  const refused = UNAUTHENTIC.map((reason) => {
    const sum = [...parties.values()].reduce((all, { dropped }) => all + (dropped[reason] ?? 0), 0);
    return `${count(sum)} as ${reason}`;
  });
  return `of ${count(received)} authenticated datagrams that arrived, ${refused.join(" and ")} were refused`;
}

/** Table of what a sender sent. */
export function sentTable(works: readonly SentEvent[]): string {
  return columnTable(
    ["input", "what", "inputs", "packets", "bytes", "repeats", "ms each", "on the sender"],
    works.map((work) => [...sentCells(work), reasonsText(work.fallbacks) || "-"]),
    { keys: 2 },
  );
}

/** Table of samples and whether their results are equal to the local ones. */
export function comparedTable(samples: readonly ComparedSample[]): string {
  return columnTable(
    ["input", "what", "inputs", "packets", "bytes", "repeats", "ms each", "equal to local"],
    samples.map((sample) => [
      ...sentCells(sample),
      sample.equal === sample.labels.length ? "all" : `${sample.equal} of ${sample.labels.length}`,
    ]),
    { keys: 1 },
  );
}

function sentCells({ name, text, labels, packets, bytes, repeats, ms }: SentEvent): (string | number)[] {
  return [name, text, labels.length, packets, bytes, repeats, Math.round(ms / Math.max(1, labels.length))];
}
