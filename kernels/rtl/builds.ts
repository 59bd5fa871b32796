/**
 * Every build of the RTL, one entry each: the builder, the devices, the packaging for a card, the synthesis, the
 * coverage and the npm package read this list and no other.
 *
 * @module
 */

/** What is made of a top module. Plain data. */
export interface RtlBuild {
  /** Name of the build, and of its module in `generated`. */
  readonly name: string;
  /** The top module. */
  readonly top: string;
  /** Its parameters, where they differ from the source's own. */
  readonly parameters: Readonly<Record<string, number>>;
  /** The harness, a file of `harness`: packets in and out, or `host`, movers before memory. Default `packets`. */
  readonly harness?: "host";
  /** Whether it reads external memory, which the harness then has. */
  readonly memory?: boolean;
  /** Optimization of clang, `-O3` by default; a build for one test is made sooner with less. */
  readonly effort?: "-O1";
}

/** Names by which plans ask for a build. */
export type PlanBuild = "terms" | "products" | "rows" | "tokenize";

/** The devices' part of an entry: the library carries such a build. */
export interface DeviceBuild {
  /** What plans ask for. */
  readonly plan: PlanBuild;
  /** The kernel of a card that is the same hardware. */
  readonly kernel: string;
  /** Whether it can be built with waveforms: a tokenizer has too many signals. */
  readonly hasWaves: boolean;
  /** Loads the WebAssembly, in base64. */
  readonly load: () => Promise<{ readonly WASM: string }>;
}

/** The packaging of a kernel for a card. */
export interface CardPackage {
  /** The build that the generated top holds, by its name; null for a mover, which is a top itself. */
  readonly holds: string | null;
  /** What it does, in a sentence's end. */
  readonly summary: string;
  /** Whose arguments it has, by the lists in `runtime/device`. */
  readonly arguments: "packet" | "image" | "packets mover" | "tables mover";
}

/** A row of the synthesis' table. */
export interface SynthRowSpec {
  /** What the row is called. */
  readonly name: string;
  /** Parameters that differ from the source's own. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** An entry of the list. */
export interface ListedBuild extends RtlBuild {
  /** Whether WebAssembly of it is made and committed; what is not is linted all the same. */
  readonly isCommitted: boolean;
  /** What devices need of it, or null. */
  readonly device: DeviceBuild | null;
  /** How it is packaged, or null. */
  readonly card: CardPackage | null;
  /** Rows of the synthesis, in their order. */
  readonly synthesis: readonly SynthRowSpec[];
}

/** What most entries have. */
const PLAIN = { parameters: {}, isCommitted: true, device: null, card: null, synthesis: [] } as const;

/** The whole list. */
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
  {
    ...PLAIN,
    name: "packet_image",
    top: "packet_image",
    device: {
      plan: "terms",
      kernel: "onpath_image",
      hasWaves: true,
      load: () => import("./generated/packet_image.ts"),
    },
    synthesis: [
      { name: "packet_image", parameters: { LANES: 6, XW: 14, IW: 10 } },
      { name: "packet_image, 3 lanes", parameters: { LANES: 3, XW: 14, IW: 10 } },
      { name: "packet_image, 1 lane", parameters: { LANES: 1, XW: 14, IW: 10 } },
      { name: "packet_image, small", parameters: { LANES: 6, XW: 11, IW: 7 } },
    ],
  },
  {
    ...PLAIN,
    name: "packet_image_products",
    top: "packet_image",
    parameters: { PRODUCTS: 1 },
    device: {
      plan: "products",
      kernel: "onpath_image_products",
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
      kernel: "onpath_rows",
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
      kernel: "onpath_tokenize",
      hasWaves: false,
      load: () => import("./generated/packet_tokenize.ts"),
    },
    synthesis: [{ name: "packet_tokenize", parameters: {} }],
  },
  {
    ...PLAIN,
    name: "onpath_image",
    top: "onpath_image",
    card: {
      holds: "packet_image",
      summary: "the image pipeline with tables of terms",
      arguments: "image",
    },
  },
  // A card's other kernels are these with other cores, and movers are built in the top of `host_echo`.
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
    name: "onpath_echo",
    top: "onpath_echo",
    isCommitted: false,
    card: {
      holds: "packet_echo",
      summary: "no computation: sound packets come back, which proves the path",
      arguments: "packet",
    },
  },
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
];

/** The builds whose WebAssembly is made and committed. */
export const COMMITTED_BUILDS: readonly ListedBuild[] = RTL_BUILDS.filter(({ isCommitted }) => isCommitted);

/**
 * Finds the build that a plan asks for.
 *
 * @param plan What the plan asks for.
 */
export function deviceBuild(plan: PlanBuild): ListedBuild & { readonly device: DeviceBuild } {
  return RTL_BUILDS.find(({ device }) => device?.plan === plan)! as ListedBuild & { device: DeviceBuild };
}
