/**
 * The host's engine, for a flow that the device gave up. It has no window, so it always reaches the end of
 * the piece.
 *
 * @module
 */

import { Compatibility } from "../compatible.ts";
import { engineTables } from "../tables.ts";
import { TextFlow } from "../flow.ts";
import type { TextLookups } from "../lookups.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";

/** Bytes taken at a time: the engine reads at most this number beyond the piece. */
const STEP = 512;

/** Tokenizes on the host from the beginning of a piece. Lives as long as a session. */
export class HostFallback {
  /** Bytes tokenized on the host. */
  bytes = 0;
  readonly #flow: TextFlow;
  #end = 0;

  /**
   * Creates an engine.
   *
   * @param vocabulary Compiled vocabulary.
   */
  constructor(vocabulary: Vocabulary) {
    const counts: TextLookups = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
    const compatibility = vocabulary.bpe === null ? null : new Compatibility(vocabulary.bpe);
    this.#flow = new TextFlow(engineTables(vocabulary), counts, compatibility, Infinity);
  }

  /**
   * Begins at the start of a piece.
   *
   * @param at Offset in the text, in bytes.
   */
  begin(at: number): void {
    this.#flow.restart();
    this.#flow.list.count = 0;
    this.#end = at;
  }

  /**
   * Takes text until a piece has ended, and appends the emitted tokens.
   *
   * @param text Buffer that holds the text.
   * @param from Offset in `text` of the first byte not taken yet.
   * @param to Exclusive end of the available bytes.
   * @param ends True if the text ends at `to`.
   * @param run Tokens to append to.
   * @returns Exclusive end of the bytes taken. If a piece has ended, `run` ends with it; otherwise more text
   * is needed.
   */
  take(text: Uint8Array, from: number, to: number, ends: boolean, run: TokenRun): number {
    const first = run.count;
    for (let at = from;;) {
      const next = Math.min(to, at + STEP);
      this.#flow.take(text, at, next);
      this.bytes += next - at;
      at = next;
      // A text may end without another byte.
      if (at === to && ends) this.#flow.end();
      this.#leave(run);
      const confirmed = run.confirmed();
      if (confirmed > first) run.count = confirmed;
      if (confirmed > first || at === to) return at;
    }
  }

  /**
   * Tokenizes the rest of a text.
   *
   * @param text The whole text.
   * @param from Offset at which a piece begins.
   * @param most Tokens of a run, about.
   * @returns Runs of tokens in text order, at least one.
   */
  *rest(text: Uint8Array, from: number, most: number): Generator<TokenRun> {
    this.begin(from);
    let run = new TokenRun();
    for (let at = from; at < text.length;) {
      const next = Math.min(text.length, at + STEP);
      this.#flow.take(text, at, next);
      this.bytes += next - at;
      at = next;
      this.#leave(run);
      if (run.count < most) continue;
      yield run;
      run = new TokenRun();
    }
    this.#flow.end();
    this.#leave(run);
    yield run;
  }

  #leave(run: TokenRun): void {
    const { list } = this.#flow;
    for (let n = 0; n < list.count; n++) {
      this.#end += list.gaps[n]! + list.lengths[n]!;
      run.put(list.tokens[n]!, list.lengths[n]!, this.#end);
    }
    list.count = 0;
  }
}
