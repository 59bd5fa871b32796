/**
 * Mistakes that went unnoticed once, written by hand. `deno task mutate:ts` makes all of them in every run.
 *
 * @module
 */

/** A change of one place. Plain data. */
export interface KnownMutant {
  /** Path of the file. */
  readonly file: string;
  /** Code that is replaced; it occurs once. */
  readonly text: string;
  /** Code that takes its place. */
  readonly replacement: string;
  /** The mistake. */
  readonly wrong: string;
  /** Test file that must notice. */
  readonly test: string;
}

const FORGERY = "tests/kernels/tokenize/forgery_test.ts";
const REASSEMBLER = "tests/serialize/reassembler_limits_test.ts";
const APPEND = "tests/serialize/text/normalized_append_test.ts";
const LOOP = "tests/runtime/packet_loop_test.ts";

/** The mistakes. */
export const KNOWN: readonly KnownMutant[] = [
  {
    file: "kernels/tokenize/file/derive.ts",
    text: "if (fail[cell] !== link) {",
    replacement: "if (fail[cell] !== link && depth[fail[cell]!] !== depth[cell]) {",
    wrong: "a failure link may lead to a path of equal length",
    test: FORGERY,
  },
  {
    file: "kernels/tokenize/file/decode.ts",
    text: "if (taken[whole[cell]!] === 1)",
    replacement: "if (taken[whole[cell]!] === 2)",
    wrong: "an id may be two tokens",
    test: FORGERY,
  },
  {
    file: "kernels/plan/form.ts",
    text: "if (open.length > MAX_FORM_DEPTH) {",
    replacement: "if (open.length > MAX_FORM_DEPTH + 1) {",
    wrong: "lists may nest one deeper than the limit",
    test: "tests/kernels/form_test.ts",
  },
  {
    file: "runtime/packet_loop.ts",
    text: "found > answers.slots)",
    replacement: "found > answers.slots + 1)",
    wrong: "a device may announce one answer more than there are slots",
    test: LOOP,
  },
  {
    file: "runtime/packet_loop.ts",
    text: "for (const run of involved) run.leave(error);\n    this.#needsLoad = true;",
    replacement: "for (const run of involved) run.leave(error);",
    wrong: "a program that was not loaded whole stays in use after a failure",
    test: LOOP,
  },
  {
    file: "kernels/image/model/page_bank.ts",
    text: "checkPages(pages, pageBytes);",
    replacement: "",
    wrong: "a page of the wrong length is staged",
    test: "tests/kernels/page_bank_test.ts",
  },
  {
    file: "serialize/text/normalized_append.ts",
    text: "this.escape !== 0 || this.ended",
    replacement: "this.ended",
    wrong: "answers are taken after an escape",
    test: APPEND,
  },
  {
    file: "serialize/text/chunk_merge.ts",
    text: "if (end > length && !waiting.spoiled) {",
    replacement: "if (end > length + 1 && !waiting.spoiled) {",
    wrong: "a token may end one byte past the text",
    test: "tests/serialize/text/chunk_merge_limits_test.ts",
  },
  {
    file: "serialize/reassembler.ts",
    text: "this.#bytes -= state.output.length;",
    replacement: "",
    wrong: "a closed flow's bytes are not given back",
    test: REASSEMBLER,
  },
  {
    file: "serialize/reassembler.ts",
    text: "this.#bytes + bytes > this.#limits.bytes",
    replacement: "this.#bytes + bytes > this.#limits.bytes + 1",
    wrong: "one byte more than the limit is reserved",
    test: REASSEMBLER,
  },
  {
    file: "serialize/reassembler.ts",
    text: "gaps.length === maxRanges",
    replacement: "gaps.length > maxRanges",
    wrong: "gaps() lists one range more than asked for",
    test: REASSEMBLER,
  },
  {
    file: "serialize/streams.ts",
    text: "due.size < window",
    replacement: "due.size <= window",
    wrong: "one flow more than the window has may send",
    test: "tests/serialize/streams_limits_test.ts",
  },
  {
    file: "serialize/text/held_packets.ts",
    text: "packets.size >= this.#maxPackets",
    replacement: "packets.size > this.#maxPackets",
    wrong: "one packet more than the limit is held",
    test: "tests/serialize/text/held_packets_test.ts",
  },
  {
    file: "serialize/text/text_outgoing.ts",
    text: "this.#window = SLOW_START;",
    replacement: "",
    wrong: "there is no slow start after a loss",
    test: "tests/serialize/text/text_outgoing_test.ts",
  },
];
