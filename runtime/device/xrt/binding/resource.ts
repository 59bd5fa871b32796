/**
 * Lifetimes of what XRT hands out: a tree of handles that is freed in order, by `close`, by `using`, or
 * as the last net when the garbage collector finds an object that nobody closed.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import type { Pointer } from "./native.ts";
import { xrtFailure } from "./failures.ts";

/** A handle of XRT. It knows its parts and not the object before it, so that objects can be collected. */
export interface Resource {
  /** What it is, as it stands in messages: `buffer of 4096 bytes`. */
  readonly what: string;
  /** Parts with a lower rank are freed first, those of one rank in the reverse of their order. */
  readonly rank: number;
  /** What it is a part of. */
  readonly parent: Resource | null;
  /** Its parts. */
  readonly parts: Set<Resource>;
  /** The C function that frees it. */
  readonly operation: string;
  /** Frees it on this thread; 0 is success. */
  readonly free: (pointer: Pointer) => number;
  /** The handle; null from the moment it was asked to close. */
  pointer: Pointer | null;
  /** The handle that is still to be freed. */
  held: Pointer | null;
  /** Native work that uses it at this moment. It is not freed meanwhile. */
  busy: number;
}

/** Ranks, in the order in which XRT wants things closed. */
export const RANK = { run: 0, kernel: 1, buffer: 2, device: 3 } as const;

const net = new FinalizationRegistry<Resource>((resource) => {
  // There is nobody left to tell: a result that says no is as good as none.
  release(resource);
});

/**
 * Records a handle.
 *
 * @param owner The object that stands for it.
 * @param facts What it is.
 * @returns Its record.
 */
export function hold(
  owner: object,
  facts: Pick<Resource, "what" | "rank" | "parent" | "operation" | "free"> & { pointer: Pointer },
): Resource {
  const resource: Resource = { ...facts, parts: new Set(), held: facts.pointer, busy: 0 };
  facts.parent?.parts.add(resource);
  net.register(owner, resource, resource);
  return resource;
}

/**
 * The handle of an open resource.
 *
 * @throws {OnpathError} `device` when it is closed.
 */
export function live(resource: Resource): Pointer {
  return resource.pointer ?? closed(resource);
}

function closed({ what }: Resource): never {
  throw new OnpathError("device", `Cannot use a ${what}: it is closed`, { what });
}

/**
 * Closes a resource and its parts, in order. What native work still uses is freed when that work ends;
 * where it never ends, never: the card may still write there.
 *
 * @throws {OnpathError} `device` when XRT refuses to free something; the rest is freed all the same.
 */
export function close(resource: Resource): void {
  net.unregister(resource);
  const failures = release(resource);
  if (failures.length > 0) throw failures[0]!;
}

/**
 * Forgets a resource and its parts without a call: for a device that no longer answers, where every call
 * would wait for ever.
 */
export function abandon(resource: Resource): void {
  for (const part of [...resource.parts]) abandon(part);
  net.unregister(resource);
  resource.pointer = resource.held = null;
  resource.parent?.parts.delete(resource);
}

/** Says that native work has begun to use a resource. */
export function begin(resource: Resource): void {
  resource.busy++;
}

/** Says that native work has ended; what waited for that is freed now. */
export function end(resource: Resource): void {
  if (--resource.busy > 0) return;
  let closing: Resource | null = null;
  for (let at: Resource | null = resource; at !== null; at = at.parent) if (at.pointer === null) closing = at;
  if (closing !== null) release(closing);
}

/** Whether a resource is freed, or forgotten. */
export function isFreed(resource: Resource): boolean {
  return resource.held === null;
}

/** Frees what can be freed of a tree; the failures, in their order. */
function release(resource: Resource): OnpathError[] {
  const failures: OnpathError[] = [];
  shut(resource);
  sweep(resource, failures);
  return failures;
}

/** From now on nobody may use it. */
function shut(resource: Resource): void {
  resource.pointer = null;
  for (const part of resource.parts) shut(part);
}

function sweep(resource: Resource, failures: OnpathError[]): void {
  const parts = [...resource.parts].reverse().sort((a, b) => a.rank - b.rank);
  for (const part of parts) {
    // A buffer goes after the kernels and runs that know its address.
    if (part.rank > RANK.kernel && parts.some((other) => other.rank <= RANK.kernel && other.held !== null)) {
      continue;
    }
    sweep(part, failures);
  }
  if (resource.busy > 0 || resource.parts.size > 0 || resource.held === null) return;
  const { held, operation, what } = resource;
  resource.held = null;
  resource.parent?.parts.delete(resource);
  const result = resource.free(held);
  if (result !== 0) failures.push(xrtFailure(`close a ${what}`, operation, result));
}
