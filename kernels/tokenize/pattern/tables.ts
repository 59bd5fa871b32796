/**
 * Flattens an automaton into the arrays of the engine, including its class ROM.
 *
 * @module
 */

import type { PieceTables } from "../vocabulary.ts";
import { type Dfa, MAX_CLASSES } from "./dfa.ts";
import { patternError } from "./refuse.ts";

// Class by code point, in blocks of 256 code points; equal blocks are stored once.
function classRom(members: readonly (readonly number[])[]): { blockOf: Uint16Array; classOf: Uint8Array } {
  const blockOf = new Uint16Array(0x1100);
  const classes = new Uint8Array(0x110000);
  members.slice(0, -1).forEach((set, number) => {
    for (let i = 0; i < set.length; i += 2) classes.fill(number, set[i]!, set[i + 1]! + 1);
  });
  // Surrogates occur in no text, so their blocks copy the preceding class.
  classes.fill(classes[0xd7ff]!, 0xd800, 0xe000);
  const blocks: Uint8Array[] = [];
  const numbers = new Map<string, number>();
  for (let high = 0; high < 0x1100; high++) {
    const block = classes.subarray(high * 256, high * 256 + 256);
    const key = String.fromCharCode(...block);
    let number = numbers.get(key);
    if (number === undefined) {
      number = blocks.length;
      numbers.set(key, number);
      blocks.push(block);
    }
    blockOf[high] = number;
  }
  const classOf = new Uint8Array(blocks.length * 256);
  blocks.forEach((block, number) => classOf.set(block, number * 256));
  return { blockOf, classOf };
}

/**
 * Flattens a minimal automaton.
 *
 * @param pattern Text of the pattern, for messages.
 * @param dfa Minimal automaton.
 * @returns The tables.
 * @throws {OnpathError} `pipeline` if there are more than {@linkcode MAX_CLASSES} classes.
 */
export function pieceTables(pattern: string, dfa: Dfa): PieceTables {
  const states = dfa.accept.length, classes = dfa.members.length;
  if (classes > MAX_CLASSES) {
    throw patternError(
      pattern,
      -1,
      `it distinguishes ${classes} classes of code points, more than ${MAX_CLASSES}`,
    );
  }
  const transitions = new Int16Array(states * classes);
  dfa.transitions.forEach((row, state) => transitions.set(row, state * classes));
  return {
    states,
    classes,
    start: 0,
    transitions,
    accept: Int8Array.from(dfa.accept),
    final: Uint8Array.from(
      dfa.transitions,
      (row, i) => +(dfa.accept[i]! >= 0 && row.every((next) => next < 0)),
    ),
    drop: Uint8Array.from(dfa.drop, (is) => +is),
    ...classRom(dfa.members),
  };
}
