/**
 * CPU time of the soft NIC for a datagram.
 *
 * @module
 */

import { median } from "../measure.ts";
import { foreignBatch, lookupBatch, openCounter, pump } from "./load.ts";
import { startNic } from "./process.ts";
import type { SocketKind } from "./sockets.ts";

/** Datagrams of a round. */
const DATAGRAMS = { linux: 64_000, portable: 6400 } as const;
/** Datagrams in flight to a portable NIC, whose socket buffers few. */
const PORTABLE_WINDOW = 32;

/** Way of a datagram through a NIC. */
export interface NicWay {
  /** Device of the NIC: one that copies requests to answers, or the model. */
  readonly role: "echo" | "model";
  /** Whether the datagrams are no packets. */
  readonly isForeign: boolean;
  /** Sockets of the sender. */
  readonly from: SocketKind;
}

/**
 * Measures a NIC in a process of its own.
 *
 * @param way Datagrams and device.
 * @param kind Sockets of the NIC.
 * @param rounds Rounds, of which the median counts.
 * @returns Microseconds of CPU time of the process, a datagram.
 */
export async function nicUs(
  { role, isForeign, from }: NicWay,
  kind: SocketKind,
  rounds: number,
): Promise<number> {
  const counter = await openCounter(from);
  await using nic = await startNic({ role, kind, passTo: counter.socket.local });
  const lookup = await lookupBatch(nic.addresses.control, counter.socket.local.port);
  const batch = isForeign ? foreignBatch() : lookup.list;
  const isPortable = kind === "portable" || from === "portable";
  const window = isPortable ? PORTABLE_WINDOW : lookup.window;
  const total = DATAGRAMS[isPortable ? "portable" : "linux"];
  const us: number[] = [];
  let before = 0;
  for (let round = 0; round <= rounds; round++) {
    await pump(counter, batch, nic.addresses.data, total, window);
    const { cpuUs, dropped } = await nic.status();
    if (dropped > 0) throw new Error(`Cannot measure: the NIC dropped ${dropped} datagrams`);
    if (round > 0) us.push((cpuUs - before) / total);
    before = cpuUs;
  }
  lookup.close();
  await counter.socket.close();
  return median(us);
}
