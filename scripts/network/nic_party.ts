/**
 * A soft NIC as a program: it runs until it is stopped, and emits its counts.
 *
 * @module
 */

import type { Plan } from "../../kernels/plan/plan.ts";
import type { Device } from "../../runtime/device/device.ts";
import { type Address, formatAddress } from "../../runtime/network/address.ts";
import { type Nic, openNic } from "../../runtime/network/nic.ts";
import type { NicLimits } from "../../runtime/network/nic_tables.ts";
import type { Security } from "../../runtime/network/security/options.ts";
import { type BareCounts, startClock } from "./clock.ts";
import { type Emit, NO_FAULTS, type PartyCounts } from "./events.ts";
import { loadResources } from "./resources.ts";
import { untilStopped } from "./stdin.ts";

/** Options of every program on a path. */
export interface PartyOptions {
  /** Milliseconds between two events with counts. */
  readonly intervalMs: number;
  /** Whether the program also ends when its standard input does. */
  readonly untilEof: boolean;
  /** Certificates, token and authentication. Default none. */
  readonly security?: Security | undefined;
}

/** Options of {@linkcode runNic}. */
export interface NicPartyOptions extends PartyOptions {
  /** Address of the datagrams. */
  readonly listen: Address;
  /** Address of the control channel. */
  readonly control: Address;
  /** Opens the device of a plan. */
  readonly openDevice: (plan: Plan) => Promise<Device>;
  /** Address to which datagrams are sent that are no packets. */
  readonly passTo?: Address | undefined;
  /** Whether packets may have the size of jumbo frames. */
  readonly jumbo: boolean;
  /** Limits of programs, flows and connections. */
  readonly limits: NicLimits;
  /** Vocabularies to load first, by name or file. */
  readonly vocabularies: readonly string[];
}

/**
 * Runs a NIC until the signal aborts.
 *
 * @param options Addresses, device and limits.
 * @param signal Ends the NIC. An abort before it is ready is thrown.
 * @param emit Takes `ready`, `counts` and `end`.
 * @returns The last counts.
 * @throws {OnpathError} As `openNic` and `loadResources`.
 */
export async function runNic(
  { vocabularies, intervalMs, untilEof, ...options }: NicPartyOptions,
  signal: AbortSignal,
  emit: Emit,
): Promise<PartyCounts> {
  const resourcesOf = await loadResources(vocabularies, signal);
  const nic = await openNic({ ...options, resourcesOf }, { signal });
  try {
    const clock = startClock(() => countsOf(nic), intervalMs, emit);
    emit({ ready: { data: formatAddress(nic.data), control: formatAddress(nic.control) } });
    await untilStopped(signal, untilEof);
    return clock.stop();
  } finally {
    await nic.close();
  }
}

function countsOf(nic: Nic): BareCounts {
  const { received, answers, repeats, passed, dropped, foreign, held, requests, ...sizes } = nic.counts();
  return {
    received,
    sent: answers + repeats + passed,
    repeats,
    // Foreign datagrams that are not passed on are dropped.
    dropped: foreign > passed ? { ...dropped, foreign: foreign - passed } : dropped,
    path: NO_FAULTS,
    more: {
      requests,
      held,
      passed,
      programs: sizes.programs,
      flows: sizes.flows,
      connections: sizes.connections,
    },
  };
}
