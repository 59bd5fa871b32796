/**
 * Packets to a card in network mode and back, as UDP datagrams.
 *
 * @module
 */

import type { Exchange } from "../../../../kernels/program.ts";
import { COUNTER } from "../../../../kernels/rtl/registers.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import { HEADER_BYTES, MAGIC, OFFSET } from "../../../../serialize/header.ts";
import { type PacketSlots, slotAddress } from "../../../../serialize/packets.ts";
import { bounded, type Deferred, deferred, type WaitOptions } from "../../../../serialize/wait.ts";
import { type Address, sameAddress } from "../../../network/address.ts";
import { DatagramList, type ReceivedBatch } from "../../../network/socket/batch.ts";
import type { DatagramSocket } from "../../../network/socket/contract.ts";
import type { Collected } from "../../port.ts";

/** Reads a counter of the kernel by its index in `COUNTER`, summed over its instances modulo 2^32. */
export type ReadCounter = (index: number) => number;

/** How packets are sent. */
export interface SendOptions {
  /** Address and port of the card. */
  readonly to: Address;
  /** Packets that are sent before their answers are waited for. */
  readonly window: number;
  /** Milliseconds in which nothing changes, here or at the card, after which missing answers count as lost. */
  readonly lossMs: number;
}

/** Packet exchange with the kernels behind a port of the card. */
export interface VnxPackets {
  /**
   * Sends packets and collects answers into the output's slots, from slot 0 on. Datagrams may be lost on the way.
   *
   * @param exchange Packets to send, and slots for the answers.
   * @param each Maximum answers to one packet.
   * @throws {OnpathError} `size` when a packet exceeds a datagram; `timeout`; the signal's reason.
   */
  readonly exchange: (exchange: Exchange, each: number, wait: WaitOptions) => Promise<Collected>;
  /** Takes datagrams of the socket. */
  readonly receive: (batch: ReceivedBatch) => void;
  /** Packets sent since the start. */
  readonly sent: () => number;
  /** Waits until no packet of an exchange that was given up is being sent. */
  readonly settle: (wait: WaitOptions) => Promise<void>;
  /** Whether an exchange is in flight. */
  readonly isRunning: () => boolean;
  /** Ends the exchange in flight, because the device closes. */
  readonly stop: () => void;
}

/** Maximum bytes of a datagram in an Ethernet frame of 1,500 bytes: VNx joins no fragments. */
const MAX_DATAGRAM = 1472;

/** Milliseconds between two looks at the card's counters while answers are missing. */
const LOOK_MS = 2;

/**
 * Loss times without a datagram after which missing answers count as lost in any case: senders that share the kernel
 * change its counters.
 */
const SHARED_LOSS_TIMES = 20;

/** Bytes of the kernel's bus words, which it counts. */
const BUS_BYTES = 32;

/** An exchange in flight. */
interface Flight {
  readonly output: PacketSlots;
  /** Numbers of its flows. Others are of an exchange that was given up. */
  readonly flows: ReadonlySet<number>;
  answers: number;
  bytes: number;
  /** Datagrams taken so far, with those that found no slot. */
  datagrams: number;
  /** Answers at which the wait ends. */
  wanted: number;
  /** Resolved at `wanted` answers, rejected when the device closes. */
  end: Deferred<void>;
}

/**
 * Makes the exchange.
 *
 * @param socket Open socket. Its datagrams are given to `receive`.
 * @param options Card, window and interval.
 * @param read Reads the kernel's counters.
 */
