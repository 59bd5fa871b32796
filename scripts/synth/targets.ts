/**
 * Targets of `deno task synth`.
 *
 * @module
 */

import { RTL_BUILDS } from "../../kernels/rtl/builds.ts";

/** Top module with its parameters. */
export interface SynthTarget {
  /** Name of the result's row. */
  readonly name: string;
  /** Name of the top module. */
  readonly top: string;
  /** Parameters that differ from the source's defaults. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** Kernels: as built, and with fewer lanes and smaller tables. */
export const SYNTH_TARGETS: readonly SynthTarget[] = RTL_BUILDS.flatMap(({ top, synthesis }) =>
  synthesis.map(({ name, parameters }) => ({ name, top, parameters }))
);
