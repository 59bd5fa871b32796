/**
 * Register map of the RTL kernels, shared by hardware, host and card packaging. Control registers follow XRT.
 * Arguments start at 0x10, 8 bytes apart. Counters start at 0x200, 4 bytes apart.
 *
 * @module
 */

/** Argument of a kernel: a 32-bit register. Plain data. */
export interface KernelArgument {
  /** Name of the argument, as in `kernel.xml`. */
  readonly name: string;
  /** Contents of the register, with the unit. */
  readonly meaning: string;
}

const HEAD = [
  { name: "plan", meaning: "number of the plan that packets must carry" },
  { name: "kind", meaning: "kind of payload that is taken, as in the header" },
  { name: "longest", meaning: "longest payload, in bytes" },
  { name: "item", meaning: "bits 2:0: log2 of an item's bytes; bit 8: items have three bytes" },
] as const satisfies readonly KernelArgument[];

/** Name and meaning of the last argument of every kernel: the number of table entries. */
const TABLES = [
  {
    name: "tables",
    meaning: "entries of all tables of the plan: its packets are dropped before that many came",
  },
] as const satisfies readonly KernelArgument[];

/** Arguments common to all kernels. `tables` is the last argument of every kernel. */
export const PACKET_ARGUMENTS = [...HEAD, ...TABLES] as const satisfies readonly KernelArgument[];

/** Arguments of `packet_image`, in register order. */
export const IMAGE_ARGUMENTS = [
  ...HEAD,
  { name: "channels", meaning: "channels of a pixel: 1, 3 or 4" },
  { name: "resize", meaning: "1: cells come and are resampled; 0: samples come" },
  { name: "weights", meaning: "number of weight indexes; of products and of pages columns, rows << 16" },
  { name: "fraction", meaning: "fraction bits of a term" },
  { name: "ties", meaning: "units below which a rounded sum is a tie and goes to even; 0: ties go up" },
  { name: "levels", meaning: "1: samples are looked up in the table of levels" },
  { name: "planar", meaning: "1: a packet's samples leave plane by plane" },
  { name: "size", meaning: "log2 of the bytes of a sample that leaves" },
  { name: "paged", meaning: "1: terms are pages of a row phase, in the bank that the epochs leave free" },
  ...TABLES,
] as const satisfies readonly KernelArgument[];

/** Arguments of `packet_rows`, in register order. */
export const ROWS_ARGUMENTS = [
  ...HEAD,
  { name: "channels", meaning: "channels of a pixel: 1, 3 or 4" },
  { name: "rowBytes", meaning: "bytes of a row that comes" },
  { name: "rows", meaning: "rows of an image that comes" },
  { name: "totalLow", meaning: "bytes of all images of a flow, lower half" },
  { name: "totalHigh", meaning: "its upper half" },
  { name: "columnsBefore", meaning: "columns of the fill colour in front" },
  { name: "columnsInside", meaning: "those and the steps of the columns' filter" },
  { name: "columnSteps", meaning: "and the columns of the fill colour behind: cycles of a row" },
  { name: "firstStep", meaning: "the first step of the columns' filter" },
  { name: "rowsBefore", meaning: "rows of the fill colour above" },
  { name: "rowsInside", meaning: "those and the filtered rows" },
  { name: "outputRows", meaning: "and the rows of the fill colour below: rows of an answer's image" },
  { name: "firstRow", meaning: "the first filtered row that is seen" },
  { name: "outputWidth", meaning: "columns of an answer's image" },
  { name: "rowPackets", meaning: "packets of an output row" },
  { name: "packetItems", meaning: "columns of a packet, but for a row's last" },
  { name: "packetBytes", meaning: "its samples of 8 bits" },
  { name: "lastBytes", meaning: "samples of 8 bits of a row's last packet" },
  { name: "answers", meaning: "packets of a flow of answers" },
  { name: "imagePackets", meaning: "packets of an answer's image" },
  { name: "imageItems", meaning: "columns times rows of an answer's image" },
  { name: "rowWords", meaning: "words of a row in the ring" },
  { name: "ringWords", meaning: "words of the ring: whole rows" },
  { name: "slack", meaning: "rows of the ring beyond those that an output row needs" },
  { name: "fill", meaning: "the fill colour, a byte a channel" },
  { name: "wide", meaning: "1: a column's sum is rounded to 14 fraction bits; 0: to a whole level" },
  {
    name: "snap",
    meaning: "fraction bits of a row's sum before it is rounded to a level: 0: 22, 1: 14, 2: 11",
  },
  { name: "even", meaning: "1: a tie goes to the even level; 0: up" },
  { name: "levels", meaning: "1: samples are looked up in the table of levels" },
  { name: "planar", meaning: "1: a packet's samples leave plane by plane" },
  { name: "size", meaning: "log2 of the bytes of a sample that leaves" },
  ...TABLES,
] as const satisfies readonly KernelArgument[];

