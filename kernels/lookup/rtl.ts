/**
 * Memo in the format of the RTL's lookup pipeline: arguments and two tables.
 *
 * @module
 */

import { DTYPE_BYTES } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { KIND } from "../../serialize/header.ts";
import { operandBits } from "../memoize/domain.ts";
import type { Memo } from "../memoize/memo.ts";
import { RTL_ENTRIES } from "../memoize/search.ts";
import type { LookupTables } from "../memoize/tables.ts";
import { LOOKUP_ARGUMENTS, LOOKUP_TABLE, type LookupArgumentName } from "../rtl/registers.ts";
import { checkStores } from "../rtl/stores.ts";
import { countEntries, type KernelImage, type TableImage } from "../program.ts";
import { lookupsPerItem } from "./model.ts";
import type { LookupPlan } from "./plan.ts";

/**
 * Creates the contents of the RTL's registers and tables for a lookup plan.
 *
 * @param plan Compiled lookup plan.
 * @param memo Memo that the plan names.
 * @throws {OnpathError} `device` if the RTL lacks the form, or its tables or packet stores are too small.
 */
export function lookupKernelImage(plan: LookupPlan, memo: Memo): KernelImage {
  const { id, packets } = plan;
  const { domain: { itemBytes, operands }, output, form } = memo;
  const tables = checkTables(memo);
  checkStores(packets, (what) => lacks(what, plan));
  const images = tableImages(tables);
  const outputBytes = DTYPE_BYTES[output];
  const item = Math.log2(itemBytes);
  const values: Record<LookupArgumentName, number> = {
    plan: id,
    kind: KIND.samples,
    longest: packets.request,
    item,
    low: tables.low,
    itemSize: item,
    outputSize: Math.log2(outputBytes),
    // The code of a pair has the first byte of an item in its upper half.
    swap: operands.length === 2 ? 1 : 0,
    tables: countEntries(images),
  };
  return {
    build: "lookup",
    values: LOOKUP_ARGUMENTS.map(({ name }) => values[name]),
    tables: images,
    tableBytes: form.bytes,
    lookups: { perItem: lookupsPerItem(memo), itemBytes: outputBytes },
  };

  function checkTables({ tables, domain }: Memo): LookupTables {
    const { bits } = domain;
    if (tables.kind !== "lookup") throw lacks(`form ${form.name}`, plan);
    const second = operands[1];
    if (second !== undefined && operandBits(second) !== 8) {
      throw lacks(`pairs whose second operand has ${operandBits(second)} bits`, plan);
    }
    if (bits > RTL_ENTRIES.bits) throw lacks(`codes of ${bits} bits`, plan);
    for (const [name, most] of [["first", RTL_ENTRIES.first], ["second", RTL_ENTRIES.second]] as const) {
      if (form[name] > most) throw lacks(`${form[name]} entries in the ${name} table, above ${most}`, plan);
    }
    return tables;
  }
}

function lacks(what: string, { id }: LookupPlan): OnpathError {
  return new OnpathError("device", `Cannot load lookup plan ${id} into the RTL: it does not take ${what}`, {
    plan: id,
    what,
  });
}

/** Entries of the first table: the addend in the lower 32 bits, and the block above. */
function tableImages({ block, addend, second }: LookupTables): TableImage[] {
  const first = Float64Array.from(block, (number, i) => number * 2 ** 32 + addend[i]!);
  return [{ table: LOOKUP_TABLE.first, entries: first }, { table: LOOKUP_TABLE.second, entries: second }];
}
