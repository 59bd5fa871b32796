/**
 * Section of docs/registers.md with the movers of host mode: arguments, list, status and errors.
 *
 * @module
 */

import {
  MOVER,
  MOVER_ERRORS,
  type MoverArgument,
  PACKETS_ARGUMENTS,
  PACKETS_STATUS,
  TABLE_LIST,
  TABLES_ARGUMENTS,
  WORDS_ERRORS,
} from "../../kernels/rtl/movers.ts";
import { argumentAddress } from "../../kernels/rtl/registers.ts";
import { markdownTable } from "../io/markdown.ts";

const hex = (address: number) => `0x${address.toString(16).padStart(3, "0")}`;

function argumentRows(list: readonly MoverArgument[]): string {
  return markdownTable(
    ["address", "argument", "bits", "meaning"],
    ["left", "left", "right", "left"],
    list.map(({ name, kind, meaning }, at) => [
      hex(argumentAddress(at)),
      `\`${name}\``,
      kind === "buffer" ? "64" : "32",
      meaning,
    ]),
  );
}

/** Fields of a list entry: offset, bits, meaning. */
const ENTRY: readonly (readonly [offset: number, bits: string, meaning: string])[] = [
  [TABLE_LIST.address, "64", "address of the entries in the card's memory, a multiple of 64"],
  [TABLE_LIST.entries, "32", "words of the stream that the entries take; 0 sends the command words alone"],
  [
    TABLE_LIST.width,
    "32",
    `bytes of a word's entries: 4 or 8 for one; 32 for eight of a page, by \`${MOVER.pages}\` alone`,
  ],
  [TABLE_LIST.count, "32", `command words, at most ${TABLE_LIST.most}`],
  [TABLE_LIST.words, "256", "command words of 64 bits, the first lowest"],
];

/** Meanings of the status fields. */
const STATUS: readonly (readonly [offset: number, meaning: string])[] = [
  [PACKETS_STATUS.answers, "answers written to slots"],
  [PACKETS_STATUS.surplus, "answers dropped because no slot was left"],
  [PACKETS_STATUS.tooLong, "answers dropped because they exceed a slot"],
  [PACKETS_STATUS.failed, "beats and bursts that memory refused in this run"],
  [PACKETS_STATUS.refused, "1: the run sent nothing, because a slot with a packet has less than a beat"],
];

/** Generates the section. */
export function moverSection(): string[] {
  return [
    "## Movers",
    "Movers hold the start bit until their run is complete. All numbers in memory are little-endian.",
    `### \`${MOVER.packets}\``,
    argumentRows(PACKETS_ARGUMENTS),
    `The status has ${PACKETS_STATUS.bytes} bytes:`,
    markdownTable(
      ["offset", "32 bits"],
      ["right", "left"],
      STATUS.map(([offset, meaning]) => [`${offset}`, meaning]),
    ),
    `### \`${MOVER.tables}\` and \`${MOVER.pages}\``,
    argumentRows(TABLES_ARGUMENTS),
    `An entry of the list has ${TABLE_LIST.bytes} bytes. It is the descriptor of one load, of a table or of a page:`,
    markdownTable(
      ["offset", "bits", "meaning"],
      ["right", "right", "left"],
      ENTRY.map(([offset, bits, meaning]) => [`${offset}`, bits, meaning]),
    ),
    "### Errors of memory",
    markdownTable(["address", "of", "meaning"], ["left", "left", "left"], [
      [hex(MOVER_ERRORS), "a mover", "beats and bursts that memory has refused since the reset"],
      [
        hex(WORDS_ERRORS),
        "`onpath_tokenize_host`",
        "words of the vocabulary that memory has refused since the reset",
      ],
    ]),
  ];
}
