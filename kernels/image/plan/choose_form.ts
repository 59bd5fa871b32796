/**
 * Choice of the table form: the smallest one that keeps the tolerance and fits the device. Resident forms
 * precede forms with swapped pages.
 *
 * @module
 */

import type { FormName, TableForm } from "../kernel.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { DeviceProfile } from "../../target/profile.ts";
import { blockBits, blockBudget, type Blocks, type PlacedTable, placeTables, sumBlocks } from "./memory.ts";

/** Tables of one stage, to be placed in block memory. */
export interface StageTables {
  /** Kernel name, as in plans. */
  readonly kernel: string;
  /** Available forms of its tables. */
  readonly forms: readonly TableForm[];
  /** Channels of an item. */
  readonly channels: number;
  /** Items that the stage processes in a cycle. */
  readonly itemsPerCycle: number;
  /** Entries of its buffers, by the names in a profile's `depths`. */
  readonly buffers?: Readonly<Record<string, number>> | undefined;
}

/** Comparison result of one form. Plain data. */
export interface FormChoice {
  /** Name of the form. */
  readonly form: FormName;
  /** Error in levels, in addition to that of the match. */
  readonly levels: number;
  /** Bytes of one copy of each table, packed; with pages, of one page. */
  readonly bytes: number;
  /** Lookups for one output sample. */
  readonly lookups: number;
  /** Memory blocks of all copies; null if they do not fit. */
  readonly blocks: Blocks | null;
  /** Number of pages; 0 for a resident form. */
  readonly pages: number;
  /** Number of page slots; 0 for a resident form. */
  readonly slots: number;
  /** Decision, or the reason against the form. */
  readonly verdict:
    | "chosen"
    | "larger"
    | "tolerance"
    | "does not fit"
    | "not built"
    | "swaps"
    | "not asked for"
    | "baseline";
}

/** Chosen tables of all stages. */
export interface ChosenTables {
  /** Chosen form of each stage. */
  readonly forms: readonly TableForm[];
  /** All tables, with their block memory. */
  readonly tables: readonly PlacedTable[];
  /** Page slots of the stage with pages; 0 without pages. */
  readonly slots: number;
  /** Comparison results of the first stage's forms. */
  readonly weighed: readonly FormChoice[];
}

/** Form that the others are compared with. It is listed but never generated. */
const BASELINE: FormName = "positions";

/**
 * Maximum page slots. More would save few loads, because the page sequence is known and each page is loaded
 * ahead.
 */
const MAX_SLOTS = 64;

/**
 * Chooses the table forms. Only the first stage has several.
 *
 * @param stages Stages in pipeline order.
 * @param device Profile of the target.
 * @param tolerance Accepted error in levels, in addition to that of the match.
 * @param wanted Form requested by the user, if any.
 * @param pagesAllowed Whether the layout allows packets in page order.
 * @throws {OnpathError} `table` if no form fits, with the alternatives that would.
 */
export function chooseTables(
  stages: readonly StageTables[],
  device: DeviceProfile,
  tolerance: number,
  wanted: FormName | undefined,
  pagesAllowed: boolean,
): ChosenTables {
  const budget = blockBudget(device);
  const [first, ...others] = stages;
  if (first === undefined) return { forms: [], tables: [], slots: 0, weighed: [] };
  const rest = others.flatMap((stage) => demands(stage, stage.forms[0]!, 1));
  const tried = first.forms.map((form) => {
    const room = (slots: number) =>
      hasRoom(device, form, budget) ? placeTables([...demands(first, form, slots), ...rest], budget) : null;
    const most = form.pages === null ? 1 : Math.min(form.pages.count, device.slots ?? MAX_SLOTS, MAX_SLOTS);
    let slots = most;
    let tables = room(slots);
    // Halving is enough: the slot count need not be the exact maximum.
    while (tables === null && slots > Math.min(2, most)) tables = room(slots = Math.max(2, slots >> 1));
    return { form, slots: form.pages === null ? 0 : slots, tables };
  });
  const order = tried.map((_, at) => at).filter((at) => {
    const { form, tables } = tried[at]!;
    return form.form !== BASELINE && tables !== null && isBuilt(device, first, form) &&
      form.levels <= tolerance &&
      (wanted === undefined || form.form === wanted) &&
      (form.pages === null || pagesAllowed);
  }).sort((a, b) => rank(tried[a]!) - rank(tried[b]!));
  const best = order[0] === undefined ? undefined : tried[order[0]]!;
  const weighed = tried.map((each): FormChoice => ({
    form: each.form.form,
    levels: each.form.levels,
    bytes: each.form.tables.reduce((sum, table) => sum + table.bytes, 0),
    lookups: each.form.tables.reduce((sum, table) => sum + (table.per === "sample" ? table.lookups : 0), 0),
    blocks: each.tables === null ? null : sumBlocks(each.tables),
    pages: each.form.pages?.count ?? 0,
    slots: each.slots,
    verdict: each === best
      ? "chosen"
      : each.form.form === BASELINE
      ? "baseline"
      : !isBuilt(device, first, each.form)
      ? "not built"
      : each.tables === null
      ? "does not fit"
      : each.form.levels > tolerance
      ? "tolerance"
      : wanted !== undefined
      ? "not asked for"
      : each.form.pages !== null
      ? "swaps"
      : "larger",
  }));
  if (best === undefined) throw noneFits(first, device, budget, weighed, tolerance, wanted);
  return {
    forms: [best.form, ...others.map(({ forms }) => forms[0]!)],
    tables: best.tables!,
    slots: best.slots,
    weighed,
  };
}

