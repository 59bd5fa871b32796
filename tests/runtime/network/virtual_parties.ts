/**
 * A sender, a NIC and a receiver in this process, by a simulated clock and without sockets: the same seed gives the same
 * run on every machine. Control messages arrive at once, packets and reports by paths with faults.
 *
 * @module
 */

import { encodePlan } from "../../../kernels/plan/file.ts";
import type { Plan } from "../../../kernels/plan/plan.ts";
import { findWorkload } from "../../../kernels/registry.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import type { Address } from "../../../runtime/network/address.ts";
import type { Channel } from "../../../runtime/network/channel.ts";
import { FaultPath, type RelayFaults } from "../../../runtime/network/fault_path.ts";
import { halvesOf } from "../../../runtime/network/halves_of.ts";
import type { NicCounts } from "../../../runtime/network/nic_counts.ts";
import { NicPath } from "../../../runtime/network/nic_path.ts";
import { NicTables } from "../../../runtime/network/nic_tables.ts";
import { createPacer } from "../../../runtime/network/pacer.ts";
import { ReceivedInputs } from "../../../runtime/network/received_inputs.ts";
import type { Reconnecting } from "../../../runtime/network/reconnecting.ts";
import type { SendReport } from "../../../runtime/network/send_report.ts";
import { SendLoop } from "../../../runtime/network/send_loop.ts";
import { SentInputs } from "../../../runtime/network/sent_inputs.ts";
import { batchOf, datagramAt, type ReceivedBatch } from "../../../runtime/network/socket/batch.ts";
import type { DatagramSocket } from "../../../runtime/network/socket/contract.ts";

/** Milliseconds that one input may take, by the simulated clock. */
const INPUT_MS = 600_000;
const ADDRESSES = {
  sender: { host: "10.0.0.1", port: 1 },
  nic: { host: "10.0.0.2", port: 2 },
  receiver: { host: "10.0.0.3", port: 3 },
} as const;
/** Packets in flight that sockets take. */
const BURST = 2730;

/** Open parties. */
export interface VirtualParties extends AsyncDisposable {
  readonly loop: SendLoop;
  nic(): Omit<NicCounts, "control">;
  /** Results by label. */
  readonly outputs: ReadonlyMap<string, unknown[]>;
  /** Sends an input under a label. */
  send(input: unknown, label: string): Promise<SendReport>;
}

/** Options of {@linkcode openVirtualParties}. */
export interface VirtualOptions {
  readonly plan: Plan;
  readonly resources?: unknown;
  /** Faults of all paths. */
  readonly faults: RelayFaults;
  readonly seed: number;
  /** Opens the device. Default the model. */
  readonly openDevice?: ((plan: Plan) => Promise<Device>) | undefined;
  /** Datagrams that are lost besides, by their path and number on it. */
  readonly loses?: ((from: string, to: string, n: number, bytes: Uint8Array) => boolean) | undefined;
}

type Take = (batch: ReceivedBatch) => void | Promise<void>;

/** A network whose paths have faults. Datagrams that arrive at the same time arrive in one batch. */
class VirtualNetwork {
  readonly #options: VirtualOptions;
  readonly #takes = new Map<string, Take>();
  readonly #paths = new Map<string, FaultPath>();
  readonly #counts = new Map<string, number>();

  constructor(options: VirtualOptions) {
    this.#options = options;
  }

