/**
 * List of all RTL builds. The builder, the devices, the card packaging, the synthesis, the coverage and the
 * npm package read only this list.
 *
 * @module
 */

import type { DeviceBuild, ListedBuild, PlanBuild } from "./build_types.ts";
import { SPREADS } from "./spreads.ts";

export type {
  BuildModule,
  CardPackage,
  DeviceBuild,
  ListedBuild,
  PlanBuild,
  RtlBuild,
  SynthRowSpec,
} from "./build_types.ts";

/** Defaults of an entry. */
const PLAIN = {
  parameters: {},
  isCommitted: true,
  device: null,
  linked: null,
  card: null,
  synthesis: [],
} as const;

/**
 * Kernels in host mode with their movers, which the emulated card runs. `deno task card` makes their tops, and card
 * kernels name what they hold.
 */
const LINKED: readonly ListedBuild[] = ([
  ["terms", "linked_image", () => import("./generated/linked_image.ts")],
  ["products", "linked_image_products", () => import("./generated/linked_image_products.ts")],
  ["rows", "linked_rows", () => import("./generated/linked_rows.ts")],
  ["lookup", "linked_lookup", () => import("./generated/linked_lookup.ts")],
  ["quantize", "linked_quantize", () => import("./generated/linked_quantize.ts")],
  ["dequantize", "linked_dequantize", () => import("./generated/linked_dequantize.ts")],
  ["rotate", "linked_rotate", () => import("./generated/linked_rotate.ts")],
  ["tokenize", "linked_tokenize", () => import("./generated/linked_tokenize.ts")],
] as const).map(([plan, name, load]) => ({
  ...PLAIN,
  name,
  top: name,
  harness: "card",
  memory: plan === "tokenize",
  linked: { plan, load },
}));

