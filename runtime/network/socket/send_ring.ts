/**
 * Send memory of a Linux socket: many datagrams in one call, straight from the caller's memory. Datagrams of one size go
 * to the kernel as one message that it cuts (UDP_SEGMENT).
 *
 * @module
 */

import type { DatagramBatch } from "./batch.ts";
import { ERRNO, type Libc } from "./libc.ts";
import { Messages } from "./messages.ts";
import { SOCKADDR_BYTES } from "./socket_address.ts";

/** Messages of one call, and datagrams of all messages. */
const MESSAGES = 64, DATAGRAMS = 1024;
/** Datagrams and bytes of one message that the kernel cuts. */
const MAX_SEGMENTS = 64, MAX_JOINED_BYTES = 65_487;
/** Control data of a message: `uint16_t` of the level SOL_UDP and the type UDP_SEGMENT. */
const CONTROL = { bytes: 24, used: 18 } as const;
const SOL_UDP = 17, UDP_SEGMENT = 103;
const MSG_DONTWAIT = 0x40;
/** Errors of a joined message that its single datagrams may not have. */
const UNJOINED: readonly number[] = [
  ERRNO.EIO,
  ERRNO.EINVAL,
  ERRNO.EMSGSIZE,
  ERRNO.ENOPROTOOPT,
  ERRNO.EOPNOTSUPP,
];

/** Result of one call: datagrams that were sent or refused, or a full socket. */
export type SendResult = "sent" | "refused" | "full" | "busy";

/** Sends batches. */
export class SendRing {
  readonly #libc: Libc;
  readonly #socket: number;
  readonly #messages: Messages;
  readonly #name = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
  readonly #controls = new Uint32Array(new ArrayBuffer(MESSAGES * CONTROL.bytes));
  // Datagrams of each message.
  readonly #counts = new Uint16Array(MESSAGES);
  /** Datagrams of this size and above are not joined, because the kernel refused to cut them. */
  #refusedBytes = MAX_JOINED_BYTES;
  /** Datagrams that the last call has dealt with. */
  count = 0;

  /**
   * Reserves memory.
   *
   * @param libc C library.
   * @param socket File descriptor.
   * @param canJoin Whether the kernel knows UDP_SEGMENT.
   */
  constructor(libc: Libc, socket: number, canJoin: boolean) {
    this.#libc = libc;
    this.#socket = socket;
    this.#messages = new Messages(MESSAGES, DATAGRAMS, libc.addressOf);
    if (!canJoin) this.#refusedBytes = 0;
    for (let n = 0; n < MESSAGES; n++) {
      this.#controls.set([CONTROL.used, 0, SOL_UDP, UDP_SEGMENT], (CONTROL.bytes / 4) * n);
    }
  }

  /**
   * Sends as many datagrams as one call takes.
   *
   * @param batch Datagrams in their memory, checked.
   * @param from First datagram.
   * @param to Encoded socket address.
   * @returns `sent`, or why the first datagrams were not: `refused` by the system, `full` until there is room, or `busy`
   * for a moment. {@linkcode count} has the number of datagrams.
   */
  send(batch: DatagramBatch, from: number, to: Uint8Array): SendResult {
    const { calls, errno } = this.#libc;
    this.#name.set(to);
    const messages = this.#fill(batch, from, to.length, this.#refusedBytes);
    const sent = calls.sendmmsg(this.#socket, this.#messages.bytes, messages, MSG_DONTWAIT);
    if (sent > 0) return this.#done("sent", sent);
    const error = errno();
    const canBeCause = this.#counts[0]! > 1 && UNJOINED.includes(error);
    return canBeCause ? this.#sendSingly(batch, from, to, error) : this.#failed(error);
  }

  /** Sends the datagrams of a joined message that was refused. */
  #sendSingly(batch: DatagramBatch, from: number, to: Uint8Array, error: number): SendResult {
    const bytes = batch.lengths[from]!;
    const end = from + this.#counts[0]!;
    const messages = this.#fill({ ...batch, count: end }, from, to.length, 0);
    const sent = this.#libc.calls.sendmmsg(this.#socket, this.#messages.bytes, messages, MSG_DONTWAIT);
    if (sent <= 0) return this.#failed(this.#libc.errno());
    // They pass alone, so joining was the cause: for this size, or at all without checksums by the system.
    this.#refusedBytes = error === ERRNO.EMSGSIZE || error === ERRNO.EINVAL ? bytes : 0;
    return this.#done("sent", sent);
  }

  #failed(error: number): SendResult {
    if (error === ERRNO.EAGAIN) return this.#done("full", 0);
    if (error === ERRNO.ENOBUFS) return this.#done("busy", 0);
    return this.#done("refused", 1);
  }

  #done(result: SendResult, messages: number): SendResult {
    this.count = 0;
    for (let n = 0; n < messages; n++) this.count += this.#counts[n]!;
    return result;
  }

  /** Writes messages, and returns their number. */
  #fill(batch: DatagramBatch, from: number, nameBytes: number, maxJoined: number): number {
    const { bytes, count, offsets, lengths } = batch;
    const { addressOf } = this.#libc;
    const base = addressOf(bytes.buffer) + bytes.byteOffset;
    const messages = this.#messages;
    const end = Math.min(count, from + DATAGRAMS);
    let [message, part, n] = [0, 0, from];
    for (; message < MESSAGES && n < end; message++) {
      const first = n, firstPart = part;
      const segment = lengths[n]!;
      const most = segment === 0 || segment >= maxJoined ? 1 : MAX_SEGMENTS;
      let joined = 0, isLast = false;
      for (; n < end && n - first < most && !isLast; n++) {
        const length = lengths[n]!, at = offsets[n]!;
        if (length > segment || (length === 0 && n > first)) break;
        if (joined + length > MAX_JOINED_BYTES && n > first) break;
        // Only the last datagram of a message may be shorter.
        isLast = length < segment;
        joined += length;
        const follows = n > first && at === offsets[n - 1]! + lengths[n - 1]!;
        if (follows) messages.extendPart(part - 1, length);
        else messages.setPart(part++, base + at, length);
      }
      this.#counts[message] = n - first;
      messages.setParts(message, firstPart, part - firstPart);
      messages.setName(message, addressOf(this.#name.buffer), nameBytes);
      if (n - first === 1) messages.setControl(message, 0, 0);
      else {
        this.#controls[(CONTROL.bytes / 4) * message + 4] = segment;
        messages.setControl(
          message,
          addressOf(this.#controls.buffer) + CONTROL.bytes * message,
          CONTROL.bytes,
        );
      }
    }
    return message;
  }
}
