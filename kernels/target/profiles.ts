/**
 * Device profiles: the numbers of real cards, from their data sheets, and those of a user's own.
 *
 * @module
 */

import { z } from "zod";
import { FORMS } from "../image/kernel.ts";
import { parseWith, type Schema } from "../schema.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { MAX_PAYLOAD, STANDARD_PAYLOAD } from "../../serialize/header.ts";
import { MAX_EPOCH } from "../epochs.ts";
import { BACKINGS, type DeviceProfile, LAYOUT_NAMES, TIMINGS } from "./profile.ts";

/** Kernels that the cards' bitstreams are planned to have. */
const CARD_KERNELS = ["resize", "remap", "resample", "normalize"];

/**
 * Latency of one random access of a kernel's port, in nanoseconds: page misses measured by Shuhai
 * (Wang et al., FCCM 2020) on a U280.
 */
const LATENCY = { hbm: 137.8, ddr4: 106.6 };

/** What all cards share: a 256-bit core at Vitis' usual 300 MHz behind 100 Gb/s, one instance. */
const CARD: Pick<
  DeviceProfile,
  | "payload"
  | "clockMHz"
  | "busBytes"
  | "usable"
  | "instances"
  | "networkGbps"
  | "layouts"
  | "kernels"
  | "timing"
> = {
  payload: STANDARD_PAYLOAD,
  clockMHz: 300,
  busBytes: 32,
  usable: 0.8,
  instances: 1,
  networkGbps: 100,
  layouts: LAYOUT_NAMES,
  kernels: CARD_KERNELS,
  timing: "bus",
};

/**
 * The cards. Block counts, memories and links are those of the data sheets; `usable` is the share of
 * block memory that AMD's UltraFast methodology (UG949) advises not to pass.
 */
export const CARD_PROFILES: readonly DeviceProfile[] = [
  {
    ...CARD,
    name: "u50",
    summary: "Alveo U50 (DS965): 1344 BRAM, 640 URAM, 8 GB HBM2",
    bram: 1344,
    uram: 640,
    backing: { kind: "hbm", bytes: 8 * 2 ** 30, gigabytesPerSecond: 316, ports: 32, latencyNs: LATENCY.hbm },
    hostGigabytesPerSecond: 15.75,
  },
  {
    ...CARD,
    name: "u55c",
    summary: "Alveo U55C (DS978): 2016 BRAM, 960 URAM, 16 GB HBM2",
    bram: 2016,
    uram: 960,
    backing: { kind: "hbm", bytes: 16 * 2 ** 30, gigabytesPerSecond: 460, ports: 32, latencyNs: LATENCY.hbm },
    hostGigabytesPerSecond: 15.75,
  },
  {
    ...CARD,
    name: "u250",
    summary: "Alveo U250 (DS962): 2688 BRAM, 1280 URAM, 64 GB DDR4",
    bram: 2688,
    uram: 1280,
    backing: { kind: "ddr4", bytes: 64 * 2 ** 30, gigabytesPerSecond: 77, ports: 4, latencyNs: LATENCY.ddr4 },
    hostGigabytesPerSecond: 15.75,
  },
  {
    ...CARD,
    name: "u280",
    summary: "Alveo U280 (DS963): 2016 BRAM, 960 URAM, 8 GB HBM2 (and 32 GB DDR4)",
    bram: 2016,
    uram: 960,
    backing: { kind: "hbm", bytes: 8 * 2 ** 30, gigabytesPerSecond: 460, ports: 32, latencyNs: LATENCY.hbm },
    hostGigabytesPerSecond: 15.75,
  },
  {
    ...CARD,
    name: "vnx",
    summary: "Alveo U55C under AMD's VNx network shell at 100 Gb/s; two kernel instances share it",
    bram: 2016,
    uram: 960,
    instances: 2,
    backing: { kind: "hbm", bytes: 16 * 2 ** 30, gigabytesPerSecond: 460, ports: 32, latencyNs: LATENCY.hbm },
    hostGigabytesPerSecond: 15.75,
  },
];

/** Blocks; one of 18 Kb is a half. */
const blockCount = z.number().min(0).max(2 ** 20);

