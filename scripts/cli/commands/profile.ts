/**
 * `profile`: measures the skew of the levels of pictures, and the hit rate of hot entries on chip.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import {
  countLevels,
  type HitRates,
  hitRates,
  hotEntries,
  lookupCycles,
  topShare,
} from "../../../kernels/image/residency/hot.ts";
import { type Layout, slice, type Tensor, toDense } from "../../../serialize/tensor.ts";
import { readInput } from "../../io/input.ts";
import { type Context, print, printJson } from "../context.ts";
import { columnTable, count, factTable, shapeText } from "../text.ts";

/** Options of `profile`. */
export interface ProfileOptions {
  /** `--json` */
  readonly json?: boolean | undefined;
  /** Number of top levels, 1 to 256; default 10. */
  readonly top?: number | undefined;
  /** Table entries that fit on chip, 1 to 256; default 64. */
  readonly capacity?: number | undefined;
  /** Cycles of a lookup that misses; default 64, which is assumed, not measured. */
  readonly latency?: number | undefined;
  /** Order of an array's axes. */
  readonly layout?: Layout | undefined;
}

/** Profile of one picture. Shares are 0 to 1. Plain data. */
export interface PictureProfile {
  /** Path of the file, as given. */
  readonly path: string;
  /** Number of samples along each axis. */
  readonly shape: readonly number[];
  /** Share of the top levels in all samples, and in those of each channel. */
  readonly top: { readonly all: number; readonly channels: readonly number[] };
  /** Hit rate of the hot entries in the even rows, which choose them. */
  readonly expected: number;
  /** Hit rates in the odd rows, in the order of sending. */
  readonly measured: HitRates;
  /** Hit rate in the odd rows of the hot entries of all other pictures; undefined for a single picture. */
  readonly others?: number;
  /** Cycles of a lookup, from the expected and the measured hit rate. */
  readonly cycles: { readonly expected: number; readonly measured: number };
}

/** Photographs of a checkout; the npm package has the tour's only. */
const PHOTOGRAPHS = ["astronaut.png", "coffee.png", "rocket.jpg"];

/**
 * Profiles pictures. The even rows choose the hot entries and the odd rows measure them, so that a single
 * picture shows whether its sample can be trusted.
 *
 * @param paths Paths of the files; if empty, the photographs in the folder of the tour's.
 * @param options Options of the command line.
 * @param context Provides the tour's photograph and the abort signal.
 * @throws {OnpathError} As `readInput`; `dtype` if samples are not u8; `shape` for less than two rows.
 */