/** Arguments of `packet_tokenize`, in register order. */
export const TOKENIZE_ARGUMENTS = [
  ...HEAD,
  { name: "start", meaning: "row of transitions where a piece begins" },
  { name: "endClass", meaning: "class of the end of the text" },
  { name: "root", meaning: "where the children of the automaton's root begin" },
  { name: "tokensAt", meaning: "word of external memory of token 0" },
  { name: "pairsAt", meaning: "word of external memory of the first two slots of merges" },
  { name: "pairMask", meaning: "slots of merges, less one" },
  { name: "wholeFirst", meaning: "1: a piece that is a token is that token" },
  { name: "partTokens", meaning: "tokens of a part of an answer that is full" },
  { name: "bits", meaning: "bits of an id" },
  { name: "pieceMask", meaning: "buckets in a bank of the table of pieces, less one" },
  ...TABLES,
] as const satisfies readonly KernelArgument[];

/** Arguments of `packet_lookup`, in register order. */
export const LOOKUP_ARGUMENTS = [
  ...HEAD,
  { name: "low", meaning: "low bits of a code, which select within a block" },
  { name: "itemSize", meaning: "log2 of the bytes of a code: 0 or 1; `item` may not be smaller" },
  { name: "outputSize", meaning: "log2 of the bytes of a result: 0, 1 or 2" },
  { name: "swap", meaning: "1: the first of a code's two bytes is the upper one" },
  ...TABLES,
] as const satisfies readonly KernelArgument[];

/** Arguments of `packet_quantize` and `packet_dequantize` for groups and packets, in register order. */
const GROUPS = [
  { name: "groupBeats", meaning: "beats of 16 values in a group: 1 to 16" },
  { name: "bits", meaning: "bits of a code: 2, 4, 6 or 8" },
  { name: "reciprocal", meaning: "2^20 over the bytes of a group in a request, rounded up" },
  { name: "types", meaning: "bit 0: values are f16, not bf16; bit 1: stored scales and minima are f16" },
  { name: "scaling", meaning: "scales: 0 one, 1 given in the request, 2 of the group, 3 powers of two" },
  { name: "offset", meaning: "offsets of a group: 0 none, 1 a zero point, 2 a minimum" },
  { name: "mantissa", meaning: "mantissa bits of a float's code; 0: codes are integers" },
  {
    name: "least",
    meaning: "of floats the exponent of the least normal code; of integers added to the exponent",
  },
] as const satisfies readonly KernelArgument[];

/** Arguments of `packet_quantize`, in register order. Negative numbers are two's complement of 32 bits. */
export const QUANTIZE_ARGUMENTS = [
  ...HEAD,
  ...GROUPS,
  { name: "lower", meaning: "least integer of a code" },
  { name: "upper", meaning: "greatest integer of a code; of floats the greatest code without sign" },
  { name: "nan", meaning: "code of NaN" },
  { name: "divisor", meaning: "of a group's range: mantissa of 11 bits; bits 19:16: exponent" },
  { name: "top", meaning: "exponent of the greatest number, for powers of two" },
  ...TABLES,
] as const satisfies readonly KernelArgument[];

