/**
 * Network of the lab: hosts in namespaces, with a second link that a program forwards.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Host, HOST_NAMES, type HostName, openHosts } from "../../../../scripts/network/hosts.ts";
import type { WireEnd } from "./wire.ts";

/** A host with the addresses that the lab uses. */
export type LabHost = Pick<Host, "v4" | "v6" | "prefix">;

/** An open network. */
export interface Network extends AsyncDisposable {
  readonly hosts: Readonly<Record<HostName, LabHost>>;
  /** Ends for a wire. */
  readonly ends: readonly WireEnd[];
  /** Gives the interfaces of a wire their addresses and routes. */
  join(): Promise<void>;
}

/** Name of the wire's interface on each host. */
const NAME = "wire";
/** Packets that an interface queues. */
const QUEUE = "4096";

/**
 * Makes hosts.
 *
 * @param joinedBy What carries the packets. `kernel`: veth pairs. `wire`: TUN interfaces, which a program makes.
 * @param mtu Maximum bytes of an IP packet.
 */
export async function openNetwork(joinedBy: "wire" | "kernel", mtu: number): Promise<Network> {
  const hosts = await openHosts({ mtu });
  const isWire = joinedBy === "wire";
  const addresses = (n: number) => ({ v4: `198.19.0.${n + 1}`, v6: `2001:db8:9::${n + 1}` });
  const entries = HOST_NAMES.map((name, n): [HostName, LabHost] => [
    name,
    { ...hosts[name], ...isWire ? addresses(n) : {} },
  ]);
  const join = async () => {
    for (const [, { prefix, v4, v6 }] of entries) {
      const ip = (...words: string[]) => run([...prefix, "ip", ...words]);
      await ip("link", "set", NAME, "mtu", String(mtu), "txqueuelen", QUEUE, "up");
      await ip("address", "add", `${v4}/24`, "dev", NAME);
      await ip("address", "add", `${v6}/64`, "dev", NAME, "nodad");
    }
  };
  try {
    // A segment of 64 KiB would be lost as one packet.
    for (const name of HOST_NAMES) {
      for (const link of hosts[name].interfaces) {
        await run([...hosts[name].prefix, "ip", "link", "set", link, "gso_max_segs", "1"]);
      }
    }
    return {
      hosts: Object.fromEntries(entries) as Record<HostName, LabHost>,
      ends: entries.map(([name, { v4, v6 }]) => ({
        holder: hosts[name].holder,
        name: NAME,
        addresses: [v4, v6],
      })),
      join,
      [Symbol.asyncDispose]: () => hosts.close(),
    };
  } catch (error) {
    await hosts.close();
    throw error;
  }
}

/**
 * Makes a host drop packets for it at random, by nftables.
 *
 * @param prefix Words that select the host.
 * @param perMille Packets of a thousand.
 */
export async function dropAtRandom(prefix: readonly string[], perMille: number): Promise<void> {
  const lines = ["table inet faults", "delete table inet faults"];
  if (perMille > 0) {
    lines.push(
      "table inet faults {",
      "chain arriving {",
      "type filter hook input priority 0",
      `meta l4proto { tcp, udp } numgen random mod 1000 < ${perMille} counter drop`,
      "}",
      "}",
    );
  }
  await run([...prefix, "nft", lines.join("\n")]);
}

/** Packets that {@linkcode dropAtRandom} has dropped at a host. */
export async function countDropped(prefix: readonly string[]): Promise<number> {
  const rules = await run([...prefix, "nft", "list table inet faults"]);
  return Number(/counter packets (\d+)/.exec(rules)?.[1] ?? 0);
}

async function run([program, ...words]: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program!, words, { timeout: 10_000, encoding: "utf8" });
  return stdout;
}
