/**
 * Trie of byte strings under construction, with Aho-Corasick failure links (Aho and Corasick, 1975). Children
 * are in a hash table by state and byte.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { ByteStrings } from "./strings.ts";

/** Maximum number of states: a state and a byte fit 31 bits. */
export const MAX_TRIE_STATES = 2 ** 22;

/** Maximum bytes of all strings together. */
export const MAX_TRIE_BYTES = MAX_TRIE_STATES * 4;

/** Trie of byte strings; state 0 is the root, and a parent has a lower number than its children. */
export interface Trie {
  /** Number of states. */
  readonly states: number;
  /** By state: its parent; −1 for the root. */
  readonly parent: Int32Array;
  /** By state: the byte on the edge from its parent. */
  readonly byte: Uint8Array;
  /** By state: its distance from the root, in bytes. */
  readonly depth: Uint16Array;
  /** By state: the string equal to its path, or −1. */
  readonly whole: Int32Array;
  /** By string: its state. */
  readonly stateOf: Int32Array;
  /** Returns the child of a state by a byte, or −1. */
  readonly child: (state: number, byte: number) => number;
}

/**
 * Builds a trie.
 *
 * @param strings Non-empty byte strings, all different.
 * @returns The trie.
 * @throws {OnpathError} `size` if the trie has more than {@linkcode MAX_TRIE_STATES} states; `table` if two
 * strings are equal or one is empty.
 */
export function buildTrie({ bytes, offsets }: ByteStrings): Trie {
  const count = offsets.length - 1;
  const most = bytes.length + 1;
  if (bytes.length > MAX_TRIE_BYTES) throw tooLarge(bytes.length);
  let slots = 1024;
  while (slots < most * 2) slots *= 2;
  const mask = slots - 1;
  const keys = new Int32Array(slots).fill(-1);
  const children = new Int32Array(slots);
  const parent = new Int32Array(most).fill(-1);
  const byte = new Uint8Array(most);
  const depth = new Uint16Array(most);
  const whole = new Int32Array(most).fill(-1);
  const stateOf = new Int32Array(count);
  let states = 1;
  const slotOf = (key: number) => {
    const mixed = Math.imul(key, 0x9e3779b1);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    while (keys[slot] !== -1 && keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  };
  for (let i = 0; i < count; i++) {
    let state = 0;
    for (let at = offsets[i]!; at < offsets[i + 1]!; at++) {
      const key = state * 256 + bytes[at]!;
      const slot = slotOf(key);
      if (keys[slot] === -1) {
        if (states >= MAX_TRIE_STATES) throw tooLarge(bytes.length);
        keys[slot] = key;
        children[slot] = states;
        parent[states] = state;
        byte[states] = bytes[at]!;
        depth[states] = depth[state]! + 1;
        states++;
      }
      state = children[slot]!;
    }
    if (state === 0 || whole[state] !== -1) {
      throw new OnpathError(
        "table",
        state === 0
          ? `Cannot compile a vocabulary: token ${i} is empty`
          : `Cannot compile a vocabulary: tokens ${whole[state]} and ${i} have the same bytes`,
        { token: i },
      );
    }
    whole[state] = i;
    stateOf[i] = state;
  }
  return {
    states,
    parent: parent.subarray(0, states),
    byte: byte.subarray(0, states),
    depth: depth.subarray(0, states),
    whole: whole.subarray(0, states),
    stateOf,
    child: (state, by) => {
      const slot = slotOf(state * 256 + by);
      return keys[slot] === -1 ? -1 : children[slot]!;
    },
  };
}

function tooLarge(bytes: number): OnpathError {
  return new OnpathError(
    "size",
    `Cannot compile a vocabulary of ${bytes} bytes: its automaton has more than ${MAX_TRIE_STATES} states`,
    { bytes, most: MAX_TRIE_STATES },
  );
}

/**
 * Sorts states by depth, the root first.
 *
 * @param depth By state: bytes from the root.
 * @returns All states.
 */
export function byDepth(depth: Uint16Array): Int32Array {
  let deepest = 0;
  for (let i = 0; i < depth.length; i++) if (depth[i]! > deepest) deepest = depth[i]!;
  const starts = new Uint32Array(deepest + 2);
  for (let i = 0; i < depth.length; i++) starts[depth[i]! + 1]!++;
  for (let i = 0; i <= deepest; i++) starts[i + 1]! += starts[i]!;
  const order = new Int32Array(depth.length);
  for (let i = 0; i < depth.length; i++) order[starts[depth[i]!]!++] = i;
  return order;
}

/**
 * Computes failure links: for each state, the longest proper suffix of its path that is a path too.
 *
 * @param trie Trie of the tokens.
 * @param order States of the trie by depth.
 * @returns By state: the target of its failure link; the root links to itself.
 */
export function failureLinks({ parent, byte, child, states }: Trie, order: Int32Array): Int32Array {
  const fail = new Int32Array(states);
  for (let i = 1; i < order.length; i++) {
    const state = order[i]!;
    let at = parent[state]!;
    let found = -1;
    while (at !== 0 && found < 0) {
      at = fail[at]!;
      found = child(at, byte[state]!);
    }
    fail[state] = found < 0 ? 0 : found;
  }
  return fail;
}
