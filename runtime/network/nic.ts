/**
 * Soft NIC: a process between two hosts that receives packets, runs devices on them, and forwards the answers.
 *
 * @module
 */

import process from "node:process";
import type { Plan } from "../../kernels/plan/plan.ts";
import { HEADER_BYTES, MAGIC, newHeader, OFFSET } from "../../serialize/header.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { packetBytes, type PacketSlots, readPacketBytes, slotAddress } from "../../serialize/packets.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { Device, DeviceCounters } from "../device/device.ts";
import { createModelDevice } from "../device/model.ts";
import { type Address, LOOPBACK } from "./address.ts";
import type { Channel, Handlers } from "./channel.ts";
import { type ControlServer, serveControl } from "./connect.ts";
import { type DatagramSocket, type OpenDatagram, openDatagram } from "./datagram.ts";
import { announceSpec, closeSpec, destinationSpec, flowsSpec, nothingSpec } from "./messages.ts";
import type { NicCounts } from "./nic_counts.ts";
import { type NicFlow, type NicLimits, NicTables } from "./nic_tables.ts";

/** Options of {@linkcode openNic}. */
export interface NicOptions {
  /** Address of the datagrams. Default a free port of loopback. */
  readonly listen?: Address | undefined;
  /** Address of the control channel. Default a free port of loopback. */
  readonly control?: Address | undefined;
  /** Opens the device of a plan; the NIC closes it. Default the model of the plan's target. */
  readonly openDevice?: ((plan: Plan) => Promise<Device>) | undefined;
  /** Finds the resources of a plan, such as its vocabulary, at once or as a promise. Default none. */
  readonly resourcesOf?: ((plan: Plan) => unknown) | undefined;
  /** Address to which datagrams are sent that are no packets. Default they are dropped. */
  readonly passTo?: Address | undefined;
  /** Whether packets may have more than {@linkcode DATAGRAM_BYTES}, up to {@linkcode JUMBO_BYTES}. Default false. */
  readonly jumbo?: boolean | undefined;
  /** Limits of programs, flows and connections. */
  readonly limits?: NicLimits | undefined;
  /** Opens datagram sockets. Default {@linkcode openDatagram}. */
  readonly open?: OpenDatagram | undefined;
}

/** An open NIC. */
export interface Nic extends AsyncDisposable {
  /** Address of the datagrams. */
  readonly data: Address;
  /** Address of the control channel. */
  readonly control: Address;
  /** Counts since it was opened. */
  counts(): NicCounts;
  /** Counters of the devices by plan id. */
  devices(): ReadonlyMap<number, DeviceCounters>;
  /** Closes sockets, connections and devices. */
  close(): Promise<void>;
}

/**
 * Opens a NIC.
 *
 * Answers go to hosts that registered themselves over a control connection, never to the source of a datagram. So a
 * spoofed source receives nothing.
 *
 * @param options Addresses, devices, limits.
 * @param wait Timeout and signal of the opening.
 * @throws {OnpathError} `device` if an address cannot be used; `timeout`; the signal's reason.
 *
 * @example
 * ```ts
 * import { openNic } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * await using nic = await openNic();
 * assert.equal(nic.data.host, "127.0.0.1");
 * assert.equal(nic.counts().received, 0);
 * ```
 */
