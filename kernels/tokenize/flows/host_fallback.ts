/**
 * The host's own engine, for what a device gave up: it has no window, so it always comes to the end of the piece.
 *
 * @module
 */

import { Compatibility } from "../compatible.ts";
import { engineTables } from "../tables.ts";
import { TextFlow } from "../flow.ts";
import type { TextLookups } from "../lookups.ts";
import type { Vocabulary } from "../vocabulary.ts";
import type { TokenRun } from "../../../serialize/text/token_run.ts";

/** Bytes that are taken at a time, so that little is tokenized beyond the piece. */
const STEP = 512;

/** Tokenizes from a piece's beginning on, on the host. Lives as long as a session. */
export class HostFallback {
  /** Bytes that were tokenized on the host. */
  bytes = 0;
  readonly #flow: TextFlow;
  #end = 0;

  /**
   * Makes an engine.
   *
   * @param vocabulary The vocabulary.
   */
  constructor(vocabulary: Vocabulary) {
    const counts: TextLookups = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
    const compatibility = vocabulary.bpe === null ? null : new Compatibility(vocabulary.bpe);
    this.#flow = new TextFlow(engineTables(vocabulary), counts, compatibility, Infinity);
  }

  /**
   * Begins where a piece begins.
   *
   * @param at The byte of the text.
   */
  begin(at: number): void {
    this.#flow.restart();
    this.#flow.list.count = 0;
    this.#end = at;
  }

  /**
   * Takes text until a piece has ended, and appends the tokens that have left.
   *
   * @param text Where the text is.
   * @param from The first byte there that was not taken before.
   * @param to Behind the last one that is there.
   * @param ends Whether the text ends with it.
   * @param run Where tokens go.
   * @returns Behind the last byte that was taken. Where a piece has ended, so does the run; else the text did not
   * suffice.
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

  #leave(run: TokenRun): void {
    const { list } = this.#flow;
    for (let n = 0; n < list.count; n++) {
      this.#end += list.gaps[n]! + list.lengths[n]!;
      run.put(list.tokens[n]!, list.lengths[n]!, this.#end);
    }
    list.count = 0;
  }
}
