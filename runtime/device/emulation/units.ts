/**
 * Instances of an emulated card: their registers, and the work that a start begins.
 *
 * @module
 */

import { argumentAddress, REGISTER, TABLE_WORD } from "../../../kernels/rtl/registers.ts";
import { compileBuild } from "../rtl/build.ts";
import {
  moverAddress,
  PACKETS_ARGUMENTS,
  PACKETS_STATUS,
  readTableListEntry,
  TABLE_LIST,
  TABLES_ARGUMENTS,
} from "../../../kernels/rtl/movers.ts";
import { HBM_LATENCY, openRtlCard, type RtlCard } from "../rtl/card.ts";
import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { TOKENIZE_LIMITS } from "../../../kernels/tokenize/image.ts";
import { tokenizeMemoryBytes } from "../../../kernels/tokenize/rtl.ts";
import type { EmulatedKernel } from "./image.ts";
import type { CardMemory } from "./memory.ts";

/** Bytes of the registers that the host writes: control and arguments. Counters follow them. */
const WRITTEN = REGISTER.counters;

/** An instance of a kernel or mover. */
export interface Unit {
  /** Control and arguments as the host wrote them, little-endian. */
  readonly words: DataView;
  /** Does the work that the arguments describe. Rejects if they are invalid; the instance then never ends. */
  readonly start: () => Promise<void>;
  /** Returns whether work outside the start call has ended. Polled on every read of the control register. */
  readonly hasEnded: () => boolean;
  /** Reads a register behind the arguments, by byte offset. */
  readonly counter: (offset: number) => number;
}

function createUnit(parts: Partial<Omit<Unit, "words">> & Pick<Unit, "start">, words = newWords()): Unit {
  return { words, hasEnded: () => true, counter: () => 0, ...parts };
}

function newWords(): DataView {
  return new DataView(new ArrayBuffer(WRITTEN));
}

/** A kernel with its two movers. */
export interface UnitGroup {
  /** The RTL with its arguments and counters. */
  readonly kernel: Unit;
  /** Moves packets between memory and the kernel. */
  readonly packets: Unit;
  /** Moves tables and pages from memory to the kernel. */
  readonly tables: Unit;
}

/** Applies faults to the answers of a run before the host sees them. */
export type Spoil = (answers: readonly Uint8Array[]) => Uint8Array[];

/**
 * Makes a kernel of the RTL with its movers.
 *
 * @param kernel Kernel to make.
 * @param memory Memory of the card.
 * @param spoil Applies faults to answers.
 */
export async function createUnitGroup(
  kernel: EmulatedKernel,
  memory: CardMemory,
  spoil: Spoil,
): Promise<UnitGroup> {
  const card = await openRtlCard(await compileBuild(kernel.build));
  const hasMemory = card.memory.length > 0;
  if (hasMemory) card.setLatency(HBM_LATENCY);
  const values = newWords();
  const from = newWords();
  const list = newWords();
  return {
    kernel: createUnit({
      start: () =>
        new Promise((resolve) => {
          const set = kernel.arguments.map((_, index) => values.getUint32(argumentAddress(index), true));
          if (hasMemory) {
            const bytes = checkInteger(
              "external memory bytes",
              tokenizeMemoryBytes(set),
              0,
              TOKENIZE_LIMITS.memory,
            );
            card.memory.set(memory.at(addressIn(values, argumentAddress(set.length)), bytes));
          }
          card.start(set);
          resolve();
        }),
      counter: (offset) => card.read(offset),
    }, values),
    packets: createUnit({ start: () => movePackets(card, memory, from, spoil) }, from),
    tables: createUnit({
      start: () => Promise.resolve(moveTables(card, memory, list)),
      // Queued loads stall until the packets before them have left.
      hasEnded: () => !card.hasQueued(),
    }, list),
  };
}

function addressIn(words: DataView, at: number): number {
  return words.getUint32(at, true) + 2 ** 32 * words.getUint32(at + 4, true);
}

