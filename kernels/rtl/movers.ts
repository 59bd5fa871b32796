/**
 * Movers: kernels that copy bytes between a card's memory and the streams of the RTL kernels. One moves
 * packets, one moves tables and pages. Hardware, host and emulation share this interface.
 *
 * AMD's movers (`krnl_mm2s`, `krnl_s2mm` of VNx) cut a buffer into datagrams of 1,408 bytes and need one run
 * for each contiguous range. Here packets differ in length, and a page load is a command in front of bytes at
 * another address. At one run a page, the host's latency of tens of microseconds would exceed the load itself
 * (2 µs for 4,096 entries at 250 MHz).
 * So the packet mover reads lengths from headers. The table mover reads a list that the host has written to
 * the card's memory. The page schedule of an exchange is then one run.
 *
 * @module
 */

import { hostKernel, RTL_BUILDS } from "./builds.ts";
import { argumentAddress, counterAddress } from "./registers.ts";

/** Argument of a mover. Plain data. A buffer address has a 64-bit register, a scalar a 32-bit register. */
export interface MoverArgument {
  /** Name of the argument, as in `kernel.xml`. */
  readonly name: string;
  /** Type of the argument. */
  readonly kind: "buffer" | "scalar";
  /** Contents of the register, with the unit. */
  readonly meaning: string;
}

/** Kernel names of the movers. `pages` is the mover of tables of kernels with pages. */
export const MOVER = { packets: "onpath_packets", tables: "onpath_tables", pages: "onpath_pages" } as const;

/** Kernels of the movers that a kernel is linked with. */
export interface LinkedMovers {
  /** Mover of packets. */
  readonly packets: typeof MOVER.packets;
  /** Mover of tables. */
  readonly tables: typeof MOVER.tables | typeof MOVER.pages;
}

/**
 * Returns the movers that a kernel in host mode is linked with.
 *
 * @param kernel Name of the kernel.
 */
export function moversOf(kernel: string): LinkedMovers {
  const hasPages = RTL_BUILDS.some(({ name, card }) =>
    card?.hasPages === true && hostKernel(name) === kernel
  );
  return { packets: MOVER.packets, tables: hasPages ? MOVER.pages : MOVER.tables };
}

/** Arguments of the packet mover, in register order. */
export const PACKETS_ARGUMENTS = [
  { name: "from", kind: "buffer", meaning: "slots with packets; a packet's length stands in its header" },
  { name: "to", kind: "buffer", meaning: "a status of 64 bytes, then slots for answers" },
  { name: "count", kind: "scalar", meaning: "packets to send" },
  { name: "slot", kind: "scalar", meaning: "bytes of a slot with a packet, a multiple of 64" },
  { name: "answer", kind: "scalar", meaning: "bytes of a slot for an answer, a multiple of 64" },
  { name: "room", kind: "scalar", meaning: "slots for answers" },
] as const satisfies readonly MoverArgument[];

/** Arguments of both table movers, in register order. */
export const TABLES_ARGUMENTS = [
  { name: "list", kind: "buffer", meaning: "entries of 64 bytes, as TABLE_LIST has them" },
  { name: "count", kind: "scalar", meaning: "entries of the list" },
  { name: "memory", kind: "buffer", meaning: "the buffer that the entries' addresses are in" },
] as const satisfies readonly MoverArgument[];

/**
 * Layout of the status that the packet mover writes in front of the answers at the end of a run. By then all
 * packets are sent and have left the kernel. Values are byte offsets of u32 numbers, little-endian.
 */
export const PACKETS_STATUS = {
  /** Bytes of the status block. */
  bytes: 64,
  /** Answers written to slots. */
  answers: 0,
  /** Answers dropped because no slot was left. */
  surplus: 4,
  /** Answers dropped because they exceed a slot. */
  tooLong: 8,
  /** Beats and bursts of this run that memory refused: answers may be wrong or missing. */
  failed: 12,
  /** 1 if the run sent nothing because a slot with a packet has less than a beat. */
  refused: 16,
} as const;

/** Register of a mover with the beats and bursts that memory has refused since the reset, by byte offset. */
export const MOVER_ERRORS: number = counterAddress(0);

/** Register of a kernel in host mode with the words that memory has refused since the reset, by byte offset. */
export const WORDS_ERRORS = 0x300;

/**
 * Layout of an entry in the table mover's list, as byte offsets. The mover sends the entry's command words,
 * then table entries from the card's memory. All numbers are little-endian.
 */
export const TABLE_LIST = {
  /** Bytes of a list entry: one memory word. */
  bytes: 64,
  /** u64: address of the table entries, a multiple of 64; ignored if their number is 0. */
  address: 0,
  /** u32: words of the stream with table entries. */
  entries: 8,
  /** u32: bytes of a word's entries: 4 or 8 for one entry, 32 for eight of a page (`onpath_pages`). */
  width: 12,
  /** u32: number of command words, at most 4. */
  count: 16,
  /** u64 each: command words. */
  words: 32,
  /** Maximum command words. */
  most: 4,
} as const;

/** Entry of the table mover's list: one load. */
export interface TableListEntry {
  /** Command words as pairs of low and high 32-bit halves, as in `PageCommand`. */
  readonly words: readonly number[];
  /** Address of the table entries in the card's memory, in bytes. */
  readonly address: number;
  /** Words of the stream with table entries. */
  readonly entries: number;
  /** Bytes of a word's entries. */
  readonly width: 4 | 8 | 32;
}

/**
 * Writes an entry of the list.
 *
 * @param view Memory of the list.
 * @param place Index of the entry, from 0.
 * @param entry Contents of the entry.
 */
export function writeTableListEntry(
  view: DataView,
  place: number,
  { words, address, entries, width }: TableListEntry,
): void {
  const at = TABLE_LIST.bytes * place;
  view.setUint32(at + TABLE_LIST.address, address % 2 ** 32, true);
  view.setUint32(at + TABLE_LIST.address + 4, Math.floor(address / 2 ** 32), true);
  view.setUint32(at + TABLE_LIST.entries, entries, true);
  view.setUint32(at + TABLE_LIST.width, width, true);
  view.setUint32(at + TABLE_LIST.count, words.length / 2, true);
  for (let n = 0; n < 2 * TABLE_LIST.most; n++) {
    view.setUint32(at + TABLE_LIST.words + 4 * n, words[n] ?? 0, true);
  }
}

/**
 * Returns the register address of an argument, in bytes from the mover's base. Each argument has 64 bits, as
 * in the other kernels.
 *
 * @param list Argument list of the mover.
 * @param name Name of the argument.
 */
export function moverAddress<A extends readonly MoverArgument[]>(list: A, name: A[number]["name"]): number {
  return argumentAddress(list.findIndex((argument) => argument.name === name));
}

/**
 * Returns the names of the mover instances that are linked to a kernel instance.
 *
 * @param instance Name of the kernel instance, such as `onpath_image_0`.
 */
export function moverInstances(instance: string): { readonly packets: string; readonly tables: string } {
  return { packets: `packets_${instance}`, tables: `tables_${instance}` };
}