/** Returns whether the device's kernels have a form, with tables and buffers of sufficient depth. */
function isBuilt(
  { depths }: DeviceProfile,
  { buffers }: StageTables,
  { form, tables }: TableForm,
): boolean {
  // The kernels of the paper look products up. A device multiplies only if its profile has `depths`.
  if (depths === undefined) return form !== "multiply";
  const deep = depths[form];
  return deep !== undefined && tables.length > 0 &&
    tables.every(({ name, entries }) => entries <= (deep[name] ?? 0)) &&
    Object.entries(buffers ?? {}).every(([name, entries]) => entries <= (deep[name] ?? Infinity));
}

/** Returns whether a kernel build of fixed size fits the budget. */
function hasRoom({ built }: DeviceProfile, { form }: TableForm, budget: Blocks): boolean {
  const { bram, uram } = built?.[form] ?? { bram: 0, uram: 0 };
  return bram <= budget.bram && uram <= budget.uram;
}

type Tried = { readonly form: TableForm; readonly tables: PlacedTable[] | null };

function rank({ form, tables }: Tried): number {
  return blockBits(sumBlocks(tables!)) + (form.pages === null ? 0 : 2 ** 50);
}

function demands({ kernel, channels, itemsPerCycle }: StageTables, form: TableForm, slots: number) {
  const resident = form.tables.length - form.paged;
  return form.tables.map((table, at) => ({
    ...table,
    kernel,
    slots: at < resident ? 1 : slots,
    perCycle: table.lookups * itemsPerCycle * (table.per === "sample" ? channels : 1),
  }));
}

function noneBuilt({ kernel, forms, buffers }: StageTables, device: DeviceProfile): OnpathError {
  const needs = forms.filter(({ form }) => form !== BASELINE).map(({ form, tables }) => {
    const held = Object.entries(buffers ?? {}).filter(([name]) =>
      device.depths?.[form]?.[name] !== undefined
    );
    const all = [...tables.map(({ name, entries }) => [name, entries] as const), ...held];
    return `${form} (${all.map(([name, entries]) => `${entries} ${name}`).join(", ")})`;
  });
  const has = Object.entries(device.depths ?? {}).map(([form, tables]) =>
    `${form} (${Object.entries(tables).map(([name, entries]) => `${entries} ${name}`).join(", ")})`
  );
  return new OnpathError(
    "table",
    `Cannot compile for device ${device.name}: ${kernel} needs tables of the form ${needs.join(" or ")}, ` +
      `the device has ${has.join(", ")}`,
    { device: device.name, kernel, depths: device.depths },
  );
}

function noneFits(
  stage: StageTables,
  device: DeviceProfile,
  budget: Blocks,
  weighed: readonly FormChoice[],
  tolerance: number,
  wanted: FormName | undefined,
): OnpathError {
  const real = weighed.filter(({ form }) => form !== BASELINE);
  const built = stage.forms.filter((form) => form.form !== BASELINE && isBuilt(device, stage, form));
  if (built.length === 0) throw noneBuilt(stage, device);
  const fits = real.filter(({ blocks, verdict }) => blocks !== null && verdict !== "not built");
  const needs = built.map((form) => ({
    form: form.levels === 0 ? form.form : `${form.form} (tolerance ${form.levels})`,
    bram: device.built?.[form.form]?.bram ??
      sumBlocks(placeTables(demands(stage, form, 2), { bram: Infinity, uram: 0 })!).bram,
  })).sort((a, b) => a.bram - b.bram)[0]!;
  const would = fits.length === 0
    ? `the smallest form, ${needs.form}, needs ${needs.bram} BRAM for ` +
      `${stage.itemsPerCycle.toFixed(2)} items a cycle, a narrower bus needs fewer`
    : "these would fit: " +
      fits.map(({ form, levels, pages }) =>
        `${form} (${levels === 0 ? "exact" : `tolerance ${levels}`}${pages > 0 ? ", cells or tiles" : ""})`
      ).join(", ");
  const asked = wanted === undefined ? "" : ` of the form ${wanted}`;
  return new OnpathError(
    "table",
    `Cannot compile for device ${device.name}: no tables of ${stage.kernel}${asked} within ${tolerance} levels ` +
      `fit ${budget.bram} BRAM and ${budget.uram} URAM; ${would}`,
    { device: device.name, kernel: stage.kernel, budget, tolerance, wanted, weighed },
  );
}
