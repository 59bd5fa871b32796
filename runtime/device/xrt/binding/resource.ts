/**
 * Lifetimes of XRT handles: a tree that is freed in order by `close` or `using`. The garbage collector frees
 * the handles of objects that were never closed.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { Pointer } from "./native.ts";
import { xrtFailure } from "./failures.ts";

/**
 * Record of an XRT handle. The record refers to the JavaScript object only while a run is in flight, so that
 * the object can be collected.
 */
export interface Resource {
  /** Description in messages, such as `buffer of 4096 bytes`. */
  readonly what: string;
  /** Order of freeing: lower ranks first; within a rank, the newest first. */
  readonly rank: number;
  /** Resource that contains this one; null at the root. */
  readonly parent: Resource | null;
  /** Resources that must be freed before this one. */
  readonly parts: Set<Resource>;
  /** C function that frees the handle. */
  readonly operation: string;
  /** Frees the handle, blocking this thread; 0 is success. */
  readonly free: (pointer: Pointer) => number;
  /** Handle while the resource is usable; null from the call of `close` on. */
  pointer: Pointer | null;
  /** Handle until it is freed; then null. */
  held: Pointer | null;
  /** Number of native operations in flight on the handle. It is freed only at 0. */
  busy: number;
  /** Waits for the end of a run in flight, also after `close`; null while none is. */
  settle: ((options: WaitOptions) => Promise<void>) | null;
}

/** Ranks, in the order in which XRT requires handles to be closed. */
export const RANK = { run: 0, kernel: 1, buffer: 2, device: 3 } as const;

const net = new FinalizationRegistry<Resource>((resource) => {
  // Errors are ignored here, because a finalizer has no caller to throw to.
  release(resource);
});

/**
 * Registers a handle, to be freed at the latest when its object is collected.
 *
 * @param owner JavaScript object that owns the handle.
 * @param facts Description, rank, parent and handle.
 * @returns Record of the handle.
 */
export function hold(
  owner: object,
  facts: Pick<Resource, "what" | "rank" | "parent" | "operation" | "free"> & { pointer: Pointer },
): Resource {
  const resource: Resource = { ...facts, parts: new Set(), held: facts.pointer, busy: 0, settle: null };
  facts.parent?.parts.add(resource);
  net.register(owner, resource, resource);
  return resource;
}

/**
 * Returns the handle of an open resource.
 *
 * @throws {OnpathError} `device` when the resource is closed.
 */
export function live(resource: Resource): Pointer {
  return resource.pointer ?? closed(resource);
}

function closed({ what }: Resource): never {
  throw new OnpathError("device", `Cannot use a ${what}: it is closed`, { what });
}

/**
 * Closes a resource and its parts, in order. A handle in use by native work is freed when that work ends. If
 * the work never ends, the handle is never freed, because the card may still write to the memory.
 *
 * @throws {OnpathError} `device` when XRT fails to free a handle; the other handles are freed regardless.
 */
export function close(resource: Resource): void {
  net.unregister(resource);
  const failures = release(resource);
  if (failures.length > 0) throw failures[0]!;
}

/**
 * Drops a resource and its parts without calling XRT. Use it for a device that no longer responds, where
 * every call would block forever.
 */
export function abandon(resource: Resource): void {
  for (const part of [...resource.parts]) abandon(part);
  net.unregister(resource);
  resource.pointer = resource.held = null;
  resource.parent?.parts.delete(resource);
}

/** Counts the start of native work on a resource. */
export function begin(resource: Resource): void {
  resource.busy++;
}

/** Counts the end of native work; frees the closed handles that were in use by it. */
export function end(resource: Resource): void {
  if (--resource.busy > 0) return;
  let closing: Resource | null = null;
  for (let at: Resource | null = resource; at !== null; at = at.parent) if (at.pointer === null) closing = at;
  if (closing !== null) release(closing);
}

/**
 * Waits until no run among a resource and its parts is in flight. Handles closed before are freed by then.
 *
 * @throws {OnpathError} `timeout`; an abort throws the signal's reason.
 */
export async function settle(resource: Resource, options: WaitOptions): Promise<void> {
  for (const part of [...resource.parts]) await settle(part, options);
  await resource.settle?.(options);
}

/** Whether a resource is freed or abandoned. */
export function isFreed(resource: Resource): boolean {
  return resource.held === null;
}

/** Frees all handles of a tree that are not in use; returns the failures in order. */
function release(resource: Resource): OnpathError[] {
  const failures: OnpathError[] = [];
  shut(resource);
  sweep(resource, failures);
  return failures;
}

/** Marks a resource and its parts as closed. */
function shut(resource: Resource): void {
  resource.pointer = null;
  for (const part of resource.parts) shut(part);
}

function sweep(resource: Resource, failures: OnpathError[]): void {
  const parts = [...resource.parts].reverse().sort((a, b) => a.rank - b.rank);
  for (const part of parts) {
    // A buffer is freed after the kernels and runs that hold its address.
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
