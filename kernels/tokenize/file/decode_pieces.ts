/**
 * Reads the automaton that cuts text into pieces, and checks that it cuts every text. No path from the start
 * fails before its first accept, so the engine always makes progress.
 *
 * @module
 */

import type { PieceTables } from "../vocabulary.ts";
import { damaged, type TableReader } from "./bits.ts";
import type { TableMeta } from "./meta.ts";

/** Maximum number of transitions: states times classes. */
export const MAX_TRANSITIONS = 2 ** 22;

/**
 * Reads piece tables.
 *
 * @param input Reader at the first array of the pieces.
 * @param meta Sizes of the arrays.
 * @returns The tables.
 * @throws {OnpathError} `file` if an array is invalid, or some text would yield no piece.
 */
export function readPieces(input: TableReader, meta: NonNullable<TableMeta["pieces"]>): PieceTables {
  const { states, classes, start, blocks } = meta;
  if (start >= states) throw damaged(`start state ${start} is not below ${states}`, { start });
  const cells = states * classes;
  if (cells > MAX_TRANSITIONS) {
    throw damaged(`${states} states of ${classes} classes exceed ${MAX_TRANSITIONS} transitions`, {
      states,
      classes,
    });
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
    // The last class is the end of the text; no code point has it.
    classOf: input.numbers("classOf", new Uint8Array(blocks * 256), 0, classes - 2),
  };
  checkProgress(pieces);
  return pieces;
}

/**
 * Rejects an automaton with a path from the start that fails before its first accept, or that gives back
 * every code point taken. The engine would repeat the same piece endlessly.
 */
function checkProgress({ states, classes, start, transitions, accept }: PieceTables): void {
  const end = classes - 1;
  // By state: the minimum number of code points to reach it; 0 if unreachable.
  const least = new Uint32Array(states);
  // States that some path reaches before its first accept.
  const bare = new Uint8Array(states);
  const open: number[] = [];
  const enter = (state: number, symbol: number, taken: number, isBare: boolean) => {
    const next = transitions[state * classes + symbol]!;
    const back = next < 0 ? -1 : accept[next]!;
    if (isBare && (next < 0 || (symbol === end && back < 0))) {
      throw damaged(`a text fails in state ${state}, class ${symbol}, before its first piece ends`, {
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
