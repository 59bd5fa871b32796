/**
 * Datagram sockets of Linux: batches of datagrams in one system call, through the foreign function interface.
 *
 * @module
 */

import { isIP } from "node:net";
import { setImmediate } from "node:timers";
import type { WaitOptions } from "../../../serialize/wait.ts";
import type { Address } from "../address.ts";
import { checkDatagramOptions } from "../option_checks.ts";
import type { DatagramBatch, ReceivedBatch } from "./batch.ts";
import {
  DATAGRAM_BYTES,
  type DatagramCounts,
  type DatagramOptions,
  type DatagramSocket,
} from "./contract.ts";
import { errorName, type Libc, openLibc } from "./libc.ts";
import { Poller, READABLE, WRITABLE } from "./poller.ts";
import { openError } from "./portable.ts";
import { ReceiveRing } from "./receive_ring.ts";
import { SendQueue } from "./send_queue.ts";
import { SendRing } from "./send_ring.ts";
import { AF_INET, AF_INET6, SocketAddresses } from "./socket_address.ts";

/** A datagram socket that does not block, closed in child processes. */
const SOCKET_TYPE = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33;
const IPPROTO_IPV6 = 41, IPV6_V6ONLY = 26;
const SOL_UDP = 17, UDP_SEGMENT = 103, UDP_GRO = 104;
/** Bytes that are asked for to buffer datagrams. The system doubles them for its records. */
const BUFFER_BYTES = 2 ** 22;
/** Calls of one turn of the event loop. */
const READS_PER_TURN = 4;
/** Turns of the event loop without data before the socket waits on the poller's thread. */
const IDLE_TURNS = 2;
/** Milliseconds between reads of a socket that coalesces. */
const COALESCE_MS = 1;

/**
 * Opens a socket of Linux.
 *
 * @param options Address and callback.
 * @param wait Signal of the opening, which takes no time.
 * @throws {OnpathError} `device` if this process cannot call the C library of Linux, or the address is in use or not one
 * of this machine.
 *
 * @example
 * ```ts
 * import { openLinuxDatagram, whyPortable } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * if (await whyPortable() === undefined) {
 *   const socket = await openLinuxDatagram({ listen: { host: "127.0.0.1", port: 0 }, onDatagrams: () => {} });
 *   assert.equal(socket.kind, "linux");
 *   await socket.close();
 * }
 * ```
 */
export async function openLinuxDatagram(
  options: DatagramOptions,
  wait: WaitOptions = {},
): Promise<DatagramSocket> {
  checkDatagramOptions(options);
  const opened = await tryLinuxDatagram(options, wait);
  if (typeof opened === "string") throw openError(options.listen, opened);
  return opened;
}

/** Opens a socket of Linux, or returns the reason why this process cannot have any. */
export async function tryLinuxDatagram(
  options: DatagramOptions,
  { signal }: WaitOptions,
): Promise<DatagramSocket | string> {
  signal?.throwIfAborted();
  const libc = await openLibc();
  if (typeof libc === "string") return libc;
  try {
    signal?.throwIfAborted();
    const socket = new LinuxSocket(libc, options);
    const { local, burst, counts } = socket;
    return {
      local,
      kind: "linux",
      fallbackReason: undefined,
      burst,
      counts,
      send: (batch, to) => socket.send(batch, to),
      close: () => socket.close(),
    };
  } catch (error) {
    libc.close();
    throw error;
  }
}

/**
 * Finds out why this process cannot have sockets of Linux.
 *
 * @returns The reason, or undefined if it can.
 *
 * @example
 * ```ts
 * import { whyPortable } from "onpath/network";
 *
 * console.log(await whyPortable() ?? "sockets of Linux");
 * ```
 */
export async function whyPortable(): Promise<string | undefined> {
  const libc = await openLibc();
  if (typeof libc === "string") return libc;
  libc.close();
  return undefined;
}

