/**
 * The kernels that move bytes between a card's memory and the streams of the RTL kernels, as hardware, host
 * and emulation use them: one for packets, one for tables and pages.
 *
 * AMD's movers (`krnl_mm2s`, `krnl_s2mm` of VNx) cut a buffer into datagrams of 1,408 bytes and want one run
 * for each contiguous piece. Packets have lengths of their own, and a page's load is a command in front of
 * bytes that lie elsewhere: at one run a page, the host's latency (tens of microseconds) would be longer than
 * the load itself (16 µs for 4,096 entries at 250 MHz). So the mover of packets reads lengths from headers, and
 * the mover of tables walks a list that the host has put into the card's memory: the schedule of an exchange
 * is one run.
 *
 * @module
 */

import { argumentAddress } from "./registers.ts";

/** An argument of a mover: a register of 64 bits for a buffer's address, of 32 for a number. Plain data. */
export interface MoverArgument {
  /** What it is called. */
  readonly name: string;
  /** What it is. */
  readonly kind: "buffer" | "scalar";
  /** What it holds. */
  readonly meaning: string;
}

/** The names of the movers' kernels. */
export const MOVER = { packets: "onpath_packets", tables: "onpath_tables" } as const;

/** Arguments of the mover of packets. */
export const PACKETS_ARGUMENTS = [
  { name: "from", kind: "buffer", meaning: "slots with packets; a packet's length stands in its header" },
  { name: "to", kind: "buffer", meaning: "a status of 64 bytes, then slots for answers" },
  { name: "count", kind: "scalar", meaning: "packets to send" },
  { name: "slot", kind: "scalar", meaning: "bytes of a slot with a packet, a multiple of 64" },
  { name: "answer", kind: "scalar", meaning: "bytes of a slot for an answer, a multiple of 64" },
  { name: "room", kind: "scalar", meaning: "slots for answers" },
] as const satisfies readonly MoverArgument[];

/** Arguments of the mover of tables. */
export const TABLES_ARGUMENTS = [
  { name: "list", kind: "buffer", meaning: "entries of 64 bytes, as TABLE_LIST has them" },
  { name: "count", kind: "scalar", meaning: "entries of the list" },
  { name: "memory", kind: "buffer", meaning: "the buffer that the entries' addresses are in" },
] as const satisfies readonly MoverArgument[];

/**
 * What the mover of packets leaves in front of the answers when it is done: all packets are sent, and none is
 * in the kernel. Numbers of 32 bits, little-endian.
 */
export const PACKETS_STATUS = {
  /** Bytes of the status. */
  bytes: 64,
  /** Answers that are in slots. */
  answers: 0,
  /** Answers for which there was no slot. */
  surplus: 4,
  /** Answers that were longer than a slot. */
  tooLong: 8,
} as const;

/**
 * An entry of the list that the mover of tables walks: it sends the words, then the entries that stand at an
 * address of the card's memory, a word of the stream each. All numbers are little-endian.
 */
export const TABLE_LIST = {
  /** Bytes of an entry: a word of the memory. */
  bytes: 64,
  /** u64: where the entries stand, a multiple of 64; no matter where there are none. */
  address: 0,
  /** u32: how many. */
  entries: 8,
  /** u32: bytes of each, 4 or 8. */
  width: 12,
  /** u32: words in front, at most four. */
  count: 16,
  /** The words, u64 each. */
  words: 32,
  /** Words in front at most. */
  most: 4,
} as const;

/** What one load of the tables' mover is made of. */
export interface TableListEntry {
  /** The words in front, low and high halves in turn, as `PageCommand` has them. */
  readonly words: readonly number[];
  /** Where the entries stand, in the card's memory. */
  readonly address: number;
  /** How many they are. */
  readonly entries: number;
  /** Bytes of each. */
  readonly width: 4 | 8;
}

/**
 * Writes an entry of the list.
 *
 * @param view The list.
 * @param place The entry's number.
 * @param entry What it says.
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
 * Reads an entry of the list.
 *
 * @param view The list.
 * @param place The entry's number.
 */
export function readTableListEntry(view: DataView, place: number): TableListEntry {
  const at = TABLE_LIST.bytes * place;
  const count = Math.min(TABLE_LIST.most, view.getUint32(at + TABLE_LIST.count, true));
  return {
    words: Array.from({ length: 2 * count }, (_, n) => view.getUint32(at + TABLE_LIST.words + 4 * n, true)),
    address: view.getUint32(at + TABLE_LIST.address, true) +
      2 ** 32 * view.getUint32(at + TABLE_LIST.address + 4, true),
    entries: view.getUint32(at + TABLE_LIST.entries, true),
    width: view.getUint32(at + TABLE_LIST.width, true) === 8 ? 8 : 4,
  };
}

/**
 * Where an argument's register stands, in bytes from the mover's base: the arguments are laid out as those of
 * the other kernels, with room for 64 bits each.
 *
 * @param list The mover's arguments.
 * @param name The argument's name.
 */
export function moverAddress<A extends readonly MoverArgument[]>(list: A, name: A[number]["name"]): number {
  return argumentAddress(list.findIndex((argument) => argument.name === name));
}

/**
 * The instances of the movers that are linked to a kernel's instance.
 *
 * @param instance The kernel's instance, such as `onpath_image_0`.
 */
export function moverInstances(instance: string): { readonly packets: string; readonly tables: string } {
  return { packets: `packets_${instance}`, tables: `tables_${instance}` };
}
