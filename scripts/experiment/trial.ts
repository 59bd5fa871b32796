/**
 * Trial: one scenario, measured in a sender, a NIC and a receiver that are processes.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import type { Address } from "../../runtime/network/address.ts";
import type { Usage } from "./calls.ts";
import { type Host, startHost } from "./host.ts";
import type { Path } from "./hosts/sender.ts";
import { type PythonReceiver, startPython } from "./python.ts";
import type { Baseline, Scenario } from "./scenario.ts";
import { SIDE } from "./scenarios/images.ts";
import { type Cost, type Latency, latencyOf } from "./statistics.ts";

/** Requests that are in flight at once while CPU time is counted. */
const IN_FLIGHT = 4;
/** Runs of each path before costs are measured, so that the engine compiles what they use. */
const WARM_UPS = 8;
/** Name of the path through the NIC. */
export const WITH_NIC = "nic";

/** Options of a trial. */
export interface TrialOptions {
  /** Folder with the compiled vocabulary. */
  readonly folder: string;
  /** Rounds whose costs are kept, at least 1. */
  readonly rounds: number;
  /** Most requests of a phase, and of the contended run. */
  readonly mostRequests: number;
  /** Whether the receiver in Python is measured. */
  readonly hasPython: boolean;
  /** Called before each phase. */
  readonly onPhase: (text: string) => void;
  /** Ends the trial. */
  readonly signal: AbortSignal;
}

/** What was measured of one path. */
export interface Measured {
  /** Name of the baseline, or `nic`. */
  readonly path: string;
  /** Costs of a request, round by round. */
  readonly rounds: readonly Cost[];
  /** Latencies of the contended run. */
  readonly contended: Latency;
}

interface Hosts {
  readonly sender: Host;
  readonly nic: Host;
  readonly receiver: Host;
  readonly python: PythonReceiver | undefined;
  readonly plain: Exclude<Path, "nic">;
}

/** Measures all paths of a scenario. The first is the path through the NIC. */
export async function runTrial(scenario: Scenario, options: TrialOptions): Promise<Measured[]> {
  const { folder, signal, hasPython } = options;
  const baselines = scenario.baselines.filter(({ open }) => open !== "python" || hasPython);
  await using sender = startHost("sender", signal);
  await using nic = startHost("nic", signal);
  await using receiver = startHost("receiver", signal);
  await using python = baselines.some(({ open }) => open === "python")
    ? await startPython(sizeOf(scenario), "f16", signal)
    : undefined;
  const { name } = scenario;
  const control = await nic.call<Address>("open", { scenario: name, folder });
  const opened = await receiver.call<{ control: Address; plain: Address; window: number }>("open", {
    scenario: name,
    folder,
    nic: control,
  });
  await sender.call("open", { scenario: name, folder, nic: control, control: opened.control });
  const plain = { to: opened.plain, window: opened.window };
  return await measurePaths(scenario, baselines, { sender, nic, receiver, python, plain }, options);
}

/** Height, width and side of a scenario with images, which its name states. */
function sizeOf({ name }: Scenario): [height: number, width: number, side: number] {
  const [, width, height] = /(\d+)x(\d+)/.exec(name)!;
  return [Number(height), Number(width), SIDE];
}

async function measurePaths(
  scenario: Scenario,
  baselines: readonly Baseline[],
  hosts: Hosts,
  { rounds, mostRequests, onPhase, signal }: TrialOptions,
): Promise<Measured[]> {
  const { sender } = hosts, { name, requests } = scenario;
  const paths: (Baseline | undefined)[] = [undefined, ...baselines];
  const nameOf = (path: Baseline | undefined) => path?.name ?? WITH_NIC;
  const prepare = (seed: number, most: number) =>
    sender.call<number>("prepare", { scenario: name, seed, count: Math.min(most, mostRequests) });

  await prepare(0, requests.phase);
  await compare(scenario, baselines, hosts);
  const costs = new Map<string, Cost[]>(paths.map((path) => [nameOf(path), []]));
  for (let round = 0; round < rounds; round++) {
    // The first half is sent without being counted.
    const count = Math.min(requests.phase, mostRequests);
    await sender.call<number>("prepare", { scenario: name, seed: 1 + round, count: 2 * count });
    // Every second round has the opposite order.
    for (const path of round % 2 === 0 ? paths : paths.toReversed()) {
      onPhase(`${name}: ${nameOf(path)}, round ${round + 1} of ${rounds}`);
      costs.get(nameOf(path))!.push(await measurePhase(hosts, scenario, path, count));
    }
  }
  const contended = new Map<string, Latency>();
  const busy = Array.from({ length: availableParallelism() }, () => startHost("busy", signal));
  try {
    await prepare(1 + rounds, requests.contended);
    for (const path of paths) {
      onPhase(`${name}: ${nameOf(path)}, contended`);
      await choose(hosts, scenario, path);
      const times = await sender.call<number[]>("run", { path: pathOf(hosts, path), inFlight: 1 });
      contended.set(nameOf(path), latencyOf(times));
    }
  } finally {
    for (const each of busy) await each.close();
  }
  return paths.map((path) => ({
    path: nameOf(path),
    rounds: costs.get(nameOf(path))!,
    contended: contended.get(nameOf(path))!,
  }));
}

