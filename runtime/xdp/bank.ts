/**
 * Programs in the format of the XDP program: one value of a map with the arguments and all tables. They are made of
 * the RTL's arguments and tables, so the kernel and the RTL hold the same tables.
 *
 * @module
 */

import type { KernelImage, Program, TableImage } from "../../kernels/program.ts";
import { IMAGE_ARGUMENTS, IMAGE_TABLE, LOOKUP_ARGUMENTS, LOOKUP_TABLE } from "../../kernels/rtl/registers.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { MAX_PAGE_BYTES } from "./pages.ts";

/** Bytes of a program in the kernel: `struct bank`. */
export const BANK_BYTES = 655_560;

/** Maximum bytes of a payload that the program processes. */
export const MAX_XDP_PAYLOAD = 1984;

/** Entries of the tables in a bank, and their offsets in bytes. */
const RESULTS = { at: 200, entries: 65536 };
const CELLS = 262_344;
const TABLES = {
  weights: { at: CELLS, bytes: 8, entries: 16384 },
  terms: { at: CELLS + 131_072, bytes: 4, entries: 16384 },
  whole: { at: CELLS + 131_072, bytes: 4, entries: 65536 },
  columns: { at: CELLS, bytes: 4, entries: 1024 },
  rows: { at: CELLS + 4096, bytes: 4, entries: 1024 },
  horizontal: { at: CELLS + 8192, bytes: 4, entries: 32768 },
  verticalHigh: { at: CELLS + 139_264, bytes: 4, entries: 16384 },
  verticalLow: { at: CELLS + 204_800, bytes: 4, entries: 32768 },
} as const;

/** Samples that one step of the program looks up: whole pixels of 1, 3 and 4 channels. */
const GROUP = 12;
/** Maximum 8-bit samples between the stages of a packet. */
const MAX_SAMPLES = 1536;

/** Fields of a bank in their order. */
interface Fields {
  readonly kind: number;
  readonly longest: number;
  readonly item: number;
  readonly channels: number;
  /** Stage of cells: 0, terms 1, products 2, pages 3, whole terms 4. */
  readonly first: number;
  /** Stage of tables: 0, bytes 1, words 2. */
  readonly second: number;
  readonly size: number;
  readonly planar: number;
  readonly weights: number;
  readonly phases: number;
  readonly fraction: number;
  readonly ties: number;
  readonly answer: number;
  /** 1: a lookup takes two items of a byte at once. */
  readonly pairs: number;
}

/**
 * Makes the bank of a program.
 *
 * @param program Program of a plan.
 * @returns Bank, and the image that it was made of.
 * @throws {OnpathError} `device` if the XDP program lacks the kernel; `table` if a table does not fit.
 */
export function makeBank(program: Program): { bytes: Uint8Array<ArrayBuffer>; image: KernelImage } {
  const { id } = program.plan;
  const image = program.image();
  const { build, pages, memory } = image;
  if (memory !== undefined) throw lacks(id, "external memory");
  if (pages !== undefined && pages.bytes > MAX_PAGE_BYTES) {
    throw lacks(id, `pages of ${pages.bytes} bytes, above ${MAX_PAGE_BYTES}`);
  }
  const bytes = new Uint8Array(BANK_BYTES);
  const bank: Bank = { id, bytes, view: new DataView(bytes.buffer) };
  if (build === "lookup") writeLookup(bank, image);
  else if (build === "terms" || build === "products") writeImage(bank, image, build === "products");
  else throw lacks(id, `the build "${build}"`);
  return { bytes, image };
}

