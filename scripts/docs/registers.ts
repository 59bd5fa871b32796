/**
 * `deno task docs:registers`: writes docs/registers.md from the register map; `--check` compares it.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import {
  argumentAddress,
  COUNTER,
  counterAddress,
  DEQUANTIZE_ARGUMENTS,
  DROP_REASONS,
  IMAGE_ARGUMENTS,
  IMAGE_TABLE,
  type KernelArgument,
  LOOKUP_ARGUMENTS,
  LOOKUP_TABLE,
  PACKET_ARGUMENTS,
  QUANTIZE_ARGUMENTS,
  REGISTER,
  ROTATE_ARGUMENTS,
  ROWS_ARGUMENTS,
  ROWS_TABLE,
  TABLE_WORD,
  TOKENIZE_ARGUMENTS,
  TOKENIZE_COUNTER,
  TOKENIZE_TABLE,
} from "../../kernels/rtl/registers.ts";
import { markdownTable } from "../io/markdown.ts";
import { doorRegisters } from "../card/door.ts";
import { moverSection } from "./mover_registers.ts";

const PAGE = new URL("../../docs/registers.md", import.meta.url);

/** Argument lists by the kernels that have them. */
const ARGUMENTS: readonly (readonly [kernels: string, list: readonly KernelArgument[]])[] = [
  ["`packet_echo`", PACKET_ARGUMENTS],
  ["`packet_image`", IMAGE_ARGUMENTS],
  ["`packet_rows`", ROWS_ARGUMENTS],
  ["`packet_tokenize`", TOKENIZE_ARGUMENTS],
  ["`packet_lookup`", LOOKUP_ARGUMENTS],
  ["`packet_quantize`", QUANTIZE_ARGUMENTS],
  ["`packet_dequantize`", DEQUANTIZE_ARGUMENTS],
  ["`packet_rotate`", ROTATE_ARGUMENTS],
];

const COUNTED: Readonly<Record<keyof typeof COUNTER | keyof typeof TOKENIZE_COUNTER, string>> = {
  cycles: "cycles with a packet inside, lower half",
  cyclesUpper: "upper half",
  words: "words of tables loaded",
  stalls: "cycles in which a packet waited for a table",
  swaps: "switches to another page",
  beatsIn: "beats of packets received, headers included",
  beatsOut: "beats of packets sent, headers included",
  packets: "packets sent",
  drops: "packets dropped, a counter for each reason below",
  present: "packets inside at this moment",
  cells: "`packet_tokenize`: cells of the automaton read",
  suffixes: "links to the next shorter candidate read",
  pairs: "lookups of a merge, of two slots each",
  parts: "parts of tokens read",
  verdicts: "verdicts requested from the cache",
  classes: "classes of code points read",
  transitions: "transitions of the pieces read",
  pieces: "pieces looked up in the table",
  found: "pieces that the table has",
  misses: "words read from external memory",
  bytes: "bytes of text received",
  cutting: "cycles in which the cutter has a flow that can take a step",
  looking: "cycles in which the table of pieces has a piece",
  walking: "cycles in which the walk has a flow that can take a step",
  emitting: "cycles in which a flow emits tokens",
  answering: "cycles in which a packet is answered",
  searching: "steps of the searches of short pieces",
};

/** Tables of the kernels: number, name, and the bits of an entry. */
const TABLES:
  readonly (readonly [kernels: string, tables: readonly (readonly [number, string, string])[]])[] = [
    ["`packet_image`", [
      [IMAGE_TABLE.weights, "weights", "a weight index: weight numbers of the four neighbours, 10 bits each"],
      [IMAGE_TABLE.terms, "terms", "16 · weight number + nibble: weight · nibble, 32 bits, rounded up"],
      [IMAGE_TABLE.levels, "levels", "256 · channel + sample: bits of the normalized number"],
    ]],
    ["`packet_image`, products", [
      [IMAGE_TABLE.columns, "columns", "column phase: numbers of the left and right weight, 7 bits each"],
      [IMAGE_TABLE.levels, "levels", "as above"],
      [IMAGE_TABLE.rows, "rows", "row phase: numbers of the upper and lower weight, 7 bits each"],
      [IMAGE_TABLE.horizontal, "horizontal", "256 · number + sample: weight · sample, 20 bits"],
      [IMAGE_TABLE.verticalHigh, "verticalHigh", "128 · number + n: weight · 256 · n, 27 bits"],
      [IMAGE_TABLE.verticalLow, "verticalLow", "256 · number + n: weight · n, 20 bits"],
    ]],
    ["`packet_rows`", [
      [
        ROWS_TABLE.steps,
        "steps",
        "step of the columns' filter: 14 bits first byte, 11 first vector of weights, 1 last step of its column",
      ],
      [ROWS_TABLE.weights, "weights", "two weights of the columns' filter, 24 bits each"],
      [ROWS_TABLE.levels, "levels", "as above"],
      [
        ROWS_TABLE.rows,
        "rows",
        "output row: 16 bits last input row, 10 taps, 13 first weight, then words back in the ring",
      ],
      [ROWS_TABLE.rowWeights, "rowWeights", "weight of the rows' filter, 24 bits"],
    ]],
    ["`packet_tokenize`", [
      [TOKENIZE_TABLE.blocks, "blocks", "code point / 256: block of `classes`"],
      [TOKENIZE_TABLE.classes, "classes", "256 · block + lower 8 bits of the code point: class"],
      [TOKENIZE_TABLE.transitions, "transitions", "state and class: next state, with the end of a piece"],
      [TOKENIZE_TABLE.ids, "ids", "token: its id"],
      [
        TOKENIZE_TABLE.pieces,
        "pieces",
        "4 · slot + part, tables 4 to 7: 35 of a slot's bits: 16 token, 4 length of a piece, 120 its bytes",
      ],
      [TOKENIZE_TABLE.roots, "roots", "byte: 19 bits base of its state's children, 16 its token"],
      [TOKENIZE_TABLE.filter, "filter", "32 bits, one for each end of a hash of merges"],
    ]],
    ["`packet_lookup`", [
      [LOOKUP_TABLE.first, "first", "upper bits of a code: addend, 32 bits, and block · 2^32"],
      [LOOKUP_TABLE.second, "second", "block and lower bits of a code: 32 bits that are added"],
    ]],
  ];

