/**
 * Three network namespaces in a row, connected by veth pairs: a sender, a NIC, and a host behind it. Tests and
 * benchmarks of XDP run there.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";

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
  /** A third namespace behind the second one. */
  readonly behind: {
    readonly namespace: string;
    readonly interface: string;
    readonly address: string;
    readonly mac: string;
    /** Interface in the second namespace, and its Ethernet address. */
    readonly near: string;
    readonly from: string;
  };
}

/** One end of a veth pair. */
interface End {
  readonly namespace: string;
  readonly name: string;
  readonly mac: string;
  readonly addresses: readonly string[];
}

/** Connects two namespaces. Neighbours are known from the start, so that no packet waits for a resolution. */
function connect(a: End, b: End): void {
  const queues = "numtxqueues 1 numrxqueues 1".split(" ");
  const half = ({ name, mac }: End) => [name, "address", mac, ...queues];
  ip("-n", a.namespace, "link", "add", ...half(a), "type", "veth", "peer", ...half(b), "netns", b.namespace);
  for (const [end, other] of [[a, b], [b, a]] as const) {
    const at = ["-n", end.namespace];
    for (const address of end.addresses) {
      const prefix = address.includes(":") ? [`${address}/64`, "nodad"] : [`${address}/30`];
      ip(...at, "address", "add", prefix[0]!, "dev", end.name, ...prefix.slice(1));
    }
    ip(...at, "link", "set", end.name, "up");
    for (const address of other.addresses) {
      const to = ["lladdr", other.mac, "dev", end.name, "nud", "permanent"];
      ip(...at, "neighbour", "replace", address, ...to);
    }
  }
}

/** Makes the namespaces. Disposing removes them, with everything inside. */
export function openLab(): Lab {
  const id = randomBytes(4).toString("hex");
  const names = ["a", "b", "c"].map((letter) => `onpath-${id}-${letter}`);
  const [from, namespace, last] = names as [string, string, string];
  const end = (n: number, namespace: string, addresses: readonly string[]): End => ({
    namespace,
    name: `x${n}${id}`,
    mac: `02:00:00:00:00:0${n}`,
    addresses,
  });
  const v4: [string, string] = ["198.18.0.1", "198.18.0.2"];
  const v6: [string, string] = ["2001:db8::1", "2001:db8::2"];
  const [near, far] = [end(3, namespace, ["198.18.1.1"]), end(4, last, ["198.18.1.2"])];
  const [outside, inside] = [end(1, from, [v4[0], v6[0]]), end(2, namespace, [v4[1], v6[1]])];
  const lab: Lab = {
    from,
    namespace,
    peer: outside.name,
    interface: inside.name,
    address: v4[1],
    port: 5470,
    ends: { v4, v6 },
    behind: {
      namespace: last,
      interface: far.name,
      address: far.addresses[0]!,
      mac: far.mac,
      near: near.name,
      from: near.mac,
    },
    [Symbol.dispose]: () => {
      const made = ip("netns", "list").split("\n").map((line) => line.split(" ")[0]!);
      for (const name of names.filter((each) => made.includes(each))) ip("netns", "del", name);
    },
  };
  try {
    for (const name of names) ip("netns", "add", name);
    connect(outside, inside);
    connect(near, far);
    return lab;
  } catch (error) {
    lab[Symbol.dispose]();
    throw error;
  }
}
