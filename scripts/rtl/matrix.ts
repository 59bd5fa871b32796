/**
 * Builds of the RTL with other parameters than the committed ones, made for tests.
 *
 * @module
 */

import type { RtlBuild } from "../../kernels/rtl/builds.ts";
import { RTL_PARAMETERS, type RtlParameters, WIDE_PAGES } from "../../runtime/device/rtl/profile.ts";

/** A build of the matrix. */
export interface MatrixBuild extends RtlBuild {
  /** Name by which plans request it. */
  readonly build: "terms" | "products" | "rows";
  /** The parameters in the form of a profile. */
  readonly profile: Partial<RtlParameters>;
}

function terms(LANES: RtlParameters["LANES"], XW: number, IW: number, AW: number): MatrixBuild {
  return {
    name: `packet_image_${LANES}_${XW}_${IW}_${AW}`,
    top: "packet_image",
    parameters: { LANES, XW, IW, AW },
    wideTables: true,
    effort: "-O1",
    build: "terms",
    profile: { LANES, terms: { XW, IW } },
  };
}

function products(LANES: RtlParameters["LANES"], XW: number, IW: number): MatrixBuild {
  return {
    name: `packet_image_products_${LANES}_${XW}_${IW}`,
    top: "packet_image",
    parameters: { PRODUCTS: 1, LANES, XW, IW },
    wideTables: true,
    effort: "-O1",
    build: "products",
    profile: { LANES, products: { XW, IW } },
  };
}

function rows(depths: Partial<RtlParameters["rows"]>): MatrixBuild {
  const all = { ...RTL_PARAMETERS.rows, ...depths };
  return {
    name: `packet_rows_${Object.values(all).join("_")}`,
    top: "packet_rows",
    parameters: all,
    effort: "-O1",
    build: "rows",
    profile: { rows: all },
  };
}

/** Every number of lanes, depths below and above the lanes' needs, and deeper packet stores. */
export const MATRIX: readonly MatrixBuild[] = [
  terms(6, 9, 7, 8),
  terms(3, 14, 10, 7),
  terms(WIDE_PAGES.LANES, WIDE_PAGES.terms.XW, WIDE_PAGES.terms.IW, 7),
  terms(2, 10, 8, 7),
  terms(1, 8, 6, 8),
  products(3, 7, 6),
  products(2, 5, 5),
  products(1, 10, 7),
  rows({ WW: 7, SW: 8, VW: 7, RW: 8, OW: 6, TW: 9 }),
  rows({ WW: 8, SW: 10, RW: 10, TW: 12 }),
];
