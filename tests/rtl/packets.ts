/**
 * Packets for kernels that compute nothing, and what the host says of them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { crc32c } from "../../serialize/crc32c.ts";
import {
  FLAG,
  HEADER_BYTES,
  KIND,
  newHeader,
  OFFSET,
  readHeader,
  writeHeader,
} from "../../serialize/header.ts";
import { DROP_REASONS } from "../../kernels/rtl/registers.ts";
import { randomBytes } from "../support/random.ts";
import type { Outcome } from "./rtl.ts";

/** The plan that packets carry. */
export const PLAN = 0xdeadbeef;
/** The longest payload that the plan takes, in bytes. */
export const LONGEST = 1344;
/** Bytes of an item. */
export const ITEM = 16;

/** The CRC of a packet as its length field has it, or of what there is of it. */
export function seal(packet: Uint8Array): number {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const copy = packet.slice(0, HEADER_BYTES + view.getUint16(20, true));
  copy.fill(0, OFFSET.crc, OFFSET.crc + 4);
  return crc32c(copy);
}

/** A sound packet of noise. */
export function packetOf(
  length: number,
  sequence: number,
  packets: number,
  seed: number,
  checked = true,
): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + length);
  packet.set(randomBytes(length, seed), HEADER_BYTES);
  const view = new DataView(packet.buffer);
  writeHeader(view, 0, {
    ...newHeader(),
    kind: KIND.cells,
    flags: (checked ? FLAG.checked : 0) | (sequence === 0 ? FLAG.first : 0) |
      (sequence === packets - 1 ? FLAG.last : 0),
    flow: (seed * 2654435761) >>> 0,
    sequence,
    packets,
    length,
    plan: PLAN,
    epoch: seed,
    position: seed * 65537,
  });
  if (checked) view.setUint32(OFFSET.crc, seal(packet), true);
  return packet;
}

/** What packets a kernel takes. */
export interface Takes {
  readonly plan: number;
  readonly kind: number;
  readonly longest: number;
}

/** What the host says of a packet: the name of the check, or none. */
export function verdict(
  packet: Uint8Array,
  item = ITEM,
  { plan, kind, longest }: Takes = { plan: PLAN, kind: KIND.cells, longest: LONGEST },
): string {
  const header = newHeader();
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const refusal = readHeader(view, 0, packet.length, header);
  if (refusal !== null) return refusal;
  if (header.flags & FLAG.checked && view.getUint32(OFFSET.crc, true) !== seal(packet)) return "crc";
  if (header.plan !== plan) return "plan";
  const fits = header.kind === kind && header.length <= longest && header.length % item === 0;
  return fits ? "none" : "items";
}

/** Asserts that sound packets come back as they went, in order, and the others are counted by name. */
export function behaves(packets: readonly Uint8Array[], outcome: Outcome, item = ITEM): void {
  const verdicts = packets.map((packet) => verdict(packet, item));
  const expected = packets.filter((_, at) => verdicts[at] === "none").map((packet) => {
    // Bytes behind the announced payload are no part of the packet, and the carry is not kept.
    const length = new DataView(packet.buffer, packet.byteOffset).getUint16(20, true);
    const answer = packet.slice(0, HEADER_BYTES + length);
    answer.fill(0, 48, HEADER_BYTES);
    const view = new DataView(answer.buffer);
    if (view.getUint16(6, true) & FLAG.checked) view.setUint32(OFFSET.crc, seal(answer), true);
    return answer;
  });
  const found = Object.fromEntries(
    outcome.drops.map((drops, at) => [DROP_REASONS[at], drops] as const).filter(([, drops]) => drops > 0),
  );
  const wanted: Record<string, number> = {};
  for (const name of verdicts) if (name !== "none") wanted[name] = (wanted[name] ?? 0) + 1;
  assert.deepEqual(found, wanted);
  assert.equal(outcome.answers.length, expected.length);
  // One by one: a difference of hundreds of packets would be formatted for minutes.
  expected.forEach((answer, at) => assert.deepEqual(outcome.answers[at], answer, `answer ${at}`));
}