interface Bank {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

function lacks(plan: number, what: string): OnpathError {
  return new OnpathError("device", `Cannot load plan ${plan} into XDP: its program does not take ${what}`, {
    plan,
    what,
  });
}

/** Reads arguments by name. */
function namedArguments<Name extends string>(
  list: readonly { readonly name: Name }[],
  values: readonly number[],
): Record<Name, number> {
  return Object.fromEntries(list.map(({ name }, index) => [name, values[index]!])) as Record<Name, number>;
}

function entriesOf(tables: readonly TableImage[], table: number): ArrayLike<number> {
  return tables.find((each) => each.table === table)?.entries ?? [];
}

/** Bytes of an item, from the argument of the RTL. */
function itemOf(argument: number): number {
  return argument === 256 ? 3 : 2 ** argument;
}

/** One table with a result for each code, in the byte order of packets. */
function writeLookup(bank: Bank, { values, tables }: KernelImage): void {
  const { kind, longest, item, low, outputSize, swap } = namedArguments(LOOKUP_ARGUMENTS, values);
  const first = entriesOf(tables, LOOKUP_TABLE.first);
  const second = entriesOf(tables, LOOKUP_TABLE.second);
  const itemBytes = itemOf(item);
  if (itemBytes > 2) throw lacks(bank.id, `items of ${itemBytes} bytes`);
  const size = 2 ** outputSize;
  // One lookup of two bytes costs as much as one of a single byte.
  const hasPairs = itemBytes === 1 && size <= 2;
  writeFields(bank, {
    kind,
    longest,
    item: itemBytes,
    channels: 1,
    first: 0,
    second: hasPairs ? 2 : itemBytes,
    size: hasPairs ? 2 * size : size,
    planar: 0,
    weights: 0,
    phases: 0,
    fraction: 0,
    ties: 0,
    answer: size,
    pairs: hasPairs ? 1 : 0,
  });
  // Bits of an item beyond its operands are ignored, as in the RTL.
  const mask = first.length * 2 ** low - 1;
  const lowMask = 2 ** low - 1;
  const resultOf = (item: number) => {
    const code = (swap === 1 ? (item & 255) << 8 | item >> 8 : item) & mask;
    const entry = first[code >> low]!;
    const block = Math.floor(entry / 2 ** 32);
    const addend = entry % 2 ** 32;
    return second[block * 2 ** low + (code & lowMask)]! + addend;
  };
  const results = Array.from({ length: 2 ** (8 * itemBytes) }, (_, item) => resultOf(item));
  if (!hasPairs) results.forEach((result, item) => writeResult(bank, size, item, result));
  else {
    const base = 2 ** (8 * size);
    for (let pair = 0; pair < 65536; pair++) {
      const [lower, upper] = [results[pair & 255]! % base, results[pair >> 8]! % base];
      writeResult(bank, 2 * size, pair, lower + base * upper);
    }
  }
}

function writeImage(bank: Bank, { values, tables, pages }: KernelImage, hasProducts: boolean): void {
  const named = namedArguments(IMAGE_ARGUMENTS, values);
  const { kind, longest, channels, resize, weights, fraction, ties, levels, planar, paged } = named;
  const isPaged = paged === 1;
  if (isPaged !== (pages !== undefined)) throw lacks(bank.id, "pages without a table of columns");
  // Cells then name a column and a row in place of a pair.
  const hasAxes = hasProducts || isPaged;
  const isTerms = resize === 1 && !hasAxes;
  const whole = isTerms ? wholeTerms(entriesOf(tables, IMAGE_TABLE.terms)) : undefined;
  // Samples that stay as they are, of a crop alone, are looked up too: the program has no stage that copies.
  const isMapped = levels === 1 || planar === 1 || resize === 0;
  const size = 2 ** named.size;
  const item = itemOf(named.item);
  const samples = Math.floor(longest / item) * channels;
  if (resize === 1 && samples > MAX_SAMPLES) throw lacks(bank.id, `${samples} samples a packet`);
  writeFields(bank, {
    kind,
    longest,
    item,
    channels,
    first: resize === 0 ? 0 : hasProducts ? 2 : isPaged ? 3 : whole === undefined ? 1 : 4,
    second: isMapped ? 1 : 0,
    size,
    planar,
    weights: hasAxes ? weights & 0xffff : weights,
    phases: hasAxes ? weights >>> 16 : 0,
    fraction,
    ties,
    answer: channels * size,
    pairs: 0,
  });
  const names = hasProducts
    ? ["columns", "rows", "horizontal", "verticalHigh", "verticalLow"] as const
    : whole === undefined
    ? ["weights", "terms"] as const
    : ["weights"] as const;
  if (resize === 1) {
    for (const name of names) {
      writeTable(bank, name, entriesOf(tables, IMAGE_TABLE[name]));
    }
  }
  if (whole !== undefined) writeTable(bank, "whole", whole);
  if (!isMapped) return;
  const entries = levels === 1 ? entriesOf(tables, IMAGE_TABLE.levels) : identity(channels);
  for (let entry = 0; entry < 256 * channels; entry++) writeResult(bank, size, entry, entries[entry]!);
}

/**
 * Terms of each weight and pixel, from the half terms of its nibbles: half the lookups, in 16 times the memory.
 *
 * @returns Undefined if there are more than 256 weights, or a term takes more than 32 bits.
 */
function wholeTerms(terms: ArrayLike<number>): Float64Array | undefined {
  if (terms.length > 16 * 256) return undefined;
  const whole = Float64Array.from({ length: 16 * terms.length }, (_, entry) => {
    const [weight, pixel] = [16 * (entry >> 8), entry & 255];
    return 16 * terms[weight + (pixel >> 4)]! + terms[weight + (pixel & 15)]!;
  });
  return whole.every((term) => term < 2 ** 32) ? whole : undefined;
}

/** Levels that map each sample to itself. */
function identity(channels: number): number[] {
  return Array.from({ length: 256 * channels }, (_, entry) => entry & 255);
}

function writeFields({ id, view }: Bank, fields: Fields): void {
  const { kind, longest, item, channels, first, second, size, planar } = fields;
  const { weights, phases, fraction, ties, answer, pairs } = fields;
  const longestAnswer = longest / item * answer;
  if (longest > MAX_XDP_PAYLOAD || longestAnswer > MAX_XDP_PAYLOAD) {
    throw lacks(id, `payloads of ${Math.max(longest, longestAnswer)} bytes, above ${MAX_XDP_PAYLOAD}`);
  }
  const list = [kind, longest, item, channels, first, second, size, planar];
  list.push(weights, phases, fraction, ties, answer, pairs);
  const places = Array.from({ length: GROUP }, (_, sample) => sample);
  list.push(...places.map((sample) => 256 * (sample % channels)));
  list.push(...places.map((sample) => sample % channels));
  list.push(...places.map((sample) => Math.floor(sample / channels)));
  list.forEach((value, index) => view.setUint32(4 * index, value, true));
}

function writeResult({ view }: Bank, size: number, entry: number, value: number): void {
  const at = RESULTS.at + size * entry;
  if (size === 1) view.setUint8(at, value);
  else if (size === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
}

function writeTable({ id, view }: Bank, name: keyof typeof TABLES, list: ArrayLike<number>): void {
  const { at, bytes, entries } = TABLES[name];
  if (list.length > entries) {
    throw new OnpathError(
      "table",
      `Cannot load plan ${id} into XDP: ${list.length} entries of ${name}, expected at most ${entries}`,
      { plan: id, table: name, entries: list.length, most: entries },
    );
  }
  for (let entry = 0; entry < list.length; entry++) {
    const value = list[entry]!;
    view.setUint32(at + bytes * entry, value % 2 ** 32, true);
    if (bytes === 8) view.setUint32(at + bytes * entry + 4, Math.floor(value / 2 ** 32), true);
  }
}