export function createVnxPackets(
  socket: DatagramSocket,
  { to, window, lossMs }: SendOptions,
  read: ReadCounter,
): VnxPackets {
  let flight: Flight | undefined;
  let sent = 0;
  // A socket reads the list until this resolves, although its exchange may have been given up.
  let sending: Promise<void> = Promise.resolve();
  // Packets are copied, because the memory of the slots may move when it grows.
  const list = new DatagramList(new Uint8Array(window * MAX_DATAGRAM), window);

  /** Copies packets into the list, and returns their bus words. */
  const fill = (slots: PacketSlots, first: number, count: number): number => {
    const { engine } = slots;
    let words = 0;
    list.clear();
    for (let n = 0; n < count; n++) {
      const from = slotAddress(slots, first + n);
      const said = HEADER_BYTES + engine.view.getUint16(from + OFFSET.length, true);
      const length = Math.min(said, slots.slotBytes);
      if (length > MAX_DATAGRAM) {
        throw new OnpathError(
          "size",
          `Cannot send a packet of ${length} bytes: expected at most ${MAX_DATAGRAM}, compile with less payload`,
          { bytes: length, most: MAX_DATAGRAM },
        );
      }
      const at = n * MAX_DATAGRAM;
      list.bytes.set(engine.bytes.subarray(from, from + length), at);
      list.add(at, length);
      words += Math.ceil(length / BUS_BYTES);
    }
    return words;
  };

  /**
   * Waits for the answers to packets that were sent. They are complete when all that are wanted are there, or the card
   * has taken the packets and has sent what has arrived. What is missing when nothing changes any more was lost.
   *
   * @param words Bus words that the kernel receives.
   * @param before Its counters before the packets.
   */
  const settle = async (
    own: Flight,
    words: number,
    before: { readonly words: number; readonly left: number },
  ) => {
    const began = own.datagrams;
    let [changedAt, datagramAt] = [performance.now(), performance.now()];
    for (let last = { datagrams: -1, state: "" };;) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const pause = new Promise<"quiet">((resolve) => timer = setTimeout(resolve, LOOK_MS, "quiet"));
      const woken = await Promise.race([own.end.promise, pause]).finally(() => clearTimeout(timer));
      if (woken !== "quiet" || own !== flight) return;
      const { datagrams } = own;
      const present = read(COUNTER.present);
      const taken = (read(COUNTER.beatsIn) - before.words) >>> 0;
      const left = (read(COUNTER.packets) - before.left) >>> 0;
      if (present === 0 && taken >= words && datagrams - began >= left) return;
      const now = performance.now(), state = `${left} ${taken} ${present}`;
      if (datagrams !== last.datagrams) datagramAt = now;
      if (datagrams !== last.datagrams || state !== last.state) changedAt = now;
      last = { datagrams, state };
      if (now - datagramAt >= SHARED_LOSS_TIMES * lossMs) return;
      if (present === 0 && now - changedAt >= lossMs) return;
    }
  };

  const run = async (own: Flight, { input, count }: Exchange, each: number) => {
    for (let first = 0; first < count && own === flight; first += window) {
      const group = Math.min(window, count - first);
      const words = fill(input, first, group);
      const before = { words: read(COUNTER.beatsIn), left: read(COUNTER.packets) };
      own.end = deferred();
      own.end.promise.catch(() => {});
      // How many answers a kernel gives that keeps rows is told by its counters alone.
      own.wanted = each === 1 ? own.answers + group : Infinity;
      sending = socket.send(list, to);
      await sending;
      sent += group;
      await settle(own, words, before);
    }
  };

  return {
    exchange: async (exchange, each, wait) => {
      const { input, count, output } = exchange;
      const flows = new Set<number>();
      for (let slot = 0; slot < count; slot++) {
        flows.add(input.engine.view.getUint32(slotAddress(input, slot) + OFFSET.flow, true));
      }
      const own: Flight = {
        output,
        flows,
        answers: 0,
        bytes: 0,
        datagrams: 0,
        wanted: Infinity,
        end: deferred(),
      };
      flight = own;
      try {
        await bounded("the card's answers", run(own, exchange, each), wait);
        return { answers: own.answers, bytes: own.bytes };
      } finally {
        // The caller owns the slots again: later datagrams must not be copied into them.
        flight = undefined;
      }
    },
    receive: ({ bytes, count, offsets, lengths, sources }) => {
      const own = flight;
      if (own === undefined) return;
      const { output, flows } = own;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let n = 0; n < count; n++) {
        const from = offsets[n]!, length = lengths[n]!;
        if (!sameAddress(sources[n]!, to) || length < HEADER_BYTES || length > output.slotBytes) continue;
        if (view.getUint32(from + OFFSET.magic, true) !== MAGIC) continue;
        if (!flows.has(view.getUint32(from + OFFSET.flow, true))) continue;
        own.datagrams++;
        // What the network doubled may exceed the slots. A lost answer is sent again.
        if (own.answers === output.slots) continue;
        output.engine.bytes.set(
          bytes.subarray(from, from + length),
          slotAddress(output, own.answers++),
        );
        own.bytes += length - HEADER_BYTES;
      }
      if (own.answers >= own.wanted) own.end.resolve();
    },
    sent: () => sent,
    settle: (wait) => bounded("packets to be sent", sending.catch(() => {}), wait),
    isRunning: () => flight !== undefined,
    stop: () =>
      flight?.end.reject(new OnpathError("device", "Cannot complete an exchange: the device is closed")),
  };
}