const hex = (address: number) => `0x${address.toString(16).padStart(3, "0")}`;

function argumentTable(list: readonly KernelArgument[]): string {
  const rows = list.map(({ name, meaning }, at) => [hex(argumentAddress(at)), `\`${name}\``, meaning]);
  return markdownTable(["address", "argument", "meaning"], ["left", "left", "left"], rows);
}

function counterTable(): string {
  const all = Object.entries({ ...COUNTER, ...TOKENIZE_COUNTER });
  const rows = all.map(([name, at]) => [
    hex(counterAddress(at)),
    `\`${name}\``,
    COUNTED[name as keyof typeof COUNTED],
  ]);
  return markdownTable(["address", "counter", "meaning"], ["left", "left", "left"], rows);
}

/** Generates the Markdown of the page. */
export function registersPage(): string {
  const reasons = DROP_REASONS.map((name, at) => [`${at}`, `\`${name}\``]).slice(1);
  return [
    "# Registers and tables of the RTL",
    "<!-- Generated by deno task docs:registers; do not edit. -->",
    "All registers have 32 bits, on AXI4-Lite. Counters count from reset and wrap at 2^32.",
    markdownTable(["address", "register", "meaning"], ["left", "left", "left"], [
      [hex(REGISTER.control), "`control`", "bit 0 start, bit 1 done (cleared by a read), bit 2 idle"],
      [hex(REGISTER.interrupt), "`interrupt`", "global interrupt enable"],
    ]),
    "Write the arguments, then 1 to `control`. The kernel takes them once no packet is inside. Then send its\n" +
    "tables. [rtl.md](rtl.md) has the rules. `rtlProgram(plan)` makes the values of a plan.",
    "## Arguments",
    ...ARGUMENTS.flatMap(([kernels, list]) => [`### ${kernels}`, argumentTable(list)]),
    "## Counters",
    counterTable(),
    `The counter of drop reason n is at ${hex(counterAddress(COUNTER.drops))} + 4 · n:`,
    markdownTable(["number", "reason"], ["right", "left"], reasons),
    "## The stream of tables",
    "Words of 64 bits, least significant bit first. `packet_image` takes words of 256 bits, of which only the\n" +
    "entries of wide pages use more than the lowest 64. The first word of a command has:",
    markdownTable(["bits", "meaning"], ["left", "left"], [
      ["15:0", "first entry; of a page its number"],
      ["19:16", "number of the table"],
      [`${Math.log2(TABLE_WORD.page)}`, "1: a page follows, to be loaded beside packets"],
      [`${Math.log2(TABLE_WORD.limit)}`, "1: nothing follows; the epoch in 63:32 may not begin yet"],
      [`${Math.log2(TABLE_WORD.bank)}`, "bank of the page"],
      [
        `${Math.log2(TABLE_WORD.wide)}`,
        "1: a page with eight entries a word, the first in 31:0; only where words have 256 bits",
      ],
      ["63:32", "entries that follow, a word each without bit 23"],
    ]),
    "Before the entries of a page comes a word with one more than the epoch that must have ended (31:0) and the\n" +
    "epoch that may not begin before the page is loaded (63:32). A word of zeros loads nothing.",
    markdownTable(
      ["kernel", "number", "table", "index of an entry: its bits"],
      ["left", "left", "left", "left"],
      TABLES.flatMap(([kernels, tables]) =>
        tables.map(([number, name, bits], at) => [at === 0 ? kernels : "", `${number}`, `\`${name}\``, bits])
      ),
    ),
    "The kernels of KV caches have no tables.",
    "## The door of network mode",
    "`onpath_door` stores packets between the network layer and a kernel ([rtl.md](rtl.md)).",
    markdownTable(
      ["address", "register", "meaning"],
      ["left", "left", "left"],
      doorRegisters().filter(({ address }) => address >= REGISTER.arguments).map((
        { name, address, meaning },
      ) => [
        hex(address),
        `\`${name}\``,
        meaning,
      ]),
    ),
    ...moverSection(),
  ].join("\n\n") + "\n";
}

if (import.meta.main) {
  const page = registersPage();
  if (!process.argv.includes("--check")) writeFileSync(PAGE, page);
  else if (readFileSync(PAGE, "utf8") !== page) {
    console.error("Cannot accept docs/registers.md: it is outdated, run deno task docs:registers");
    process.exitCode = 1;
  }
}
