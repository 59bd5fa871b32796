/**
 * The RTL's numbers: what its parameters in `kernels/rtl` mean to plans.
 *
 * @module
 */

import { STANDARD_PAYLOAD } from "../../../serialize/header.ts";
import { ROW_TAPS } from "../../../kernels/image/plan/row_ring.ts";
import { SYNTHESIZED, type SynthesizedBuild } from "../../../kernels/rtl/synthesis.ts";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";

/** Parameters of the RTL: lanes, and depths as powers of two, by the names in the SystemVerilog. Plain data. */
export interface RtlParameters {
  /** Samples that resize makes in a cycle: those of a whole word of cells are 6. */
  readonly LANES: 1 | 2 | 3 | 6;
  /** The image pipeline with terms: 2^XW weight indexes and 2^IW weights, IW at most 10. */
  readonly terms: { readonly XW: number; readonly IW: number };
  /** That with products: 2^XW phases and 2^IW weights an axis, IW at most 7. */
  readonly products: { readonly XW: number; readonly IW: number };
  /**
   * The pipeline of rows: 2^WW words of a row, 2^SW steps and 2^VW times sixteen weights of columns, 2^RW
   * words of the ring, 2^OW output rows, 2^TW weights of rows. At most what is built.
   */
  readonly rows: Readonly<Record<"WW" | "SW" | "VW" | "RW" | "OW" | "TW", number>>;
}

/** The parameters of the RTL that the library carries. */
export const RTL_PARAMETERS: RtlParameters = {
  LANES: 6,
  terms: { XW: 14, IW: 10 },
  products: { XW: 10, IW: 7 },
  rows: { WW: 9, SW: 12, VW: 11, RW: 12, OW: 12, TW: 13 },
};

/**
 * The profile of the RTL with some parameters, at a clock that is assumed. Tables come an entry a cycle.
 *
 * @param parameters Those that differ from {@linkcode RTL_PARAMETERS}.
 * @returns The profile: plans for it fit the tables that such an RTL has, and count its cycles.
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
  const indexed = { weights: 2 ** terms.XW, terms: 2 ** (terms.IW + 4) };
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
    backing: { kind: "host", bytes: 2 ** 34, gigabytesPerSecond: 2, ports: 1, latencyNs: 0 },
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

/** Forms by the build that has them. */
const FORMS_OF = {
  terms: ["nibble", "universal", "row-pages", "levels"],
  products: ["products"],
  rows: ["multiply"],
} as const;

/** Blocks of the builds that were synthesised with these parameters. */
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
 * The profile of the RTL that the library carries.
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