/** Arguments of `packet_dequantize`, in register order. */
export const DEQUANTIZE_ARGUMENTS = [
  ...HEAD,
  ...GROUPS,
  { name: "upper", meaning: "greatest finite code of a float, without sign" },
  { name: "infinity", meaning: "code of infinity; 0 without one" },
  ...TABLES,
] as const satisfies readonly KernelArgument[];

/** Argument names in {@linkcode DEQUANTIZE_ARGUMENTS}. */
export type DequantizeArgumentName = (typeof DEQUANTIZE_ARGUMENTS)[number]["name"];

/** Argument names in {@linkcode QUANTIZE_ARGUMENTS}. */
export type QuantizeArgumentName = (typeof QUANTIZE_ARGUMENTS)[number]["name"];

/** Argument names in {@linkcode LOOKUP_ARGUMENTS}. */
export type LookupArgumentName = (typeof LOOKUP_ARGUMENTS)[number]["name"];

/** Arguments of `packet_rotate`, in register order. */
export const ROTATE_ARGUMENTS = [
  ...HEAD,
  { name: "decode", meaning: "1: codes and norms become values; 0: values become codes and norms" },
  { name: "bits", meaning: "bits of a code: 2, 3 or 4" },
  { name: "channels", meaning: "log2 of a vector's elements: 6, 7 or 8" },
  { name: "values", meaning: "type of values: 0 bf16, 1 f16" },
  { name: "norms", meaning: "type of norms: 0 bf16, 1 f16" },
  ...TABLES,
] as const satisfies readonly KernelArgument[];

/** Argument names in {@linkcode ROTATE_ARGUMENTS}. */
export type RotateArgumentName = (typeof ROTATE_ARGUMENTS)[number]["name"];

/** Argument names in {@linkcode ROWS_ARGUMENTS}. */
export type RowsArgumentName = (typeof ROWS_ARGUMENTS)[number]["name"];

/** Argument names in {@linkcode IMAGE_ARGUMENTS}. */
export type ArgumentName = (typeof IMAGE_ARGUMENTS)[number]["name"];

/** Addresses of the registers common to all kernels, in bytes. */
export const REGISTER = {
  /** Control: bit 0 start, bit 1 done (cleared by a read), bit 2 idle. */
  control: 0x00,
  /** Global interrupt enable. */
  interrupt: 0x04,
  /** Address of the first argument. */
  arguments: 0x10,
  /** Bytes between two arguments. */
  argumentStep: 8,
  /** Address of the first counter. */
  counters: 0x200,
} as const;

/** Indexes of the counters. They count from reset and wrap at 2^32. */
export const COUNTER = {
  /** Cycles with at least one packet in the kernel. */
  cycles: 0,
  /** Upper 32 bits of `cycles`. */
  cyclesUpper: 1,
  /** Table words loaded, one a cycle. */
  words: 2,
  /** Cycles in which a packet stalled on a table. */
  stalls: 3,
  /** Times that the kernel switched to another page. */
  swaps: 4,
  /** Bus words of received packets, including headers. */
  beatsIn: 5,
  /** Bus words of sent packets, including headers. */
  beatsOut: 6,
  /** Packets sent. */
  packets: 7,
  /** Packets dropped: 20 counters, indexed as {@linkcode DROP_REASONS}. */
  drops: 8,
  /** Packets in the kernel at this moment. */
  present: 28,
} as const;

/**
 * Indexes of the counters of `packet_tokenize`, after the common ones. The first five count words
 * requested, and verdicts.
 */
export const TOKENIZE_COUNTER = {
  /** Cells of the automaton. */
  cells: 29,
  /** Links to the next shorter candidate token. */
  suffixes: 30,
  /** Merge lookups, of two slots each. */
  pairs: 31,
  /** Token parts. */
  parts: 32,
  /** Verdicts requested from the on-chip cache. */
  verdicts: 33,
  /** Code point classes. */
  classes: 34,
  /** State transitions of the piece tables. */
  transitions: 35,
  /** Pieces looked up in the on-chip table. */
  pieces: 36,
  /** Pieces that the table has. */
  found: 37,
  /** Words that were not on chip: reads of external memory. */
  misses: 38,
  /** Bytes of text received. */
  bytes: 39,
  /** Cycles in which the cutter has a flow that can take a step. */
  cutting: 40,
  /** Cycles in which the table of pieces has a piece. */
  looking: 41,
  /** Cycles in which the walk of long pieces has a flow that can take a step. */
  walking: 42,
  /** Cycles in which a flow emits tokens. */
  emitting: 43,
  /** Cycles in which a packet is answered. */
  answering: 44,
  /** Steps of the searches of short pieces; each of them takes one a cycle. */
  searching: 45,
} as const;

