/**
 * `sizes`: plans usual image sizes, in one table.
 *
 * @module
 */

import { compile } from "../../../kernels/compile.ts";
import type { DeviceProfile, LayoutName } from "../../../kernels/target/profile.ts";
import type { FormName } from "../../../kernels/image/kernel.ts";
import { MAX_ELEMENTS } from "../../../serialize/tensor.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { ResizeStep } from "../../../kernels/image/resize/spec.ts";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import { CPU_PROFILE } from "../../../runtime/device/cpu/device.ts";
import { yieldToEventLoop } from "../../../runtime/device/serial.ts";
import { type Context, print, printJson } from "../context.ts";
import { deviceText, resolveDevice } from "../devices.ts";
import type { SharedOptions } from "../options.ts";
import { CPU_CYCLES } from "../summary.ts";
import { columnTable, count, factTable } from "../text.ts";

/** Options of `sizes`. */
export interface SizesOptions extends SharedOptions {
  /** True for a Markdown table. */
  readonly markdown?: boolean | undefined;
}

/** Usual widths and heights of pictures, in pixels. */
export const PICTURE_SIZES: readonly (readonly [width: number, height: number])[] = [
  [640, 480],
  [1280, 720],
  [1920, 1080],
  [3840, 2160],
  [500, 375],
  [333, 500],
  [1279, 719],
  [4032, 3024],
];

/** Usual sides of models' square inputs, in pixels. */
export const MODEL_SIZES: readonly number[] = [224, 256, 336, 384, 448, 518, 640];

/** Batch sizes, in images. */
export const BATCHES: readonly number[] = [1, 16, 64];

/** Filters of Pillow that have a column, over whole rows. */
export const FILTERS = ["bicubic", "lanczos"] as const;

/** Cycles of a filter over rows at the largest batch, or the reason for no plan. Plain data. */
export type FilterRow =
  | {
    /** Cycles an image, with the loading of tables. */
    readonly cycles: number;
    /** Cycles / ideal. */
    readonly ratio: number;
  }
  | {
    /** Why the device has no plan. */
    readonly error: string;
  };

/** A pair of sizes with the filters that need no tables of the exact match. Plain data. */
interface SizePair {
  /** `[width, height]` of the picture. */
  readonly from: readonly [number, number];
  /** Side of the model's input. */
  readonly to: number;
  /** Match `pillow` in each of {@linkcode FILTERS}. */
  readonly filters: Readonly<Record<typeof FILTERS[number], FilterRow>>;
}

/** A pair of sizes whose exact resize the device refuses. Plain data. */
export interface RefusedSize extends SizePair {
  /** Why no tables fit. */
  readonly error: string;
}

/** Plan of one pair of sizes. Plain data. */
export interface SizeRow extends SizePair {
  /** Chosen layout. */
  readonly layout: ImagePlan["body"]["layout"]["name"];
  /** Chosen form of tables. */
  readonly form: FormName;
  /** Bytes of the tables, without copies. */
  readonly bytes: number;
  /** Memory blocks of all copies. */
  readonly blocks: { readonly bram: number; readonly uram: number };
  /** Maximum difference to the exact sample, in levels. */
  readonly bound: number;
  /** Cycles an image without stalls. */
  readonly ideal: number;
  /** Cycles an image at each batch size, with the loading of tables. */
  readonly cycles: readonly number[];
  /**
   * Plan with pages: their count and bytes, the batch that hides their loads, cycles / ideal at batch 64. Or the
   * reason for no such plan.
   */
  readonly pages: {
    readonly count: number;
    readonly bytes: number;
    readonly batch: number;
    readonly ratio: number;
  } | { readonly error: string };
}

/**
 * Plans one pair of sizes.
 *
 * @param device Profile to plan for.
 * @param from Width and height of the RGB picture.
 * @param to Side of the square output.
 * @returns The plan's figures, or why no tables of the exact match fit the device.
 */
