/**
 * UDP datagrams between slots and a socket of Linux, many in a call and without a copy in this process. The records
 * are those of 64-bit Linux: `struct mmsghdr` and `struct iovec`.
 *
 * @module
 */

import type { Engine } from "../../serialize/engine.ts";
import { HEADER_BYTES, OFFSET } from "../../serialize/header.ts";
import { type PacketSlots, slotAddress } from "../../serialize/packets.ts";
import { inNamespace } from "./namespace.ts";
import { lastError, type Native, succeed } from "./native.ts";

/** Maximum datagrams of one call. */
const BATCH = 64;
/** Zeros that pad requests: as many as the longest datagram has bytes. */
const MAX_PADDING = 2048;
const MESSAGE = { bytes: 64, parts: 16, partCount: 24, flags: 48, length: 56 } as const;
const PART_BYTES = 16;

const FAMILY = { 4: 2, 6: 10 } as const;
/** A datagram socket that does not block, closed in child processes. */
const SOCKET_TYPE = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const RECEIVE_BYTES = 2 ** 23;
const MSG_TRUNC = 0x20;
const ECONNREFUSED = 111;

/** Socket that exchanges packets with one peer. */
export interface Datagrams {
  /**
   * Sends packets. Each has the bytes that its header states, at most its slot, and zeros up to `room` bytes.
   *
   * @returns Packets sent; fewer if the socket is full.
   */
  readonly send: (slots: PacketSlots, from: number, count: number, room: number) => number;
  /**
   * Receives the packets that have arrived. Datagrams that are not one packet, or are longer than a slot, are skipped.
   *
   * @param slots Slots for the packets.
   * @param from First free slot.
   * @returns Packets received, and whether any datagram had arrived.
   */
  readonly receive: (slots: PacketSlots, from: number) => { readonly packets: number; readonly any: boolean };
  /** Discards everything that has arrived. */
  readonly drain: () => void;
  /** Closes the socket. */
  readonly close: () => void;
}

/**
 * Opens a socket to a peer.
 *
 * @param native Libraries.
 * @param address Address of the peer: bytes of IPv4 or IPv6.
 * @param port UDP port of the peer.
 * @param namespace Network namespace of the socket.
 * @throws {OnpathError} `device` if the peer has no route.
 */
export function openDatagrams(
  native: Native,
  address: Uint8Array,
  port: number,
  namespace: string | undefined,
): Datagrams {
  const { libc, provider } = native;
  const family = FAMILY[address.length === 4 ? 4 : 6];
  const socket = inNamespace(
    native,
    namespace,
    () => succeed(native, "open a UDP socket", libc.socket(family, SOCKET_TYPE, 0)),
  );
  try {
    const size = new Uint8Array(Uint32Array.of(RECEIVE_BYTES).buffer);
    // The forced size needs CAP_NET_ADMIN; the other one is limited by the system.
    if (libc.setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, size, 4) < 0) {
      succeed(native, "enlarge a socket's buffer", libc.setsockopt(socket, SOL_SOCKET, SO_RCVBUF, size, 4));
    }
    const name = socketAddress(family, address, port);
    succeed(native, `connect a UDP socket to port ${port}`, libc.connect(socket, name, name.length));
  } catch (error) {
    libc.close(socket);
    throw error;
  }

  const addressOf = (bytes: Uint8Array) => BigInt(provider.address(provider.pointerTo(bytes)));
  const known = new WeakMap<Engine, bigint>();
  const engineAddress = (engine: Engine) => {
    let found = known.get(engine);
    // The memory of an engine never moves.
    if (found === undefined) known.set(engine, found = addressOf(engine.bytes));
    return found;
  };
  const messages = new Uint8Array(BATCH * MESSAGE.bytes);
  const parts = new Uint8Array(2 * BATCH * PART_BYTES);
  const zeros = new Uint8Array(MAX_PADDING);
  const waste = new Uint8Array(64);
  const [heads, tails] = [new DataView(messages.buffer), new DataView(parts.buffer)];
  const [partsAt, zerosAt, wasteAt] = [addressOf(parts), addressOf(zeros), addressOf(waste)];
  const setPart = (index: number, at: bigint, length: number) => {
    tails.setBigUint64(PART_BYTES * index, at, true);
    tails.setBigUint64(PART_BYTES * index + 8, BigInt(length), true);
  };
  const setMessage = (index: number, count: number) => {
    const at = MESSAGE.bytes * index;
    heads.setBigUint64(at + MESSAGE.parts, partsAt + BigInt(2 * PART_BYTES * index), true);
    heads.setBigUint64(at + MESSAGE.partCount, BigInt(count), true);
    heads.setUint32(at + MESSAGE.flags, 0, true);
  };
  /** Number of messages of a call. Without any, it may be an error of the network from earlier datagrams. */
  const done = (result: number) => {
    if (result >= 0) return result;
    if (lastError(native) === ECONNREFUSED) {
      succeed(native, `exchange packets with port ${port}: no XDP program answers there`, -ECONNREFUSED);
    }
    return 0;
  };
  const receive = (count: number) => done(libc.recvmmsg(socket, messages, count, 0, null));

  return {
    send: (slots, from, count, room) => {
      const batch = Math.min(count, BATCH);
      const base = engineAddress(slots.engine);
      for (let index = 0; index < batch; index++) {
        const at = slotAddress(slots, from + index);
        const stated = HEADER_BYTES + slots.engine.view.getUint16(at + OFFSET.length, true);
        const bytes = Math.min(stated, slots.slotBytes);
        setPart(2 * index, base + BigInt(at), bytes);
        setPart(2 * index + 1, zerosAt, Math.min(MAX_PADDING, Math.max(0, room - bytes)));
        setMessage(index, 2);
      }
      return done(libc.sendmmsg(socket, messages, batch, 0));
    },
    receive: (slots, from) => {
      const { engine, slotBytes } = slots;
      const batch = Math.min(slots.slots - from, BATCH);
      if (batch <= 0) return { packets: 0, any: false };
      const base = engineAddress(engine);
      for (let index = 0; index < batch; index++) {
        setPart(2 * index, base + BigInt(slotAddress(slots, from + index)), slotBytes);
        setMessage(index, 1);
      }
      const found = receive(batch);
      let packets = 0;
      for (let index = 0; index < found; index++) {
        const length = heads.getUint32(MESSAGE.bytes * index + MESSAGE.length, true);
        const isCut = (heads.getUint32(MESSAGE.bytes * index + MESSAGE.flags, true) & MSG_TRUNC) !== 0;
        const at = slotAddress(slots, from + index);
        const isPacket = !isCut && length >= HEADER_BYTES &&
          length === HEADER_BYTES + engine.view.getUint16(at + OFFSET.length, true);
        if (!isPacket) continue;
        if (packets < index) engine.bytes.copyWithin(slotAddress(slots, from + packets), at, at + length);
        packets++;
      }
      return { packets, any: found > 0 };
    },
    drain: () => {
      do {
        for (let index = 0; index < BATCH; index++) {
          setPart(2 * index, wasteAt, waste.length);
          setMessage(index, 1);
        }
      } while (receive(BATCH) > 0);
    },
    close: () => void libc.close(socket),
  };
}

/** Encodes `struct sockaddr_in` or `struct sockaddr_in6`. */
function socketAddress(family: number, address: Uint8Array, port: number): Uint8Array {
  const isFour = address.length === 4;
  const bytes = new Uint8Array(isFour ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  bytes.set(address, isFour ? 4 : 8);
  return bytes;
}