/** Checks a profile from outside, such as a user's JSON file. */
export const profileSpec: Schema<DeviceProfile> = z.strictObject({
  name: z.string().min(1).max(100),
  summary: z.string().max(1000).default(""),
  payload: z.number().int().min(64).max(MAX_PAYLOAD).default(STANDARD_PAYLOAD),
  clockMHz: z.number().min(1).max(10_000).default(300),
  busBytes: z.number().int().min(8).max(512).default(32),
  bram: z.number().int().min(0).max(2 ** 20),
  uram: z.number().int().min(0).max(2 ** 20),
  usable: z.number().gt(0).max(1).default(0.8),
  instances: z.number().int().min(1).max(1024).default(1),
  backing: z.strictObject({
    kind: z.enum(BACKINGS),
    bytes: z.number().int().min(0).max(2 ** 50),
    gigabytesPerSecond: z.number().gt(0).max(1e6),
    ports: z.number().int().min(1).max(1024).default(1),
    latencyNs: z.number().min(0).max(1e9),
  }),
  hostGigabytesPerSecond: z.number().gt(0).max(1e6).default(15.75),
  networkGbps: z.number().gt(0).max(1e6).default(100),
  layouts: z.array(z.enum(LAYOUT_NAMES)).min(1).max(16).default([...LAYOUT_NAMES]),
  gathers: z.boolean().optional(),
  kernels: z.array(z.string().max(1000)).max(64).default([...CARD_KERNELS]),
  timing: z.enum(TIMINGS).default("bus"),
  lanes: z.number().int().min(1).max(1024).optional(),
  slots: z.number().int().min(1).max(1024).optional(),
  epochs: z.number().int().min(1).max(MAX_EPOCH + 1).optional(),
  depths: z.partialRecord(z.enum(FORMS), z.record(z.string().max(100), z.number().int().min(0).max(2 ** 32)))
    .optional(),
  built: z.partialRecord(z.enum(FORMS), z.strictObject({ bram: blockCount, uram: blockCount })).optional(),
});

/**
 * Reads a user's own profile.
 *
 * @param value Anything, such as parsed JSON.
 * @returns The profile; what is left out is as on the cards.
 * @throws {OnpathError} `device`, naming the field and what was expected.
 *
 * @example
 * ```ts
 * import { parseProfile } from "onpath/runtime";
 * import assert from "node:assert/strict";
 *
 * const small = parseProfile({
 *   name: "small",
 *   bram: 100,
 *   uram: 0,
 *   backing: { kind: "ddr4", bytes: 2 ** 30, gigabytesPerSecond: 19, latencyNs: 107 },
 * });
 * assert.equal(small.clockMHz, 300);
 * assert.throws(() => parseProfile({ name: "none" }), /profile\.bram/);
 * ```
 */
export function parseProfile(value: unknown): DeviceProfile {
  return parseWith(profileSpec, value, "device", "profile");
}

/**
 * The fields that plans depend on, checked; the profile itself stays its owner's to change and extend.
 *
 * @param profile A profile, perhaps with fields of its own.
 * @throws {OnpathError} `device` when a number is out of its limits.
 */
export function copyProfile(profile: DeviceProfile): DeviceProfile {
  const known = Object.fromEntries(
    PROFILE_FIELDS.filter((field) => profile[field] !== undefined).map((field) => [field, profile[field]]),
  );
  return parseProfile(known);
}

/**
 * The profile of a device that a plan is compiled for.
 *
 * @param device A device, or its profile.
 * @throws {OnpathError} `device` if it is neither, or a number is out of its limits.
 */
export function profileOf(device: DeviceProfile | { readonly profile: DeviceProfile }): DeviceProfile {
  const profile: unknown = Object(device).profile ?? device;
  if (typeof profile === "object" && profile !== null && !Array.isArray(profile)) {
    return copyProfile(profile as DeviceProfile);
  }
  throw new OnpathError(
    "device",
    `Cannot compile for a device that is ${kindOf(profile)}: expected a device or its profile`,
    { found: kindOf(profile) },
  );
}

const PROFILE_FIELDS: readonly (keyof DeviceProfile)[] = [
  "name",
  "summary",
  "payload",
  "clockMHz",
  "busBytes",
  "bram",
  "uram",
  "usable",
  "instances",
  "backing",
  "hostGigabytesPerSecond",
  "networkGbps",
  "layouts",
  "gathers",
  "kernels",
  "timing",
  "lanes",
  "slots",
  "epochs",
  "depths",
  "built",
];

/** Whether two profiles have the same numbers, as far as plans depend on them. */
export function sameProfile(a: DeviceProfile, b: DeviceProfile): boolean {
  return JSON.stringify(copyProfile(a)) === JSON.stringify(copyProfile(b));
}
