/**
 * Lab: a sender, a NIC and a receiver as programs of their own, with a faulty network between them.
 *
 * @module
 */

import type { Address } from "../../../../runtime/network/address.ts";
import type { RelayFaults } from "../../../../runtime/network/fault_path.ts";
import type { NicCounts } from "../../../../runtime/network/nic_counts.ts";
import { openRelay, type Relay } from "../../../../runtime/network/relay.ts";
import { type Child, startHost } from "./child.ts";
import { HOST_NAMES, type HostName } from "../../../../scripts/network/hosts.ts";
import { dropAtRandom, openNetwork } from "./network.ts";
import type { Tally } from "./receiving.ts";
import type { SendTask, Sent } from "./sending.ts";
import type { WireCounts } from "./wire.ts";

/** Options of {@linkcode openLab}. */
export interface LabOptions {
  /**
   * Network. `wire`: namespaces and a program that forwards with seeded faults. `kernel`: namespaces, veth pairs and
   * nftables. `loopback`: no namespaces; relays between the sockets.
   */
  readonly joinedBy: "wire" | "kernel" | "loopback";
  /** Names of the workloads. */
  readonly workloads: readonly string[];
  /** Version of IP. Default 4. */
  readonly version?: 4 | 6 | undefined;
  /** Whether packets have the size of jumbo frames. Default false. */
  readonly isJumbo?: boolean | undefined;
  /** Faults of relays on loopback, and the first ones of a wire. Default none. */
  readonly faults?: RelayFaults | undefined;
  /** Seed of the faults. Default 1. */
  readonly seed?: number | undefined;
}

/** What a run gave. */
export interface RunResult extends Sent, Tally {
  /** Inputs without a result. */
  readonly missing: number;
  /** Results of inputs that had one. */
  readonly doubled: number;
}

/** An open lab. */
export interface Lab extends AsyncDisposable {
  readonly sender: Child;
  readonly receiver: Child;
  /** The wire, if there is one. */
  readonly wire: Child | undefined;
  /** Sets the loss of nftables in thousandths, in a lab that a kernel joins. */
  setLoss(perMille: number): Promise<void>;
  /** Relays to the NIC, the receiver and the sender, on loopback. */
  readonly relays: readonly Relay[];
  /** The NIC, which `restartNic` replaces. */
  nic(): Child;
  /** Ends the NIC's program at once and starts it again at its addresses. */
  restartNic(): Promise<void>;
  /** Sets the faults of a wire. */
  setFaults(faults: RelayFaults, seed: number): Promise<void>;
  /**
   * Sends inputs and collects what arrived of them.
   *
   * @param task Inputs to send.
   * @param restartAfter Requests that the NIC has taken when it is restarted. Default never.
   */
  run(task: Omit<SendTask, "run">, restartAfter?: number): Promise<RunResult>;
}

/** Milliseconds that one run may take. */
const RUN_MS = 600_000;

/** Opens a lab. */
export async function openLab(options: LabOptions): Promise<Lab> {
  const { joinedBy, workloads, version = 4, isJumbo = false, faults = {}, seed = 1 } = options;
  await using undo = new AsyncDisposableStack();
  const network = joinedBy === "loopback"
    ? undefined
    : undo.use(await openNetwork(joinedBy, isJumbo ? 9000 : 1500));
  const addressOf = (role: HostName) => {
    if (network === undefined) return version === 4 ? "127.0.0.1" : "::1";
    return network.hosts[role][version === 4 ? "v4" : "v6"];
  };
  const start = (role: HostName | "wire", more: object) =>
    startHost(role === "wire" ? [] : network?.hosts[role].prefix ?? [], {
      role,
      workloads,
      isJumbo,
      ...more,
    });
  const keep = (child: Child) => (undo.defer(() => child.close()), child);
  const wire = joinedBy === "wire" ? keep(await start("wire", { ends: network!.ends })) : undefined;
  if (wire !== undefined) await network!.join();
  const setFaults = async (next: RelayFaults, nextSeed: number) => {
    await wire!.call("faults", { faults: next, seed: nextSeed });
  };
  if (wire !== undefined) await setFaults(faults, seed);

  const free = (role: HostName) => ({ host: addressOf(role), port: 0 });
  let nic = await start("nic", { host: addressOf("nic"), nic: free("nic"), nicData: free("nic") });
  undo.defer(() => nic.close());
  const nicAt = await nic.call<{ control: Address; data: Address }>("addresses");
  const relays: Relay[] = [];
  if (joinedBy === "loopback") {
    for (const n of [0, 1, 2]) {
      const relay = await openRelay({ ...faults, seed: seed + n, to: nicAt.data, listen: free("nic") });
      relays.push(undo.use(relay));
    }
  }
  const common = { nic: nicAt.control };
  const receiver = keep(
    await start("receiver", {
      ...common,
      host: addressOf("receiver"),
      toReceiverPort: relays[1]?.local.port,
    }),
  );
  const receiverAt = await receiver.call<{ control: Address; data: Address }>("addresses");
  if (relays[1] !== undefined) relays[1].to = receiverAt.data;
  const sender = keep(
    await start("sender", {
      ...common,
      host: addressOf("sender"),
      receiver: receiverAt.control,
      toNic: relays[0]?.local,
      toSenderPort: relays[2]?.local.port,
    }),
  );
  if (relays[2] !== undefined) relays[2].to = (await sender.call<{ data: Address }>("addresses")).data;

  const restartNic = async () => {
    await nic.kill();
    nic = await start("nic", { host: addressOf("nic"), nic: nicAt.control, nicData: nicAt.data });
  };
  let runs = 0;
  const run = async (task: Omit<SendTask, "run">, restartAfter = Infinity): Promise<RunResult> => {
    const number = runs++;
    const sending = sender.call<Sent>("send", { ...task, run: number }, RUN_MS);
    if (restartAfter < Infinity) {
      const taken = async () => (await nic.call<NicCounts>("counts")).requests;
      const target = await taken() + restartAfter;
      while (await taken() < target) await new Promise((resolve) => setTimeout(resolve, 20));
      await restartNic();
    }
    const sent = await sending;
    const tally = await receiver.call<Tally>("tally", { workload: task.workload, run: number });
    const missing = sent.inputs - tally.inputs, doubled = tally.results - tally.inputs;
    return { ...tally, ...sent, missing, doubled };
  };
  const opened = undo.move();
  return {
    sender,
    receiver,
    wire,
    setLoss: async (perMille) => {
      await Promise.all(HOST_NAMES.map((name) => dropAtRandom(network!.hosts[name].prefix, perMille)));
    },
    relays,
    nic: () => nic,
    restartNic,
    setFaults,
    run,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Datagrams of the wire or of relays by their fate. */
export async function readPath({ wire, relays }: Lab): Promise<WireCounts["udp"]> {
  if (wire !== undefined) return (await wire.call<WireCounts>("counts")).udp;
  const total = { received: 0, sent: 0, lost: 0, duplicated: 0, corrupted: 0, reordered: 0 };
  for (const { counts } of relays) {
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += counts[name];
  }
  return total;
}
