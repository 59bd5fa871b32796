/**
 * Three hosts in network namespaces: a sender, a NIC that routes, and a receiver, joined by veth pairs.
 *
 * The namespaces have no names. Each exists while a process is in it, and its holder ends with this process, so
 * nothing remains even after SIGKILL.
 *
 * @module
 */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { promisify } from "node:util";
import { OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";

/** Milliseconds that one program of the set-up may take. */
const PROGRAM_MS = 10_000;

/** Names of the hosts, in their order on the path. */
export const HOST_NAMES = ["sender", "nic", "receiver"] as const;

/** Name of a host. */
export type HostName = typeof HOST_NAMES[number];

/** A host in a namespace of its own. */
export interface Host {
  /** Name of the host. */
  readonly name: HostName;
  /** IPv4 address that the other hosts reach. */
  readonly v4: string;
  /** IPv6 address that the other hosts reach. */
  readonly v6: string;
  /** Interfaces: one of the sender and of the receiver, two of the NIC. */
  readonly interfaces: readonly string[];
  /** Words before a command line that runs it on this host. */
  readonly prefix: readonly string[];
  /** Process that holds the namespace. */
  readonly holder: number;
}

/** Open hosts. */
export interface Hosts extends AsyncDisposable, Readonly<Record<HostName, Host>> {
  /** Ends the holders. A namespace vanishes with its last process. */
  close(): Promise<void>;
}

/** Options of {@linkcode openHosts}. */
export interface HostsOptions extends WaitOptions {
  /** Bytes of an IP packet that the links take. Default 1500. */
  readonly mtu?: number | undefined;
}

const ADDRESSES = {
  sender: { v4: "198.18.0.1", v6: "2001:db8::1" },
  nic: { v4: "198.18.0.2", v6: "2001:db8::2" },
  receiver: { v4: "198.18.1.2", v6: "2001:db8:1::2" },
} as const;

/** Addresses of the NIC on the receiver's link. */
const NIC_BEHIND = { v4: "198.18.1.1", v6: "2001:db8:1::1" } as const;

/**
 * Reason why namespaces cannot be made by this process, or null.
 *
 * @param wait Timeout and signal of the trial.
 */
export async function hostsLack(wait: WaitOptions = {}): Promise<string | null> {
  if (process.platform !== "linux") return "network namespaces are a feature of Linux";
  if (process.getuid?.() !== 0) return "network namespaces need root rights";
  const missing = ["ip", "nsenter", "unshare"].find((name) => !hasProgram(name));
  if (missing !== undefined) return `the program ${missing} is missing`;
  try {
    await run(["unshare", "--net", "ip", "link"], wait);
    return null;
  } catch (error) {
    wait.signal?.throwIfAborted();
    return (error as Error).message;
  }
}

function hasProgram(name: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(":").filter((each) => each !== "");
  return folders.some((folder) => existsSync(`${folder}/${name}`));
}

/**
 * Makes the hosts. The NIC forwards between its two links, so that the receiver reaches the sender.
 *
 * @param options Size of packets, timeout and signal.
 * @throws {OnpathError} `device` if the system refuses; {@linkcode hostsLack} has the usual reasons. The signal's
 * reason.
 */
export async function openHosts(options: HostsOptions = {}): Promise<Hosts> {
  const { mtu = 1500, ...wait } = options;
  const holders: Holder[] = [];
  const close = async () => {
    await Promise.all(holders.map((each) => each.end()));
  };
  try {
    for (const name of HOST_NAMES) holders.push(await hold(name, wait));
    const [sender, nic, receiver] = holders.map(({ pid }) => pid) as [number, number, number];
    for (const pid of [sender, nic, receiver]) await inside(pid, ["ip", "link", "set", "lo", "up"], wait);
    await join(mtu, wait, { pid: sender, name: "to-nic", ...ADDRESSES.sender }, {
      pid: nic,
      name: "to-sender",
      ...ADDRESSES.nic,
    });
    await join(mtu, wait, { pid: nic, name: "to-receiver", ...NIC_BEHIND }, {
      pid: receiver,
      name: "to-nic",
      ...ADDRESSES.receiver,
    });
    const forward = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"]
      .filter((path) => existsSync(`/proc/sys/${path}`)).map((path) => `echo 1 > /proc/sys/${path}`);
    await inside(nic, ["sh", "-c", forward.join(" && ")], wait);
    await route(sender, ADDRESSES.nic, wait);
    await route(receiver, NIC_BEHIND, wait);
    const host = (name: HostName, holder: number, interfaces: readonly string[]): Host => ({
      name,
      ...ADDRESSES[name],
      interfaces,
      prefix: prefixOf(holder),
      holder,
    });
    return {
      sender: host("sender", sender, ["to-nic"]),
      nic: host("nic", nic, ["to-sender", "to-receiver"]),
      receiver: host("receiver", receiver, ["to-nic"]),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A process that keeps a namespace. */
interface Holder {
  readonly pid: number;
  /** Ends the process. */
  end(): Promise<void>;
}

/** Starts a process in a new namespace. It ends when its standard input does, so with this process at the latest. */
async function hold(name: HostName, wait: WaitOptions): Promise<Holder> {
  const child = spawn("unshare", ["--net", "sh", "-c", "echo ready && exec cat"], {
    stdio: ["pipe", "pipe", "pipe"],
    // A terminal's interruption is for the programs on the hosts, which end first.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const holder: Holder = {
    pid: child.pid ?? 0,
    end: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
  try {
    await bounded(`the namespace of the ${name}`, firstOutput(child), wait);
    return holder;
  } catch (error) {
    await holder.end();
    throw error;
  }
}

function firstOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const refuse = (why: string) =>
      reject(new OnpathError("device", `Cannot make a network namespace: ${why}`, {}));
    child.stderr!.on("data", (bytes: Uint8Array) => said += new TextDecoder().decode(bytes));
    child.stdout!.once("data", () => resolve());
    child.once("error", ({ message }) => refuse(message));
    child.once("close", () => refuse(said.trim() || "the program unshare has ended"));
  });
}

/** One end of a link. */
interface End {
  readonly pid: number;
  readonly name: string;
  readonly v4: string;
  readonly v6: string;
}

/** Joins two hosts by a veth pair. */
async function join(mtu: number, wait: WaitOptions, a: End, b: End): Promise<void> {
  const peer = ["peer", "name", b.name, "netns", String(b.pid)];
  await inside(a.pid, ["ip", "link", "add", a.name, "type", "veth", ...peer], wait);
  for (const { pid, name, v4, v6 } of [a, b]) {
    await inside(pid, ["ip", "address", "add", `${v4}/24`, "dev", name], wait);
    await inside(pid, ["ip", "address", "add", `${v6}/64`, "dev", name, "nodad"], wait);
    await inside(pid, ["ip", "link", "set", name, "mtu", String(mtu), "up"], wait);
  }
}

/** Sends all else of a host through the NIC. */
async function route(pid: number, { v4, v6 }: { v4: string; v6: string }, wait: WaitOptions): Promise<void> {
  await inside(pid, ["ip", "route", "add", "default", "via", v4], wait);
  await inside(pid, ["ip", "-6", "route", "add", "default", "via", v6], wait);
}

function prefixOf(pid: number): readonly string[] {
  return ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];
}

async function inside(pid: number, words: readonly string[], wait: WaitOptions): Promise<void> {
  await run([...prefixOf(pid), ...words], wait);
}

async function run([program, ...words]: readonly string[], { signal }: WaitOptions): Promise<void> {
  try {
    await promisify(execFile)(program!, words, { timeout: PROGRAM_MS, signal });
  } catch (cause) {
    signal?.throwIfAborted();
    const { stderr, message } = cause as Error & { stderr?: string };
    const why = stderr?.trim().split("\n").at(-1) || message;
    throw new OnpathError("device", `Cannot make hosts in network namespaces: ${why}`, {}, { cause });
  }
}
