/**
 * Packets through a card. An exchange is divided into batches, which pass through a ring of buffers: batch n+1
 * is written while n runs and n-1 is read back.
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

/** Number of batches in the ring: one is written, one runs, one is read. */
const DEPTH = 3;

/** Maximum packets of a batch, and maximum slots for its answers. */
const BATCH = { packets: 256, answers: 1024 } as const;

/**
 * Maximum bytes of a copy that blocks this thread. On a card such a copy takes some microseconds, as long as a
 * call on another thread. On an emulated card each call waits for another process, so none blocks this thread.
 */
const MAX_BLOCKING_BYTES = 2 ** 15;

/** Ring slot: a part of each buffer, and the run that uses them. */
interface Slot {
  readonly from: XrtBuffer;
  readonly to: XrtBuffer;
  readonly run: XrtRun;
  /** Index of the batch's first packet in the exchange. */
  first: number;
  /** Number of packets in the batch. */
  count: number;
}

/** Packet exchange with one kernel. */
export interface CardPackets {
  /**
   * Sends packets and collects answers into the output slots, from slot 0 on.
   *
   * @param exchange Packets to send, and slots for the answers.
   * @param maxAnswers Maximum answers to one packet.
   * @param options Timeout of each copy and each run, and abort signal.
   * @throws {OnpathError} `size` when the answers outnumber the slots, or exceed a slot; `device`; `timeout`.
   */
  readonly exchange: (exchange: Exchange, maxAnswers: number, options: WaitOptions) => Promise<Collected>;
  /** Whether a run is in flight. */
  readonly running: () => boolean;
  /** Waits until no run is in flight. */
  readonly settle: (options: WaitOptions) => Promise<void>;
}

/**
 * Creates the packet exchange of a kernel. The first exchange allocates buffers. Later exchanges reuse them,
 * unless they need larger ones.
 *
 * @param device Device with the kernel.
 * @param kernel Mover of the kernel's packets.
 */
