/**
 * Data path of a soft NIC: datagrams are matched to flows, given to devices in batches, and their answers forwarded in
 * batches.
 *
 * @module
 */

import process from "node:process";
import { HEADER_BYTES, MAGIC, newHeader, OFFSET } from "../../serialize/header.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { packetBytes, type PacketSlots, readPacketBytes, slotAddress } from "../../serialize/packets.ts";
import type { DeviceCounters } from "../device/device.ts";
import type { Address } from "./address.ts";
import type { NicCounts } from "./nic_counts.ts";
import type { ProgramEvents } from "./nic_program.ts";
import { NicReports } from "./nic_reports.ts";
import type { Destination, NicFlow, NicTables } from "./nic_tables.ts";
import { batchOf, datagramAt, type DatagramBatch, DatagramList, type ReceivedBatch } from "./socket/batch.ts";
import type { DatagramSocket } from "./socket/contract.ts";

/** Datagrams of a NIC. */
export class NicPath {
  /** Registered programs, flows and destinations. */
  readonly tables: NicTables;
  socket: DatagramSocket | undefined;
  readonly #passTo: Address | undefined;
  readonly #dropped = new Map<string, number>();
  readonly #header = newHeader();
  // A list that no send uses.
  #idleList: DatagramList | undefined;
  #foreign = 0;
  #passed = 0;
  #requests = 0;
  #answers = 0;
  #repeats = 0;
  #repeated = 0;
  #held = 0;
  #released = 0;
  readonly #reports = new NicReports((report, number, flow) => {
    // A flow that has ended meanwhile has no keys.
    if (this.tables.flows.get(number) !== flow) return;
    const batch = batchOf([report]);
    void this.socket?.send(flow.owner.keys?.mac("order").seal(batch) ?? batch, flow.reports!);
  });

  /**
   * Makes a path without a socket.
   *
   * @param passTo Address to which datagrams are sent that are no packets.
   * @param tables Makes the tables, whose programs call the path's events.
   */
  constructor(
    passTo: Address | undefined,
    tables: (events: (plan: { readonly id: number }) => ProgramEvents) => NicTables,
  ) {
    this.#passTo = passTo;
    this.tables = tables(({ id }) => ({
      onAnswers: (slots, count) => this.#forward(slots, count),
      onFailure: (error) => this.#fail(id, error),
    }));
  }

  /** Takes datagrams. Their memory is in use until the promise resolves. */
  take(batch: ReceivedBatch): void | Promise<void> {
    const { bytes, count, offsets, lengths, sources } = batch;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const foreigners = this.#idleList ?? new DatagramList(bytes);
    this.#idleList = undefined;
    foreigners.bytes = bytes;
    foreigners.clear();
    for (let n = 0; n < count; n++) {
      const at = offsets[n]!, length = lengths[n]!;
      if (length < HEADER_BYTES || view.getUint32(at, true) !== MAGIC) {
        this.#foreign++;
        if (this.#passTo !== undefined) foreigners.add(at, length);
        continue;
      }
      const program = this.tables.programs.get(view.getUint32(at + OFFSET.plan, true));
      const flow = program && this.tables.flows.get(view.getUint32(at + OFFSET.flow, true));
      if (program === undefined) this.#turnAway(batch, n, "program");
      else if (flow === undefined || flow.program !== program) this.#turnAway(batch, n, "flow");
      else this.#takeRequest(flow, datagramAt(batch, n), sources[n]!.host);
    }
    this.#reports.flush();
    if (foreigners.count === 0) {
      this.#idleList = foreigners;
      return;
    }
    this.#passed += foreigners.count;
    return this.socket!.send(foreigners, this.#passTo!).then(() => {
      this.#idleList = foreigners;
    });
  }

  /** Passes a packet of others on if the NIC stands in a route, and drops it otherwise. */
  #turnAway(batch: ReceivedBatch, n: number, reason: string): void {
    const { pass } = this.socket!;
    if (pass === undefined) return this.#drop(reason);
    this.#passed++;
    pass.call(this.socket, batch, n);
  }

  /** Takes a request of a registered flow, if it is authentic and its host within the limits. */
  #takeRequest(flow: NicFlow, datagram: Uint8Array, host: string): void {
    const { owner, order } = flow;
    // The tag proves the sender, whatever the source address is.
    const request = owner.keys === undefined
      ? flow.source === host ? datagram : "peer"
      : owner.keys.mac("request").open(datagram);
    if (typeof request === "string") this.#dropOf(flow, request);
    else if (!flow.peer.admit()) this.#dropOf(flow, "limit");
    else if (order === undefined) this.#push(flow, request);
    else this.#takeOrdered(flow, order, request);
  }

  #push(flow: NicFlow, bytes: Uint8Array): boolean {
    const reason = flow.program.push(bytes, flow.peer);
    if (reason === null) {
      this.#requests++;
      flow.peer.packets++;
    } else this.#dropOf(flow, reason);
    return reason === null;
  }

  /** Takes a request of a sequential flow. Its sequence number is used here, so its CRC is checked here too. */
  #takeOrdered(flow: NicFlow, order: NonNullable<NicFlow["order"]>, bytes: Uint8Array): void {
    const header = this.#header;
    const refusal = readPacketBytes(bytes, header);
    if (refusal !== null) return this.#dropOf(flow, refusal);
    const place = order.offer(header.sequence, bytes);
    if (place === "held") {
      this.#held++;
      this.#reports.note(header.flow, flow, true);
    } else if (place === "repeat") this.#repeat(flow, order.answers(header.sequence));
    else if (place === "due") {
      for (let due: Uint8Array | undefined = bytes; due !== undefined; due = order.due) {
        if (!this.#push(flow, due)) return;
        order.advance();
        if (due !== bytes) this.#released++;
        this.#reports.note(header.flow, flow, false);
      }
    } else {
      this.#dropOf(flow, place);
      // The sender repeats what it does not know to have arrived. No answer shows that of a request without answers.
      if (place === "late") this.#reports.note(header.flow, flow, true);
    }
  }

  #repeat(flow: NicFlow, answers: readonly Uint8Array[]): void {
    const destination = this.tables.destinations.get(flow.token);
    if (destination === undefined) return this.#dropOf(flow, "destination");
    this.#repeated++;
    this.#repeats += answers.length;
    void this.#send(batchOf(answers), destination);
  }

  #send(answers: DatagramBatch, { address, owner }: Destination): Promise<void> {
    return this.socket!.send(owner.keys?.mac("answer").seal(answers) ?? answers, address);
  }

  /** Sends the answers of an exchange to the destinations of their flows. */
  async #forward(slots: PacketSlots, count: number): Promise<void> {
    const { view, bytes } = slots.engine;
    const lists = new Map<Destination, DatagramList>();
    for (let slot = 0; slot < count; slot++) {
      const at = slotAddress(slots, slot);
      const flow = this.tables.flows.get(view.getUint32(at + OFFSET.flow, true));
      // A flow that has ended meanwhile needs no answers.
      if (flow === undefined) continue;
      if (flow.order !== undefined) {
        const request = flow.program.requestOf(view.getUint32(at + OFFSET.sequence, true));
        flow.order.keep(request, packetBytes(slots, slot));
      }
      const destination = this.tables.destinations.get(flow.token);
      if (destination === undefined) {
        this.#dropOf(flow, "destination");
        continue;
      }
      let list = lists.get(destination);
      if (list === undefined) lists.set(destination, list = new DatagramList(bytes, count));
      list.add(at, HEADER_BYTES + view.getUint16(at + OFFSET.length, true));
    }
    for (const [destination, list] of lists) {
      this.#answers += list.count;
      await this.#send(list, destination);
    }
  }

  /** Removes a program whose device has failed, and notifies its users. */
  #fail(plan: number, error: unknown): void {
    this.#drop("device");
    const message = error instanceof OnpathError ? error.message : String(error);
    const users = [...this.tables.usersOf(plan)];
    for (const [number, flow] of this.tables.flows) {
      if (flow.program.plan.id === plan) this.tables.removeFlow(number);
    }
    this.tables.remove(plan);
    for (const user of users) user.notify("failure", { plan, message: message.slice(0, 2000) });
  }

  /** Ends the reports. */
  close(): void {
    this.#reports.close();
  }

  #dropOf({ peer }: NicFlow, reason: string): void {
    peer.drop(reason);
    this.#drop(reason);
  }

  #drop(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  /** Counters of the devices by plan id. */
  devices(): ReadonlyMap<number, DeviceCounters> {
    return new Map([...this.tables.programs].map(([plan, { device }]) => [plan, device.counters()]));
  }

  /** Counts since creation. */
  counts(connections: number): Omit<NicCounts, "control"> {
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
      repeated: this.#repeated,
      reports: this.#reports.sent,
      held: this.#held,
      released: this.#released,
      dropped,
      programs: this.tables.programs.size,
      flows: this.tables.flows.size,
      connections,
      peers: this.tables.peers.counts(),
      cpuMs: (user + system) / 1000,
    };
  }
}
