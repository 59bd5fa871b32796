/**
 * Datagrams of a route: a TUN interface of Linux, through which the kernel routes IP packets.
 *
 * Datagrams that may be packets of a NIC are delivered, whatever their destination is. All else is written back to the
 * interface as it is, and the kernel forwards it.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { cString } from "../../device/xrt/binding/native.ts";
import { HEADER_BYTES, MAGIC } from "../../../serialize/header.ts";
import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import type { Address } from "../address.ts";
import { checkOptions } from "../../option_checks.ts";
import { datagramAt, type DatagramBatch, DatagramList, type ReceivedBatch } from "../socket/batch.ts";
import type { DatagramCounts, DatagramOptions, DatagramSocket, OpenDatagram } from "../socket/contract.ts";
import { callError, type Libc, openLibc } from "../socket/libc.ts";
import { Poller, READABLE } from "../socket/poller.ts";
import { addressBytes, addressText, newUdpPlace, readUdp, UdpWriter } from "./udp_packet.ts";

const READ_WRITE = 2, NONBLOCK = 0o4000, CLOEXEC = 0o2000000;
const SET_INTERFACE = 0x400454can;
/** An interface of IP packets, without a header before them. */
const TUN_WITHOUT_HEADER = 0x1001;
/** Bytes of one packet, at most. */
const MAX_PACKET = 9216;
/** Packets of one turn of the event loop. */
const BATCH = 64;
/** Packets that the kernel queues for an interface, by default 500, a quarter of them left for others. */
const BURST = 375;
/** Writers of destinations that are kept. */
const MAX_WRITERS = 256;

/** Options of {@linkcode openTun}. */
export interface TunOptions {
  /** Name of the interface, at most 15 characters. It is made if it is absent, and vanishes then when it is closed. */
  readonly interface: string;
}

/**
 * Makes a function that opens the datagrams of a route, for a NIC that stands in it.
 *
 * `listen` of the NIC is the source address of its answers, which must not be one of this machine. The interface must
 * be up, and a route must lead through it.
 *
 * @param options Name of the interface.
 * @returns For `open` of {@linkcode NicOptions}. It throws `device` if the process cannot call the C library of Linux or
 * may not open the interface.
 *
 * @example
 * ```ts ignore
 * import { openNic, openTun } from "onpath/network";
 *
 * await using nic = await openNic({
 *   open: openTun({ interface: "onpath0" }),
 *   listen: { host: "198.18.9.2", port: 4600 },
 *   control: { host: "198.18.1.1", port: 4601 },
 *   delegates: true,
 * });
 * ```
 */
export function openTun(options: TunOptions): OpenDatagram {
  checkOptions("open a TUN interface", options, {});
  const { interface: name } = options;
  if (typeof name !== "string" || !/^[^\s/\0]{1,15}$/.test(name)) {
    const found = typeof name === "string" ? JSON.stringify(name.slice(0, 60)) : kindOf(name);
    throw new OnpathError(
      "device",
      `Cannot open a TUN interface: interface is ${found}, expected a name of 1 to 15 characters`,
    );
  }
  return async (options, wait = {}) => {
    wait.signal?.throwIfAborted();
    const libc = await openLibc();
    if (typeof libc === "string") {
      throw new OnpathError("device", `Cannot open interface ${name}: ${libc}`, { interface: name });
    }
    try {
      return new TunSocket(libc, name, options);
    } catch (error) {
      libc.close();
      throw error;
    }
  };
}