export function createCardPackets(device: XrtDevice, kernel: XrtKernel): CardPackets {
  const maxBlocking = emulationMode() === "sw_emu" ? 0 : MAX_BLOCKING_BYTES;
  let slots: Slot[] = [];
  let whole: XrtBuffer[] = [];
  // Bytes per slot, by argument of the mover.
  const capacity = { from: 0, to: 0 };

  const move = (
    buffer: XrtBuffer,
    direction: Direction,
    bytes: number,
    offset: number,
    options: WaitOptions,
  ) => {
    if (bytes > maxBlocking) return buffer.sync(direction, bytes, offset, options);
    buffer.syncNow(direction, bytes, offset);
    return Promise.resolve();
  };

  const settle = async (options: WaitOptions) => {
    for (const { run } of slots) if (run.running) await run.wait(options);
  };

  /** Allocates buffers with at least `from` and `to` bytes per slot, and their runs. Frees all after an error. */
  const reserve = async (from: number, to: number, options: WaitOptions) => {
    if (from <= capacity.from && to <= capacity.to) return;
    for (const { run } of slots) run.close();
    for (const buffer of whole) buffer.close();
    [slots, whole] = [[], []];
    [capacity.from, capacity.to] = [Math.max(from, capacity.from), Math.max(to, capacity.to)];
    const runs: XrtRun[] = [];
    try {
      for (const [name, bytes] of Object.entries(capacity)) {
        whole.push(await device.allocate({ ...options, bytes: DEPTH * bytes, group: kernel.group(name) }));
      }
      slots = Array.from({ length: DEPTH }, (_, n): Slot => {
        const from = whole[0]!.part(capacity.from, n * capacity.from);
        const to = whole[1]!.part(capacity.to, n * capacity.to);
        const run = kernel.run();
        runs.push(run);
        run.set("from", from);
        run.set("to", to);
        // New memory has arbitrary contents. If the card writes no status, the count must read as 0 answers.
        to.map().fill(0, 0, PACKETS_STATUS.bytes);
        return { from, to, run, first: 0, count: 0 };
      });
    } catch (error) {
      for (const each of [...runs, ...whole]) each.close();
      whole = [];
      [capacity.from, capacity.to] = [0, 0];
      throw error;
    }
  };

  return {
    running: () => slots.some(({ run }) => run.running),
    settle,
    exchange: async ({ input, count, output }, maxAnswers, options) => {
      await settle(options);
      const packets = Math.max(1, Math.min(BATCH.packets, Math.floor(BATCH.answers / maxAnswers)));
      const answerSlots = packets * maxAnswers;
      const toBytes = align(PACKETS_STATUS.bytes + answerSlots * output.slotBytes);
      await reserve(align(packets * input.slotBytes), toBytes, options);
      let answers = 0;
      let bytes = 0;
      await keepInFlight(batches(count, packets), DEPTH, {
        fill: (index, { first, count }) => {
          const slot = slots[index]!;
          copyPackets(input, first, count, slot.from.map());
          Object.assign(slot, { first, count });
        },
        launch: async (index) => {
          const { from, run, count } = slots[index]!;
          await move(from, "toDevice", count * input.slotBytes, 0, options);
          // One run works and one waits for it. XRT's software scheduler may start two that wait in either order, and
          // packets that overtake those of an earlier page make them late.
          const { run: before } = slots[(index + 1) % DEPTH]!;
          if (before.running) await before.wait(options);
          run.set("count", count);
          run.set("slot", input.slotBytes);
          run.set("answer", output.slotBytes);
          run.set("room", answerSlots);
          if (maxBlocking > 0) run.startNow();
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

/** Divides `count` packets into batches of at most `max`. */
function* batches(count: number, max: number): Generator<{ first: number; count: number }> {
  for (let first = 0; first < count; first += max) yield { first, count: Math.min(max, count - first) };
}

/** Rounds up to a multiple of 4096, the alignment of parts. */
function align(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096;
}

/** Copies the packets of a batch. Slots are contiguous, so one copy suffices. */
function copyPackets(input: PacketSlots, first: number, count: number, to: Uint8Array): void {
  const from = slotAddress(input, first);
  to.set(input.engine.bytes.subarray(from, from + count * input.slotBytes));
}

/**
 * Reads the mover's status in front of the answers.
 *
 * @returns Number of answers.
 * @throws {OnpathError} `device` when the mover refused the run, or memory refused a part of it; `size` when answers
 * were dropped, or the count exceeds the slots.
 */
function readStatus(memory: Uint8Array, slots: number, slotBytes: number): number {
  const view = new DataView(memory.buffer, memory.byteOffset, PACKETS_STATUS.bytes);
  const read = (field: Exclude<keyof typeof PACKETS_STATUS, "bytes">) =>
    view.getUint32(PACKETS_STATUS[field], true);
  const [answers, surplus, tooLong, failed, refused] = [
    read("answers"),
    read("surplus"),
    read("tooLong"),
    read("failed"),
    read("refused"),
  ];
  if (refused > 0) {
    throw new OnpathError(
      "device",
      "Cannot run packets: the card's mover refused the run, its slots for packets have no beat of 64 bytes",
      { refused },
    );
  }
  if (failed > 0) {
    throw new OnpathError(
      "device",
      `Cannot run packets: the card's memory refused ${failed} beats or bursts`,
      {
        failed,
      },
    );
  }
  if (answers > slots || surplus > 0) {
    throw new OnpathError(
      "size",
      `Cannot take ${answers + surplus} answers: expected at most ${slots}, one per slot`,
      {
        answers,
        surplus,
        slots,
      },
    );
  }
  if (tooLong > 0) {
    throw new OnpathError(
      "size",
      `Cannot take ${tooLong} answers: they exceed a slot of ${slotBytes} bytes`,
      {
        answers: tooLong,
        slotBytes,
      },
    );
  }
  return answers;
}

/** Copies answers into slots; returns the bytes of their payloads. */
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
