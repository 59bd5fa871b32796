/**
 * Rotated plan in the format of the RTL: the arguments of `packet_rotate`, in both directions.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { KIND } from "../../serialize/header.ts";
import type { KernelImage } from "../program.ts";
import { ROTATE_ARGUMENTS, type RotateArgumentName } from "../rtl/registers.ts";
import { checkStores } from "../rtl/stores.ts";
import { ROTATED_CHANNELS } from "./fixed_rotation.ts";
import type { FloatDType } from "./formats/elements.ts";
import type { RotatedMethod } from "./method.ts";

/** Facts of a plan that its kernel image needs. Plain data. */
export interface RotatePlan {
  /** Number of the plan. */
  readonly id: number;
  /** Whether values become codes, or codes values. */
  readonly direction: "quantize" | "dequantize";
  /** Bits of the codes and type of the norms. */
  readonly method: RotatedMethod;
  /** Number of values in a vector. */
  readonly channels: number;
  /** Type of the values: of requests to quantize, of answers to dequantize. */
  readonly dtype: FloatDType;
  /** Greatest payloads in bytes. */
  readonly packets: { readonly request: number; readonly answer: number };
}

/** Types of 16 bits, by their number in the arguments. */
const HALVES: readonly FloatDType[] = ["bf16", "f16"];

/**
 * Creates the contents of the RTL's registers for a rotated plan. It has no tables.
 *
 * @param plan Facts of the plan.
 * @throws {OnpathError} `device` if the RTL lacks its channels or types, or room for its packets.
 */
export function rotateKernelImage(plan: RotatePlan): KernelImage {
  const { id, direction, method, channels, dtype, packets } = plan;
  if (!ROTATED_CHANNELS.some((length) => length === channels)) throw lacks(`vectors of ${channels} channels`);
  if (dtype === "f32") throw lacks("f32 values");
  if (method.stored === "f32") throw lacks("stored f32 values");
  checkStores(packets, lacks);
  const values: Record<RotateArgumentName, number> = {
    plan: id,
    kind: KIND.samples,
    longest: packets.request,
    item: 1,
    decode: direction === "dequantize" ? 1 : 0,
    bits: method.bits,
    channels: Math.log2(channels),
    values: HALVES.indexOf(dtype),
    norms: HALVES.indexOf(method.stored),
    tables: 0,
  };
  return {
    build: "rotate",
    values: ROTATE_ARGUMENTS.map(({ name }) => values[name]),
    tables: [],
    tableBytes: 0,
    lookups: { perItem: 0, itemBytes: 1 },
  };

  function lacks(what: string): OnpathError {
    return new OnpathError(
      "device",
      `Cannot load ${direction} plan ${id} into the RTL: it does not take ${what}`,
      {
        plan: id,
        what,
      },
    );
  }
}
