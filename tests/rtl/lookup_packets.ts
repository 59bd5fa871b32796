/**
 * Packets of codes, and their answers by the formula.
 *
 * @module
 */

import fc from "fast-check";
import type { LookupSizes } from "../../kernels/lookup/cycles.ts";
import {
  LOOKUP_ARGUMENTS,
  LOOKUP_CAPACITY,
  LOOKUP_TABLE,
  type LookupArgumentName,
} from "../../kernels/rtl/registers.ts";
import { HEADER_BYTES, KIND, OFFSET } from "../../serialize/header.ts";
import { random } from "../support/random.ts";
import { packetOf, seal } from "./packets.ts";
import type { Rtl } from "./rtl.ts";

/** A function as tables. */
export interface Tables extends LookupSizes {
  /** Bits of a code. */
  readonly bits: number;
  /** Low bits of a code, which select within a block. */
  readonly low: number;
  /** Whether the first byte of a code is the upper one. */
  readonly swap: boolean;
  readonly blocks: readonly number[];
  readonly addends: readonly number[];
  readonly second: readonly number[];
}

/** All sizes of items and results. */
export const SIZES: readonly LookupSizes[] = ([1, 2] as const).flatMap((itemBytes) =>
  ([1, 2, 4] as const).map((outputBytes) => ({ itemBytes, outputBytes }))
);

/** Bytes that the stores hold: a request's payload, and an answer's. */
export const STORES = { request: 32 * 125, answer: 32 * 128 } as const;

/** Longest payload that is answered. */
export function longestOf({ itemBytes, outputBytes }: LookupSizes): number {
  return Math.min(STORES.request, STORES.answer / outputBytes * itemBytes);
}

/** Tables of random numbers, with `blocks` blocks or what the RTL holds of them. */
export function tablesOf(
  { itemBytes, outputBytes }: LookupSizes,
  bits: number,
  low: number,
  blocks: number,
  swap: boolean,
  seed: number,
): Tables {
  const next = random(seed);
  const many = Math.min(blocks, LOOKUP_CAPACITY[itemBytes].second / 2 ** low);
  const list = (length: number, make: () => number) => Array.from({ length }, make);
  const rows = 2 ** (bits - low);
  return {
    itemBytes,
    outputBytes,
    bits,
    low,
    swap,
    blocks: list(rows, () => next() % many),
    addends: list(rows, next),
    second: list(many * 2 ** low, next),
  };
}

/** Random tables for given sizes, with codes of 1 to 8 or 16 bits. */
export function anyTables(sizes: LookupSizes): fc.Arbitrary<Tables> {
  const [first, second] = Object.values(LOOKUP_CAPACITY[sizes.itemBytes]).map(Math.log2) as [number, number];
  const most = 8 * sizes.itemBytes;
  return fc.oneof(fc.constant(most), fc.integer({ min: 1, max: most })).chain((bits) =>
    fc.tuple(
      fc.integer({ min: Math.max(0, bits - first), max: Math.min(bits, second) }),
      fc.constantFrom(1, 2, 5, 2 ** 13),
      fc.boolean(),
      fc.nat(),
    ).map(([low, blocks, swap, seed]) => tablesOf(sizes, bits, low, blocks, swap, seed))
  );
}

/** Arguments in register order. */
export function argumentsOf(tables: Tables, plan: number, longest = 8192): number[] {
  const { itemBytes, outputBytes, low, swap, blocks, second } = tables;
  const values: Record<LookupArgumentName, number> = {
    plan,
    kind: KIND.cells,
    longest,
    item: Math.log2(itemBytes),
    low,
    itemSize: Math.log2(itemBytes),
    outputSize: Math.log2(outputBytes),
    swap: swap ? 1 : 0,
    tables: blocks.length + second.length,
  };
  return LOOKUP_ARGUMENTS.map(({ name }) => values[name]);
}

/** Starts a plan and loads its tables. */
export function loadLookup({ card }: Rtl, tables: Tables, plan: number): void {
  const { blocks, addends, second } = tables;
  card.start(argumentsOf(tables, plan));
  card.loadTable(LOOKUP_TABLE.first, blocks.map((block, at) => block * 2 ** 32 + addends[at]!));
  card.loadTable(LOOKUP_TABLE.second, second);
}

/** A sound packet of a plan, with `items` random codes. */
export function codesPacket(
  { itemBytes, bits, swap }: Tables,
  plan: number,
  items: number,
  sequence: number,
  packets: number,
  seed: number,
): Uint8Array<ArrayBuffer> {
  const packet = Uint8Array.from(packetOf(items * itemBytes, sequence, packets, seed));
  const view = new DataView(packet.buffer);
  for (let at = HEADER_BYTES; at < packet.length; at += itemBytes) {
    if (itemBytes === 1) packet[at]! &= 2 ** bits - 1;
    else view.setUint16(at, view.getUint16(at, !swap) & (2 ** bits - 1), !swap);
  }
  view.setUint32(OFFSET.plan, plan, true);
  view.setUint32(OFFSET.crc, seal(packet), true);
  return packet;
}

/** The answer to a packet, by the formula. */
export function answerOf(packet: Uint8Array, tables: Tables): Uint8Array {
  const { itemBytes, outputBytes, low, swap, blocks, addends, second } = tables;
  const items = (packet.length - HEADER_BYTES) / itemBytes;
  const answer = new Uint8Array(HEADER_BYTES + items * outputBytes);
  const view = new DataView(answer.buffer);
  answer.set(packet.subarray(0, OFFSET.carry));
  for (let n = 0; n < items; n++) {
    const [a, b] = packet.subarray(HEADER_BYTES + n * itemBytes) as unknown as [number, number];
    const code = itemBytes === 1 ? a : swap ? a * 256 + b : b * 256 + a;
    const row = code >> low;
    let result = second[blocks[row]! * 2 ** low + code % 2 ** low]! + addends[row]!;
    for (let byte = 0; byte < outputBytes; byte++, result = Math.floor(result / 256)) {
      answer[HEADER_BYTES + n * outputBytes + byte] = result % 256;
    }
  }
  view.setUint16(OFFSET.length, items * outputBytes, true);
  view.setUint32(OFFSET.crc, seal(answer), true);
  return answer;
}