class TunSocket implements DatagramSocket {
  readonly local: Address;
  readonly kind = "tun";
  readonly fallbackReason = undefined;
  readonly burst = BURST;
  readonly counts: DatagramCounts = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, failed: 0 };
  readonly #libc: Libc;
  readonly #file: number;
  readonly #onDatagrams: DatagramOptions["onDatagrams"];
  readonly #poller: Poller;
  readonly #memory = new Uint8Array(BATCH * MAX_PACKET);
  readonly #places = Array.from({ length: BATCH }, (_, n) => {
    return this.#memory.subarray(n * MAX_PACKET, (n + 1) * MAX_PACKET);
  });
  readonly #batch = new DatagramList(this.#memory, BATCH);
  readonly #sources: Address[] = [];
  // Offset and bytes of the IP packet of each datagram.
  readonly #packets = new DatagramList(this.#memory, BATCH);
  readonly #place = newUdpPlace();
  readonly #outgoing = new Uint8Array(MAX_PACKET);
  readonly #own: { readonly bytes: Uint8Array; readonly port: number };
  readonly #writers = new Map<string, UdpWriter>();
  #closing: Promise<void> | undefined;

  constructor(libc: Libc, name: string, { listen, onDatagrams }: DatagramOptions) {
    this.#libc = libc;
    this.#onDatagrams = onDatagrams;
    this.local = listen;
    this.#own = { bytes: addressBytes(listen.host), port: listen.port };
    const { calls } = libc;
    this.#file = calls.open(cString("/dev/net/tun"), READ_WRITE | NONBLOCK | CLOEXEC, 0);
    if (this.#file < 0) throw callError(libc, "open /dev/net/tun");
    try {
      const request = new Uint8Array(40);
      request.set(new TextEncoder().encode(name));
      new DataView(request.buffer).setUint16(16, TUN_WITHOUT_HEADER, true);
      if (calls.ioctl(this.#file, SET_INTERFACE, request) < 0) {
        throw callError(libc, `open interface ${name}`);
      }
      this.#poller = Poller.add(libc, this.#file, () => this.#read());
    } catch (error) {
      calls.close(this.#file);
      throw error;
    }
    this.#poller.arm(this.#file, READABLE);
  }

  /** Sends a received datagram on to its destination, as it came. */
  pass(_: ReceivedBatch, n: number): void {
    this.#put(datagramAt(this.#packets, n));
  }

  #put(packet: Uint8Array): boolean {
    return this.#libc.calls.write(this.#file, packet, BigInt(packet.length)) === packet.length;
  }

  #read(): void {
    if (this.#closing !== undefined) return;
    this.#batch.clear();
    this.#packets.clear();
    this.#sources.length = 0;
    let count = 0;
    for (; count < BATCH; count++) {
      const place = this.#places[this.#batch.count]!;
      const size = this.#libc.calls.read(this.#file, place, BigInt(MAX_PACKET));
      if (size <= 0) break;
      this.#sort(this.#batch.count * MAX_PACKET, size);
    }
    if (this.#batch.count === 0) return this.#readLater(count);
    const taking = this.#deliver();
    if (taking === undefined) this.#readLater(count);
    else void taking.finally(() => this.#readLater(count));
  }

  /** Adds a packet to the batch if it may be one of a NIC, and writes it back otherwise. */
  #sort(at: number, size: number): void {
    const bytes = this.#memory, place = this.#place;
    const isDatagram = readUdp(bytes, at, size, place) && place.length >= HEADER_BYTES;
    const { payload, length } = place;
    const view = new DataView(bytes.buffer, payload);
    if (!isDatagram || view.getUint32(0, true) !== MAGIC) {
      this.#put(bytes.subarray(at, at + size));
      return;
    }
    this.counts.received++;
    this.counts.receivedBytes += length;
    this.#batch.add(payload, length);
    this.#packets.add(at, size);
    this.#sources.push({ host: addressText(bytes, place.source, place.addressBytes), port: place.port });
  }

  #deliver(): Promise<void> | undefined {
    const { bytes, count, offsets, lengths } = this.#batch;
    try {
      const sources = this.#sources;
      return this.#onDatagrams({ bytes, count, offsets, lengths, sources }) ?? undefined;
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
      return undefined;
    }
  }

  #readLater(count: number): void {
    if (this.#closing !== undefined) return;
    if (count === 0) this.#poller.arm(this.#file, READABLE);
    else setImmediate(() => this.#read());
  }

  send(batch: DatagramBatch, to: Address): Promise<void> {
    if (this.#closing !== undefined) return Promise.resolve();
    const key = `${to.host} ${to.port}`;
    let writer = this.#writers.get(key);
    if (writer === undefined) {
      const bytes = addressBytes(to.host);
      if (bytes.length !== this.#own.bytes.length) {
        this.counts.failed += batch.count;
        return Promise.resolve();
      }
      if (this.#writers.size === MAX_WRITERS) this.#writers.clear();
      this.#writers.set(key, writer = new UdpWriter(this.#own, { bytes, port: to.port }));
    }
    for (let n = 0; n < batch.count; n++) {
      const payload = datagramAt(batch, n);
      const size = writer.write(this.#outgoing, payload);
      if (this.#put(this.#outgoing.subarray(0, size))) {
        this.counts.sent++;
        this.counts.sentBytes += payload.length;
      } else this.counts.failed++;
    }
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const removed = this.#poller.remove(this.#file);
    this.#libc.calls.close(this.#file);
    await removed;
    this.#libc.close();
  }
}
