/**
 * Entries of the list of RTL builds.
 *
 * @module
 */

/** RTL build of a top module. Plain data. */
export interface RtlBuild {
  /** Name of the build, and of its module in `generated`. */
  readonly name: string;
  /** SystemVerilog top module. */
  readonly top: string;
  /** Parameters that differ from the defaults in the source. */
  readonly parameters: Readonly<Record<string, number>>;
  /**
   * Harness around the top. `host`: movers with memory, for tests. `card`: movers with the memory of an emulated card.
   * Default packets in and out.
   */
  readonly harness?: "host" | "card";
  /** Whether the build reads external memory, which the harness then provides. */
  readonly memory?: boolean;
  /** Whether the stream of tables has 256 bits, in place of 64. */
  readonly wideTables?: boolean;
  /**
   * Optimization level of clang. Default `-O3`; a lower one compiles faster, for a build that only one test
   * uses.
   */
  readonly effort?: "-O1";
}

/** Build names in plans. */
export type PlanBuild =
  | "terms"
  | "products"
  | "rows"
  | "tokenize"
  | "lookup"
  | "quantize"
  | "dequantize"
  | "rotate";

/** Module of a build in `generated`. */
export interface BuildModule {
  /** WebAssembly in base64; in the npm package as a string of bytes, which is smaller to download. */
  readonly WASM: string;
  /** Whether each character of `WASM` is a byte. */
  readonly IS_BINARY?: boolean;
}

/** Device part of an entry: the library includes this build. */
export interface DeviceBuild {
  /** Build name in plans. */
  readonly plan: PlanBuild;
  /** Name of the card kernel with the same hardware. */
  readonly kernel: string;
  /** Whether it can be built with waveforms. Tokenizers and lanes of KV caches have too many signals. */
  readonly hasWaves: boolean;
  /** Loads the module with the WebAssembly. */
  readonly load: () => Promise<BuildModule>;
}

/** Packaging of a kernel for a card. */
export interface CardPackage {
  /** Name of the build inside the generated top; null for a mover, which is a top itself. */
  readonly holds: string | null;
  /** Function of the kernel, as the end of a sentence. */
  readonly summary: string;
  /**
   * Whether the kernel reads words from the card's memory, by an address behind its arguments. It has host mode alone:
   * its answers do not keep the order of their requests, so sockets cannot be paired.
   */
  readonly hasWords?: boolean;
  /** Whether tables have pages: in host mode `onpath_pages` moves them, in place of `onpath_tables`. */
  readonly hasPages?: boolean;
  /** Whether packets of a flow need their order, because the kernel keeps parts of them. Others stand alone. */
  readonly keepsOrder?: boolean;
  /** Argument list of the kernel; the lists are in `kernels/rtl`. */
  readonly arguments:
    | "packet"
    | "image"
    | "rows"
    | "tokenize"
    | "lookup"
    | "quantize"
    | "dequantize"
    | "rotate"
    | "packets mover"
    | "tables mover";
}

/** Row of the synthesis table. */
export interface SynthRowSpec {
  /** Label of the row. */
  readonly name: string;
  /** Parameters that differ from the defaults in the source. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** Entry of the build list. */
export interface ListedBuild extends RtlBuild {
  /** Whether its WebAssembly is built and committed. Uncommitted builds are still linted. */
  readonly isCommitted: boolean;
  /** Device part, or null if no device uses the build. */
  readonly device: DeviceBuild | null;
  /** Kernel of an emulated card, or null if the build is not linked with movers. */
  readonly linked: Pick<DeviceBuild, "plan" | "load"> | null;
  /** Card packaging, or null if the build is not a card kernel. */
  readonly card: CardPackage | null;
  /** Rows of the synthesis table, in order. */
  readonly synthesis: readonly SynthRowSpec[];
}
