/**
 * Devices of the command line, by name.
 *
 * @module
 */

import { CARD_PROFILES } from "../../kernels/target/profiles.ts";
import { CPU_PROFILE, createCpuDevice } from "../../runtime/device/cpu/device.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import type { Device } from "../../runtime/device/device.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { openXrtOffload, XRT_PROFILE } from "../../runtime/device/xrt/device/card_device.ts";
import { openVnxOffload, UDP_PROFILE } from "../../runtime/device/xrt/vnx/device.ts";
import type { Address } from "../../runtime/network/address.ts";
import { openEmulated } from "../xrt/emulated.ts";
import { loadProfile } from "./documents.ts";
import { suggest } from "./suggest.ts";

/** A device that can be opened by name. */
export interface KnownDevice {
  /** Numbers and capabilities of the device. */
  readonly profile: DeviceProfile;
  /** Opens the device; the caller closes it. */
  readonly open: () => Promise<Device>;
}

/** Default device of runs; the model replaces it if it lacks a kernel or table capacity. */
export const DEFAULT_DEVICE = RTL_PROFILE.name;

/** Default device of images that are served: the host, at once. */
export const SERVED_DEVICE = CPU_PROFILE.name;

/** Default device of `plan`: the model, which has the numbers of a whole card. */
export const PLANNED_DEVICE = MODEL_PROFILE.name;

/** Model with the numbers of a card; its counters are simulated. */
function simulated(profile: DeviceProfile): KnownDevice {
  return { profile, open: () => Promise.resolve(createModelDevice(profile)) };
}

/** Card of an XRT device. */
export interface CardOptions {
  /** `--emulate`: an emulated card, in a separate process. */
  readonly emulate?: boolean | undefined;
  /** `--xclbin`: file to load into a card. */
  readonly xclbin?: string | undefined;
  /** `--card`: address of a card in network mode. */
  readonly card?: Address | undefined;
  /** `--from`: address of this machine on that card's link. */
  readonly from?: Address | undefined;
}

/** RTL kernels through XRT, on a card or an emulated card. */
function xrtDevice({ emulate, xclbin }: CardOptions): KnownDevice {
  return {
    profile: XRT_PROFILE,
    open: async () => {
      if (emulate) return await openEmulated();
      if (xclbin !== undefined) return await openXrtOffload({ xclbin });
      throw new OnpathError(
        "device",
        "Cannot open device xrt: no card is named, expected --xclbin <file>, or --emulate for an emulated card",
        {},
      );
    },
  };
}

/** RTL kernels behind VNx's network shell, by UDP. */
function udpDevice({ xclbin, card, from }: CardOptions): KnownDevice {
  return {
    profile: UDP_PROFILE,
    open: async () => {
      if (xclbin !== undefined && card !== undefined && from !== undefined) {
        return await openVnxOffload({ xclbin, card, listen: from });
      }
      throw new OnpathError(
        "device",
        "Cannot open device udp: expected --xclbin <file>, --card <address> of the card, " +
          "and --from <address> of this machine on the card's link",
        {},
      );
    },
  };
}

/** All known devices by name. */
export const DEVICES: ReadonlyMap<string, KnownDevice> = new Map(
  [
    { profile: RTL_PROFILE, open: createRtlDevice },
    { profile: CPU_PROFILE, open: () => Promise.resolve(createCpuDevice()) },
    xrtDevice({}),
    udpDevice({}),
    ...[MODEL_PROFILE, ...CARD_PROFILES].map(simulated),
  ].map((known) => [known.profile.name, known]),
);

/**
 * Finds a device by name.
 *
 * @throws {OnpathError} `device` if the name is unknown; the message suggests the nearest one.
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

/** Tests whether a device name is the path of a profile file. */
export function isProfileFile(name: string): boolean {
  return name.toLowerCase().endsWith(".json");
}

/**
 * Finds a device by name, or reads its profile from a file.
 *
 * @param name Name, or a path that ends in .json.
 * @param signal Aborts the reading with its reason.
 * @throws {OnpathError} `device` if the name is unknown or the profile is invalid; `file` if it cannot be read.
 */
export async function resolveDevice(name: string, signal: AbortSignal): Promise<KnownDevice> {
  if (!isProfileFile(name)) return findDevice(name);
  return simulated(await loadProfile(name, signal));
}

