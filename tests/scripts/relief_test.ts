import fc from "fast-check";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseRelief } from "../../scripts/experiment/options.ts";
import { SCENARIOS } from "../../scripts/experiment/scenarios.ts";
import {
  type Cost,
  latencyOf,
  leastCost,
  percentile,
  reliefOf,
} from "../../scripts/experiment/statistics.ts";
import {
  PAPER,
  reliefTable,
  type Row,
  TABLES,
  verdict,
  writeTables,
} from "../../scripts/experiment/tables.ts";

const cost = (sender: number, nic: number, receiver: number, bytes = 1000, resent = 0): Cost => ({
  sender,
  nic,
  receiver,
  bytes,
  resent,
});

Deno.test("reliefOf() divides the costs with a NIC by those without", () => {
  const relief = reliefOf(cost(2, 8, 1, 300), cost(1, 0, 9, 1200));
  assert.deepEqual(relief, { receiver: 1 / 9, hosts: 0.3, all: 1.1, bytes: 0.25, breakEven: 7 / 8 });
  assert.equal(reliefOf(cost(1, 8, 9), cost(1, 0, 9)).breakEven, 0, "no gain");
  assert.equal(reliefOf(cost(1, 0, 1), cost(1, 0, 9)).breakEven, Infinity, "a NIC without work");
});

Deno.test("break-even is the share of the NIC's CPU time at which the hosts neither gain nor lose", () => {
  const ms = fc.double({ min: 0.01, max: 1000, noNaN: true });
  fc.assert(fc.property(ms, ms, ms, ms, ms, (sender, nic, receiver, sender0, receiver0) => {
    const { breakEven, hosts, all } = reliefOf(cost(sender, nic, receiver), cost(sender0, 0, receiver0));
    assert.equal(breakEven > 0, hosts < 1);
    if (breakEven === 0) return;
    const paid = sender + receiver + breakEven * nic;
    assert(Math.abs(paid - sender0 - receiver0) < 1e-9 * (sender0 + receiver0));
    if (Math.abs(all - 1) > 1e-9) assert.equal(breakEven >= 1, all <= 1);
  }));
});

Deno.test("percentile() is the nearest rank, and leastCost() the least of each cost", () => {
  const times = Array.from({ length: 100 }, (_, n) => 100 - n);
  assert.deepEqual([percentile(times, 50), percentile(times, 99), percentile(times, 100)], [50, 99, 100]);
  assert.deepEqual(latencyOf([7]), { p50: 7, p99: 7 });
  assert.deepEqual(latencyOf([3, 1, 2]), { p50: 2, p99: 3 });
  assert.deepEqual(leastCost([cost(1, 5, 3, 9, 2), cost(2, 4, 6, 8, 0)]), cost(1, 4, 3, 8, 0));
});

Deno.test("verdict() says where a NIC loses", () => {
  const of = (nic: Cost) => verdict(reliefOf(nic, cost(5, 0, 5)));
  assert.equal(of(cost(1, 1, 1)), "gains, even if the NIC's work is on a host");
  assert.equal(of(cost(1, 9, 1)), "gains with the NIC's work off the hosts");
  assert.equal(of(cost(9, 0, 4)), "relieves the receiver; the hosts lose here");
  assert.equal(of(cost(5, 0, 5)), "loses here");
});

Deno.test("parseRelief() takes its options and refuses others", () => {
  const standard = parseRelief([], SCENARIOS);
  assert(standard !== "help");
  assert.deepEqual([standard.scenarios.length, standard.rounds, standard.requests], [
    SCENARIOS.length,
    5,
    10_000,
  ]);
  const some = parseRelief(["--only", "KV", "--rounds", "100", "--requests", "1", "--json"], SCENARIOS);
  assert(some !== "help" && some.scenarios.every(({ name }) => name.startsWith("KV block")) && some.json);
  const exact = parseRelief(["--only", "photograph 1280x720, f16"], SCENARIOS);
  assert(
    exact !== "help" && exact.scenarios.length === 1,
    "a whole name selects one of several that contain it",
  );
  assert.equal(parseRelief(["--help"], SCENARIOS), "help");
  for (
    const args of [
      ["--rounds", "0"],
      ["--rounds", "101"],
      ["--rounds", "1.5"],
      ["--requests", "0"],
      ["--requests", "10001"],
      ["--only", "video"],
      ["--docs", "--json"],
      ["--docs", "--only", "KV"],
      ["--fast"],
      ["file"],
    ]
  ) assert.throws(() => parseRelief(args, SCENARIOS), /^Error: Cannot /, args.join(" "));
});

