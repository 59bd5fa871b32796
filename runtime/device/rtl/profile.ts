/**
 * Profiles of the RTL, derived from the parameters in `kernels/rtl`.
 *
 * @module
 */

import { STANDARD_PAYLOAD } from "../../../serialize/header.ts";
import { ROW_TAPS } from "../../../kernels/image/plan/row_ring.ts";
import { SYNTHESIZED, type SynthesizedBuild } from "../../../kernels/rtl/synthesis.ts";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";

/** Parameters of the RTL with their names in the SystemVerilog: lanes, and log2 of table depths. Plain data. */
export interface RtlParameters {
  /** Output samples of resize a cycle. A full word of cells has 6. */
  readonly LANES: 1 | 2 | 3 | 6;
  /**
   * Build `terms`: 2^XW weight indexes and 2^IW weights. IW is at most 12. Beyond 10 only pages use the weights: a page has
   * 2^(IW - 2) column weights.
   */
  readonly terms: { readonly XW: number; readonly IW: number };
  /** Build `products`: 2^XW phases and 2^IW weights an axis. IW is at most 7. */
  readonly products: { readonly XW: number; readonly IW: number };
  /**
   * Build `rows`: 2^WW words a row, 2^SW column steps, 2^VW groups of 16 column weights, 2^RW ring words, 2^OW output
   * rows and 2^TW row weights. None may exceed the build.
   */
  readonly rows: Readonly<Record<"WW" | "SW" | "VW" | "RW" | "OW" | "TW", number>>;
}

/** Parameters of the RTL in the library. */
export const RTL_PARAMETERS: RtlParameters = {
  LANES: 6,
  terms: { XW: 14, IW: 10 },
  products: { XW: 10, IW: 7 },
  rows: { WW: 9, SW: 12, VW: 11, RW: 12, OW: 12, TW: 13 },
};

/**
 * Parameters of a build whose pages have 1,024 column weights, in place of the library's 256: all usual sizes have exact
 * tables there, at half the rate.
 */
export const WIDE_PAGES: Pick<RtlParameters, "LANES" | "terms"> = { LANES: 3, terms: { XW: 14, IW: 12 } };

/** Bits of the number of a weight in an entry of the table of weights. */
const NUMBER_BITS = 10;

/**
 * Makes the profile of an RTL with the given parameters, at an assumed clock of 250 MHz. Tables load one entry a cycle,
 * pages eight.
 *
 * @param parameters Parameters that differ from {@linkcode RTL_PARAMETERS}.
 * @returns The profile. Plans for it fit the tables of this RTL and count its cycles.
 *
 * @example
 * ```ts
 * import { compile, type ImagePipeline, RTL_PROFILE } from "onpath";
 * import { rtlProfile } from "onpath/runtime";
 * import assert from "node:assert/strict";
 *
 * const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [224, 224] }] };
 * const input = { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" } as const;
 * const whole = compile(pipeline, { input, device: RTL_PROFILE });
 * const half = compile(pipeline, { input, device: rtlProfile({ LANES: 3 }) });
 * assert.equal(half.body.tables[1]!.blocks, whole.body.tables[1]!.blocks / 2);
 * assert(half.body.cost.again > 1.9 * whole.body.cost.again);
 * ```
 */
export function rtlProfile(parameters: Partial<RtlParameters> = {}): DeviceProfile {
  const { LANES, terms, products, rows } = { ...RTL_PARAMETERS, ...parameters };
  const indexed = { weights: 2 ** terms.XW, terms: 2 ** (Math.min(terms.IW, NUMBER_BITS) + 4) };
  return {
    name: "rtl",
    summary: "the NIC's RTL in WebAssembly, cycle by cycle, with the blocks of an Alveo U55C",
    payload: STANDARD_PAYLOAD,
    clockMHz: 250,
    busBytes: 32,
    bram: 2016,
    uram: 960,
    usable: 0.8,
    instances: 1,
    backing: { kind: "host", bytes: 2 ** 34, gigabytesPerSecond: 8, ports: 1, latencyNs: 0 },
    hostGigabytesPerSecond: 15.75,
    networkGbps: 100,
    layouts: ["cells", "rows"],
    gathers: false,
    kernels: ["resize", "remap", "resample", "normalize"],
    timing: "rtl",
    ...(LANES === RTL_PARAMETERS.LANES ? {} : { lanes: LANES }),
    slots: 2,
    built: builtBlocks({ LANES, terms, products, rows }),
    depths: {
      nibble: indexed,
      universal: indexed,
      "row-pages": { "columns": 2 ** terms.XW, "terms of a row phase": 2 ** (terms.IW + 3) },
      products: {
        "columns": 2 ** products.XW,
        "rows": 2 ** products.XW,
        "horizontal": 2 ** (products.IW + 8),
        "vertical-high": 2 ** (products.IW + 7),
        "vertical-low": 2 ** (products.IW + 8),
      },
      multiply: {
        "column steps": 2 ** rows.SW,
        "column weights": 2 ** (rows.VW + 3),
        "row entries": 2 ** rows.OW,
        "row weights": 2 ** rows.TW,
        "row bytes": 2 ** (rows.WW + 5),
        "ring words": 2 ** rows.RW,
        "row taps": ROW_TAPS,
      },
      levels: { levels: 2 ** 10 },
    },
  };
}

/** Table forms of each build. */
const FORMS_OF = {
  terms: ["nibble", "universal", "row-pages", "levels"],
  products: ["products"],
  rows: ["multiply"],
} as const;

/** Synthesised blocks by table form. Builds that were never synthesised with these parameters are left out. */
function builtBlocks({ LANES, terms, products, rows }: RtlParameters): DeviceProfile["built"] {
  const wanted: Record<SynthesizedBuild["build"], Readonly<Record<string, number>>> = {
    terms: { LANES, ...terms },
    products: { LANES, ...products },
    rows,
  };
  const known = SYNTHESIZED.filter(({ build, parameters }) =>
    Object.entries(wanted[build]).every(([name, value]) => parameters[name] === value)
  );
  return Object.fromEntries(
    known.flatMap(({ build, bram, uram }) =>
      FORMS_OF[build].map((form) => [form, { bram: Math.ceil(bram), uram }])
    ),
  );
}

/**
 * Profile of the RTL in the library.
 *
 * @example
 * ```ts
 * import { RTL_PROFILE } from "onpath";
 * import assert from "node:assert/strict";
 *
 * assert.equal(RTL_PROFILE.timing, "rtl");
 * ```
 */
export const RTL_PROFILE: DeviceProfile = rtlProfile();