export function planSizes(
  device: DeviceProfile,
  from: readonly [number, number],
  to: number,
): SizeRow | RefusedSize {
  const planned = (
    images: number,
    more: { form?: FormName; layout?: LayoutName } = {},
    resize: Partial<Pick<ResizeStep, "match" | "filter">> = {},
  ) => {
    // A tensor has at most 2^31 elements: a larger batch takes several flows, with the tables kept.
    const flows = 2 ** Math.max(0, Math.ceil(Math.log2(3 * images * from[0] * from[1] / MAX_ELEMENTS)));
    const plan = compile({ steps: [{ op: "resize", size: [to, to], ...resize }] }, {
      input: { dtype: "u8", shape: [images / flows, from[1], from[0], 3], layout: "NHWC" },
      device,
      ...more,
    });
    const cycles = plan.body.cost.cycles + (flows - 1) * plan.body.cost.again;
    return { plan, cycles: cycles / images, ideal: flows * plan.body.cost.ideal / images };
  };
  const paged = () => {
    // Tiles carry no weight index, so that more of them fit a packet. The RTL and XDP read cells alone.
    const layout = device.layouts.includes("tiles") ? "tiles" : "cells";
    const { plan, cycles, ideal } = planned(BATCHES.at(-1)!, { form: "row-pages", layout });
    const { count, bytes, breakEven } = plan.body.pages!;
    return { count, bytes, batch: breakEven, ratio: cycles / ideal };
  };
  const filtered = (filter: typeof FILTERS[number]) =>
    orError(() => {
      const { cycles, ideal } = planned(BATCHES.at(-1)!, {}, { match: "pillow", filter });
      return { cycles, ratio: cycles / ideal };
    });
  const filters = { bicubic: filtered("bicubic"), lanczos: filtered("lanczos") };
  const plans = orError(() => BATCHES.map((images) => planned(images)));
  if ("error" in plans) return { from, to, filters, error: plans.error };
  const { plan, ideal } = plans.at(-1)!;
  return {
    from,
    to,
    filters,
    layout: plan.body.layout.name,
    form: plan.body.stages[0]!.form,
    bytes: plan.body.tables.reduce((sum, table) => sum + table.bytes, 0),
    blocks: { bram: plan.body.memory.bram, uram: plan.body.memory.uram },
    bound: plan.body.bounds[0]!.levels,
    ideal,
    cycles: plans.map(({ cycles }) => cycles),
    pages: orError(paged),
  };
}

/** Result of planning, or the reason for no plan: a small card has none for some sizes and filters. */
function orError<T>(plan: () => T): T | { readonly error: string } {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof OnpathError)) throw error;
    return { error: error.message };
  }
}

/** Plans all pairs of sizes and prints them as a table, as Markdown or as JSON. */
export async function printSizes(options: SizesOptions, context: Context): Promise<void> {
  const { profile } = await resolveDevice(options.device ?? "u55c", context.signal);
  const rows: (SizeRow | RefusedSize)[] = [];
  for (const from of PICTURE_SIZES) {
    for (const to of MODEL_SIZES) {
      // Planning is synchronous: a signal arrives only between two pairs.
      await yieldToEventLoop();
      context.signal.throwIfAborted();
      rows.push(planSizes(profile, from, to));
    }
  }
  if (options.json) return printJson({ device: profile, batches: BATCHES, rows });
  const cells = rows.map(cellsOf);
  if (options.markdown) return print(markdown(HEAD, cells));
  print(columnTable(HEAD, cells, { keys: 2 }));
  const refused = rows.filter((row) => "error" in row).length;
  const worst = rows.reduce((max, row) => "error" in row ? max : Math.max(max, ratioOf(row)), 0);
  print(
    "\n" + factTable([
      ["device", deviceText(profile)],
      ["cycles", [
        `an image, simulated at ${profile.clockMHz} MHz, with the loading of tables`,
        ...(profile.name === CPU_PROFILE.name ? [CPU_CYCLES] : []),
      ]],
      ["over ideal", `at a batch of ${BATCHES.at(-1)} at most ${worst.toFixed(4)}`],
      [
        "pages",
        "the same tables swapped by row phase: pages x bytes, smallest batch that hides all loads",
      ],
      ...(refused === 0 ? [] : [[
        "-",
        [
          `${refused} of ${rows.length} sizes: no tables of the exact match fit the device`,
          "--json has the reason of each",
        ],
      ]] satisfies [string, string[]][]),
      [
        FILTERS.join(", "),
        `Pillow's filters over whole rows, at a batch of ${BATCHES.at(-1)}; - if no tables fit the device`,
      ],
    ]),
  );
}

const HEAD = [
  "from",
  "to",
  "layout",
  "tables",
  "bytes",
  "BRAM+URAM",
  "off",
  ...BATCHES.map((images) => `cycles, ${images}`),
  "64 / ideal",
  "pages",
  "images",
  "64 / ideal, pages",
  ...FILTERS.map((filter) => `${filter}, ${BATCHES.at(-1)}`),
];

function ratioOf(row: SizeRow): number {
  return row.cycles.at(-1)! / row.ideal;
}

function cellsOf(row: SizeRow | RefusedSize): (string | number)[] {
  const pair = [row.from.join("x"), row.to];
  const filters = FILTERS.map((filter) => {
    const each = row.filters[filter];
    return "error" in each ? "-" : count(Math.round(each.cycles));
  });
  const between = HEAD.length - pair.length - filters.length;
  return [...pair, ..."error" in row ? Array(between).fill("-") : planCells(row), ...filters];
}

function planCells(row: SizeRow): (string | number)[] {
  return [
    row.layout,
    row.form,
    count(row.bytes),
    `${row.blocks.bram}+${row.blocks.uram}`,
    row.bound,
    ...row.cycles.map((cycles) => count(Math.round(cycles))),
    ratioOf(row).toFixed(4),
    ...("error" in row.pages ? ["-", "-", "-"] : [
      `${row.pages.count} x ${count(row.pages.bytes)}`,
      row.pages.batch,
      row.pages.ratio.toFixed(4),
    ]),
  ];
}

function markdown(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map((_, at) => at < 4 && at !== 1 ? "---" : "---:")) +
    rows.map(line).join("");
}
