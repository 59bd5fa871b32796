/**
 * Kinds of sockets that the benchmark of networks compares, and CPU time of one that sends to itself.
 *
 * @module
 */

import process from "node:process";
import type { DatagramBatch } from "../../../runtime/network/socket/batch.ts";
import type { OpenDatagram } from "../../../runtime/network/socket/contract.ts";
import { openLinuxDatagram } from "../../../runtime/network/socket/linux.ts";
import { openPortableDatagram } from "../../../runtime/network/socket/portable.ts";
import { median } from "../measure.ts";

/** Ways to open a socket. */
export const OPEN = { linux: openLinuxDatagram, portable: openPortableDatagram } as const satisfies Record<
  string,
  OpenDatagram
>;

/** Kind of a socket. */
export type SocketKind = keyof typeof OPEN;

/**
 * Measures CPU time of this process, user and system.
 *
 * @param rounds Rounds, of which the median counts; one more warms up.
 * @param run Work of one round.
 * @returns Microseconds a round.
 */
export async function cpuOf(rounds: number, run: () => Promise<void>): Promise<number> {
  const all: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(start);
    if (round > 0) all.push(user + system);
  }
  return median(all);
}

/** CPU time of a datagram that one process sends and receives, in microseconds. */
export async function socketUs(kind: SocketKind, batch: DatagramBatch, rounds: number): Promise<number> {
  const listen = { host: "127.0.0.1", port: 0 };
  const to = await OPEN[kind]({ listen, onDatagrams: () => {} });
  const from = await OPEN[kind]({ listen, onDatagrams: () => {} });
  const times = kind === "linux" ? 500 : 50;
  const us = await cpuOf(rounds, async () => {
    for (let n = 0; n < times; n++) {
      const end = to.counts.received + batch.count;
      await from.send(batch, to.local);
      const deadline = performance.now() + 5000;
      while (to.counts.received < end) {
        if (performance.now() > deadline) throw new Error("Cannot measure: a datagram was lost");
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  });
  await Promise.all([to.close(), from.close()]);
  return us / (times * batch.count);
}
