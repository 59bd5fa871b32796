/**
 * Kernels that put several instances of a kernel behind one stream of a card: the top of each holds `spread_hub`.
 *
 * @module
 */

/** Numbers of instances that link files have, besides one. */
export const INSTANCES = [2, 4, 8] as const;

/** Kernel before and behind several instances. Plain data. */
export interface SpreadKernel {
  /** Name of the kernel and of its top module. */
  readonly name: string;
  /** Number of instances. */
  readonly instances: number;
  /** Whether all packets of a flow go to one instance, in their order. */
  readonly keepsOrder: boolean;
  /** Parameters of `spread_hub`. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** Bits of a beat behind its data: TKEEP and TDEST of 512 bits of data. */
export const SPREAD_BITS = { data: 512, keep: 64, dest: 16 } as const;

/**
 * Name of the kernel before a number of instances.
 *
 * @param instances Number of instances.
 * @param keepsOrder Whether packets of a flow need their order.
 */
export function spreadName(instances: number, keepsOrder: boolean): string {
  return `onpath_spread_${keepsOrder ? "flows_" : ""}${instances}`;
}

/** All such kernels. */
export const SPREADS: readonly SpreadKernel[] = [false, true].flatMap((keepsOrder) =>
  INSTANCES.map((instances) => ({
    name: spreadName(instances, keepsOrder),
    instances,
    keepsOrder,
    parameters: { LN: Math.log2(instances), PLACED: keepsOrder ? 0 : 1 },
  }))
);
