/**
 * The instances of an emulated card: registers as XRT expects them, and what starting each does.
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

/** Registers of an instance that the host writes: control and arguments; counters stand behind. */
const WRITTEN = REGISTER.counters;

/** An instance. */
export interface Unit {
  /** Control and arguments, as the host has written them. */
  readonly words: DataView;
  /** Begins what the arguments say. Rejected when they are wrong; the instance then never ends. */
  readonly start: () => Promise<void>;
  /** Whether it has ended what was started; asked again and again. */
  readonly ended: () => boolean;
  /** A register behind the arguments. */
  readonly counter: (offset: number) => number;
}

function createUnit(parts: Partial<Omit<Unit, "words">> & Pick<Unit, "start">, words = newWords()): Unit {
  return { words, ended: () => true, counter: () => 0, ...parts };
}

function newWords(): DataView {
  return new DataView(new ArrayBuffer(WRITTEN));
}

/** A kernel with its two movers. */
export interface UnitGroup {
  /** The kernel itself. */
  readonly kernel: Unit;
  /** The mover of its packets. */
  readonly packets: Unit;
  /** The mover of its tables. */
  readonly tables: Unit;
}

/** What may be done to the answers of a run before they are seen: an emulation's faults. */
export type Spoil = (answers: readonly Uint8Array[]) => Uint8Array[];

/**
 * Makes a kernel of the RTL with its movers.
 *
 * @param kernel Which one.
 * @param memory The card's memory.
 * @param spoil What is done to answers.
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
          const set = kernel.arguments.map((_, place) => values.getUint32(argumentAddress(place), true));
          if (hasMemory) {
            const bytes = checkInteger(
              "external memory of bytes of",
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
      // Loads wait in the stream until the packets before them have gone.
      ended: () => !card.hasQueued(),
    }, list),
  };
}

function addressIn(words: DataView, at: number): number {
  return words.getUint32(at, true) + 2 ** 32 * words.getUint32(at + 4, true);
}

/** Runs packets through the RTL and leaves the answers in memory. */
async function movePackets(card: RtlCard, memory: CardMemory, words: DataView, spoil: Spoil): Promise<void> {
  const number = (name: "count" | "slot" | "answer" | "room") =>
    words.getUint32(moverAddress(PACKETS_ARGUMENTS, name), true);
  const slot = checkInteger("slot bytes", number("slot"), HEADER_BYTES, 2 ** 16);
  const answerSlot = checkInteger("answer slot bytes", number("answer"), HEADER_BYTES, 2 ** 16);
  const count = checkInteger("packet count", number("count"), 0, card.ends.length);
  const room = checkInteger("answer slot count", number("room"), 1, 2 ** 20);
  const to = memory.at(
    addressIn(words, moverAddress(PACKETS_ARGUMENTS, "to")),
    PACKETS_STATUS.bytes + room * answerSlot,
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
      // Other calls get their turn.
      await Promise.resolve();
    }
  }
  answers = spoil(answers);
  const status = new DataView(to.buffer, to.byteOffset, PACKETS_STATUS.bytes);
  const fitting = answers.filter(({ length }) => length <= answerSlot);
  fitting.slice(0, room).forEach((answer, place) =>
    to.set(answer, PACKETS_STATUS.bytes + place * answerSlot)
  );
  status.setUint32(PACKETS_STATUS.answers, Math.min(fitting.length, room), true);
  status.setUint32(PACKETS_STATUS.surplus, Math.max(0, fitting.length - room), true);
  status.setUint32(PACKETS_STATUS.tooLong, answers.length - fitting.length, true);
}

/**
 * A run that takes so many has gone wrong: the longest one has some millions. It is some seconds of one thread,
 * in which a process hears of nothing else, not even that its host is gone.
 */
const MAX_CYCLES = 2 ** 24;

/** Copies packets out of slots until the RTL's input is full; how many. */
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

/** Walks the list: tables are loaded at once, pages and limits wait for the packets that they go beside. */
function moveTables(card: RtlCard, memory: CardMemory, words: DataView): void {
  const place = (name: "list" | "count") => moverAddress(TABLES_ARGUMENTS, name);
  const count = checkInteger("load count", words.getUint32(place("count"), true), 0, 2 ** 20);
  if (count === 0) return;
  const list = memory.at(addressIn(words, place("list")), TABLE_LIST.bytes * count);
  const view = new DataView(list.buffer, list.byteOffset, list.length);
  for (let n = 0; n < count; n++) {
    const { words, address, entries, width } = readTableListEntry(view, n);
    const [low = 0, high = 0] = words;
    const bytes = entries === 0 ? new Uint8Array(0) : memory.at(address, entries * width);
    if (low >= TABLE_WORD.page) card.queue([{ words, entries: bytes.slice() }]);
    else if (words.length === 2 && low % 65536 === 0 && high === entries) {
      card.loadTable(low / 65536, wordsOf(bytes, width));
    } else {
      throw new OnpathError("device", `Cannot load entry ${n} of a list of tables: it is no whole table`, {
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
