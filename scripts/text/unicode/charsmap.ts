/**
 * Builds a precompiled character map as SentencePiece writes them: a double array of the keys, and the texts
 * that replace them.
 *
 * @module
 */

import { Buffer } from "node:buffer";

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  value: number;
}

/** Flag of a unit whose key ends there. */
const HAS_LEAF = 1 << 8;

/**
 * Builds a map.
 *
 * @param entries Keys and the texts that replace them, neither with a NUL.
 * @returns The map in base64, as in a tokenizer.json.
 */
export function charsmap(entries: Iterable<readonly [key: string, text: string]>): string {
  const utf8 = new TextEncoder();
  const root: TrieNode = { next: new Map(), value: -1 };
  const texts: number[] = [];
  const placeOf = new Map<string, number>();
  for (const [key, text] of entries) {
    let node = root;
    for (const byte of utf8.encode(key)) {
      let child = node.next.get(byte);
      if (child === undefined) node.next.set(byte, child = { next: new Map(), value: -1 });
      node = child;
    }
    let place = placeOf.get(text);
    if (place === undefined) {
      placeOf.set(text, place = texts.length);
      texts.push(...utf8.encode(text), 0);
    }
    node.value = place;
  }
  const units = doubleArray(root);
  const file = Buffer.alloc(4 + 4 * units.length + texts.length);
  file.writeUInt32LE(4 * units.length, 0);
  units.forEach((unit, at) => file.writeUInt32LE(unit >>> 0, 4 + 4 * at));
  file.set(texts, 4 + 4 * units.length);
  return file.toString("base64");
}

/** Places nodes: the child of a unit by byte b is at its base, exclusive or b; a leaf is at the base itself. */
function doubleArray(root: TrieNode): number[] {
  const units: number[] = new Array(512).fill(0);
  const taken = new Uint8Array(2 ** 22);
  taken[0] = 1;
  const bases = new Set<number>();
  let free = 1;
  const open: [TrieNode, number][] = [[root, 0]];
  for (let n = 0; n < open.length; n++) {
    const [node, at] = open[n]!;
    const labels = [...node.value >= 0 ? [0] : [], ...node.next.keys()];
    if (labels.length === 0) continue;
    while (taken[free] === 1) free++;
    let base = free ^ labels[0]!;
    // A unit has its byte and not its parent, so no two nodes may have one base.
    for (let first = free; bases.has(base) || labels.some((label) => taken[base ^ label] === 1);) {
      first++;
      base = first ^ labels[0]!;
    }
    bases.add(base);
    for (const label of labels) taken[base ^ label] = 1;
    while (units.length <= (base | 255)) units.push(0);
    const offset = at ^ base;
    if (offset >= 2 ** 21) throw new Error("the map is too large");
    units[at] = units[at]! | (offset << 10) | (node.value >= 0 ? HAS_LEAF : 0);
    if (node.value >= 0) units[base] = node.value | 0x80000000;
    for (const [byte, child] of node.next) {
      units[base ^ byte] = byte;
      open.push([child, base ^ byte]);
    }
  }
  return units;
}
