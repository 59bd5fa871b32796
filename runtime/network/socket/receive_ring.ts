/**
 * Receive memory of a Linux socket: many datagrams in one call, and those that the kernel has joined (UDP_GRO) in one
 * message.
 *
 * @module
 */

import type { Address } from "../address.ts";
import type { ReceivedBatch } from "./batch.ts";
import type { Libc } from "./libc.ts";
import { Messages } from "./messages.ts";
import { SOCKADDR_BYTES, type SocketAddresses } from "./socket_address.ts";

/** Messages of one call. */
const MESSAGES = 16;
/** Bytes of a message: the longest that UDP has, padded. */
const MESSAGE_BYTES = 2 ** 16;
/** Bytes of control data of a message. */
const CONTROL_BYTES = 64;
/** Control data `int` of the level SOL_UDP and the type UDP_GRO: its bytes, and words of its parts. */
const GRO = { bytes: 20, level: 2, type: 3, segment: 4 } as const;
const SOL_UDP = 17, UDP_GRO = 104;
const MSG_DONTWAIT = 0x40;

/** Received datagrams. Their memory is used again by the next call of {@linkcode ReceiveRing.receive}. */
export class ReceiveRing {
  readonly #libc: Libc;
  readonly #addresses: SocketAddresses;
  readonly #messages: Messages;
  readonly #names = new Uint32Array(new ArrayBuffer(MESSAGES * SOCKADDR_BYTES));
  readonly #controls = new Uint32Array(new ArrayBuffer(MESSAGES * CONTROL_BYTES));
  readonly #bytes = new Uint8Array(new ArrayBuffer(MESSAGES * MESSAGE_BYTES));
  readonly #sources: Address[] = [];
  #offsets = new Uint32Array(1024);
  #lengths = new Uint32Array(1024);
  #count = 0;

  /**
   * Reserves memory.
   *
   * @param libc C library.
   * @param addresses Converter of the socket's addresses.
   */
  constructor(libc: Libc, addresses: SocketAddresses) {
    this.#libc = libc;
    this.#addresses = addresses;
    this.#messages = new Messages(MESSAGES, MESSAGES, libc.addressOf);
    const at = libc.addressOf(this.#bytes.buffer);
    for (let n = 0; n < MESSAGES; n++) {
      this.#messages.setPart(n, at + MESSAGE_BYTES * n, MESSAGE_BYTES);
      this.#messages.setParts(n, n, 1);
      this.#prepare(n);
    }
  }

  /** Restores what the system overwrites. */
  #prepare(message: number): void {
    const { addressOf } = this.#libc;
    this.#messages.setName(
      message,
      addressOf(this.#names.buffer) + SOCKADDR_BYTES * message,
      SOCKADDR_BYTES,
    );
    this.#messages.setControl(
      message,
      addressOf(this.#controls.buffer) + CONTROL_BYTES * message,
      CONTROL_BYTES,
    );
  }

  /**
   * Receives datagrams that have arrived.
   *
   * @param socket File descriptor.
   * @returns Whether more may have arrived; the datagrams are in {@linkcode batch}.
   */
  receive(socket: number): boolean {
    const messages = this.#messages;
    this.#count = 0;
    const found = this.#libc.calls.recvmmsg(socket, messages.bytes, MESSAGES, MSG_DONTWAIT, null);
    for (let n = 0; n < found; n++) {
      const length = messages.length(n);
      const segment = this.#segment(n) || Math.max(1, length);
      const source = this.#addresses.decode(this.#names, (SOCKADDR_BYTES / 4) * n);
      let at = MESSAGE_BYTES * n;
      const end = at + length;
      // A datagram without bytes is one, too.
      do {
        this.#add(at, Math.min(segment, end - at), source);
        at += segment;
      } while (at < end);
      this.#prepare(n);
    }
    return found === MESSAGES;
  }

  /** Bytes of each datagram of a joined message but the last; 0 for a single one. */
  #segment(message: number): number {
    const at = (CONTROL_BYTES / 4) * message, words = this.#controls;
    const isJoined = this.#messages.controlBytes(message) >= GRO.bytes &&
      words[at + GRO.level] === SOL_UDP && words[at + GRO.type] === UDP_GRO;
    return isJoined ? words[at + GRO.segment]! : 0;
  }

  #add(at: number, length: number, source: Address): void {
    const n = this.#count++;
    if (n === this.#offsets.length) {
      const [offsets, lengths] = [this.#offsets, this.#lengths];
      this.#offsets = new Uint32Array(2 * n);
      this.#lengths = new Uint32Array(2 * n);
      this.#offsets.set(offsets);
      this.#lengths.set(lengths);
    }
    this.#offsets[n] = at;
    this.#lengths[n] = length;
    this.#sources[n] = source;
  }

  /** Datagrams of the last call. */
  get batch(): ReceivedBatch {
    return {
      bytes: this.#bytes,
      count: this.#count,
      offsets: this.#offsets,
      lengths: this.#lengths,
      sources: this.#sources,
    };
  }
}