/** Path of the sender's requests. */
function pathOf({ plain, python }: Hosts, path: Baseline | undefined): Path {
  if (path === undefined) return WITH_NIC;
  return path.open === "python" ? python!.path : plain;
}

async function choose({ receiver }: Hosts, { name }: Scenario, path: Baseline | undefined): Promise<void> {
  if (path !== undefined && path.open !== "python") {
    await receiver.call("choose", { scenario: name, baseline: path.name });
  }
}

/** Warms all paths up, and compares the results of exact baselines with the NIC's. */
async function compare(scenario: Scenario, baselines: readonly Baseline[], hosts: Hosts): Promise<void> {
  const { sender, receiver } = hosts;
  let expected: string[] | undefined;
  for (const path of [undefined, ...baselines]) {
    await receiver.call("compare", { isOn: true });
    await choose(hosts, scenario, path);
    const run = () => sender.call("run", { path: pathOf(hosts, path), inFlight: IN_FLIGHT });
    await run();
    const found = await receiver.call<Record<string, string>>("compare", { isOn: false });
    const digests = Object.entries(found).sort(([a], [b]) => Number(a) - Number(b)).map(([, each]) => each);
    expected ??= digests;
    for (let n = 1; n < WARM_UPS; n++) await run();
    if (path?.isExact !== true) continue;
    const off = expected.findIndex((digest, n) => digest !== digests[n]);
    if (off < 0 && digests.length === expected.length) continue;
    throw new Error(`Cannot compare ${scenario.name}: input ${off} of ${path.name} differs from the NIC's`);
  }
}

/** Measures one phase and returns the costs of a request. */
async function measurePhase(
  hosts: Hosts,
  scenario: Scenario,
  path: Baseline | undefined,
  count: number,
): Promise<Cost> {
  const { sender, nic, receiver, python } = hosts;
  await choose(hosts, scenario, path);
  for (const host of [sender, nic, receiver]) await host.call("collect");
  const receiving = (): Promise<Usage & { served: number }> =>
    path?.open === "python" ? python!.usage() : receiver.call("usage");
  const usages = async () =>
    [
      await sender.call<Usage & { resent: number }>("usage"),
      await nic.call<Usage>("usage"),
      await receiving(),
    ] as const;
  const run = (from: number, to: number) =>
    sender.call("run", { path: pathOf(hosts, path), inFlight: IN_FLIGHT, from, to });
  // A full collection drops compiled code, which the first run compiles again.
  await run(0, count);
  const before = await usages();
  await run(count, 2 * count);
  const after = await usages();
  if (after[2].served - before[2].served !== count) {
    throw new Error(`Cannot measure ${scenario.name}: ${count} requests, ${after[2].served} results`);
  }
  const [sent, passed, received] = after.map((usage, at) => ({
    cpuMs: (usage.cpuMs - before[at]!.cpuMs) / count,
    bytes: (usage.bytes - before[at]!.bytes) / count,
  })) as [Usage, Usage, Usage];
  return {
    sender: sent.cpuMs,
    // Without a NIC, its process is idle.
    nic: path === undefined ? passed.cpuMs : 0,
    receiver: received.cpuMs,
    bytes: sent.bytes + received.bytes,
    resent: (after[0].resent - before[0].resent) / count,
  };
}