/** All builds. */
export const RTL_BUILDS: readonly ListedBuild[] = [
  {
    ...PLAIN,
    name: "packet_echo",
    top: "packet_echo",
    synthesis: [{ name: "packet_echo", parameters: {} }],
  },
  {
    ...PLAIN,
    name: "packet_widths",
    top: "packet_widths",
    synthesis: [{ name: "packet_widths", parameters: {} }],
  },
  { ...PLAIN, name: "host_echo", top: "host_echo", harness: "host" },
  { ...PLAIN, name: "spread_echo", top: "spread_packets", wideTables: true, effort: "-O1" },
  { ...PLAIN, name: "door_echo", top: "door_echo", effort: "-O1" },
  {
    ...PLAIN,
    name: "onpath_door",
    top: "onpath_door",
    isCommitted: false,
    synthesis: [{ name: "onpath_door", parameters: {} }],
  },
  // Built by its test.
  {
    ...PLAIN,
    name: "spread_image",
    top: "spread_packets",
    parameters: { IMAGE: 1, LN: 1 },
    isCommitted: false,
  },
  {
    ...PLAIN,
    name: "packet_image",
    top: "packet_image",
    wideTables: true,
    device: {
      plan: "terms",
      kernel: "onpath_image_host",
      hasWaves: true,
      load: () => import("./generated/packet_image.ts"),
    },
    synthesis: [
      { name: "packet_image", parameters: { LANES: 6, XW: 14, IW: 10 } },
      { name: "packet_image, 3 lanes", parameters: { LANES: 3, XW: 14, IW: 10 } },
      { name: "packet_image, 1 lane", parameters: { LANES: 1, XW: 14, IW: 10 } },
      { name: "packet_image, small", parameters: { LANES: 6, XW: 11, IW: 7, LOADS: 1 } },
    ],
  },
  {
    ...PLAIN,
    name: "packet_image_products",
    top: "packet_image",
    parameters: { PRODUCTS: 1 },
    wideTables: true,
    device: {
      plan: "products",
      kernel: "onpath_image_products_host",
      hasWaves: true,
      load: () => import("./generated/packet_image_products.ts"),
    },
    synthesis: [
      { name: "packet_image, products", parameters: { PRODUCTS: 1, LANES: 6, XW: 10, IW: 7 } },
      { name: "packet_image, products, 3 lanes", parameters: { PRODUCTS: 1, LANES: 3, XW: 10, IW: 7 } },
    ],
  },
  {
    ...PLAIN,
    name: "packet_rows",
    top: "packet_rows",
    device: {
      plan: "rows",
      kernel: "onpath_rows_host",
      hasWaves: true,
      load: () => import("./generated/packet_rows.ts"),
    },
    synthesis: [
      { name: "packet_rows", parameters: { WW: 9, SW: 12, VW: 11, RW: 12, OW: 12, TW: 13 } },
      { name: "packet_rows, small", parameters: { WW: 8, SW: 10, VW: 9, RW: 10, OW: 10, TW: 11 } },
    ],
  },
  {
    ...PLAIN,
    name: "packet_tokenize",
    top: "packet_tokenize",
    memory: true,
    device: {
      plan: "tokenize",
      kernel: "onpath_tokenize_host",
      hasWaves: false,
      load: () => import("./generated/packet_tokenize.ts"),
    },
    synthesis: [{ name: "packet_tokenize", parameters: {} }],
  },
  {
    ...PLAIN,
    name: "packet_lookup",
    top: "packet_lookup",
    device: {
      plan: "lookup",
      kernel: "onpath_lookup_host",
      hasWaves: true,
      load: () => import("./generated/packet_lookup.ts"),
    },
    synthesis: [{ name: "packet_lookup", parameters: { FW: 10, SW: 13 } }],
  },
  {
    ...PLAIN,
    name: "packet_quantize",
    top: "packet_quantize",
    device: {
      plan: "quantize",
      kernel: "onpath_quantize_host",
      hasWaves: false,
      load: () => import("./generated/packet_quantize.ts"),
    },
    synthesis: [{ name: "packet_quantize", parameters: {} }],
  },
  {
    ...PLAIN,
    name: "packet_dequantize",
    top: "packet_dequantize",
    device: {
      plan: "dequantize",
      kernel: "onpath_dequantize_host",
      hasWaves: false,
      load: () => import("./generated/packet_dequantize.ts"),
    },
    synthesis: [{ name: "packet_dequantize", parameters: {} }],
  },
  {
    ...PLAIN,
    name: "packet_rotate",
    top: "packet_rotate",
    device: {
      plan: "rotate",
      kernel: "onpath_rotate_host",
      hasWaves: true,
      load: () => import("./generated/packet_rotate.ts"),
    },
    synthesis: [{ name: "packet_rotate", parameters: {} }],
  },
  {
    ...PLAIN,
    name: "onpath_image",
    top: "onpath_image",
    card: {
      holds: "packet_image",
      summary: "the image pipeline with tables of terms",
      arguments: "image",
      hasPages: true,
    },
  },
  // The other card kernels differ only in their core. Movers are also part of the top of `host_echo`.
  {
    ...PLAIN,
    name: "onpath_image_products",
    top: "onpath_image_products",
    isCommitted: false,
    card: {
      holds: "packet_image_products",
      summary: "the image pipeline with OpenCV's tables of products",
      arguments: "image",
    },
  },
  {
    ...PLAIN,
    name: "onpath_rows",
    top: "onpath_rows",
    isCommitted: false,
    card: {
      holds: "packet_rows",
      summary: "resize by any filter over whole rows: Pillow's, OpenCV's, torchvision's",
      arguments: "rows",
      keepsOrder: true,
    },
  },
  {
    ...PLAIN,
    name: "onpath_tokenize",
    top: "packet_tokenize",
    isCommitted: false,
    card: {
      holds: "packet_tokenize",
      summary: "text to tokens, by a vocabulary in the card's memory",
      arguments: "tokenize",
      hasWords: true,
    },
  },
  {
    ...PLAIN,
    name: "onpath_lookup",
    top: "onpath_lookup",
    isCommitted: false,
    card: {
      holds: "packet_lookup",
      summary: "functions over small domains, by lookups",
      arguments: "lookup",
    },
  },
  {
    ...PLAIN,
    name: "onpath_quantize",
    top: "onpath_quantize",
    isCommitted: false,
    card: {
      holds: "packet_quantize",
      summary: "values of KV caches to codes, group by group",
      arguments: "quantize",
    },
  },
  {
    ...PLAIN,
    name: "onpath_dequantize",
    top: "onpath_dequantize",
    isCommitted: false,
    card: {
      holds: "packet_dequantize",
      summary: "codes of KV caches back to values, group by group",
      arguments: "dequantize",
    },
  },
  {
    ...PLAIN,
    name: "onpath_rotate",
    top: "onpath_rotate",
    isCommitted: false,
    card: {
      holds: "packet_rotate",
      summary: "rotated vectors of a KV cache, to codes or back",
      arguments: "rotate",
    },
  },
  {
    ...PLAIN,
    name: "onpath_echo",
    top: "onpath_echo",
    isCommitted: false,
    card: {
      holds: "packet_echo",
      summary: "no computation: sound packets come back, which proves the path",
      arguments: "packet",
    },
  },
  // Their parameters are in their tops.
  ...SPREADS.map(({ name }) => ({ ...PLAIN, name, top: name, isCommitted: false })),
  {
    ...PLAIN,
    name: "spread_hub",
    top: "spread_hub",
    isCommitted: false,
    synthesis: SPREADS.filter(({ keepsOrder }) => !keepsOrder).map(({ instances, parameters }) => ({
      name: `spread_hub, ${instances} instances`,
      parameters,
    })),
  },
  ...LINKED,
  { ...PLAIN, name: "linked_echo", top: "linked_echo", harness: "card", isCommitted: false },
  {
    ...PLAIN,
    name: "onpath_packets",
    top: "onpath_packets",
    isCommitted: false,
    card: { holds: null, summary: "the mover of packets", arguments: "packets mover" },
    synthesis: [{ name: "onpath_packets", parameters: {} }],
  },
  {
    ...PLAIN,
    name: "onpath_tables",
    top: "onpath_tables",
    isCommitted: false,
    card: { holds: null, summary: "the mover of tables", arguments: "tables mover" },
    synthesis: [{ name: "onpath_tables", parameters: {} }],
  },
  {
    ...PLAIN,
    name: "onpath_pages",
    top: "onpath_pages",
    isCommitted: false,
    card: { holds: null, summary: "the mover of tables with pages, read ahead", arguments: "tables mover" },
    synthesis: [{ name: "onpath_pages", parameters: {} }],
  },
];

/** Name of a card kernel in host mode: packets come from the card's memory. */
export function hostKernel(name: string): string {
  return `${name}_host`;
}

/** Builds whose WebAssembly is committed. */
export const COMMITTED_BUILDS: readonly ListedBuild[] = RTL_BUILDS.filter(({ isCommitted }) => isCommitted);

/**
 * Finds the build with a given name in plans.
 *
 * @param plan Build name in plans.
 */
export function deviceBuild(plan: PlanBuild): ListedBuild & { readonly device: DeviceBuild } {
  return RTL_BUILDS.find(({ device }) => device?.plan === plan)! as ListedBuild & { device: DeviceBuild };
}