Deno.test("writeTables() replaces each table between its markers, and needs all of them", () => {
  const latency = { p50: 1, p99: 2 };
  const row: Row = {
    scenario: "a",
    baseline: "b",
    cost: { nic: cost(1, 1, 1), plain: cost(2, 0, 2) },
    contended: { nic: latency, plain: latency },
  };
  const page = TABLES.map((name) => `<!-- ${name} -->\nold\n<!-- /${name} -->\n`).join("text\n");
  const written = writeTables(page, [row]);
  assert(!written.includes("old"));
  for (const name of TABLES) assert(written.includes(reliefTable(name, [row])), name);
  assert.equal(writeTables(written, [row]), written);
  assert.throws(
    () => writeTables(page.replace("<!-- /latency -->", ""), [row]),
    /table latency: its markers/,
  );
});

const page = readFileSync(new URL("../../docs/relief.md", import.meta.url), "utf8");

/** Cells of a table of the page. */
function cellsOf(name: string): string[][] {
  const text = page.split(`<!-- ${name} -->`)[1]!.split(`<!-- /${name} -->`)[0]!.trim();
  return text.split("\n").slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("docs/relief.md has every scenario with all its baselines in each table, in order", () => {
  const expected = SCENARIOS.flatMap(({ name, baselines }) => baselines.map((each) => [name, each.name]));
  for (const name of ["cpu", "ratios", "latency"]) {
    assert.deepEqual(cellsOf(name).map((row) => row.slice(0, 2)), expected, name);
  }
});

Deno.test("docs/relief.md: ratios, break-even and verdicts follow from the CPU times", () => {
  const times = cellsOf("cpu"), ratios = cellsOf("ratios");
  /** Whether a printed quotient is that of two printed numbers with errors of half a digit. */
  const isQuotient = (text: string, above: number, below: number, half: number, unit = 0.005) => {
    const [low, high] = [(above - half) / (below + half), (above + half) / Math.max(1e-9, below - half)];
    return Number(text) >= low - unit && Number(text) <= high + unit;
  };
  for (const [at, cells] of times.entries()) {
    const [sender, nic, receiver, sender0, receiver0, bytes, bytes0] = cells.slice(2).map(Number) as number[];
    const [ofReceiver, hosts, all, breakEven, ofBytes, words] = ratios[at]!.slice(2) as string[];
    const name = cells.slice(0, 2).join(", ");
    const before = sender0! + receiver0!, after = sender! + receiver!;
    assert(isQuotient(ofReceiver!, receiver!, receiver0!, 0.005), `${name}: receiver`);
    assert(isQuotient(hosts!, after, before, 0.01), `${name}: hosts`);
    assert(isQuotient(all!, after + nic!, before, 0.015), `${name}: all`);
    assert(isQuotient(ofBytes!, bytes!, bytes0!, 0.5), `${name}: bytes`);
    if (breakEven === "none") assert(after >= before - 0.02, `${name}: break-even`);
    else assert(isQuotient(`${parseFloat(breakEven!) / 100}`, before - after, nic!, 0.02, 0.005), name);
    assert.equal(words!.includes("lose"), breakEven === "none", name);
  }
});

Deno.test("docs/relief.md has the paper's figures and the cuts of its rows", () => {
  const [use, cut, receiver] = cellsOf("paper") as [string[], string[], string[]];
  assert.deepEqual(use.slice(1), PAPER.use.map((share) => `${share}%`));
  assert.deepEqual(cut.slice(1), PAPER.cut.map((share) => `${share}%`));
  const cuts = cellsOf("ratios").map((row) => 100 * (1 - Number(row[2])));
  assert(Math.abs(Number.parseInt(receiver[2]!) - Math.max(...cuts)) <= 1, receiver.join(" "));
});