export async function openNic(options: NicOptions = {}, wait: WaitOptions = {}): Promise<Nic> {
  const loopback = { host: LOOPBACK, port: 0 };
  const { listen = loopback, control = loopback, passTo, limits = {}, open = openDatagram } = options;
  const path = new DataPath(options, passTo);
  const socket = await open({ listen, onDatagram: (bytes, from) => path.take(bytes, from) }, wait);
  let server: ControlServer;
  try {
    path.socket = socket;
    server = await serveControl({
      listen: control,
      role: "nic",
      maxConnections: limits.connections,
      handlers: controlHandlers(path, socket),
      onEnd: (channel) => path.tables.forget(channel),
    }, wait);
  } catch (error) {
    await socket.close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async () => {
    await server.close();
    await path.tables.close();
    await socket.close();
  };
  const nic: Nic = {
    data: socket.local,
    control: server.local,
    counts: () => path.counts(server.channels.size),
    devices: () => path.devices(),
    close: () => closing ??= close(),
    [Symbol.asyncDispose]: () => nic.close(),
  };
  return nic;
}

function controlHandlers(path: DataPath, socket: DatagramSocket): Handlers {
  const { tables } = path;
  // Senders share what the socket buffers. Few packets each suffice for progress.
  const windowOf = (channel: Channel) => {
    const owners = new Set(
      [...tables.flows.values()].map(({ owner }) => owner).filter((each) => each !== channel),
    );
    return Math.max(4, Math.floor(socket.burst / (owners.size + 1)));
  };
  return {
    describe: { schema: nothingSpec, run: () => ({ port: socket.local.port }) },
    announce: {
      schema: announceSpec,
      run: async ({ plan }: { plan: Uint8Array }, channel) => {
        await tables.announce(plan, channel);
      },
    },
    destination: {
      schema: destinationSpec,
      run: ({ token, port }: { token: string; port: number }, channel) =>
        tables.addDestination(token, port, channel),
    },
    flows: {
      schema: flowsSpec,
      run: ({ flows, plan, token }: { flows: number[]; plan: number; token: string }, channel) => {
        const { capacity } = tables.addFlows(flows, plan, token, channel);
        return { window: Math.min(windowOf(channel), capacity) };
      },
    },
    close: {
      schema: closeSpec,
      run: ({ flows }: { flows: number[] }, channel) => tables.closeFlows(flows, channel),
    },
    stats: { schema: nothingSpec, run: () => path.counts(undefined) },
  };
}

/** Datagrams of a NIC. */
class DataPath {
  readonly tables: NicTables;
  socket: DatagramSocket | undefined;
  readonly #passTo: Address | undefined;
  readonly #dropped = new Map<string, number>();
  readonly #header = newHeader();
  #foreign = 0;
  #passed = 0;
  #requests = 0;
  #answers = 0;
  #repeats = 0;
  #held = 0;

  constructor(options: NicOptions, passTo: Address | undefined) {
    this.#passTo = passTo;
    this.tables = new NicTables({
      openDevice: options.openDevice ?? (({ target }) => Promise.resolve(createModelDevice(target))),
      resourcesOf: options.resourcesOf ?? (() => undefined),
      isJumbo: options.jumbo ?? false,
      events: ({ id }) => ({
        onAnswers: (slots, count) => this.#forward(slots, count),
        onFailure: (error) => this.#fail(id, error),
      }),
    }, options.limits ?? {});
  }

  /** Takes a datagram. */
  take(bytes: Uint8Array, from: Address): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
      this.#foreign++;
      if (this.#passTo === undefined) return;
      this.#passed++;
      void this.socket!.send([bytes.slice()], this.#passTo);
      return;
    }
    const program = this.tables.programs.get(view.getUint32(OFFSET.plan, true));
    if (program === undefined) return this.#drop("program");
    const flow = this.tables.flows.get(view.getUint32(OFFSET.flow, true));
    if (flow === undefined || flow.program !== program) return this.#drop("flow");
    if (flow.owner.remoteHost !== from.host) return this.#drop("peer");
    if (flow.order === undefined) this.#push(flow, bytes);
    else this.#takeOrdered(flow, flow.order, bytes);
  }

  #push({ program }: NicFlow, bytes: Uint8Array): boolean {
    const reason = program.push(bytes);
    if (reason === null) this.#requests++;
    else this.#drop(reason);
    return reason === null;
  }

  /** Takes a request of a sequential flow. Its sequence number is used here, so its CRC is checked here too. */
  #takeOrdered(flow: NicFlow, order: NonNullable<NicFlow["order"]>, bytes: Uint8Array): void {
    const header = this.#header;
    const refusal = readPacketBytes(bytes, header);
    if (refusal !== null) return this.#drop(refusal);
    const place = order.offer(header.sequence, bytes);
    if (place === "held") this.#held++;
    else if (place === "repeat") this.#repeat(flow, order.answers(header.sequence));
    else if (place === "due") {
      for (let due: Uint8Array | undefined = bytes; due !== undefined; due = order.due) {
        if (!this.#push(flow, due)) return;
        order.advance();
      }
    } else this.#drop(place);
  }

  #repeat({ token }: NicFlow, answers: readonly Uint8Array[]): void {
    const destination = this.tables.destinations.get(token);
    if (destination === undefined) return this.#drop("destination");
    this.#repeats += answers.length;
    void this.socket!.send(answers, destination.address);
  }

  /** Sends the answers of an exchange to the destinations of their flows. */
  async #forward(slots: PacketSlots, count: number): Promise<void> {
    const { view } = slots.engine;
    const batches = new Map<Address, Uint8Array[]>();
    for (let slot = 0; slot < count; slot++) {
      const at = slotAddress(slots, slot);
      const flow = this.tables.flows.get(view.getUint32(at + OFFSET.flow, true));
      const bytes = packetBytes(slots, slot);
      // A flow that has ended meanwhile needs no answers.
      if (flow === undefined) continue;
      flow.order?.keep(flow.program.requestOf(view.getUint32(at + OFFSET.sequence, true)), bytes);
      const destination = this.tables.destinations.get(flow.token);
      if (destination === undefined) {
        this.#drop("destination");
        continue;
      }
      const batch = batches.get(destination.address);
      if (batch === undefined) batches.set(destination.address, [bytes]);
      else batch.push(bytes);
    }
    for (const [address, batch] of batches) {
      this.#answers += batch.length;
      await this.socket!.send(batch, address);
    }
  }

  /** Removes a program whose device has failed, and notifies its users. */
  #fail(plan: number, error: unknown): void {
    this.#drop("device");
    const message = error instanceof OnpathError ? error.message : String(error);
    const users = [...this.tables.usersOf(plan)];
    for (const [number, flow] of this.tables.flows) {
      if (flow.program.plan.id === plan) this.tables.flows.delete(number);
    }
    this.tables.remove(plan);
    for (const user of users) user.notify("failure", { plan, message: message.slice(0, 2000) });
  }

  #drop(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  devices(): ReadonlyMap<number, DeviceCounters> {
    return new Map([...this.tables.programs].map(([plan, { device }]) => [plan, device.counters()]));
  }

  counts(connections = 0): NicCounts {
    const dropped: Record<string, number> = Object.fromEntries(this.#dropped);
    const ofDevices = [...this.devices().values()].flatMap((counters) => Object.entries(counters.dropped));
    for (const [reason, count] of [...this.tables.retired, ...ofDevices]) {
      dropped[reason] = (dropped[reason] ?? 0) + count;
    }
    const { user, system } = process.cpuUsage();
    return {
      received: this.socket?.counts.received ?? 0,
      foreign: this.#foreign,
      passed: this.#passed,
      requests: this.#requests,
      answers: this.#answers,
      repeats: this.#repeats,
      held: this.#held,
      dropped,
      programs: this.tables.programs.size,
      flows: this.tables.flows.size,
      connections,
      cpuMs: (user + system) / 1000,
    };
  }
}
