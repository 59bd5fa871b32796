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

/** The kernels: as they are built, and with fewer lanes and smaller tables. */
export const SYNTH_TARGETS: readonly SynthTarget[] = [
  { name: "packet_echo", top: "packet_echo", parameters: {} },
  { name: "packet_widths", top: "packet_widths", parameters: {} },
  { name: "packet_image", top: "packet_image", parameters: { LANES: 6, XW: 14, IW: 10 } },
  { name: "packet_image, 3 lanes", top: "packet_image", parameters: { LANES: 3, XW: 14, IW: 10 } },
  { name: "packet_image, 1 lane", top: "packet_image", parameters: { LANES: 1, XW: 14, IW: 10 } },
  { name: "packet_image, small", top: "packet_image", parameters: { LANES: 6, XW: 11, IW: 7 } },
  {
    name: "packet_image, products",
    top: "packet_image",
    parameters: { PRODUCTS: 1, LANES: 6, XW: 10, IW: 7 },
  },
  {
    name: "packet_image, products, 3 lanes",
    top: "packet_image",
    parameters: { PRODUCTS: 1, LANES: 3, XW: 10, IW: 7 },
  },
  {
    name: "packet_rows",
    top: "packet_rows",
    parameters: { WW: 9, SW: 12, VW: 11, RW: 12, OW: 12, TW: 13 },
  },
  {
    name: "packet_rows, small",
    top: "packet_rows",
    parameters: { WW: 8, SW: 10, VW: 9, RW: 10, OW: 10, TW: 11 },
  },
  { name: "packet_tokenize", top: "packet_tokenize", parameters: {} },
  { name: "onpath_packets", top: "onpath_packets", parameters: {} },
  { name: "onpath_tables", top: "onpath_tables", parameters: {} },
];
