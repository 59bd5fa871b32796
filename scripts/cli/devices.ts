/**
 * The devices that the command line knows.
 *
 * @module
 */

import { CARD_PROFILES } from "../../kernels/target/profiles.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import type { Device } from "../../runtime/device/device.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { openXrtOffload, XRT_PROFILE } from "../../runtime/device/xrt/device/card_device.ts";
import { openEmulated } from "../xrt/emulated.ts";
import { loadProfile } from "./documents.ts";
import { suggest } from "./suggest.ts";

/** A device that can be opened by name. */
export interface KnownDevice {
  /** Its numbers. */
  readonly profile: DeviceProfile;
  /** Opens it; the caller closes it. */
  readonly open: () => Promise<Device>;
}

/** The device that runs where none is named; the model stands in for what it has no tables for. */
export const DEFAULT_DEVICE = RTL_PROFILE.name;

/** The device that is planned for where none is named: a whole card. */
export const PLANNED_DEVICE = MODEL_PROFILE.name;

/** The model with the numbers of a card: what it counts is simulated. */
function simulated(profile: DeviceProfile): KnownDevice {
  return { profile, open: () => Promise.resolve(createModelDevice(profile)) };
}

/** Which card an XRT device is on. */
export interface CardOptions {
  /** `--emulate`: one that is none, in a process of its own. */
  readonly emulate?: boolean | undefined;
  /** `--xclbin`: what is loaded into a card. */
  readonly xclbin?: string | undefined;
}

/** The RTL's kernels through XRT, on a card or on an emulated one. */
function xrtDevice({ emulate, xclbin }: CardOptions): KnownDevice {
  return {
    profile: XRT_PROFILE,
    open: async () => {
      if (emulate) return await openEmulated();
      if (xclbin !== undefined) return await openXrtOffload({ xclbin });
      throw new OnpathError(
        "device",
        "Cannot open device xrt: it is on a card, which is named by --xclbin <file>, or is emulated: --emulate",
        {},
      );
    },
  };
}

/** Every device by its name. */
export const DEVICES: ReadonlyMap<string, KnownDevice> = new Map(
  [
    { profile: RTL_PROFILE, open: createRtlDevice },
    xrtDevice({}),
    ...[MODEL_PROFILE, ...CARD_PROFILES].map(simulated),
  ].map((known) => [known.profile.name, known]),
);

/**
 * Finds a device.
 *
 * @param name Its name.
 * @returns The device.
 * @throws {OnpathError} `device` when it is unknown, with the nearest name.
 */
export function findDevice(name: string): KnownDevice {
  const device = DEVICES.get(name);
  if (device === undefined) {
    const known = [...DEVICES.keys()];
    throw new OnpathError(
      "device",
      `Cannot use device ${name}: it is unknown, expected one of ${known.join(", ")}${suggest(name, known)}`,
      { name, known },
    );
  }
  return device;
}

/** Whether a device is named by the file of its profile. */
export function isProfileFile(name: string): boolean {
  return name.toLowerCase().endsWith(".json");
}

/**
 * Finds a device by its name or by the file of its profile.
 *
 * @param name The name, or a path that ends in .json.
 * @param signal Ends the reading with its reason.
 * @throws {OnpathError} `device` when it is unknown or its profile is none; `file` as any file.
 */
export async function resolveDevice(name: string, signal: AbortSignal): Promise<KnownDevice> {
  if (!isProfileFile(name)) return findDevice(name);
  return simulated(await loadProfile(name, signal));
}

/** A plan for the device that was named, or for the default one. */
export interface Compiled {
  /** The plan. */
  readonly plan: ImagePlan;
  /** Why it is not for the default device, though none was named; undefined where it is. */
  readonly instead: string | undefined;
}

/**
 * Compiles for the device that is named. Where none is, for the default one, or for the model where the
 * default one lacks the kernel or the tables.
 *
 * @param name What `--device` says.
 * @param signal Ends the reading of a profile with its reason.
 * @param card Which card, where one is meant: then the device is `xrt`.
 * @returns What makes the plan for a device that is found; it throws as the compiler does.
 * @throws {OnpathError} `device` and `file` as {@linkcode resolveDevice}.
 */
export async function planFor(
  name: string | undefined,
  signal: AbortSignal,
  card: CardOptions = {},
): Promise<(make: (device: DeviceProfile) => ImagePlan) => Compiled> {
  const wanted = card.emulate || card.xclbin !== undefined ? XRT_PROFILE.name : undefined;
  if (wanted !== undefined && name !== undefined && name !== wanted) {
    throw new OnpathError("device", `Cannot use device ${name} on a card: that is device ${wanted}`, {
      name,
    });
  }
  name ??= wanted;
  const { profile } = await resolveDevice(name ?? DEFAULT_DEVICE, signal);
  return (make) => {
    try {
      return { plan: make(profile), instead: undefined };
    } catch (error) {
      const lacks = error instanceof OnpathError &&
        ["device", "table", "pipeline", "size"].includes(error.code);
      if (name !== undefined || !lacks) throw error;
      // What is wrong with the pipeline itself is wrong for the model too, and said by it.
      return { plan: make(MODEL_PROFILE), instead: error.message };
    }
  };
}

/**
 * The device that a plan is for: a known one, or the model with the numbers that stand in the plan.
 *
 * @param plan The plan.
 * @param card Which card, where the plan is for one.
 */
export function planDevice(
  { target }: { readonly target: DeviceProfile },
  card: CardOptions = {},
): KnownDevice {
  if (target.name === XRT_PROFILE.name) return xrtDevice(card);
  return DEVICES.get(target.name) ?? simulated(target);
}

/** A row that says why another device than the default one is used, or none. */
export function insteadRows(instead: string | undefined): [name: string, value: string][] {
  return instead === undefined ? [] : [[`not ${DEFAULT_DEVICE}`, instead]];
}

/** A device in a line. */
export function deviceText({ name, summary }: DeviceProfile): string {
  return [MODEL_PROFILE, RTL_PROFILE, XRT_PROFILE].some((own) => own.name === name)
    ? `${name}: ${summary}`
    : `${name}: ${summary}; simulated by the model, no card is used`;
}

/**
 * Opens a device for as long as a function runs.
 *
 * @param known The device.
 * @param use What is done with it.
 * @returns What the function returns.
 * @throws {OnpathError} Whatever opening and the function throw.
 */
export async function withDevice<T>(known: KnownDevice, use: (device: Device) => Promise<T>): Promise<T> {
  const device = await known.open();
  try {
    return await use(device);
  } finally {
    await device.close();
  }
}
