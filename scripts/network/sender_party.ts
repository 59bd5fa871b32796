/**
 * A sender as a program: it sends inputs, waits for the results, and ends.
 *
 * @module
 */

import { type Address, formatAddress } from "../../runtime/network/address.ts";
import type { Pacing } from "../../runtime/network/pacer.ts";
import { openRelay, type Relay } from "../../runtime/network/relay.ts";
import { openSender, type Sender, type SentPlan } from "../../runtime/network/sender.ts";
import type { SendReport } from "../../runtime/network/send_report.ts";
import type { AnyPlan } from "../../kernels/registry.ts";
import { type BareCounts, startClock } from "./clock.ts";
import { addPaths, type Emit, type PartyCounts, type SentEvent, total } from "./events.ts";
import type { PartyOptions } from "./nic_party.ts";
import { dataAddress, reach } from "./reach.ts";
import type { FaultyPath } from "./receiver_party.ts";
import type { NamedPlan } from "./samples.ts";

/** A plan with the inputs that are sent for it. */
export interface SentWork extends NamedPlan {
  /** Input and work, in a few words. */
  readonly text: string;
  /** Inputs, each under a label, with the SHA-256 of its local result if that was computed. */
  readonly inputs: readonly {
    readonly label: string;
    readonly input: unknown;
    readonly expected?: string | undefined;
  }[];
}

/** Outcomes of reports that were read, with news or without. */
const TAKEN = ["accepted", "duplicate", "held"];

/** Options of {@linkcode runSender}. */
export interface SenderPartyOptions extends Omit<PartyOptions, "untilEof">, FaultyPath {
  /** Control address of the NIC. */
  readonly nic: Address;
  /** Control address of the receiver. */
  readonly receiver: Address;
  /** Address of the datagrams. Default a free port of the address that faces the NIC. */
  readonly listen?: Address | undefined;
  /** Plans and inputs, one plan after another. */
  readonly works: readonly SentWork[];
  /** Inputs of a plan at once. */
  readonly atOnce: number;
  /** Rate limit. */
  readonly pacing?: Pacing | undefined;
  /** Whether packets may have the size of jumbo frames. */
  readonly jumbo: boolean;
  /** Milliseconds that an input may take. */
  readonly timeoutMs: number;
  /** Milliseconds in which the NIC and the receiver must appear. */
  readonly waitMs: number;
}

/**
 * Sends all inputs.
 *
 * @param options Addresses and inputs.
 * @param signal Ends the sending with its reason.
 * @param emit Takes `ready`, `sent`, `counts` and `end`.
 * @returns The last counts.
 * @throws {OnpathError} As `openSender`, `SentPlan.send` and `openRelay`.
 */
export async function runSender(
  options: SenderPartyOptions,
  signal: AbortSignal,
  emit: Emit,
): Promise<PartyCounts> {
  const { nic, receiver, works, faults, seed, pacing, jumbo, waitMs, security } = options;
  const wait = { timeoutMs: waitMs, signal };
  const facing = await reach(nic, wait);
  await reach(receiver, wait);
  const listen = options.listen ?? { host: facing, port: 0 };
  const opened: AsyncDisposable[] = [];
  try {
    const relays: Relay[] = [];
    if (faults !== undefined) {
      const free = { ...listen, port: 0 };
      // The destination of the reports is known once the sender is open.
      const ends = [await dataAddress(nic, { signal }, security), { ...listen, port: 9 }];
      for (const [n, to] of ends.entries()) {
        relays.push(await openRelay({ ...faults, seed: seed + 2 * n, to, listen: free }, { signal }));
        opened.push(relays[n]!);
      }
    }
    const [out, back] = relays;
    const sender = await openSender(
      { nic, receiver, listen, data: out?.local, announcedPort: back?.local.port, jumbo, pacing, security },
      { signal },
    );
    opened.push(sender);
    if (back !== undefined) back.to = sender.data;
    const done = { repeats: 0, inputs: 0 };
    const counts = () => countsOf(sender, addPaths(relays.map((relay) => relay.counts)), done);
    const clock = startClock(counts, options.intervalMs, emit);
    emit({ ready: { data: formatAddress(sender.data) } });
    try {
      for (const work of works) emit({ sent: await sendWork(sender, work, options, signal, done) });
    } finally {
      clock.stop();
    }
    return clock.now();
  } finally {
    for (const each of opened.reverse()) await each[Symbol.asyncDispose]();
  }
}

async function sendWork(
  sender: Sender,
  { name, text, plan, resources, inputs }: SentWork,
  { atOnce, timeoutMs }: SenderPartyOptions,
  signal: AbortSignal,
  done: { repeats: number; inputs: number },
): Promise<SentEvent> {
  const { sentBytes } = sender.counts(), begun = performance.now();
  const open = await (sender.open as (...args: unknown[]) => Promise<SentPlan<AnyPlan>>)(plan, resources, {
    signal,
  });
  const reports: SendReport[] = [];
  const controller = new AbortController();
  const waits = { timeoutMs, signal: AbortSignal.any([signal, controller.signal]) };
  const left = inputs[Symbol.iterator]();
  const worker = async () => {
    for (const { label, input } of left) {
      const report = await open.send(input as never, { ...waits, label });
      reports.push(report);
      done.repeats += report.resent;
      done.inputs++;
    }
  };
  const workers = Array.from({ length: Math.min(atOnce, inputs.length) }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    // One failure ends the others; all of them end before the sender is closed.
    controller.abort(error);
    await Promise.allSettled(workers);
    throw error;
  }
  const sum = (field: "sent" | "resent" | "restarts") =>
    reports.reduce((all, report) => all + report[field], 0);
  const reasons = ["escape", "restart", "stall"] as const;
  const fallbacks = reasons.map((reason) =>
    [reason, total(Object.fromEntries(reports.map((report, n) => [n, report.fallbacks[reason]])))] as const
  );
  return {
    name,
    text,
    labels: inputs.map(({ label }) => label),
    expected: inputs.flatMap(({ expected }) => expected ?? []),
    packets: sum("sent"),
    bytes: sender.counts().sentBytes - sentBytes,
    repeats: sum("resent"),
    restarts: sum("restarts"),
    fallbacks: Object.fromEntries(fallbacks.filter(([, count]) => count > 0)),
    ms: Math.round(10 * (performance.now() - begun)) / 10,
  };
}

function countsOf(
  sender: Sender,
  path: PartyCounts["path"],
  { repeats, inputs }: { readonly repeats: number; readonly inputs: number },
): BareCounts {
  const { received, sent, sentBytes, reports, roundTripMs } = sender.counts();
  const dropped = Object.entries(reports).filter(([outcome]) => !TAKEN.includes(outcome));
  return {
    received,
    sent,
    repeats,
    dropped: Object.fromEntries(dropped),
    path,
    more: { sentBytes, inputs, roundTripMs: Math.round(100 * roundTripMs) / 100 },
  };
}