class LinuxSocket {
  readonly local: Address;
  readonly burst: number;
  readonly counts: DatagramCounts = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, failed: 0 };
  readonly #libc: Libc;
  readonly #socket: number;
  readonly #addresses: SocketAddresses;
  readonly #onDatagrams: DatagramOptions["onDatagrams"];
  readonly #reader: ReceiveRing;
  readonly #queue: SendQueue;
  readonly #poller: Poller;
  readonly #coalesces: boolean;
  // Events that are waited for.
  #armed = 0;
  // Turns without data.
  #idle = 0;
  /** Pause before the next read of a socket that coalesces. */
  #pause: ReturnType<typeof setTimeout> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    libc: Libc,
    { listen, onDatagrams, maxBytes = DATAGRAM_BYTES, coalesces = false }: DatagramOptions,
  ) {
    this.#libc = libc;
    this.#coalesces = coalesces;
    this.#onDatagrams = onDatagrams;
    const { calls, errno } = libc;
    const isSix = isIP(listen.host) === 6;
    this.#addresses = new SocketAddresses(libc, isSix);
    const name = this.#addresses.encode(listen);
    const fail = () => openError(listen, errorName(errno()));
    this.#socket = calls.socket(isSix ? AF_INET6 : AF_INET, SOCKET_TYPE, 0);
    if (this.#socket < 0) throw fail();
    try {
      if (isSix) this.#set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
      if (calls.bind(this.#socket, name, name.length) < 0) throw fail();
      // The forced size needs CAP_NET_ADMIN; the other one is limited by the system.
      if (!this.#set(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)) {
        this.#set(SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
      }
      if (!this.#set(SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES)) {
        this.#set(SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
      }
      this.#set(SOL_UDP, UDP_GRO, 1);
      this.#reader = new ReceiveRing(libc, this.#addresses);
      const writer = new SendRing(libc, this.#socket, this.#set(SOL_UDP, UDP_SEGMENT, 0));
      this.#queue = new SendQueue(writer, this.#addresses, this.counts, () => this.#arm(WRITABLE));
      this.burst = burstOf(this.#get(SOL_SOCKET, SO_RCVBUF), maxBytes);
      this.local = { host: listen.host, port: this.#port() };
      this.#poller = Poller.add(libc, this.#socket, (events) => this.#onEvents(events));
    } catch (error) {
      calls.close(this.#socket);
      throw error;
    }
    this.#arm(READABLE);
  }

  #set(level: number, option: number, value: number): boolean {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    return this.#libc.calls.setsockopt(this.#socket, level, option, bytes, 4) === 0;
  }

  #get(level: number, option: number): number {
    const value = new Int32Array(1), length = Uint32Array.of(4);
    const [bytes, size] = [new Uint8Array(value.buffer), new Uint8Array(length.buffer)];
    return this.#libc.calls.getsockopt(this.#socket, level, option, bytes, size) === 0 ? value[0]! : 0;
  }

  #port(): number {
    const name = new Uint8Array(32), length = Uint32Array.of(name.length);
    this.#libc.calls.getsockname(this.#socket, name, new Uint8Array(length.buffer));
    return new DataView(name.buffer).getUint16(2);
  }

  #arm(events: number): void {
    if (this.#closing !== undefined) return;
    this.#armed |= events;
    this.#poller.arm(this.#socket, this.#armed);
  }

  #onEvents(events: number): void {
    // An error counts as both: the next call returns it.
    const isError = (events & ~(READABLE | WRITABLE)) !== 0;
    const ready = isError ? this.#armed : this.#armed & events;
    this.#armed &= ~ready;
    if (this.#armed !== 0) this.#arm(0);
    if (ready & WRITABLE) this.#queue.wake();
    if (ready & READABLE) this.#read();
  }

  /** Reads what has arrived, some calls in a turn of the event loop. */
  #read(): void {
    for (let reads = 0; reads < READS_PER_TURN; reads++) {
      if (this.#closing !== undefined) return;
      const isFull = this.#reader.receive(this.#socket);
      const { batch } = this.#reader;
      if (batch.count === 0) {
        if (this.#coalesces || ++this.#idle > IDLE_TURNS) return this.#arm(READABLE);
        break;
      }
      this.#idle = 0;
      const taking = this.#deliver(batch);
      if (taking !== undefined) {
        void taking.finally(() => this.#readLater());
        return;
      }
      if (isFull) continue;
      if (!this.#coalesces) break;
      this.#pause = setTimeout(() => this.#read(), COALESCE_MS);
      return;
    }
    this.#readLater();
  }

  #readLater(): void {
    setImmediate(() => this.#read());
  }

  #deliver(batch: ReceivedBatch): Promise<void> | undefined {
    this.counts.received += batch.count;
    for (let n = 0; n < batch.count; n++) this.counts.receivedBytes += batch.lengths[n]!;
    try {
      return this.#onDatagrams(batch) ?? undefined;
    } catch (error) {
      // As an error in a listener of `node:dgram`, it does not stop the socket.
      queueMicrotask(() => {
        throw error;
      });
      return undefined;
    }
  }

  send(batch: DatagramBatch, to: Address): Promise<void> {
    return this.#queue.send(batch, to);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#pause);
    await this.#queue.close();
    const removed = this.#poller.remove(this.#socket);
    this.#libc.calls.close(this.#socket);
    await removed;
    this.#libc.close();
  }
}

/** Packets that a receive buffer takes, a quarter of it left for others. */
function burstOf(bufferBytes: number, datagramBytes: number): number {
  // The system reserves a power of two for a datagram with its headers, and a record.
  const reserved = 2 ** Math.ceil(Math.log2(datagramBytes + 512)) + 256;
  return Math.max(1, Math.floor((0.75 * bufferBytes) / reserved));
}
