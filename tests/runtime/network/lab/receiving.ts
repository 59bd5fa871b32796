/**
 * Receiver of the lab: compares every result with that of a session on its own host.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { openReceiver } from "../../../../runtime/network/receiver.ts";
import { createModelDevice } from "../../../../runtime/device/model.ts";
import { Session } from "../../../../runtime/session.ts";
import type { HostOptions, Program } from "./program.ts";
import { type LabWorkload, openWorkloads } from "./workloads.ts";

/** Results of a workload. */
export interface Tally {
  /** Results that arrived. */
  readonly results: number;
  /** Different inputs among them. */
  readonly inputs: number;
  /** Results that differ from the local one. */
  readonly wrong: number;
}

/** Name of an input for the receiver. */
export const labelOf = (workload: string, run: number, n: number): string => `${workload}|${run}|${n}`;

/** Opens the receiver. */
export async function openReceiving(options: HostOptions): Promise<Program> {
  const workloads = await openWorkloads(options.workloads, options.isJumbo);
  const expected = new Map<string, readonly string[]>();
  for (const each of workloads) expected.set(each.name, await localResults(each));
  const tallies = new Map<string, { results: number; wrong: number; labels: Set<string> }>();
  const receiver = await openReceiver({
    nic: options.nic,
    plans: workloads,
    listen: { host: options.host, port: 0 },
    control: { host: options.host, port: 0 },
    announcedPort: options.toReceiverPort,
    jumbo: options.isJumbo,
    onOutput: ({ label, output }) => {
      const [name, run, n] = label.split("|") as [string, string, string];
      const key = `${name}|${run}`;
      let tally = tallies.get(key);
      if (tally === undefined) tallies.set(key, tally = { results: 0, wrong: 0, labels: new Set() });
      const known = expected.get(name)!;
      tally.results++;
      tally.labels.add(label);
      if (digest(output) !== known[Number(n) % known.length]) tally.wrong++;
    },
  });
  return {
    calls: {
      addresses: () => ({ control: receiver.control, data: receiver.data }),
      counts: () => receiver.counts(),
      tally: ({ workload, run }: { workload: string; run: number }): Tally => {
        const { results = 0, wrong = 0, labels } = tallies.get(`${workload}|${run}`) ?? {};
        tallies.delete(`${workload}|${run}`);
        return { results, wrong, inputs: labels?.size ?? 0 };
      },
    },
    close: () => receiver.close(),
  };
}

async function localResults({ plan, resources, inputs }: LabWorkload): Promise<string[]> {
  await using device = createModelDevice(plan.target);
  const session = await Session.open(plan, device, resources as never);
  const digests: string[] = [];
  for (const input of inputs) digests.push(digest((await session.run(input as never)).output));
  return digests;
}

/** Digest of a result: all its arrays byte by byte, its other values as JSON, in the order of their names. */
function digest(value: unknown): string {
  const hash = createHash("sha256");
  const add = (each: unknown, path: string) => {
    if (ArrayBuffer.isView(each)) {
      hash.update(`${path}:${each.byteLength};`);
      hash.update(new Uint8Array(each.buffer, each.byteOffset, each.byteLength));
    } else if (typeof each === "object" && each !== null) {
      for (const [key, item] of Object.entries(each).sort(([a], [b]) => a < b ? -1 : 1)) {
        add(item, `${path}.${key}`);
      }
    } else hash.update(`${path}=${JSON.stringify(each)};`);
  };
  add(value, "");
  return hash.digest("hex");
}