  socket(local: Address, onDatagrams: Take): DatagramSocket {
    this.#takes.set(local.host, onDatagrams);
    const counts = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, failed: 0 };
    return {
      local,
      kind: "portable",
      fallbackReason: undefined,
      burst: BURST,
      counts,
      send: (batch, to) => {
        for (let n = 0; n < batch.count; n++) {
          counts.sent++;
          this.#send(local, to, datagramAt(batch, n));
        }
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
  }

  #send(from: Address, to: Address, bytes: Uint8Array): void {
    const key = `${from.host} ${to.host}`, n = this.#counts.get(key) ?? 0;
    this.#counts.set(key, n + 1);
    if (this.#options.loses?.(from.host, to.host, n, bytes) === true) return;
    let path = this.#paths.get(key);
    if (path === undefined) {
      const { faults, seed } = this.#options;
      let inbox: Uint8Array[] = [];
      const send = (packet: Uint8Array) => {
        if (inbox.length === 0) {
          setTimeout(() => {
            const packets = inbox;
            inbox = [];
            void this.#takes.get(to.host)?.({ ...batchOf(packets), sources: packets.map(() => from) });
          }, 0);
        }
        inbox.push(packet);
      };
      path = new FaultPath({ faults, seed: seed + 65_537 * this.#paths.size, send });
      this.#paths.set(key, path);
    }
    path.take(bytes);
  }

  close(): void {
    for (const path of this.#paths.values()) path.close();
    this.#takes.clear();
  }
}

/** One end of a control connection, as the functions that the other end answers. */
function channelOf(remote: Address, calls: Readonly<Record<string, (body: never) => unknown>>): Channel {
  const call = async (name: string, body: unknown) => await calls[name]?.(body as never);
  return {
    remoteHost: remote.host,
    isPrivate: true,
    keys: undefined,
    ended: new Promise(() => {}),
    call,
    notify: (name, body) => void call(name, body),
    close: () => {},
  };
}

/** Opens the parties. A fake clock must be installed. */
export async function openVirtualParties(options: VirtualOptions): Promise<VirtualParties> {
  const { plan, resources, openDevice } = options;
  const network = new VirtualNetwork(options);
  const halves = halvesOf(plan, findWorkload(plan.workload).open(plan, resources));
  const path = new NicPath(
    undefined,
    (events) =>
      new NicTables({
        openDevice: openDevice ?? (({ target }) => Promise.resolve(createModelDevice(target))),
        resourcesOf: () => resources,
        isJumbo: false,
        delegates: false,
        events,
      }, {}),
  );
  path.socket = network.socket(ADDRESSES.nic, (batch) => path.take(batch));
  const token = "0".repeat(32);
  path.tables.addDestination(token, ADDRESSES.receiver.port, channelOf(ADDRESSES.receiver, {}));

  const outputs = new Map<string, unknown[]>();
  const received = new ReceivedInputs(new Map([[plan.id, { plan, halves }]]), ({ label, output }) => {
    outputs.set(label, [...outputs.get(label) ?? [], output]);
  });
  received.reportBy(network.socket(ADDRESSES.receiver, (batch) => received.take(batch)));

  const socket = network.socket(ADDRESSES.sender, (batch) => {
    for (let n = 0; n < batch.count; n++) loop.take(datagramAt(batch, n));
  });
  const loop = new SendLoop(socket, ADDRESSES.nic, createPacer(undefined));
  const inputs = new SentInputs(loop, ADDRESSES.sender.port);
  const ofSender = channelOf(ADDRESSES.sender, {});
  const toNic = channelOf(ADDRESSES.nic, {
    announce: ({ plan: bytes }: { plan: Uint8Array }) => path.tables.announce(bytes, ofSender).then(() => {}),
    flows: (message: Parameters<NicTables["addFlows"]>[0]) => ({
      window: Math.min(BURST, path.tables.addFlows(message, ofSender).share),
    }),
    close: ({ flows }: { flows: number[] }) => path.tables.closeFlows(flows, ofSender),
  });
  const toSender = channelOf(ADDRESSES.sender, {
    ended: ({ input, error }: { input: number; error: string | null }) => inputs.ended(input, error),
    escape: ({ input, flow }: { input: number; flow: number }) => inputs.escaped(input, flow),
  });
  inputs.nic = { current: toNic, ready: () => Promise.resolve(toNic) } as unknown as Reconnecting;
  inputs.receiver = channelOf(ADDRESSES.receiver, {
    open: (message: Parameters<ReceivedInputs["open"]>[0]) => {
      return { input: received.open(message, toSender), token, window: BURST };
    },
    resume: (message: Parameters<ReceivedInputs["resume"]>[0]) => ({
      from: received.resume(message, toSender),
    }),
    part: (message: Parameters<ReceivedInputs["append"]>[0]) => received.append(message, toSender),
    drop: ({ input }: { input: number }) => received.drop(input, toSender),
  });
  const part = inputs.part(plan, encodePlan(plan), halves);
  await inputs.announce(plan.id, part.bytes, {});
  return {
    loop,
    outputs,
    nic: () => path.counts(0),
    send: (input, label) => inputs.send(part, input, { label, timeoutMs: INPUT_MS }),
    [Symbol.asyncDispose]: async () => {
      network.close();
      received.close();
      path.close();
      await path.tables.close();
    },
  };
}
