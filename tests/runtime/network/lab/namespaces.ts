/**
 * Three hosts in network namespaces: a sender, a NIC and a receiver. They reach each other through a wire, or through
 * a kernel that drops packets at random.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { ip } from "../../../../scripts/xdp/lab.ts";
import type { WireEnd } from "./wire.ts";

/** Roles of the hosts. */
export const ROLES = ["sender", "nic", "receiver"] as const;
/** Role of a host. */
export type Role = (typeof ROLES)[number];

/** A host: its namespace, its interface and its addresses. */
export interface Host extends WireEnd {
  readonly role: Role;
  readonly v4: string;
  readonly v6: string;
}

/** Options of the hosts. */
export interface HostOptions {
  /** Maximum bytes of an IP packet. Default 1500. */
  readonly mtu?: number | undefined;
  /**
   * What joins the hosts. `wire`: TUN interfaces, for a program that forwards. `kernel`: veth pairs and a router.
   */
  readonly joinedBy: "wire" | "kernel";
}

/** Open hosts. Disposing removes them. */
export interface Hosts extends Disposable {
  readonly hosts: readonly Host[];
  /** Makes the router drop packets at random, in thousandths. With hosts at a wire this throws. */
  drop(perMille: number): void;
  /** Packets that the router dropped. */
  dropped(): number;
}

/** Packets that an interface queues. */
const QUEUE = "4096";

/** Makes the namespaces. */
export function openHosts({ mtu = 1500, joinedBy }: HostOptions): Hosts {
  const id = randomBytes(3).toString("hex");
  const router = `onpath-${id}-router`;
  const hosts = ROLES.map((role, n): Host => {
    const [v4, v6] = [`198.18.${n + 1}.1`, `2001:db8:${n + 1}::1`];
    return { role, namespace: `onpath-${id}-${role}`, name: `h${n}${id}`, v4, v6, addresses: [v4, v6] };
  });
  const isRouted = joinedBy === "kernel";
  const names = [...hosts.map(({ namespace }) => namespace), ...isRouted ? [router] : []];
  const close = () => {
    const made = ip("netns", "list").split("\n").map((line) => line.split(" ")[0]!);
    for (const name of names.filter((each) => made.includes(each))) ip("netns", "del", name);
  };
  try {
    for (const name of names) {
      ip("netns", "add", name);
      ip("-n", name, "link", "set", "lo", "up");
    }
    for (const host of hosts) {
      if (isRouted) joinRouter(host, router, mtu);
      else joinWire(host, mtu);
    }
    if (isRouted) {
      const on = "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding";
      inside(router, "sh", "-c", on);
    }
    return {
      hosts,
      drop: (perMille) => setLoss(router, perMille),
      dropped: () => readLoss(router),
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Runs a program in a namespace and returns its output. */
function inside(namespace: string, ...words: string[]): string {
  return ip("netns", "exec", namespace, ...words);
}

function joinWire({ namespace, name, v4, v6 }: Host, mtu: number): void {
  const at = (...words: string[]) => ip("-n", namespace, ...words);
  at("tuntap", "add", "dev", name, "mode", "tun");
  at("link", "set", name, "mtu", String(mtu), "txqueuelen", QUEUE, "up");
  at("address", "add", `${v4}/32`, "dev", name);
  at("-6", "address", "add", `${v6}/128`, "dev", name, "nodad");
  at("route", "add", "default", "dev", name);
  at("-6", "route", "add", "default", "dev", name);
}

function joinRouter({ namespace, name, v4, v6 }: Host, router: string, mtu: number): void {
  const near = `r${name}`;
  // A segment of 64 KiB would be lost as one packet.
  const size = ["mtu", String(mtu), "gso_max_segs", "1", "txqueuelen", QUEUE];
  ip("-n", namespace, "link", "add", name, "type", "veth", "peer", near, "netns", router);
  const ends = [
    { at: namespace, dev: name, v4: `${v4}/24`, v6: `${v6}/64` },
    { at: router, dev: near, v4: `${v4.slice(0, -1)}2/24`, v6: `${v6.slice(0, -1)}2/64` },
  ];
  for (const end of ends) {
    ip("-n", end.at, "address", "add", end.v4, "dev", end.dev);
    ip("-n", end.at, "-6", "address", "add", end.v6, "dev", end.dev, "nodad");
    ip("-n", end.at, "link", "set", end.dev, ...size, "up");
  }
  ip("-n", namespace, "route", "add", "default", "via", `${v4.slice(0, -1)}2`);
  ip("-n", namespace, "-6", "route", "add", "default", "via", `${v6.slice(0, -1)}2`);
}

/** Drops packets that are forwarded, by nftables' random numbers. */
function setLoss(router: string, perMille: number): void {
  const rules = `table inet faults
delete table inet faults
table inet faults {
  chain forward {
    type filter hook forward priority 0
    meta l4proto { tcp, udp } numgen random mod 1000 < ${perMille} counter drop
  }
}
`;
  execFileSync("ip", ["netns", "exec", router, "nft", "-f", "-"], { input: rules });
}

function readLoss(router: string): number {
  const rules = inside(router, "nft", "list", "table", "inet", "faults");
  return Number(/counter packets (\d+)/.exec(rules)?.[1] ?? 0);
}
