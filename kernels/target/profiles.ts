/**
 * Device profiles: cards with numbers from their data sheets, and profiles that users define.
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
import { isObject } from "../../serialize/require.ts";

/** Kernels planned for the bitstreams of the cards. */
const CARD_KERNELS = ["resize", "remap", "resample", "normalize"];

/**
 * Random access latency of a kernel's memory port in nanoseconds: page misses on a U280, measured by Shuhai
 * (Wang et al., FCCM 2020).
 */
const LATENCY = { hbm: 137.8, ddr4: 106.6 };

/**
 * Values common to all cards: one instance of a 256-bit core at 300 MHz, the usual Vitis clock, behind 100
 * Gb/s.
 */
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
 * Card profiles. Block counts, memories and links come from the data sheets. `usable` is the maximum block
 * memory utilization that AMD's UltraFast methodology (UG949) recommends.
 *
 * @example
 * ```ts
 * import { CARD_PROFILES } from "onpath";
 * import assert from "node:assert/strict";
 *
 * assert(CARD_PROFILES.some(({ name, uram }) => name === "u55c" && uram === 960));
 * ```
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

/** Number of memory blocks; an 18 Kb block counts as a half. */
const blockCount = z.number().min(0).max(2 ** 20);

/** Schema of an outside profile, such as a user's JSON file. */
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
 * Parses a user's profile.
 *
 * @param value Any value, such as parsed JSON.
 * @returns Profile. Missing fields have the values of the cards.
 * @throws {OnpathError} `device`, with the invalid field and the expectation.
 *
 * @example
 * ```ts
 * import { parseProfile } from "onpath";
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
 * Copies and checks the fields that plans depend on. Later changes of the argument do not affect the copy.
 *
 * @param profile Profile, possibly with additional fields.
 * @throws {OnpathError} `device` when a number is out of range.
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
  if (isObject(profile)) {
    return copyProfile(profile as unknown as DeviceProfile);
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

/** Returns whether two profiles agree in all fields that plans depend on. */
export function sameProfile(a: DeviceProfile, b: DeviceProfile): boolean {
  // A profile from a plan's bytes has its keys in another order.
  const face = (profile: DeviceProfile) => JSON.stringify(copyProfile(profile), sortKeys);
  return face(a) === face(b);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
