/**
 * A receiver as a program: it takes results until it is stopped.
 *
 * @module
 */

import { join } from "node:path";
import { type Address, formatAddress } from "../../runtime/network/address.ts";
import type { ReceivedOutput } from "../../runtime/network/received_output.ts";
import { openReceiver, type Receiver } from "../../runtime/network/receiver.ts";
import { openRelay, type Relay, type RelayFaults } from "../../runtime/network/mod.ts";
import { writeWhole } from "../io/write.ts";
import { type BareCounts, startClock } from "./clock.ts";
import { addPaths, type Emit, type PartyCounts } from "./events.ts";
import type { PartyOptions } from "./nic_party.ts";
import { reach } from "./reach.ts";
import { encodeResult } from "./results.ts";
import type { NamedPlan } from "./samples.ts";
import { untilStopped } from "./stdin.ts";

/** Faults of the paths that begin or end at a program. */
export interface FaultyPath {
  /** Faults; undefined for none. */
  readonly faults?: RelayFaults | undefined;
  /** Seed of the first path; the paths to the receiver and back have the next two. */
  readonly seed: number;
}

/** Options of {@linkcode runReceiver}. */
export interface ReceiverPartyOptions extends PartyOptions, FaultyPath {
  /** Control address of the NIC. */
  readonly nic: Address;
  /** Address of the datagrams. Default a free port of the address that faces the NIC. */
  readonly listen?: Address | undefined;
  /** Address of the control channel. */
  readonly control: Address;
  /** Plans that senders may use. */
  readonly plans: readonly NamedPlan[];
  /** Folder for the results. */
  readonly folder?: string | undefined;
  /** Whether packets may have the size of jumbo frames. */
  readonly jumbo: boolean;
  /** Inputs at once. */
  readonly maxInputs?: number | undefined;
  /** Milliseconds in which the NIC must appear. */
  readonly waitMs: number;
}

/** Outcomes of answers that were used, or had come before. */
const TAKEN = ["accepted", "early", "duplicate"];

/**
 * Runs a receiver until the signal aborts.
 *
 * @param options Addresses and plans.
 * @param signal Ends the receiver. An abort before it is ready is thrown.
 * @param emit Takes `ready`, `output`, `counts` and `end`.
 * @returns The last counts.
 * @throws {OnpathError} As `openReceiver` and `openRelay`.
 */
export async function runReceiver(
  options: ReceiverPartyOptions,
  signal: AbortSignal,
  emit: Emit,
): Promise<PartyCounts> {
  const { nic, control, plans, folder, jumbo, maxInputs, faults, seed, waitMs, security } = options;
  const facing = await reach(nic, { timeoutMs: waitMs, signal });
  const listen = options.listen ?? { host: facing, port: 0 };
  const opened: AsyncDisposable[] = [];
  try {
    let relay: Relay | undefined;
    if (faults !== undefined) {
      // The destination is known once the receiver is open.
      const to = { host: listen.host, port: 9 };
      relay = await openRelay({ ...faults, seed: seed + 1, to, listen: { ...listen, port: 0 } }, { signal });
      opened.push(relay);
    }
    let count = 0;
    const onOutput = async (received: ReceivedOutput) => {
      const { label, sender, plan, output } = received;
      const { bytes, sha256, chunks, ending } = encodeResult(plan, output);
      const number = ++count;
      let file: string | undefined;
      if (folder !== undefined) {
        file = join(folder, `${number}-${fileName(label)}${ending}`);
        await writeWhole(file, chunks);
      }
      emit({ output: { label, sender, bytes, sha256, ...(file === undefined ? {} : { file }) } });
    };
    const announcedPort = relay?.local.port;
    const receiver = await openReceiver(
      { nic, plans, onOutput, listen, control, announcedPort, jumbo, maxInputs, security },
      { signal },
    );
    opened.push(receiver);
    if (relay !== undefined) relay.to = receiver.data;
    const paths = () => addPaths(relay === undefined ? [] : [relay.counts]);
    const clock = startClock(() => countsOf(receiver, paths()), options.intervalMs, emit);
    emit({ ready: { data: formatAddress(receiver.data), control: formatAddress(receiver.control) } });
    await untilStopped(signal, options.untilEof);
    return clock.stop();
  } finally {
    for (const each of opened.reverse()) await each[Symbol.asyncDispose]();
  }
}

/** A label comes from another host: only letters, digits and some signs may stand in a file's name. */
function fileName(label: string): string {
  return label.replace(/[^\w.-]+/g, "-").replace(/^[.-]+/, "").slice(0, 80) || "output";
}

function countsOf(receiver: Receiver, path: PartyCounts["path"]): BareCounts {
  const { received, sent, receivedBytes, outcomes, inputs, completed, fallbacks } = receiver.counts();
  const dropped = Object.entries(outcomes).filter(([outcome]) => !TAKEN.includes(outcome));
  return {
    received,
    sent,
    repeats: 0,
    dropped: Object.fromEntries(dropped),
    path,
    more: { receivedBytes, duplicates: outcomes["duplicate"] ?? 0, inputs, completed, fallbacks },
  };
}
