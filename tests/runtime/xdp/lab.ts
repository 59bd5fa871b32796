/**
 * Two network namespaces with a veth pair between them, for tests of XDP.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { openNative } from "../../../runtime/xdp/native.ts";
import { loadKernelProgram } from "../../../runtime/xdp/kernel_program.ts";

/** Why XDP cannot run here, or null. CI has all that it needs. */
export const XDP_LACKS: string | null = await lacks();

async function lacks(): Promise<string | null> {
  if (Deno.build.os !== "linux") return "XDP is of Linux";
  try {
    const native = await openNative();
    loadKernelProgram(native).close();
    ip("netns", "list");
    return null;
  } catch (error) {
    return (error as Error).message.split("\n")[0]!;
  }
}

/** Registers a test that needs XDP; skipped with the reason where that, or something else, is missing. */
export function xdpTest(name: string, fn: () => void | Promise<void>, lacksMore: string | null = null): void {
  const reason = XDP_LACKS ?? lacksMore;
  const ignore = reason !== null;
  Deno.test({ name: ignore ? `${name} (skipped: ${reason})` : name, ignore, fn });
}

/** Runs a program and returns its output. */
export function ip(...words: string[]): string {
  return execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Two namespaces: `from` sends through interface `peer`, `namespace` has `interface` with the program. */
export interface Lab extends Disposable {
  readonly from: string;
  readonly namespace: string;
  readonly peer: string;
  readonly interface: string;
  readonly address: string;
  readonly port: number;
  /** Addresses of both ends. */
  readonly ends: { readonly v4: [string, string]; readonly v6: [string, string] };
}

const MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02"] as const;

/** Makes the namespaces. Disposing removes them, with everything inside. */
export function openLab(): Lab {
  const id = randomBytes(4).toString("hex");
  const [from, namespace] = [`onpath-${id}-a`, `onpath-${id}-b`];
  const [peer, inside] = [`xa${id}`, `xb${id}`];
  const ends = {
    v4: ["198.18.0.1", "198.18.0.2"] as [string, string],
    v6: ["2001:db8::1", "2001:db8::2"] as [string, string],
  };
  const lab: Lab = {
    from,
    namespace,
    peer,
    interface: inside,
    address: ends.v4[1],
    port: 5470,
    ends,
    [Symbol.dispose]: () => {
      for (const name of [from, namespace]) {
        if (ip("netns", "list").split("\n").some((line) => line.split(" ")[0] === name)) {
          ip("netns", "del", name);
        }
      }
    },
  };
  try {
    ip("netns", "add", from);
    ip("netns", "add", namespace);
    ip(
      "-n",
      from,
      "link",
      "add",
      peer,
      "address",
      MACS[0],
      "numtxqueues",
      "1",
      "numrxqueues",
      "1",
      "type",
      "veth",
      "peer",
      "name",
      inside,
      "address",
      MACS[1],
      "numtxqueues",
      "1",
      "numrxqueues",
      "1",
      "netns",
      namespace,
    );
    for (const [at, name, device] of [[0, from, peer], [1, namespace, inside]] as const) {
      ip("-n", name, "address", "add", `${ends.v4[at]}/30`, "dev", device);
      ip("-n", name, "address", "add", `${ends.v6[at]}/64`, "dev", device, "nodad");
      ip("-n", name, "link", "set", device, "up");
      ip("-n", name, "link", "set", "lo", "up");
      for (const other of [ends.v4[1 - at]!, ends.v6[1 - at]!]) {
        ip(
          "-n",
          name,
          "neighbour",
          "replace",
          other,
          "lladdr",
          MACS[1 - at]!,
          "dev",
          device,
          "nud",
          "permanent",
        );
      }
    }
    return lab;
  } catch (error) {
    lab[Symbol.dispose]();
    throw error;
  }
}
