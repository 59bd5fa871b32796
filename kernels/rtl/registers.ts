/**
 * The registers of the RTL kernels, as the hardware, the host and the packaging for a card use them:
 * control as XRT expects it, arguments from 0x10 every 8 bytes, counters from 0x200 every 4.
 *
 * @module
 */

/** An argument of a kernel: a 32-bit register. Plain data. */
export interface KernelArgument {
  /** What it is called, as in `kernel.xml`. */
  readonly name: string;
  /** What it holds. */
  readonly meaning: string;
}

const HEAD = [
  { name: "plan", meaning: "number of the plan that packets must carry" },
  { name: "kind", meaning: "kind of payload that is taken, as in the header" },
  { name: "longest", meaning: "longest payload, in bytes" },
  { name: "item", meaning: "bits 2:0: log2 of an item's bytes; bit 8: items have three bytes" },
] as const satisfies readonly KernelArgument[];

/** The last argument of every kernel. */
const TABLES = [
  {
    name: "tables",
    meaning: "entries of all tables of the plan: its packets are dropped before that many came",
  },
] as const satisfies readonly KernelArgument[];

/** Arguments of every kernel: which packets it takes. The last one stays the last. */
export const PACKET_ARGUMENTS = [...HEAD, ...TABLES] as const satisfies readonly KernelArgument[];

/** Arguments of `packet_image`. */
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

/** Arguments of `packet_rows`. */
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
  { name: "levels", meaning: "1: samples are looked up in the table of levels" },
  { name: "planar", meaning: "1: a packet's samples leave plane by plane" },
  { name: "size", meaning: "log2 of the bytes of a sample that leaves" },
  ...TABLES,
] as const satisfies readonly KernelArgument[];

/** Arguments of `packet_tokenize`. */
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
  ...TABLES,
] as const satisfies readonly KernelArgument[];

/** The arguments by what they are called in {@linkcode ROWS_ARGUMENTS}. */
export type RowsArgumentName = (typeof ROWS_ARGUMENTS)[number]["name"];

/** The arguments by what they are called in {@linkcode IMAGE_ARGUMENTS}. */
export type ArgumentName = (typeof IMAGE_ARGUMENTS)[number]["name"];

/** Addresses of the registers that every kernel has. */
export const REGISTER = {
  /** Bit 0 start, 1 done (cleared when read), 2 idle. */
  control: 0x00,
  /** Global interrupt enable. */
  interrupt: 0x04,
  /** The first argument. */
  arguments: 0x10,
  /** Bytes from one argument to the next. */
  argumentStep: 8,
  /** The first counter. */
  counters: 0x200,
} as const;

/** Counters by their place; they run from reset on and wrap around at 2^32. */
export const COUNTER = {
  /** Cycles with a packet inside. */
  cycles: 0,
  /** Its upper 32 bits. */
  cyclesUpper: 1,
  /** Words of tables that were loaded, one a cycle. */
  words: 2,
  /** Cycles in which a packet waited for a table. */
  stalls: 3,
  /** Times that another page was taken into use. */
  swaps: 4,
  /** Bus words of packets that came, headers too. */
  beatsIn: 5,
  /** Bus words of packets that left, headers too. */
  beatsOut: 6,
  /** Packets out. */
  packets: 7,
  /** Packets dropped, 20 counters by {@linkcode DROP_REASONS}. */
  drops: 8,
  /** Packets that are inside now. */
  present: 28,
} as const;

/** Counters of `packet_tokenize`, behind the common ones; the first five are words of external memory or of a cache. */
export const TOKENIZE_COUNTER = {
  /** Cells of the automaton. */
  cells: 29,
  /** Next shorter candidates. */
  suffixes: 30,
  /** Two slots of merges each. */
  pairs: 31,
  /** Parts of tokens. */
  parts: 32,
  /** Verdicts asked for in the cache on chip. */
  verdicts: 33,
  /** Classes of code points. */
  classes: 34,
  /** Transitions between states of the piece tables. */
  transitions: 35,
  /** Bytes of text. */
  bytes: 36,
} as const;

/** Names of the checks by their number in the hardware; 0 is none. */
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
 * Tables of `packet_image` by their number on the table stream; those from `columns` on are of the build
 * with tables of products.
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

/** Tables of `packet_rows` by their number on the table stream. */
export const ROWS_TABLE = { steps: 0, weights: 1, levels: 2, rows: 3, rowWeights: 4 } as const;

/** Tables of `packet_tokenize` on chip by their number on the table stream. */
export const TOKENIZE_TABLE = { blocks: 0, classes: 1, transitions: 2, ids: 3 } as const;

/** Bits of the first word of a command on the table stream; its other fields are in `table_loader.sv`. */
export const TABLE_WORD = {
  /** A page comes beside packets. */
  page: 2 ** 20,
  /** Nothing comes: an epoch may not begin yet, those before it may. */
  limit: 2 ** 21,
  /** The page goes to the second bank. */
  bank: 2 ** 22,
} as const;

/**
 * Where an argument is written, in bytes from the kernel's base.
 *
 * @param place Its number, from 0 on.
 */
export function argumentAddress(place: number): number {
  return REGISTER.arguments + REGISTER.argumentStep * place;
}

/**
 * Where a counter is read, in bytes from the kernel's base.
 *
 * @param place Its number, as in {@linkcode COUNTER}.
 */
export function counterAddress(place: number): number {
  return REGISTER.counters + 4 * place;
}
