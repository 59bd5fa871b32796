/**
 * What `deno task synth` synthesises.
 *
 * @module
 */

import { RTL_BUILDS } from "../../kernels/rtl/builds.ts";

/** A top module with its parameters. */
export interface SynthTarget {
  /** What the row is called. */
  readonly name: string;
  /** The top module. */
  readonly top: string;
  /** Its parameters, where they differ from the source's own. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** The kernels: as they are built, and with fewer lanes and smaller tables. */
export const SYNTH_TARGETS: readonly SynthTarget[] = RTL_BUILDS.flatMap(({ top, synthesis }) =>
  synthesis.map(({ name, parameters }) => ({ name, top, parameters }))
);
