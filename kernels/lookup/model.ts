/**
 * Model of the lookup kernel, packet by packet: one result for each item, at the same position.
 *
 * @module
 */

import { DTYPE_BYTES, viewElements } from "../../serialize/dtype.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader, writeHeader } from "../../serialize/header.ts";
import { readPacket, slotAddress } from "../../serialize/packets.ts";
import { operandBits } from "../memoize/domain.ts";
import { elementBits } from "../memoize/element.ts";
import type { Memo } from "../memoize/memo.ts";
import { expandTables, type MemoTables } from "../memoize/tables.ts";
import { type DropReason, type PacketModel, plainCounts } from "../program.ts";
import type { DeviceProfile } from "../target/profile.ts";
import { createLookupClock, type LookupClock } from "./cycles.ts";
import type { LookupPlan } from "./plan.ts";

/** Unsigned element type by bytes. */
const UNSIGNED = { 1: "u8", 2: "u16", 4: "u32" } as const;

/** Looks items up in memory. */
type LookUp = (buffer: ArrayBuffer, from: number, items: number, target: ArrayBuffer, to: number) => void;

/**
 * Creates the model of a lookup plan.
 *
 * @param plan Compiled lookup plan.
 * @param memo Memo that the plan names.
 * @param timing Timing of the device; cycles are counted for `rtl` only.
 */
export function createLookupModel(
  plan: LookupPlan,
  memo: Memo,
  timing: DeviceProfile["timing"] = "bus",
): PacketModel {
  const { id, packets: { request } } = plan;
  const { itemBytes } = memo.domain;
  const outputBytes = DTYPE_BYTES[memo.output];
  const lookUp = findLookUp(memo);
  const perItem = lookupsPerItem(memo);
  const header = newHeader();
  const { tables } = memo;
  const isTimed = timing === "rtl" && itemBytes !== 4 && tables.kind === "lookup";
  let clock: LookupClock | undefined;
  let [answered, cycles] = [0, 0];
  const refuse = (reason: DropReason): DropReason => {
    clock?.drop(HEADER_BYTES + Math.min(header.length, request));
    return reason;
  };
  return {
    // The RTL loads an entry a cycle, after a command for each table.
    resident: {
      bytes: memo.form.bytes,
      cycles: isTimed ? tables.block.length + tables.second.length + 2 : 0,
    },
    begin: () => clock = isTimed ? createLookupClock({ itemBytes, outputBytes }) : undefined,
    take: (input, slot, output, answer) => {
      const refusal = readPacket(input, slot, header);
      if (refusal !== null) return refuse(refusal);
      if (header.plan !== id) return refuse("plan");
      const items = header.length / itemBytes;
      if (header.kind !== KIND.samples || !Number.isInteger(items) || header.length > request) {
        return refuse("items");
      }
      if (HEADER_BYTES + items * outputBytes > output.slotBytes) return refuse("items");
      clock?.pass(header.length);
      const from = slotAddress(input, slot) + HEADER_BYTES;
      const at = slotAddress(output, answer);
      lookUp(input.engine.bytes.buffer, from, items, output.engine.bytes.buffer, at + HEADER_BYTES);
      header.length = items * outputBytes;
      writeHeader(output.engine.view, at, header);
      if (header.flags & FLAG.checked) output.engine.functions.seal(at, HEADER_BYTES + header.length);
      answered += items;
      return 1;
    },
    end: () => {
      cycles += clock?.cycles() ?? 0;
      clock = undefined;
    },
    counts: () => ({ ...plainCounts(answered * perItem), cycles }),
  };
}

/** Counts the lookups of an item: one in each table. */
export function lookupsPerItem({ tables }: Memo): number {
  return tables.kind === "lookup" ? 2 : 1;
}

/** Inner loops by the tables of a memo. Sessions that take turns load their programs again and again. */
const known = new WeakMap<MemoTables, { readonly id: number; readonly lookUp: LookUp }>();

function findLookUp(memo: Memo): LookUp {
  const found = known.get(memo.tables);
  // Memos of other operands or results could share the tables.
  if (found?.id === memo.id) return found.lookUp;
  const lookUp = createLookUp(memo);
  known.set(memo.tables, { id: memo.id, lookUp });
  return lookUp;
}

/**
 * Creates the inner loop over a table of all results. The table is evaluated from the memo's tables, so that an
 * answer has the error that the plan states. Bits of an item beyond an operand are ignored.
 */
function createLookUp(memo: Memo): LookUp {
  const { domain: { bits, itemBytes, operands }, output, tables } = memo;
  const unsigned = UNSIGNED[DTYPE_BYTES[output]];
  const results = expandTables(tables, bits, output);
  const masks = operands.map((operand) => 2 ** operandBits(operand) - 1);
  const [firstMask, secondMask = 0] = masks as [number, number?];
  const isPair = operands.length === 2;
  const high = 2 ** (bits - operandBits(operands[0]!));
  // The first operand of a pair has the lower bytes of an item, and the upper bits of a code.
  const codeOf = (first: number, second: number) => (first & firstMask) * high + (second & secondMask);
  if (itemBytes === 4) {
    return (buffer, from, items, target, to) => {
      const source = new Uint16Array(buffer, from, 2 * items);
      const answers = viewElements(unsigned, target, to, items);
      for (let n = 0; n < items; n++) answers[n] = results[codeOf(source[2 * n]!, source[2 * n + 1]!)]!;
    };
  }
  const table = viewElements(
    unsigned,
    new ArrayBuffer(2 ** (8 * itemBytes) * (elementBits(output) / 8)),
    0,
    2 ** (8 * itemBytes),
  );
  for (let item = 0; item < table.length; item++) {
    table[item] = results[isPair ? codeOf(item & 255, item >> 8) : codeOf(item, 0)]!;
  }
  const dtype = UNSIGNED[itemBytes];
  return (buffer, from, items, target, to) => {
    const source = viewElements(dtype, buffer, from, items);
    const answers = viewElements(unsigned, target, to, items);
    for (let n = 0; n < items; n++) answers[n] = table[source[n]!]!;
  };
}
