/**
 * UDP datagrams in IPv4 and IPv6 packets, as a TUN interface has them.
 *
 * Fragments and packets with IPv6 extension headers are not read: they are forwarded as they are.
 *
 * @module
 */

import { isIP } from "node:net";
import { OnpathError } from "../../../serialize/errors.ts";

const UDP = 17;
const V4_BYTES = 20, V6_BYTES = 40, UDP_BYTES = 8;
/** Hops that a packet may take. */
const HOPS = 64;

/** Bytes before the payload of a datagram that {@linkcode writeUdp} writes. */
export const MAX_UDP_HEAD: number = V6_BYTES + UDP_BYTES;

/** Place of a datagram in an IP packet. Readers reuse one object. */
export interface UdpPlace {
  /** Offset of the source address in the packet. */
  source: number;
  /** Bytes of an address: 4 or 16. */
  addressBytes: number;
  /** Source port. */
  port: number;
  /** Offset of the payload in the packet. */
  payload: number;
  /** Bytes of the payload. */
  length: number;
}

/** Creates a place to read into. */
export function newUdpPlace(): UdpPlace {
  return { source: 0, addressBytes: 4, port: 0, payload: 0, length: 0 };
}

/**
 * Finds the datagram in an IP packet. The CRC of a packet covers what the checksum does, so that is not checked here.
 *
 * @param bytes Memory of the packet.
 * @param at Offset of its first byte.
 * @param size Bytes of the packet.
 * @param place Output; undefined if the result is false.
 * @returns Whether the packet is one whole datagram.
 */
export function readUdp(bytes: Uint8Array, at: number, size: number, place: UdpPlace): boolean {
  if (size < V4_BYTES) return false;
  const word = (offset: number) => bytes[at + offset]! << 8 | bytes[at + offset + 1]!;
  const version = bytes[at]! >> 4;
  let head: number, end: number;
  if (version === 4) {
    head = 4 * (bytes[at]! & 15);
    end = word(2);
    const isFragment = (word(6) & 0x3fff) !== 0;
    if (head < V4_BYTES || bytes[at + 9] !== UDP || isFragment) return false;
    place.source = at + 12;
    place.addressBytes = 4;
  } else {
    if (version !== 6 || size < V6_BYTES || bytes[at + 6] !== UDP) return false;
    head = V6_BYTES;
    end = V6_BYTES + word(4);
    place.source = at + 8;
    place.addressBytes = 16;
  }
  if (end > size || head + UDP_BYTES > end) return false;
  const length = word(head + 4);
  if (length < UDP_BYTES || head + length > end) return false;
  place.port = word(head);
  place.payload = at + head + UDP_BYTES;
  place.length = length - UDP_BYTES;
  return true;
}

/** Writes datagrams of one source to one destination. */
export class UdpWriter {
  readonly #head: Uint8Array;
  readonly #isSix: boolean;
  #number = 0;

  /**
   * Prepares the headers.
   *
   * @param from Source, as IP bytes and port.
   * @param to Destination, of the same family.
   */
  constructor(
    from: { readonly bytes: Uint8Array; readonly port: number },
    to: { readonly bytes: Uint8Array; readonly port: number },
  ) {
    this.#isSix = from.bytes.length === 16;
    const ip = this.#isSix ? V6_BYTES : V4_BYTES;
    this.#head = new Uint8Array(ip + UDP_BYTES);
    const view = new DataView(this.#head.buffer);
    if (this.#isSix) {
      this.#head.set([0x60, 0, 0, 0, 0, 0, UDP, HOPS]);
      this.#head.set(from.bytes, 8);
      this.#head.set(to.bytes, 24);
    } else {
      this.#head.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, HOPS, UDP]);
      this.#head.set(from.bytes, 12);
      this.#head.set(to.bytes, 16);
    }
    view.setUint16(ip, from.port);
    view.setUint16(ip + 2, to.port);
  }

  /**
   * Writes one datagram.
   *
   * @param target Memory for the packet, from its beginning.
   * @param payload Payload.
   * @returns Bytes of the packet.
   */
  write(target: Uint8Array, payload: Uint8Array): number {
    const head = this.#head, ip = head.length - UDP_BYTES;
    const size = head.length + payload.length;
    const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    target.set(head);
    target.set(payload, head.length);
    const length = UDP_BYTES + payload.length;
    if (this.#isSix) view.setUint16(4, length);
    else {
      view.setUint16(2, size);
      view.setUint16(4, this.#number = (this.#number + 1) & 0xffff);
      view.setUint16(10, checksum(target, 0, V4_BYTES, 0));
    }
    view.setUint16(ip + 4, length);
    // The sum covers addresses, protocol and length too. 0 would mean that there is none.
    const addresses = this.#isSix ? 8 : 12;
    view.setUint16(ip + 6, checksum(target, addresses, size, UDP + length) || 0xffff);
    return size;
  }
}

/** One's complement checksum of the bytes from an offset to an exclusive end, on top of a sum. */
function checksum(bytes: Uint8Array, from: number, to: number, sum: number): number {
  let at = from;
  for (; at + 1 < to; at += 2) sum += bytes[at]! << 8 | bytes[at + 1]!;
  if (at < to) sum += bytes[at]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/**
 * Bytes of an IP address.
 *
 * @param host IPv4 or IPv6 address.
 * @throws {OnpathError} `device` if it is no address.
 */
export function addressBytes(host: string): Uint8Array<ArrayBuffer> {
  const kind = isIP(host);
  if (kind === 4) return Uint8Array.from(host.split("."), Number);
  if (kind !== 6 || host.includes("%")) {
    throw new OnpathError("device", `Cannot use address ${JSON.stringify(host)}: it is no IP address`);
  }
  // An IPv4 address may be the last two groups.
  const text = host.replace(/\d+\.\d+\.\d+\.\d+$/, (four) => {
    const [a, b, c, d] = four.split(".").map(Number) as [number, number, number, number];
    return `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
  });
  const [head = [], tail] = text.split("::").map((half) => half === "" ? [] : half.split(":"));
  const zeros = tail === undefined ? [] : new Array<string>(8 - head.length - tail.length).fill("0");
  const groups = [...head, ...zeros, ...tail ?? []].map((group) => parseInt(group, 16));
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]));
}

/** Text of an IP address, in the form that sockets have. */
export function addressText(bytes: Uint8Array, at: number, length: number): string {
  if (length === 4) return bytes.subarray(at, at + 4).join(".");
  const groups = Array.from({ length: 8 }, (_, n) => bytes[at + 2 * n]! << 8 | bytes[at + 2 * n + 1]!);
  // The first of the longest rows of zeros is left out, if it has two groups.
  let best = 0, bestAt = -1;
  for (let from = 0; from < 8; from++) {
    let count = 0;
    while (groups[from + count] === 0) count++;
    if (count > Math.max(1, best)) [best, bestAt] = [count, from];
  }
  const text = (from: number, to: number) =>
    groups.slice(from, to).map((group) => group.toString(16)).join(":");
  return bestAt < 0 ? text(0, 8) : `${text(0, bestAt)}::${text(bestAt + best, 8)}`;
}
