/**
 * What `deno task synth` synthesises.
 *
 * @module
 */

/** A top module with its parameters. */
export interface SynthTarget {
  /** What the row is called. */
  readonly name: string;
  /** The top module. */
  readonly top: string;
  /** Its parameters, where they differ from the source's own. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** The kernels, each with the tables that it is built with and with smaller ones. */
export const SYNTH_TARGETS: readonly SynthTarget[] = [
  { name: "packet_echo", top: "packet_echo", parameters: {} },
  { name: "packet_image", top: "packet_image", parameters: {} },
  { name: "packet_image, small", top: "packet_image", parameters: { XW: 11, IW: 7 } },
  { name: "packet_image, products", top: "packet_image", parameters: { PRODUCTS: 1, XW: 10, IW: 7 } },
  { name: "packet_rows", top: "packet_rows", parameters: {} },
];
