/**
 * `deno task soak:network`: random faults for minutes, in which no result may be wrong and memory may not grow.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { random } from "../../../support/random.ts";
import type { RelayFaults } from "../../../../runtime/network/fault_path.ts";
import { type Lab, openLab } from "./lab.ts";

/** Workloads of the soak: one of each discipline, and caches. */
export const SOAK_WORKLOADS: readonly string[] = ["lookup u8", "quantize KIVI", "image in rows", "tokenize"];

/** Memory of the three hosts in MB after a collection. */
export interface Memory {
  readonly heap: number;
  readonly rss: number;
}

/** What a soak saw. */
export interface Soak {
  readonly rounds: number;
  readonly requests: number;
  readonly inputs: number;
  readonly resent: number;
  /** Results that were wrong, missing or doubled. */
  readonly bad: number;
  /** Memory of sender and receiver after each round. The NIC is restarted in some of them, so it is not counted. */
  readonly memory: readonly Memory[];
}

async function readMemory(lab: Lab): Promise<Memory> {
  const each = await Promise.all(
    [lab.sender, lab.receiver].map((host) => host.call<Memory>("memory")),
  );
  const sum = (key: keyof Memory) => Math.round(each.reduce((total, one) => total + one[key], 0) / 1e5) / 10;
  return { heap: sum("heap"), rss: sum("rss") };
}

/** Draws the faults of a round. */
function drawFaults(next: () => number): RelayFaults {
  const share = (most: number) => (next() % 3 === 0 ? 0 : most * (next() / 2 ** 32));
  return {
    loss: share(0.08),
    duplication: share(0.1),
    corruption: share(0.05),
    reordering: share(0.3),
    reorderBy: 1 + next() % 16,
    delayMs: next() % 3 === 0 ? 1 + next() % 10 : 0,
  };
}

/**
 * Runs rounds with random faults.
 *
 * @param isOver Called after each round with its number.
 * @param seed Seed of the faults.
 * @param requests Requests of each workload in a round.
 */
export async function soak(
  isOver: (round: number) => boolean,
  seed: number,
  requests: number,
): Promise<Soak> {
  await using lab = await openLab({ joinedBy: "wire", workloads: SOAK_WORKLOADS });
  const next = random(seed);
  const memory: Memory[] = [];
  const total = { rounds: 0, requests: 0, inputs: 0, resent: 0, bad: 0 };
  do {
    await lab.setFaults(drawFaults(next), next());
    for (const workload of SOAK_WORKLOADS) {
      const restart = next() % 8 === 0 ? requests / 2 : undefined;
      const ran = await lab.run({ workload, requests, concurrency: 4 }, restart);
      total.requests += ran.requests;
      total.inputs += ran.inputs;
      total.resent += ran.resent;
      total.bad += ran.wrong + ran.missing + ran.doubled;
    }
    memory.push(await readMemory(lab));
    total.rounds++;
  } while (!isOver(total.rounds));
  return { ...total, memory };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { minutes: { type: "string", default: "5" }, seed: { type: "string", default: "1" } },
  });
  const end = performance.now() + 60_000 * Number(values.minutes);
  const result = await soak(() => performance.now() >= end, Number(values.seed), 2000);
  const { memory, ...counts } = result;
  process.stdout.write(`${JSON.stringify(counts)}\n`);
  const rounds = memory.map(({ heap, rss }, n) => `${n + 1}: heap ${heap} MB, RSS ${rss} MB`);
  process.stdout.write(`Memory of sender and receiver by round\n${rounds.join("\n")}\n`);
  if (counts.bad > 0) throw new Error(`${counts.bad} results are missing, doubled or wrong`);
}
