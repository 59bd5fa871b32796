/**
 * Stripes of a cache: consecutive groups of a head that are loaded together. Groups along tokens have the tokens of
 * one group for all channels; they are loaded as tokens x channels and transposed.
 *
 * @module
 */

import type { Engine } from "../../../serialize/engine.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import { groupFunctions } from "../group_functions.ts";
import type { GroupPacking } from "../packing.ts";
import { copyGroups } from "./copy_groups.ts";
import type { Elements } from "./rows.ts";

/** Memory for one stripe, which all flows of a session share. */
export interface StripeWorkspace {
  /** Engine of the memory. */
  readonly engine: Engine;
  /** Address of the values as they are loaded. */
  readonly loaded: number;
  /** Address of the transposed values. */
  readonly transposed: number;
  /** Stripes of the input that used it last. */
  owner?: Stripes | undefined;
}

/** Stripes of one input. */
export interface Stripes {
  /** Groups of a stripe; the last one of a head may have fewer. */
  readonly groups: number;
  /** Loads a stripe unless it is there, and returns the address of its first group. */
  readonly load: (head: number, stripe: number) => number;
}

/** Bytes of a stripe of groups along channels. One view and one call load them all. */
const STRIPE_BYTES = 16_384;

/** Groups of a stripe. */
function stripeGroups({ axis, valueBytes, perHead }: GroupPacking, channels: number): number {
  if (axis === "tokens") return channels;
  return Math.min(perHead, Math.max(1, Math.floor(STRIPE_BYTES / valueBytes)));
}

/** Bytes that {@linkcode reserveWorkspace} needs. */
export function workspaceBytes(packing: GroupPacking, channels: number): number {
  return 2 * (stripeGroups(packing, channels) * packing.valueBytes + 64);
}

/** Reserves memory for a stripe. */
export function reserveWorkspace(packing: GroupPacking, channels: number, engine: Engine): StripeWorkspace {
  const bytes = stripeGroups(packing, channels) * packing.valueBytes;
  return { engine, loaded: engine.reserve(bytes), transposed: engine.reserve(bytes) };
}

/**
 * Creates the stripes of an input.
 *
 * @param packing Groups of the plan.
 * @param input Tensor with five axes; its extent was checked.
 * @param workspace Memory for one stripe.
 */
export function createStripes(packing: GroupPacking, input: Tensor, workspace: StripeWorkspace): Stripes {
  const { values, axis, perHead, valueBytes } = packing;
  const { engine, loaded, transposed } = workspace;
  const channels = input.shape[4]!, size = input.data.BYTES_PER_ELEMENT;
  const groups = stripeGroups(packing, channels);
  const count = groups * values, { buffer } = engine.bytes;
  const elements: Elements = size === 2
    ? new Uint16Array(buffer, loaded, count)
    : new Uint32Array(buffer, loaded, count);
  const copy = copyGroups(packing, input, true);
  const functions = groupFunctions(engine);
  const transpose = size === 2 ? functions.transpose16 : functions.transpose32;
  let [lastHead, lastStripe] = [-1, -1];
  const stripes: Stripes = {
    groups,
    load: (head, stripe) => {
      const address = axis === "tokens" ? transposed : loaded;
      if (workspace.owner === stripes && head === lastHead && stripe === lastStripe) return address;
      const first = stripe * groups;
      copy(head, first, Math.min(groups, perHead - first), elements, 0);
      if (axis === "tokens") transpose(loaded, channels * size, values, channels, transposed, valueBytes);
      workspace.owner = stripes;
      [lastHead, lastStripe] = [head, stripe];
      return address;
    },
  };
  return stripes;
}