export async function profilePixels(
  paths: readonly string[],
  options: ProfileOptions,
  context: Context,
): Promise<void> {
  const { json, layout, top = 10, capacity = 64, latency = 64 } = options;
  checkInteger("--top", top, 1, 256);
  checkInteger("--capacity", capacity, 1, 256);
  checkInteger("--latency", latency, 1, 1_000_000);
  const { photo, signal } = context;
  const named = paths.length > 0
    ? paths.map((path) => [path, path] as const)
    : PHOTOGRAPHS.map((name) => [name, fileURLToPath(new URL(name, photo))] as const)
      .filter(([, path]) => existsSync(path));
  const pictures: Picture[] = [];
  for (const [name, path] of named) {
    pictures.push(takePicture(name, await readInput(path, { layout, signal })));
    signal.throwIfAborted();
  }
  const profiles: PictureProfile[] = [];
  for (const picture of pictures) {
    const others = pictures.filter((each) => each !== picture).map(({ sample }) => sample);
    profiles.push(profilePicture(picture, others, { top, capacity, latency }));
    // Yields between pictures, so that a signal can abort.
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
  if (json) printJson({ top, capacity, latency, uniform: top / 256, pictures: profiles });
  else print(profileText(profiles, top, capacity, latency));
}

/** Picture with the histogram of its even rows. */
interface Picture {
  readonly path: string;
  readonly image: Tensor;
  /** Count of each level in the even rows. */
  readonly sample: Float64Array;
}

function takePicture(path: string, image: Tensor): Picture {
  if (image.dtype !== "u8") {
    throw new OnpathError("dtype", `Cannot profile ${path}: its samples are ${image.dtype}, expected u8`, {
      path,
      found: image.dtype,
    });
  }
  const rows = image.shape[axisOf(image, "H")]!;
  if (rows < 2 || image.shape.includes(0)) {
    throw new OnpathError(
      "shape",
      `Cannot profile ${path}: its shape is ${shapeText(image)}, expected at least two rows of samples`,
      {
        path,
        shape: image.shape,
      },
    );
  }
  return { path, image, sample: countLevels([everySecondRow(image, 0)]) };
}

function profilePicture(
  { path, image, sample }: Picture,
  others: readonly Float64Array[],
  { top, capacity, latency }: { top: number; capacity: number; latency: number },
): PictureProfile {
  const { hot, expected } = hotEntries(sample, capacity);
  const odd = everySecondRow(image, 1);
  const measured = hitRates(toDense(odd).data, hot, capacity);
  const profile = {
    path,
    shape: image.shape,
    top: {
      all: topShare(countLevels([image]), top),
      channels: channelsOf(image).map((channel) => topShare(countLevels([channel]), top)),
    },
    expected,
    measured,
    cycles: {
      expected: lookupCycles(expected, latency),
      measured: lookupCycles(measured.hot, latency),
    },
  };
  if (others.length === 0) return profile;
  // All pictures have the same weight, whatever their size.
  const totals = others.map((counts) => counts.reduce((sum, each) => sum + each, 0));
  const maxTotal = Math.max(...totals);
  const pooled = sample.map((_, level) =>
    Math.round(others.reduce((sum, counts, at) => sum + counts[level]! * maxTotal / totals[at]!, 0))
  );
  const foreign = hotEntries(pooled, capacity).hot;
  const levels = countLevels([odd]);
  const served = foreign.reduce((sum, level) => sum + levels[level]!, 0);
  return { ...profile, others: served / measured.lookups };
}

/** Selects rows 0, 2, 4… or 1, 3, 5… of an image, without a copy. */
function everySecondRow(image: Tensor, first: 0 | 1): Tensor {
  const axis = axisOf(image, "H");
  const shape = image.shape.with(axis, Math.ceil((image.shape[axis]! - first) / 2));
  const strides = image.strides.with(axis, 2 * image.strides[axis]!);
  return { ...image, shape, strides, offset: image.offset + first * image.strides[axis]! };
}

function channelsOf(image: Tensor): Tensor[] {
  const axis = axisOf(image, "C");
  const starts = image.shape.map(() => 0);
  return Array.from(
    { length: image.shape[axis]! },
    (_, channel) => slice(image, starts.with(axis, channel), image.shape.with(axis, 1)),
  );
}

function axisOf(image: Tensor, name: "H" | "C"): number {
  return image.layout!.indexOf(name);
}

function profileText(
  profiles: readonly PictureProfile[],
  top: number,
  capacity: number,
  latency: number,
): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const shares = profiles.map((profile) => profile.top.all);
  const range = [Math.min(...shares), Math.max(...shares)].map(percent);
  const skew = columnTable(
    ["picture", "shape", `top ${top} of 256 levels`, "in each channel"],
    profiles.map(({ path, shape, top }) => [
      path,
      shape.join(" x "),
      percent(top.all),
      top.channels.map(percent).join(", "),
    ]),
  );
  const rates = columnTable(
    [
      "picture",
      "hot, expected",
      "hot, measured",
      "hot by others",
      "LRU",
      "LFU",
      "optimum",
      "cycles a lookup",
    ],
    profiles.map(({ path, expected, measured, others, cycles }) => [
      path,
      percent(expected),
      percent(measured.hot),
      others === undefined ? "-" : percent(others),
      percent(measured.lru),
      percent(measured.lfu),
      percent(measured.optimum),
      cycles.measured.toFixed(1),
    ]),
  );
  const lookups = profiles.reduce((sum, { measured }) => sum + measured.lookups, 0);
  const facts = factTable([
    [
      "skew",
      `the top ${top} levels make ${
        range[0] === range[1] ? range[0]! : range.join(" to ")
      } of the samples; ` +
      `${percent(top / 256)} if all levels were as frequent`,
    ],
    ["capacity", `${count(capacity)} of 256 entries on chip; chosen on even rows, measured on odd ones`],
    ["lookups", `${count(lookups)}, in the order in which samples are sent`],
    ["hot by others", "hot entries chosen by all other pictures, with equal weights"],
    [
      "cycles",
      `a lookup with the hot entries as measured: a hit takes 1, a miss ${count(latency)} (assumed)`,
    ],
  ]);
  return `${skew}\n${rates}\n${facts}`;
}
