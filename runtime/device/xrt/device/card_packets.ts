/**
 * Packets through a card: pieces of an exchange in a ring of buffers, so that the next piece is written while
 * one runs and the one before is read back.
 *
 * @module
 */

import type { Exchange } from "../../../../kernels/program.ts";
import { PACKETS_STATUS } from "../../../../kernels/rtl/movers.ts";
import { HEADER_BYTES, OFFSET } from "../../../../serialize/header.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import { type PacketSlots, slotAddress } from "../../../../serialize/packets.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { Collected } from "../../port.ts";
import type { Direction, XrtBuffer } from "../binding/buffer.ts";
import type { XrtDevice } from "../binding/device.ts";
import { emulationMode } from "../binding/environment.ts";
import type { XrtKernel } from "../binding/kernel.ts";
import { keepInFlight } from "../binding/in_flight.ts";
import type { XrtRun } from "../binding/run.ts";

/** Slots of the ring: one is written, one runs, one is read. */
const DEPTH = 3;

/** Packets of a piece at most, and slots for answers. */
const PIECE = { packets: 256, answers: 1024 } as const;

/**
 * Bytes that are moved on this thread at most, but for an emulated card, where each call waits for another
 * process: with a card they take some microseconds, as long as handing them to another thread.
 */
const MOVED_HERE = 2 ** 15;

/** Parts of the buffers for one run, and the run. */
interface Slot {
  readonly from: XrtBuffer;
  readonly to: XrtBuffer;
  readonly run: XrtRun;
  /** The piece that is under way. */
  first: number;
  count: number;
}

/** The packets of a kernel. */
export interface CardPackets {
  /**
   * Sends packets and collects answers into the slots of the exchange, from 0 on.
   *
   * @param exchange The exchange.
   * @param each Answers that one packet brings at most.
   * @throws {OnpathError} `size` when there are more answers than slots, or longer ones.
   */
  readonly exchange: (exchange: Exchange, each: number, options: WaitOptions) => Promise<Collected>;
  /** Whether a run is under way. */
  readonly running: () => boolean;
  /** Waits until no run is under way. */
  readonly settle: (options: WaitOptions) => Promise<void>;
}

/**
 * Makes the packets' way to a kernel and back. Buffers are made at the first exchange, and again only where
 * one needs larger ones.
 *
 * @param device The device.
 * @param kernel The mover of its packets.
 */
