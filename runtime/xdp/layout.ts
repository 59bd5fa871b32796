/**
 * Memory that the host and the XDP program share: the numbers of `bpf/layout.h`.
 *
 * @module
 */

import { named } from "../../serialize/excerpt.ts";
import type { DropReason } from "../../kernels/program.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Names of the object's maps and programs. */
export const NAMES = {
  /** Addresses of requests and answers. */
  settings: "settings_map",
  /** Table of the CRC-32C. */
  slices: "slices_map",
  /** Counters of each processor. */
  counters: "counters_map",
  /** Programs by plan id. */
  programs: "programs_map",
  /** Resident pages by plan id. */
  paged: "paged_map",
  /** The program that answers packets. */
  program: "onpath",
  /** The program that passes everything. */
  pass: "onpath_pass",
} as const;

/** Counters in the order of the program's. */
export const COUNTERS = [
  "answered",
  "answerBytes",
  "passed",
  "truncated",
  "magic",
  "version",
  "kind",
  "flags",
  "reserved",
  "length",
  "overlap",
  "sequence",
  "packets",
  "position",
  "crc",
  "plan",
  "items",
  "weight",
  "epoch",
  "page",
] as const satisfies readonly (XdpDropReason | "answered" | "answerBytes" | "passed")[];

/**
 * Reason why the program drops a packet. `epoch`: the pages of its epoch may have left. `page`: a page that it needs is
 * not resident, because it has not come yet, or never does.
 */
export type XdpDropReason = DropReason | "page";

/** Reasons of drops that the program counts. */
export const DROP_COUNTERS: readonly XdpDropReason[] = COUNTERS.slice(3) as XdpDropReason[];

/** Counts of the program since it was loaded. */
export type XdpCounts = Readonly<Record<(typeof COUNTERS)[number], number>>;

/** Bytes of one processor's counters. */
export const COUNTER_BYTES: number = 8 * COUNTERS.length;

/**
 * Adds up the counters of all processors.
 *
 * @param bytes Value of the counters' map: a block of counters for each possible processor.
 */
export function sumCounters(bytes: Uint8Array): XdpCounts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const counts = COUNTERS.map((name, index) => {
    let sum = 0n;
    for (let at = 8 * index; at < bytes.length; at += COUNTER_BYTES) sum += view.getBigUint64(at, true);
    return [name, Number(sum)] as const;
  });
  return Object.fromEntries(counts) as XdpCounts;
}

/** Destination of answers that are forwarded in place of returned, as a user writes it but for the interface. */
export interface TargetSettings {
  /** Address of the destination, of the family of the requests'. */
  readonly address: string;
  /** UDP port of the destination. */
  readonly port: number;
  /** Ethernet address of the next hop. */
  readonly mac: string;
  /** Ethernet address that sends. */
  readonly from: string;
  /** Index of the interface that sends; 0 for the one that receives the requests. */
  readonly interface: number;
}

/** Bytes of the settings. */
export const SETTINGS_BYTES = 60;

/**
 * Encodes the addresses of requests and answers.
 *
 * @param address Address of the requests: bytes of IPv4 or IPv6.
 * @param port UDP port of the requests.
 * @param target Destination of the answers, if they do not return to the sender.
 * @throws {OnpathError} `device` if an address is malformed.
 */
export function encodeSettings(address: Uint8Array, port: number, target?: TargetSettings): Uint8Array {
  const bytes = new Uint8Array(SETTINGS_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, address.length === 4 ? 4 : 6, true);
  bytes.set(address, 4);
  view.setUint16(20, port);
  if (target === undefined) return bytes;
  const to = parseAddress(target.address);
  if (to.length !== address.length) {
    throw new OnpathError(
      "device",
      `Cannot forward to ${named(target.address)}: the requests have another family`,
    );
  }
  view.setUint16(22, 1, true);
  bytes.set(to, 24);
  bytes.set(parseMac(target.mac), 40);
  bytes.set(parseMac(target.from), 46);
  view.setUint16(52, target.port);
  view.setUint32(56, target.interface, true);
  return bytes;
}

/**
 * Parses an address of IPv4 or IPv6 into its 4 or 16 bytes.
 *
 * @throws {OnpathError} `device` if the text is no address.
 */
export function parseAddress(text: string): Uint8Array<ArrayBuffer> {
  const wrong = () => new OnpathError("device", `Cannot use address ${named(text)}: it is invalid`);
  if (typeof text !== "string" || text.length > 45) throw wrong();
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (four !== undefined) {
    if (four.some((byte) => byte > 255)) throw wrong();
    return Uint8Array.from(four);
  }
  const halves = text.split("::");
  const words = halves.map((half) => half === "" ? [] : half.split(":"));
  const given = words.flat();
  const missing = 8 - given.length;
  const isWhole = halves.length === 1 ? missing === 0 : halves.length === 2 && missing >= 1;
  if (!isWhole || !given.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) throw wrong();
  const all = [...words[0]!, ...Array<string>(missing).fill("0"), ...words[1] ?? []];
  return Uint8Array.from(all.flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 255]));
}

/** Parses an Ethernet address into its 6 bytes. */
function parseMac(text: string): Uint8Array {
  if (typeof text === "string" && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) {
    return Uint8Array.from(text.split(":"), (byte) => parseInt(byte, 16));
  }
  throw new OnpathError("device", `Cannot use Ethernet address ${named(text)}: it is invalid`);
}
