/**
 * `tokenize`: the ids of a text.
 *
 * @module
 */

import type { Command } from "commander";
import { readFileSync } from "node:fs";
import { createEncoder, decodeBytes, type Vocabulary } from "../../../mod.ts";
import { MAX_INPUT_BYTES, readBounded } from "../../io/read.ts";
import { loadVocabulary } from "../../io/vocabulary.ts";
import { type Context, print, printJson } from "../context.ts";
import { EXIT } from "../failures.ts";
import { columnTable, count, factTable } from "../text.ts";
import { followProgress } from "../progress.ts";

/** Options of `tokenize`. */
export interface TokenizeOptions {
  /** `--vocab` */
  readonly vocab: string;
  /** `--input` */
  readonly input?: string | undefined;
  /** `--special` */
  readonly special?: boolean | undefined;
  /** `--most` */
  readonly most: number;
  /** `--json` */
  readonly json?: boolean | undefined;
}

/** A token of the text. */
interface Row {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * Tokenizes a text and prints its tokens.
 *
 * @param text The text, or undefined where it comes from a file or from stdin.
 * @param options The options.
 * @param command The command, for errors of use.
 * @param context What the process gives.
 */
export async function tokenizeText(
  text: string | undefined,
  options: TokenizeOptions,
  command: Command,
  context: Context,
): Promise<void> {
  if (text !== undefined && options.input !== undefined) {
    command.error("error: expected either a text or --input <file>, not both", {
      exitCode: EXIT.usage,
      code: "onpath.use",
    });
  }
  const bytes = text !== undefined
    ? new TextEncoder().encode(text)
    : options.input === undefined || options.input === "-"
    ? new Uint8Array(readFileSync(0))
    : await readBounded(options.input, { most: MAX_INPUT_BYTES, signal: context.signal });
  const follower = await followProgress("steps");
  let vocabulary: Vocabulary;
  try {
    vocabulary = await loadVocabulary(options.vocab, {
      signal: context.signal,
      onProgress: follower.onProgress,
    });
  } finally {
    follower.stop();
  }
  const ids = createEncoder(vocabulary, { special: options.special ? "all" : "none" }).encode(bytes);
  if (options.json) {
    return printJson({
      vocabulary: vocabulary.name,
      bytes: bytes.length,
      tokens: ids.length,
      ids: Array.from(ids),
    });
  }
  const rows = tokenRows(vocabulary, ids.subarray(0, options.most));
  if (rows.length > 0) {
    print(
      columnTable(["id", "from", "to", "text"], rows.map(({ id, from, to, text }) => [id, from, to, text])),
    );
  }
  const perToken = ids.length === 0 ? "" : `, ${(bytes.length / ids.length).toFixed(2)} bytes a token`;
  print(factTable([
    ["vocabulary", vocabulary.name],
    ["tokens", `${count(ids.length)} of ${count(bytes.length)} bytes${perToken}`],
    ...(rows.length < ids.length
      ? [["not shown", `${count(ids.length - rows.length)} tokens; --most shows more, --json all`]] as const
      : []),
  ]));
}

/** Tokens with their places in the text that decoding gives. */
function tokenRows(vocabulary: Vocabulary, ids: Uint32Array): Row[] {
  let from = 0;
  return Array.from(ids, (id) => {
    const bytes = decodeBytes(vocabulary, [id]);
    const text = JSON.stringify(new TextDecoder().decode(bytes));
    const row = { id, from, to: from + bytes.length, text };
    from += bytes.length;
    return row;
  });
}