export function createCardPackets(device: XrtDevice, kernel: XrtKernel): CardPackets {
  const here = emulationMode() === "sw_emu" ? 0 : MOVED_HERE;
  let slots: Slot[] = [];
  let whole: XrtBuffer[] = [];
  const room = { from: 0, to: 0 };

  const move = (
    buffer: XrtBuffer,
    direction: Direction,
    bytes: number,
    offset: number,
    options: WaitOptions,
  ) => {
    if (bytes > here) return buffer.sync(direction, bytes, offset, options);
    buffer.syncNow(direction, bytes, offset);
    return Promise.resolve();
  };

  const settle = async (options: WaitOptions) => {
    for (const { run } of slots) if (run.running) await run.wait(options);
  };

  /** Makes buffers of at least so many bytes a slot. */
  const reserve = async (from: number, to: number, options: WaitOptions) => {
    if (from <= room.from && to <= room.to) return;
    for (const { run } of slots) run.close();
    for (const buffer of whole) buffer.close();
    [slots, whole] = [[], []];
    [room.from, room.to] = [Math.max(from, room.from), Math.max(to, room.to)];
    try {
      for (const [name, bytes] of Object.entries(room)) {
        whole.push(await device.allocate({ ...options, bytes: DEPTH * bytes, group: kernel.group(name) }));
      }
    } catch (error) {
      for (const buffer of whole) buffer.close();
      whole = [];
      [room.from, room.to] = [0, 0];
      throw error;
    }
    slots = Array.from({ length: DEPTH }, (_, n): Slot => {
      const [from, to] = [whole[0]!.part(room.from, n * room.from), whole[1]!.part(room.to, n * room.to)];
      const run = kernel.run();
      run.set("from", from);
      run.set("to", to);
      // A buffer's memory is whatever it was, and a card that computes nothing leaves it so: no answers.
      to.map().fill(0, 0, PACKETS_STATUS.bytes);
      return { from, to, run, first: 0, count: 0 };
    });
  };

  return {
    running: () => slots.some(({ run }) => run.running),
    settle,
    exchange: async ({ input, count, output }, each, options) => {
      await settle(options);
      const packets = Math.max(1, Math.min(PIECE.packets, Math.floor(PIECE.answers / each)));
      const answerSlots = packets * each;
      const toBytes = align(PACKETS_STATUS.bytes + answerSlots * output.slotBytes);
      await reserve(align(packets * input.slotBytes), toBytes, options);
      let answers = 0;
      let bytes = 0;
      await keepInFlight(pieces(count, packets), DEPTH, {
        fill: (index, { first, count }) => {
          const slot = slots[index]!;
          copyPackets(input, first, count, slot.from.map());
          Object.assign(slot, { first, count });
        },
        launch: async (index) => {
          const { from, run, count } = slots[index]!;
          await move(from, "toDevice", count * input.slotBytes, 0, options);
          run.set("count", count);
          run.set("slot", input.slotBytes);
          run.set("answer", output.slotBytes);
          run.set("room", answerSlots);
          if (here > 0) run.startNow();
          else await run.start(options);
        },
        collect: async (index) => {
          const { to, run } = slots[index]!;
          await run.wait(options);
          await move(to, "fromDevice", PACKETS_STATUS.bytes, 0, options);
          const given = readStatus(to.map(), answerSlots, output.slotBytes);
          if (given > 0) {
            await move(to, "fromDevice", given * output.slotBytes, PACKETS_STATUS.bytes, options);
          }
        },
        drain: (index) => {
          const memory = slots[index]!.to.map();
          const given = readStatus(memory, answerSlots, output.slotBytes);
          bytes += copyAnswers(memory, given, output, answers);
          answers += given;
        },
      });
      return { answers, bytes };
    },
  };
}

function* pieces(count: number, most: number): Generator<{ first: number; count: number }> {
  for (let first = 0; first < count; first += most) yield { first, count: Math.min(most, count - first) };
}

/** Buffers and their parts begin at a page. */
function align(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096;
}

/** Slots stand one behind the other: a piece is one copy. */
function copyPackets(input: PacketSlots, first: number, count: number, to: Uint8Array): void {
  const from = slotAddress(input, first);
  to.set(input.engine.bytes.subarray(from, from + count * input.slotBytes));
}

/** The answers that stand in a slot's memory. */
function readStatus(memory: Uint8Array, slots: number, slotBytes: number): number {
  const view = new DataView(memory.buffer, memory.byteOffset, PACKETS_STATUS.bytes);
  const [answers, surplus, tooLong] = [PACKETS_STATUS.answers, PACKETS_STATUS.surplus, PACKETS_STATUS.tooLong]
    .map((at) => view.getUint32(at, true)) as [number, number, number];
  if (answers > slots || surplus > 0) {
    throw new OnpathError("size", `Cannot take ${answers + surplus} answers: there is room for ${slots}`, {
      answers,
      surplus,
      slots,
    });
  }
  if (tooLong > 0) {
    throw new OnpathError(
      "size",
      `Cannot take ${tooLong} answers: they are longer than slots of ${slotBytes}`,
      {
        answers: tooLong,
        slotBytes,
      },
    );
  }
  return answers;
}

/** Copies answers into slots, and counts the bytes of their payloads. */
function copyAnswers(memory: Uint8Array, count: number, output: PacketSlots, first: number): number {
  const { slotBytes } = output;
  if (first + count > output.slots) {
    throw new OnpathError("size", `Cannot answer: all ${output.slots} slots for answers are taken`, {
      slots: output.slots,
    });
  }
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  let bytes = 0;
  for (let n = 0, at: number = PACKETS_STATUS.bytes; n < count; n++, at += slotBytes) {
    const length = Math.min(slotBytes, HEADER_BYTES + view.getUint16(at + OFFSET.length, true));
    output.engine.bytes.set(memory.subarray(at, at + length), slotAddress(output, first + n));
    bytes += length - HEADER_BYTES;
  }
  return bytes;
}