/**
 * Finds the device of a command that has no fallback: a card, the named one, or the model.
 *
 * @param options Name, and card options.
 * @param signal Aborts the reading of a profile with its reason.
 * @param byDefault Name of the device if none is named. Default the model.
 * @throws {OnpathError} `device` or `file`, as {@linkcode resolveDevice}.
 */
export async function cardDevice(
  { device, ...card }: CardOptions & { readonly device?: string | undefined },
  signal: AbortSignal,
  byDefault: string = MODEL_PROFILE.name,
): Promise<KnownDevice> {
  const name = requiredDevice(device, card) ?? byDefault;
  return onCard(name, card) ?? await resolveDevice(name, signal);
}

/** A device that is on a card, or undefined. */
function onCard(name: string, card: CardOptions): KnownDevice | undefined {
  if (name === UDP_PROFILE.name) return udpDevice(card);
  return name === XRT_PROFILE.name ? xrtDevice(card) : undefined;
}

/** Returns the named device, or that of a card; a card excludes others. */
function requiredDevice(name: string | undefined, card: CardOptions): string | undefined {
  const required = card.card !== undefined || card.from !== undefined
    ? UDP_PROFILE.name
    : card.emulate || (card.xclbin !== undefined && name !== UDP_PROFILE.name)
    ? XRT_PROFILE.name
    : undefined;
  if (required === undefined || name === undefined || name === required) return name ?? required;
  throw new OnpathError("device", `Cannot use device ${name} on a card: expected device ${required}`, {
    name,
  });
}

/** Plan for the named device, the default one, or the model as its fallback. */
export interface Compiled<P = ImagePlan> {
  /** Compiled plan. */
  readonly plan: P;
  /** Reason for the fallback to the model; undefined if the plan is for the requested device. */
  readonly fallbackReason: string | undefined;
}

/**
 * Selects the device to compile for: the named one, else the default one. If none is named and the default
 * one lacks a kernel or table capacity, the model is the fallback.
 *
 * @param name Value of `--device`.
 * @param signal Aborts the reading of a profile with its reason.
 * @param card Card options; if any is set, the device is `xrt`, or `udp` with an address.
 * @returns Function that compiles for the selected device; it throws as the compiler does.
 * @throws {OnpathError} `device` or `file`, as {@linkcode resolveDevice}.
 */
export async function planFor<P = ImagePlan>(
  name: string | undefined,
  signal: AbortSignal,
  card: CardOptions = {},
): Promise<(make: (device: DeviceProfile) => P) => Compiled<P>> {
  name = requiredDevice(name, card);
  const { profile } = await resolveDevice(name ?? DEFAULT_DEVICE, signal);
  return (make) => {
    try {
      return { plan: make(profile), fallbackReason: undefined };
    } catch (error) {
      const lacks = error instanceof OnpathError &&
        ["device", "table", "pipeline", "size"].includes(error.code);
      if (name !== undefined || !lacks) throw error;
      // An invalid pipeline fails again here, with the model's error.
      return { plan: make(MODEL_PROFILE), fallbackReason: error.message };
    }
  };
}

/**
 * Finds the device of a plan: a known one, or the model with the plan's profile.
 *
 * @param plan Plan with its target profile.
 * @param card Card options of a plan for device `xrt` or `udp`.
 */
export function planDevice(
  { target }: { readonly target: DeviceProfile },
  card: CardOptions = {},
): KnownDevice {
  return onCard(target.name, card) ?? DEVICES.get(target.name) ?? simulated(target);
}

/** Row with the reason for a fallback; empty without one. */
export function fallbackRows(reason: string | undefined): [name: string, value: string][] {
  return reason === undefined ? [] : [[`not ${DEFAULT_DEVICE}`, reason]];
}

/** Describes a device in one line. */
export function deviceText({ name, summary }: DeviceProfile): string {
  return [CPU_PROFILE, MODEL_PROFILE, RTL_PROFILE, XRT_PROFILE, UDP_PROFILE].some((own) => own.name === name)
    ? `${name}: ${summary}`
    : `${name}: ${summary}; simulated by the model, no card is used`;
}

/**
 * Opens a device, passes it to a function, and closes it afterwards.
 *
 * @param known Device to open.
 * @param use Function that uses the open device.
 * @returns Result of the function.
 * @throws {OnpathError} As opening and the function.
 */
export async function withDevice<T>(known: KnownDevice, use: (device: Device) => Promise<T>): Promise<T> {
  const device = await known.open();
  try {
    return await use(device);
  } finally {
    await device.close();
  }
}
