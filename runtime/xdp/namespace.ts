/**
 * Network namespaces: a call may run in another one. Only this thread changes, and it returns before the call does.
 *
 * @module
 */

import { named } from "../../serialize/excerpt.ts";
import { cString } from "../device/xrt/binding/native.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { type Native, succeed } from "./native.ts";

const READ_CLOSE_ON_EXEC = 0x80000;
const NEW_NET = 0x40000000;

/**
 * Runs a function in a network namespace.
 *
 * @param native Libraries.
 * @param name Name under `/run/netns`, as `ip netns` lists it; undefined for the namespace of this thread.
 * @param run Function without asynchronous parts.
 * @throws {OnpathError} `device` if the namespace is absent or may not be entered.
 */
export function inNamespace<T>(native: Native, name: string | undefined, run: () => T): T {
  if (name === undefined) return run();
  if (typeof name !== "string" || !/^[\w.-]{1,255}$/.test(name) || /^\.{1,2}$/.test(name)) {
    throw new OnpathError("device", `Cannot enter namespace ${named(name)}: its name is invalid`);
  }
  const { libc } = native;
  const openPath = (path: string) =>
    succeed(native, `open network namespace ${path}`, libc.open(cString(path), READ_CLOSE_ON_EXEC, 0));
  const own = openPath("/proc/thread-self/ns/net");
  try {
    const other = openPath(`/run/netns/${name}`);
    try {
      succeed(native, `enter network namespace ${name}`, libc.setns(other, NEW_NET));
    } finally {
      libc.close(other);
    }
    try {
      return run();
    } finally {
      succeed(native, "return to the own network namespace", libc.setns(own, NEW_NET));
    }
  } finally {
    libc.close(own);
  }
}

/**
 * Finds an interface of the current namespace.
 *
 * @throws {OnpathError} `device` if it is absent.
 */
export function interfaceIndex({ libc }: Native, name: string): number {
  const index = typeof name === "string" && /^[^\s/\0]{1,15}$/.test(name)
    ? libc.if_nametoindex(cString(name))
    : 0;
  if (index > 0) return index;
  throw new OnpathError("device", `Cannot use interface ${named(name)}: it is absent`, {
    interface: typeof name === "string" ? name : kindOf(name),
  });
}