/** Runs packets through the RTL and writes the answers to memory. */
async function movePackets(card: RtlCard, memory: CardMemory, words: DataView, spoil: Spoil): Promise<void> {
  const number = (name: "count" | "slot" | "answer" | "room") =>
    words.getUint32(moverAddress(PACKETS_ARGUMENTS, name), true);
  const slot = checkInteger("slot bytes", number("slot"), HEADER_BYTES, 2 ** 16);
  const answerSlot = checkInteger("answer slot bytes", number("answer"), HEADER_BYTES, 2 ** 16);
  const count = checkInteger("packet count", number("count"), 0, card.ends.length);
  const slots = checkInteger("answer slot count", number("room"), 1, 2 ** 20);
  const to = memory.at(
    addressIn(words, moverAddress(PACKETS_ARGUMENTS, "to")),
    PACKETS_STATUS.bytes + slots * answerSlot,
  );
  let answers: Uint8Array[] = [];
  const take = (found: number) => {
    for (let n = 0, at = 0; n < found; at = card.answers[n++]!) {
      answers.push(card.output.slice(at, card.answers[n]!));
    }
  };
  if (count > 0) {
    const from = memory.at(addressIn(words, moverAddress(PACKETS_ARGUMENTS, "from")), count * slot);
    const view = new DataView(from.buffer, from.byteOffset, from.length);
    for (let done = 0; done < count;) {
      const part = fill(card, from, view, slot, done, count);
      take(card.run(part, {}, MAX_CYCLES, take));
      done += part;
      // Lets other calls run between parts.
      await Promise.resolve();
    }
  }
  answers = spoil(answers);
  const status = new DataView(to.buffer, to.byteOffset, PACKETS_STATUS.bytes);
  const fitting = answers.filter(({ length }) => length <= answerSlot);
  fitting.slice(0, slots).forEach((answer, index) =>
    to.set(answer, PACKETS_STATUS.bytes + index * answerSlot)
  );
  status.setUint32(PACKETS_STATUS.answers, Math.min(fitting.length, slots), true);
  status.setUint32(PACKETS_STATUS.surplus, Math.max(0, fitting.length - slots), true);
  status.setUint32(PACKETS_STATUS.tooLong, answers.length - fitting.length, true);
}

/**
 * Cycle limit for one run. The longest valid runs take some millions. At the limit the thread is blocked for some
 * seconds, during which the process receives no other event, such as the end of its host.
 */
const MAX_CYCLES = 2 ** 24;

/** Copies packets from slots until the RTL's input is full. Returns the number copied. */
function fill(
  card: RtlCard,
  from: Uint8Array,
  view: DataView,
  slot: number,
  first: number,
  end: number,
): number {
  let at = 0;
  let count = 0;
  while (first + count < end) {
    const begin = (first + count) * slot;
    const length = Math.min(slot, HEADER_BYTES + view.getUint16(begin + OFFSET.length, true));
    if (at + length > card.input.length) break;
    card.input.set(from.subarray(begin, begin + length), at);
    card.ends[count++] = at += length;
  }
  return count;
}

/** Processes the list of loads. Tables are loaded at once; pages and limits are queued beside the packets. */
function moveTables(card: RtlCard, memory: CardMemory, words: DataView): void {
  const address = (name: "list" | "count") => moverAddress(TABLES_ARGUMENTS, name);
  const count = checkInteger("load count", words.getUint32(address("count"), true), 0, 2 ** 20);
  if (count === 0) return;
  const list = memory.at(addressIn(words, address("list")), TABLE_LIST.bytes * count);
  const view = new DataView(list.buffer, list.byteOffset, list.length);
  for (let n = 0; n < count; n++) {
    const { words, address, entries, width } = readTableListEntry(view, n);
    const [low = 0, high = 0] = words;
    const bytes = entries === 0 ? new Uint8Array(0) : memory.at(address, entries * width);
    if (low >= TABLE_WORD.page) card.queue([{ words, entries: bytes.slice() }]);
    else if (words.length === 2 && low % 65536 === 0 && high === entries) {
      card.loadTable(low / 65536, wordsOf(bytes, width));
    } else {
      throw new OnpathError("device", `Cannot load entry ${n} of a table list: expected a complete table`, {
        entry: n,
        words,
      });
    }
  }
}

function wordsOf(bytes: Uint8Array, width: 4 | 8): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float64Array.from(
    { length: bytes.length / width },
    (_, n) =>
      view.getUint32(width * n, true) + (width === 8 ? 2 ** 32 * view.getUint32(width * n + 4, true) : 0),
  );
}
