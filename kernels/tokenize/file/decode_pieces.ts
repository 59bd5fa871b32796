/**
 * Reads the automaton that cuts text into pieces, and checks that every text is cut: no way from the start leads on
 * without an accept and then dies, so the engine always makes progress.
 *
 * @module
 */

import type { PieceTables } from "../vocabulary.ts";
import { damaged, type TableReader } from "./bits.ts";
import type { TableMeta } from "./meta.ts";

/** Most transitions: states times classes. */
export const MAX_TRANSITIONS = 2 ** 22;

/**
 * Reads piece tables.
 *
 * @param input Stands at their first array.
 * @param meta Their sizes.
 * @returns The tables.
 * @throws {OnpathError} `file` when an array is invalid, or some text would be cut into no piece.
 */
export function readPieces(input: TableReader, meta: NonNullable<TableMeta["pieces"]>): PieceTables {
  const { states, classes, start, blocks } = meta;
  if (start >= states) throw damaged(`state ${start} is not one of ${states}`, { start });
  const cells = states * classes;
  if (cells > MAX_TRANSITIONS) {
    throw damaged(`${states} states of ${classes} classes are too many`, { states, classes });
  }
  const pieces: PieceTables = {
    states,
    classes,
    start,
    transitions: input.numbers("transitions", new Int16Array(cells), 1, states - 1),
    accept: input.numbers("accept", new Int8Array(states), 1, 126),
    final: input.numbers("final", new Uint8Array(states), 0, 1),
    drop: input.numbers("drop", new Uint8Array(states), 0, 1),
    blockOf: input.numbers("blockOf", new Uint16Array(0x1100), 0, blocks - 1),
    // The last class is the end of the text, which no code point has.
    classOf: input.numbers("classOf", new Uint8Array(blocks * 256), 0, classes - 2),
  };
  checkProgress(pieces);
  return pieces;
}

/**
 * Refuses an automaton with a path from the start that dies before its first accept, or that gives back all that it
 * has taken: the engine would begin the same piece for ever.
 */
function checkProgress({ states, classes, start, transitions, accept }: PieceTables): void {
  const end = classes - 1;
  // By state: the fewest code points that lead to it; 0 where no path does.
  const least = new Uint32Array(states);
  // States that some path reaches before its first accept.
  const bare = new Uint8Array(states);
  const open: number[] = [];
  const enter = (state: number, symbol: number, taken: number, isBare: boolean) => {
    const next = transitions[state * classes + symbol]!;
    const back = next < 0 ? -1 : accept[next]!;
    if (isBare && (next < 0 || (symbol === end && back < 0))) {
      throw damaged(`a text dies in state ${state}, class ${symbol}, before its first piece ends`, {
        state,
        symbol,
      });
    }
    if (next < 0) return;
    if (back > taken) {
      throw damaged(`state ${next} gives back ${back} of ${taken + 1} code points`, { state: next });
    }
    const isNew = least[next] === 0;
    const isNewlyBare = isBare && back < 0 && bare[next] === 0;
    if (symbol === end || !(isNew || isNewlyBare)) return;
    if (isNew) least[next] = taken + 1;
    if (isNewlyBare) bare[next] = 1;
    open.push(next);
  };
  for (let symbol = 0; symbol < end; symbol++) enter(start, symbol, 0, true);
  for (const state of open) {
    for (let symbol = 0; symbol <= end; symbol++) enter(state, symbol, least[state]!, bare[state] === 1);
  }
}
