/**
 * Families of work besides images in the tour: a small example of each.
 *
 * @module
 */

import type { Device } from "../../../runtime/device/device.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { factTable } from "../text.ts";
import { quantizeKeyValues } from "./tour_cache.ts";
import type { FamilyExample } from "./tour_example.ts";
import { lookUpValues } from "./tour_lookup.ts";
import { cleanRecords } from "./tour_records.ts";

/** Example of a family, and the device that ran it. Plain data. */
export interface TourFamily extends FamilyExample {
  /** Name of the device. */
  readonly device: string;
}

/** Examples, in the order of the lines. */
const FAMILIES: readonly ((device: Device, signal: AbortSignal) => Promise<FamilyExample>)[] = [
  lookUpValues,
  quantizeKeyValues,
  cleanRecords,
];

/**
 * Runs the examples.
 *
 * @param device Device of the tour; undefined for the model. The model runs what the device refuses.
 * @param signal Aborts the runs with its reason.
 */
export async function runFamilies(device: Device | undefined, signal: AbortSignal): Promise<TourFamily[]> {
  await using model = createModelDevice();
  const families: TourFamily[] = [];
  for (const run of FAMILIES) {
    let runsOn = device ?? model;
    const example = await run(runsOn, signal).catch((error: unknown) => {
      if (!(error instanceof OnpathError && error.code === "device") || runsOn === model) throw error;
      return run(runsOn = model, signal);
    });
    families.push({ ...example, device: runsOn.profile.name });
  }
  return families;
}

/** Formats the examples as a table. */
export function familiesTable(families: readonly TourFamily[]): string {
  return factTable(families.map(({ family, device, text }) => [family, `${text} (${device})`]));
}
