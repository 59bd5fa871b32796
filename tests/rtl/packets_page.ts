/**
 * Reader of docs/packets.md: a packet's fields by the page's tables. No import of the project makes a packet here.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** Text of the page. */
export const PAGE = readFileSync(new URL("../../docs/packets.md", import.meta.url), "utf8");

/** Offset and length of a field in bytes, and its limit in words. */
export interface PageField {
  readonly offset: number;
  readonly bytes: number;
  readonly limit: string;
}

function sectionOf(heading: string): string {
  return PAGE.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!;
}

/** Rows of the n-th table under a heading, as cells without their backquotes. */
export function tableOf(heading: string, n = 0): string[][] {
  const table = [...sectionOf(heading).matchAll(/(?:^\|.*\n)+/gm)][n]![0];
  const lines = table.trimEnd().split("\n").slice(2);
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
}

/** Blocks of hexadecimal under a heading, as bytes. */
export function hexBlocks(heading: string): Uint8Array[] {
  const blocks = sectionOf(heading).matchAll(/```text\n((?:[0-9a-f]{2}[ \n])+)```/g);
  return Array.from(
    blocks,
    ([, text]) => Uint8Array.from(text!.trim().split(/\s+/), (byte) => parseInt(byte, 16)),
  );
}

/** Fields in the n-th table under a heading. */
export function fieldsOf(heading: string, n = 0): ReadonlyMap<string, PageField> {
  return new Map(
    tableOf(heading, n).map(([offset, bytes, name, limit]) => [
      name!,
      { offset: Number(offset), bytes: Number(bytes), limit: limit! },
    ]),
  );
}

/** Fields of the header. */
export const FIELDS: ReadonlyMap<string, PageField> = fieldsOf("Header");

/** Bytes of the header. */
export const HEADER: number = FIELDS.get("carry")!.offset + FIELDS.get("carry")!.bytes;

/** Value of a flag by its words. */
export function flag(words: string): number {
  return Number(FIELDS.get("flags")!.limit.match(new RegExp(`(\\d+) ${words}`))![1]);
}

/** Number of a kind by its name. */
export function kind(name: string): number {
  return Number(tableOf("Items").find((row) => row[1] === name)![0]);
}

/** CRC-32C of bytes, bit by bit. */
export function crc32c(bytes: Uint8Array): number {
  const polynomial = Number(PAGE.match(/reflected (0x[0-9A-F]+)/)![1]);
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** Writes a field. */
export function put(packet: Uint8Array, name: string, value: number, fields = FIELDS): void {
  const { offset, bytes } = fields.get(name)!;
  for (let at = 0; at < bytes; at++) packet[offset + at] = Math.floor(value / 2 ** (8 * at)) % 256;
}

/** Reads a field. */
export function get(packet: Uint8Array, name: string, fields = FIELDS): number {
  const { offset, bytes } = fields.get(name)!;
  let value = 0;
  for (let at = bytes; at-- > 0;) value = 256 * value + packet[offset + at]!;
  return value;
}

/** Makes a request: its header, its payload and its CRC. `flags` are those beside first, last and CRC. */
export function requestOf(
  payload: Uint8Array,
  fields: Readonly<Record<"kind" | "plan" | "flow" | "sequence" | "packets" | "position", number>>,
  flags = 0,
): Uint8Array {
  const packet = new Uint8Array(HEADER + payload.length);
  packet.set(payload, HEADER);
  put(packet, "magic", Number(FIELDS.get("magic")!.limit.match(/0x[0-9A-F]+/)![0]));
  put(packet, "version", Number(FIELDS.get("version")!.limit));
  const { sequence, packets } = fields;
  const ends = (sequence === 0 ? flag("first") : 0) + (sequence === packets - 1 ? flag("last") : 0);
  put(packet, "flags", flags + ends + flag("the CRC is set"));
  put(packet, "length", payload.length);
  for (const [name, value] of Object.entries(fields)) put(packet, name, value);
  put(packet, "crc", crc32c(packet));
  return packet;
}