/** Arguments of `onpath_door`, in register order. */
export const DOOR_ARGUMENTS = [
  { name: "limit", meaning: "beats of 64 bytes that are stored, at least 2; 0: as many as fit" },
] as const satisfies readonly KernelArgument[];

/** Indexes of the counters of `onpath_door`. All but `held` and `most` count from reset and wrap at 2^32. */
export const DOOR_COUNTER = {
  /** Beats of 64 bytes that came. */
  beatsIn: 0,
  /** Packets stored. */
  stored: 1,
  /** Packets dropped because the store was full. */
  dropped: 2,
  /** Beats that left. */
  beatsOut: 3,
  /** Packets that left. */
  packets: 4,
  /** Beats stored at this moment. */
  held: 5,
  /** Maximum of `held` since reset. */
  most: 6,
} as const;

/** Check names by hardware number; 0 means that no check failed. */
export const DROP_REASONS = [
  "none",
  "truncated",
  "magic",
  "version",
  "kind",
  "flags",
  "length",
  "overlap",
  "packets",
  "sequence",
  "position",
  "reserved",
  "crc",
  "plan",
  "items",
  "weight",
  "page",
  "epoch",
  "order",
] as const;

/**
 * Tables of `packet_image` by number on the table stream. Those from `columns` on belong to the build with
 * product tables.
 */
export const IMAGE_TABLE = {
  weights: 0,
  terms: 1,
  levels: 2,
  columns: 0,
  rows: 3,
  horizontal: 4,
  verticalHigh: 5,
  verticalLow: 6,
} as const;

/** Tables of `packet_rows` by number on the table stream. */
export const ROWS_TABLE = { steps: 0, weights: 1, levels: 2, rows: 3, rowWeights: 4 } as const;

/** On-chip tables of `packet_tokenize` by number on the table stream; `pieces` is the first of four. */
export const TOKENIZE_TABLE = {
  blocks: 0,
  classes: 1,
  transitions: 2,
  ids: 3,
  pieces: 4,
  roots: 8,
  filter: 9,
} as const;

/**
 * Tables of `packet_lookup` by number on the table stream. An entry of `first` is an addend of 32 bits, and a
 * block times 2^32; an entry of `second` has 32 bits.
 */
export const LOOKUP_TABLE = { first: 0, second: 1 } as const;

/**
 * Capacities of `packet_lookup` in the library, by the bytes of a code: entries of `first`, and of all blocks of
 * `second`.
 */
export const LOOKUP_CAPACITY = {
  1: { first: 2 ** 8, second: 2 ** 8 },
  2: { first: 2 ** 10, second: 2 ** 13 },
} as const;

/** Bits in the first word of a table stream command. `table_loader.sv` defines its other fields. */
export const TABLE_WORD = {
  /** A page follows, to be loaded in parallel with packets. */
  page: 2 ** 20,
  /** Only a limit: the given epoch is blocked, earlier ones may start. */
  limit: 2 ** 21,
  /** The page goes to the second bank. */
  bank: 2 ** 22,
  /** Eight entries of the page follow in a word of 256 bits, in place of one. */
  wide: 2 ** 23,
} as const;

/**
 * Returns the address of an argument, in bytes from the kernel's base.
 *
 * @param place Index of the argument, from 0.
 */
export function argumentAddress(place: number): number {
  return REGISTER.arguments + REGISTER.argumentStep * place;
}

/**
 * Returns the address of a counter, in bytes from the kernel's base.
 *
 * @param place Index of the counter, as in {@linkcode COUNTER}.
 */
export function counterAddress(place: number): number {
  return REGISTER.counters + 4 * place;
}
