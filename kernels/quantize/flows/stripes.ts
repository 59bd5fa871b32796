/**
 * Stripes of a cache: the tokens of one group, for all channels of a head. A stripe is loaded as tokens x channels
 * and transposed, so that every channel's tokens are consecutive.
 *
 * @module
 */

import { createEngine, type Engine } from "../../../serialize/engine.ts";
import { groupFunctions } from "../group_functions.ts";
import type { Elements } from "./rows.ts";

/** Returns the groups of a stripe. They are valid until the next call of any such function. */
export type FindStripe = (
  head: number,
  stripe: number,
  load: (elements: Elements, at: number) => void,
) => Elements;

/** Memory of all stripes of a size; it holds the last one. */
interface Workspace {
  readonly engine: Engine;
  /** Address of the stripe as tokens x channels. */
  readonly from: number;
  /** Address of its groups. */
  readonly to: number;
  /** Function that loaded the stripe. */
  owner: FindStripe | undefined;
}

const workspaces = new Map<number, Workspace>();

/** Workspaces that are kept, of different sizes. */
const KEPT = 4;

/**
 * Creates a function that finds stripes. It keeps the last one.
 *
 * @param tokens Tokens of a stripe.
 * @param channels Channels of a head.
 * @param size Bytes of an element, 2 or 4.
 */
export function createStripes(tokens: number, channels: number, size: number): FindStripe {
  const count = tokens * channels;
  const workspace = workspaceOf(count * size);
  const { engine, from, to } = workspace;
  const { buffer } = engine.bytes;
  const View = size === 2 ? Uint16Array : Uint32Array;
  const rows = new View(buffer, from, count), groups = new View(buffer, to, count);
  const functions = groupFunctions(engine);
  const transpose = size === 2 ? functions.transpose16 : functions.transpose32;
  let [lastHead, lastStripe] = [-1, -1];
  const find: FindStripe = (head, stripe, load) => {
    if (workspace.owner === find && head === lastHead && stripe === lastStripe) return groups;
    load(rows, 0);
    transpose(from, channels * size, tokens, channels, to, tokens * size);
    workspace.owner = find;
    [lastHead, lastStripe] = [head, stripe];
    return groups;
  };
  return find;
}

function workspaceOf(bytes: number): Workspace {
  const known = workspaces.get(bytes);
  if (known !== undefined) return known;
  const [oldest] = workspaces.keys();
  if (workspaces.size === KEPT) workspaces.delete(oldest!);
  const engine = createEngine(2 * bytes + 128);
  const made = { engine, from: engine.reserve(bytes), to: engine.reserve(bytes), owner: undefined };
  workspaces.set(bytes, made);
  return made;
}
