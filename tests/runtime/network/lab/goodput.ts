/**
 * Goodput: bytes of inputs a second whose results have arrived, beside a stream over TCP through the same path.
 *
 * @module
 */

import type { Address } from "../../../../runtime/network/address.ts";
import type { SenderCounts } from "../../../../runtime/network/sender.ts";
import { type Lab, openLab } from "./lab.ts";
import type { Stream } from "./plain_tcp.ts";

/** Workload of the comparison: the cheapest one for a NIC, a byte in and a byte out. */
const WORKLOAD = "lookup u8";
/** Bytes of one of its inputs: a photograph of 400 x 600 pixels. */
const INPUT_BYTES = 400 * 600 * 3;
/** Rounds, of which the median counts. */
const ROUNDS = 5;
/** Milliseconds that one round may take. */
const ROUND_MS = 300_000;

/** A path whose goodput is measured. */
export interface GoodputPath {
  readonly name: string;
  readonly joinedBy: "wire" | "kernel";
  readonly delayMs: number;
  /** Inputs of one round. */
  readonly inputs: number;
}

/** Paths of the experiment. */
export const GOODPUT_PATHS: readonly GoodputPath[] = [
  { name: "kernel, no delay", joinedBy: "kernel", delayMs: 0, inputs: 32 },
  { name: "wire, no delay", joinedBy: "wire", delayMs: 0, inputs: 32 },
  { name: "wire, 2 ms", joinedBy: "wire", delayMs: 2, inputs: 24 },
  { name: "wire, 10 ms", joinedBy: "wire", delayMs: 10, inputs: 24 },
  { name: "wire, 50 ms", joinedBy: "wire", delayMs: 50, inputs: 16 },
];

/** Medians of one path, in MB a second, and counts of all rounds. */
export interface Goodput {
  readonly path: GoodputPath;
  readonly loss: number;
  readonly ours: number;
  readonly tcp: number;
  /** Requests sent again for each that was sent. */
  readonly repeats: number;
  readonly timeouts: number;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

async function measure(lab: Lab, path: GoodputPath, loss: number, to: Address): Promise<Goodput> {
  const { delayMs, inputs } = path, bytes = inputs * INPUT_BYTES;
  if (path.joinedBy === "kernel") await lab.setLoss(1000 * loss);
  const ours: number[] = [], tcp: number[] = [];
  let requests = 0, resent = 0;
  const timeouts = async () => (await lab.sender.call<SenderCounts>("counts")).timeouts;
  const before = await timeouts();
  for (let round = 0; round < ROUNDS; round++) {
    if (path.joinedBy === "wire") await lab.setFaults({ loss, delayMs }, 1 + round);
    const sent = await lab.run({ workload: WORKLOAD, inputs, concurrency: 8 });
    if (sent.wrong + sent.missing + sent.doubled > 0) {
      throw new Error("a result is wrong, missing or doubled");
    }
    ours.push(bytes / sent.milliseconds / 1000);
    requests += sent.requests;
    resent += sent.resent;
    const stream = await lab.sender.call<Stream>("tcpSend", { to, bytes }, ROUND_MS);
    tcp.push(bytes / stream.milliseconds / 1000);
  }
  const repeats = resent / requests;
  return { path, loss, ours: median(ours), tcp: median(tcp), repeats, timeouts: await timeouts() - before };
}

/** Measures a path without loss and with 1% of it. */
export async function measureGoodput(path: GoodputPath): Promise<readonly [Goodput, Goodput]> {
  await using lab = await openLab({ joinedBy: path.joinedBy, workloads: [WORKLOAD] });
  const to = await lab.receiver.call<Address>("tcpListen");
  // The first inputs compile the code of all hosts.
  await lab.run({ workload: WORKLOAD, inputs: 20, concurrency: 4 });
  const without = await measure(lab, path, 0, to);
  return [without, await measure(lab, path, 0.01, to)];
}
