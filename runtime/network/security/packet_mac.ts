/**
 * Authenticated datagrams of one direction between the ends of a control connection.
 *
 * A trailer follows the packet or report, outside of the length that its header states.
 *
 * | byte | size | field |
 * |---|---|---|
 * | 0 | u48 | counter of the datagram in this direction, from 0, little-endian |
 * | 6 | u16 | zero |
 * | 8 | 16 | tag of ChaCha20-Poly1305 (RFC 8439) over the packet; the nonce is the counter |
 *
 * The key belongs to the flow, whose number is at the same place in packets and reports. The counter is common to all
 * flows of a direction and never repeats, so no key meets a nonce twice, even if a flow's number is used again.
 *
 * @module
 */

import { createCipheriv, hkdfSync, timingSafeEqual } from "node:crypto";
import type { DatagramBatch } from "../socket/batch.ts";
import { OFFSET } from "../../../serialize/header.ts";
import { MAX_COUNTER, ReplayWindow } from "./replay_window.ts";

/** Bytes of a tag. */
const TAG_BYTES = 16;

/** Bytes of a trailer: the counter and the tag. */
export const TRAILER_BYTES: number = 8 + TAG_BYTES;

/** Bytes of a key and of a secret. */
export const KEY_BYTES = 32;

/** Shortest datagram that names its flow. */
const MIN_BYTES = OFFSET.flow + 4;

/** Reason why a datagram was refused. `mac`: it is not authenticated. `replay`: it is a copy, or too old. */
export type MacRefusal = "mac" | "replay";

/** Keys, counter and replay window of one direction. An end either seals or opens with it. */
export class PacketMac {
  readonly #secret: Uint8Array;
  readonly #label: string;
  readonly #keys = new Map<number, Uint8Array>();
  readonly #window = new ReplayWindow();
  readonly #nonce = new Uint8Array(12);
  readonly #counter = new DataView(this.#nonce.buffer, 4);
  #next = 0;
  #isClosed = false;

  /**
   * Makes a direction without datagrams.
   *
   * @param secret Secret of the connection, 32 bytes; copied.
   * @param label Name of the direction, equal at both ends.
   */
  constructor(secret: Uint8Array, label: string) {
    this.#secret = secret.slice();
    this.#label = label;
  }

  /**
   * Copies datagrams and appends a trailer to each.
   *
   * @param batch Packets or reports.
   * @returns Sealed datagrams; none after `close`.
   */
  seal(batch: DatagramBatch): DatagramBatch {
    const count = this.#isClosed ? 0 : batch.count;
    let size = 0;
    for (let n = 0; n < count; n++) size += batch.lengths[n]! + TRAILER_BYTES;
    const bytes = new Uint8Array(size);
    const offsets = new Uint32Array(count), lengths = new Uint32Array(count);
    for (let n = 0, at = 0; n < count; n++) {
      const from = batch.offsets[n]!, length = batch.lengths[n]!;
      bytes.set(batch.bytes.subarray(from, from + length), at);
      this.#sealOne(bytes.subarray(at, at + length + TRAILER_BYTES), length);
      offsets[n] = at;
      lengths[n] = length + TRAILER_BYTES;
      at += length + TRAILER_BYTES;
    }
    return { bytes, count, offsets, lengths };
  }

  #sealOne(datagram: Uint8Array, length: number): void {
    // A counter beyond the limit would repeat a nonce. At a million datagrams a second that takes nine years.
    if (this.#next >= MAX_COUNTER) return;
    this.#setNonce(this.#next % 2 ** 32, Math.floor(this.#next / 2 ** 32));
    this.#next++;
    const packet = datagram.subarray(0, length);
    datagram.set(this.#nonce.subarray(4), length);
    datagram.set(this.#tag(packet), length + 8);
  }

  /**
   * Verifies a datagram of a known flow.
   *
   * @param datagram Packet or report with its trailer.
   * @returns The packet or report, which views the datagram, or the reason of the refusal.
   */
  open(datagram: Uint8Array): Uint8Array | MacRefusal {
    const length = datagram.length - TRAILER_BYTES;
    if (length < MIN_BYTES || this.#isClosed) return "mac";
    const view = new DataView(datagram.buffer, datagram.byteOffset + length, TRAILER_BYTES);
    const low = view.getUint32(0, true), high = view.getUint32(4, true);
    const packet = datagram.subarray(0, length);
    this.#setNonce(low, high);
    if (!timingSafeEqual(this.#tag(packet), datagram.subarray(length + 8))) return "mac";
    const counter = high * 2 ** 32 + low;
    if (!this.#window.isFresh(counter)) return "replay";
    this.#window.take(counter);
    return packet;
  }

  #setNonce(low: number, high: number): void {
    this.#counter.setUint32(0, low, true);
    this.#counter.setUint32(4, high, true);
  }

  #tag(packet: Uint8Array): Uint8Array {
    const flow = new DataView(packet.buffer, packet.byteOffset).getUint32(OFFSET.flow, true);
    const cipher = createCipheriv("chacha20-poly1305", this.#key(flow), this.#nonce, {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(packet, { plaintextLength: 0 });
    cipher.final();
    return cipher.getAuthTag();
  }

  #key(flow: number): Uint8Array {
    let key = this.#keys.get(flow);
    if (key === undefined) {
      key = new Uint8Array(
        hkdfSync("sha256", this.#secret, EMPTY, `onpath ${this.#label} ${flow}`, KEY_BYTES),
      );
      this.#keys.set(flow, key);
    }
    return key;
  }

  /** Number of keys that are held. */
  get keys(): number {
    return this.#keys.size;
  }

  /** Erases the key of a flow that has ended. */
  forget(flow: number): void {
    this.#keys.get(flow)?.fill(0);
    this.#keys.delete(flow);
  }

  /** Erases all keys. Nothing is sealed or opened afterwards. */
  close(): void {
    this.#isClosed = true;
    for (const flow of [...this.#keys.keys()]) this.forget(flow);
    this.#secret.fill(0);
  }
}

const EMPTY = new Uint8Array(0);
