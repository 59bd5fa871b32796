/**
 * `deno task experiment:network`: every workload through every fault, with sender, NIC and receiver as programs of their
 * own in network namespaces. Prints tables for docs/network.md, and fails if a result is wrong, missing or doubled.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import type { SenderCounts } from "../../../../runtime/network/sender.ts";
import { LAB_FAULTS, type LabFault } from "./faults.ts";
import { GOODPUT_PATHS, measureGoodput } from "./goodput.ts";
import { type Lab, type LabOptions, openLab, readPath } from "./lab.ts";
import { WORKLOAD_NAMES } from "./workloads.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "10000" },
    joined: { type: "string", default: "wire" },
    version: { type: "string", default: "4" },
    jumbo: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    faults: { type: "string" },
    workloads: { type: "string" },
    goodput: { type: "boolean", default: false },
  },
});

/** Sums of all workloads under one fault. */
interface Row {
  requests: number;
  inputs: number;
  lost: number;
  resent: number;
  timeouts: number;
  fallbacks: number;
  restarts: number;
  missing: number;
  doubled: number;
  wrong: number;
  seconds: number;
}

const COLUMNS = [
  "requests",
  "inputs",
  "lost",
  "resent",
  "timeouts",
  "fallbacks",
  "restarts",
  "missing",
  "doubled",
  "wrong",
  "seconds",
] as const satisfies readonly (keyof Row)[];

const emptyRow = (): Row => Object.fromEntries(COLUMNS.map((name) => [name, 0])) as unknown as Row;

function print(...cells: readonly (string | number)[]): void {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

async function runFault(lab: Lab, { name, faults, hasRestart }: LabFault, names: readonly string[]) {
  const requests = Number(values.requests), seed = Number(values.seed);
  if (lab.wire !== undefined) await lab.setFaults(faults, seed);
  else if (values.joined === "kernel") await lab.setLoss(1000 * (faults.loss ?? 0));
  const sum = emptyRow();
  const timeouts = async () => (await lab.sender.call<SenderCounts>("counts")).timeouts;
  const before = await timeouts(), lostBefore = (await readPath(lab)).lost;
  for (const workload of names) {
    const ran = await lab.run({ workload, requests, concurrency: 4 }, hasRestart ? requests / 2 : undefined);
    for (const key of COLUMNS) if (key in ran) sum[key] += ran[key as keyof typeof ran];
    sum.seconds += ran.milliseconds / 1000;
    process.stderr.write(`${name}, ${workload}: ${JSON.stringify(ran)}\n`);
  }
  sum.timeouts = await timeouts() - before;
  sum.lost = (await readPath(lab)).lost - lostBefore;
  print(name, ...COLUMNS.map((key) => key === "seconds" ? sum[key].toFixed(1) : sum[key]));
  return sum;
}

async function runFaults(): Promise<void> {
  const names = values.workloads?.split(",") ?? WORKLOAD_NAMES;
  const faults = LAB_FAULTS.filter(({ name }) => values.faults?.split(",").includes(name) ?? true);
  const options: LabOptions = {
    joinedBy: values.joined as LabOptions["joinedBy"],
    workloads: names,
    version: values.version === "6" ? 6 : 4,
    isJumbo: values.jumbo,
    seed: Number(values.seed),
  };
  print("fault", ...COLUMNS);
  print("---", ...COLUMNS.map(() => "--:"));
  let bad = 0;
  if (options.joinedBy === "loopback") {
    // Relays have their faults from the start.
    for (const fault of faults) {
      await using lab = await openLab({ ...options, faults: fault.faults });
      const sum = await runFault(lab, fault, names);
      bad += sum.missing + sum.doubled + sum.wrong;
    }
  } else {
    await using lab = await openLab(options);
    for (const fault of faults) {
      const sum = await runFault(lab, fault, names);
      bad += sum.missing + sum.doubled + sum.wrong;
    }
  }
  if (bad > 0) throw new Error(`${bad} results are missing, doubled or wrong`);
}

async function runGoodput(): Promise<void> {
  print("path", "no loss", "1% loss", "ratio", "TCP, no loss", "TCP, 1% loss", "ours to TCP", "repeats");
  print("---", ...Array.from({ length: 7 }, () => "--:"));
  for (const path of GOODPUT_PATHS) {
    const [without, lossy] = await measureGoodput(path);
    const rates = [without.ours, lossy.ours, without.tcp, lossy.tcp].map((rate) => rate.toFixed(1));
    print(
      path.name,
      rates[0]!,
      rates[1]!,
      (lossy.ours / without.ours).toFixed(2),
      rates[2]!,
      rates[3]!,
      (lossy.ours / lossy.tcp).toFixed(2),
      `${(100 * lossy.repeats).toFixed(1)}%`,
    );
  }
}

await (values.goodput ? runGoodput() : runFaults());
