import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PartyEvent } from "../../scripts/network/events.ts";
import { hostsLack } from "../../scripts/network/hosts.ts";
import { offloadAll } from "../support/cli.ts";
import { longTest } from "../support/long.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OFFLOAD = ["run", "-A", "--quiet", "--no-check", join(ROOT, "scripts/offload.ts")];

interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** What it has printed until now. */
  stdout(): string;
}

/** Starts a command line. */
function start(args: readonly string[]): Program {
  const child = spawn(Deno.execPath(), [...OFFLOAD, ...args], { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "", stderr = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const ended = new Promise<Awaited<Program["ended"]>>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr }))
  );
  return { child, ended, stdout: () => stdout };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until a condition holds; a minute at most. */
async function until<T>(find: () => T | undefined, what: string): Promise<T> {
  for (let n = 0; n < 2400; n++) {
    const found = find();
    if (found !== undefined) return found;
    await pause(25);
  }
  throw new Error(`${what} did not happen`);
}

/** A process, its namespace, and whether it is one of the three programs. */
interface Descendant {
  readonly pid: number;
  readonly net: string;
  readonly words: readonly string[];
}

function descendantsOf(parent: number): Descendant[] {
  const found: Descendant[] = [];
  const parents = new Set([parent]);
  for (const pid of readdirSync("/proc").map(Number).filter((each) => each > 0).sort((a, b) => a - b)) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (!parents.has(Number(ppid)) || state === "Z") continue;
      parents.add(pid);
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      found.push({ pid, net: readlinkSync(`/proc/${pid}/ns/net`), words });
    } catch (error) {
      // The process has ended meanwhile.
      if (!["ENOENT", "ESRCH"].includes((error as { code?: string }).code ?? "")) throw error;
    }
  }
  return found;
}

/** Namespaces that any process is in. */
function namespaces(): Set<string> {
  const found = new Set<string>();
  for (const pid of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      found.add(readlinkSync(`/proc/${pid}/ns/net`));
    } catch (error) {
      if (!["ENOENT", "ESRCH", "EACCES"].includes((error as { code?: string }).code ?? "")) throw error;
    }
  }
  return found;
}

/** Checks that processes have ended, and that no process is in their namespaces. */
async function assertGone(before: readonly Descendant[]): Promise<void> {
  const own = readlinkSync("/proc/self/ns/net");
  await until(() => {
    const isAlive = ({ pid, words }: Descendant) => {
      try {
        // An ended process that nobody waits for has an empty command line.
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] === words[0];
      } catch {
        return false;
      }
    };
    const left = namespaces();
    const isGone = before.every((each) => !isAlive(each) && (each.net === own || !left.has(each.net)));
    return isGone ? true : undefined;
  }, "the end of all processes and namespaces");
}

const ALL_FAULTS = "--loss 0.03 --duplicate 0.02 --reorder 0.1 --corrupt 0.01 --delay 2 --seed 3".split(" ");
/** A loaded machine may take long. */
const PATIENT = ["--timeout", "120000"];
const HOSTS_LACK = await hostsLack();
const KIND = HOSTS_LACK === null ? "namespaces" : "loopback";

interface Printed {
  readonly hosts: string;
  readonly instead?: string;
  readonly kills: number;
  readonly inputs: readonly {
    name: string;
    labels: string[];
    equal: number;
    packets: number;
    repeats: number;
  }[];
  readonly processes: Readonly<Record<string, { received: number; sent: number; path: { lost: number } }>>;
}

function checkPrinted(stdout: string, inputs: number): Printed {
  const printed = JSON.parse(stdout) as Printed;
  for (const { equal, labels } of printed.inputs) assert.deepEqual([equal, labels.length], [inputs, inputs]);
  return printed;
}

longTest("offload network carries all samples on three hosts through all faults", async () => {
  const args = ["network", "--inputs", "3", ...ALL_FAULTS, ...PATIENT, "--json"];
  const { code, stdout, stderr } = await start(args).ended;
  assert.equal(code, 0, stderr);
  const { inputs, hosts, processes } = checkPrinted(stdout, 3);
  assert.equal(hosts, KIND);
  assert.deepEqual(inputs.map(({ name }) => name), ["photograph", "prompt", "cache"]);
  assert(processes["sender"]!.path.lost > 0 && processes["receiver"]!.path.lost > 0);
  assert(inputs[0]!.repeats > 0);
});

longTest("offload network survives a NIC that is killed in the middle, on loopback over IPv6", async () => {
  const args = ["network", "--loopback", "--ipv6", "--restart-nic", "--inputs", "4", "--delay", "2"];
  const { code, stdout, stderr } = await start([
    ...args,
    "--samples",
    "photograph,cache",
    ...PATIENT,
    "--json",
  ]).ended;
  assert.equal(code, 0, stderr);
  const { hosts, instead, kills } = checkPrinted(stdout, 4);
  assert.deepEqual([hosts, instead, kills], ["loopback", "--loopback was given", 1]);
});

/** Starts a demo that takes long, and waits until its three programs are there and packets pass. */
async function startLong(): Promise<{ demo: Program; children: Descendant[]; programs: Descendant[] }> {
  const samples = ["--samples", "photograph", "--inputs", "100000"];
  const demo = start(["network", ...samples, "--loss", "0.01"]);
  const found = await until(() => {
    const children = descendantsOf(demo.child.pid!);
    const programs = children.filter(({ words }) => words.includes("--until-eof"));
    const ports = programs.length === 3 && programs.every(({ pid }) => hasSocket(pid));
    return ports ? { children, programs } : undefined;
  }, "the start of three programs");
  if (HOSTS_LACK === null) {
    assert.equal(new Set(found.programs.map(({ net }) => net)).size, 3, "each has its namespace");
    assert(!found.programs.some(({ net }) => net === readlinkSync("/proc/self/ns/net")));
  }
  return { demo, ...found };
}

/** Whether a process has opened a UDP socket in its namespace. */
function hasSocket(pid: number): boolean {
  try {
    return ["udp", "udp6"].some((name) =>
      readFileSync(`/proc/${pid}/net/${name}`, "utf8").split("\n").length > 2
    );
  } catch {
    return false;
  }
}

longTest("offload network leaves no process and no namespace after SIGTERM", async () => {
  const { demo, children } = await startLong();
  Deno.kill(demo.child.pid!, "SIGTERM");
  const { code, stderr } = await demo.ended;
  assert.equal(code, 143, stderr);
  assert.match(stderr, /Interrupted by SIGTERM/);
  await assertGone(children);
});

longTest("offload network leaves no process and no namespace after SIGKILL", async () => {
  const { demo, children } = await startLong();
  Deno.kill(demo.child.pid!, "SIGKILL");
  await demo.ended;
  await assertGone(children);
});

for (const [role, at] of [["nic", "nic"], ["sender", "send"]] as const) {
  longTest(`offload network ends with one error and leaves nothing if the ${role} dies`, async () => {
    const { demo, children, programs } = await startLong();
    Deno.kill(programs.find(({ words }) => words.includes(at))!.pid, "SIGKILL");
    const { code, stderr } = await demo.ended;
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`^error: Cannot go on: the process of the ${role} has ended, signal SIGKILL\n$`),
    );
    await assertGone(children);
  });
}

/** The events that a program has printed as lines of JSON. */
function eventsOf({ stdout }: Program): PartyEvent[] {
  return stdout().split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

longTest("offload nic, network receive and network send run a plan file as three commands", async () => {
  const folder = await mkdtemp(join(tmpdir(), "onpath-network-"));
  const running: Program[] = [];
  const startReady = async (args: readonly string[]) => {
    const program = start([...args, "--json"]);
    running.push(program);
    const ready = await until(
      () => eventsOf(program).find(({ ready }) => ready)?.ready,
      `${args[0]} to be ready`,
    );
    return { program, ready };
  };
  try {
    const plan = join(folder, "photo.plan"), photo = "scripts/photos/rocket.jpg";
    const compiled = ["plan", "examples/pipeline.json", "--input", photo, "--packet-layout", "cells"];
    const local = ["run", "--plan", plan, "--input", photo, "--output", join(folder, "local.safetensors")];
    const ends = await offloadAll(ROOT, [[...compiled, "--output", plan], local]);
    assert.deepEqual(ends.map(({ code }) => code), [0, 0], ends.map(({ stderr }) => stderr).join());
    const nic = await startReady(["nic", "--interval", "50"]);
    const receive = ["network", "receive", "--nic", nic.ready.control!, "--plan", plan, "--output"];
    const receiver = await startReady([...receive, join(folder, "results")]);
    const ends2 = ["--nic", nic.ready.control!, "--receiver", receiver.ready.control!];
    const send = [
      "network",
      "send",
      ...ends2,
      "--plan",
      plan,
      "--compare",
      photo,
      "--loss",
      "0.02",
      "--json",
    ];
    const sent = await start(send).ended;
    assert.equal(sent.code, 0, sent.stderr);
    for (const { program } of [nic, receiver]) Deno.kill(program.child.pid!, "SIGINT");
    for (const { program } of [nic, receiver]) assert.equal((await program.ended).code, 0);
    const written = await readdir(join(folder, "results"));
    assert.deepEqual(written, ["1-rocket.jpg.safetensors"]);
    assert.deepEqual(
      await readFile(join(folder, "results", written[0]!)),
      await readFile(join(folder, "local.safetensors")),
    );
    const { output } = eventsOf(receiver.program).find((event) => event.output !== undefined)!;
    const report = sent.stdout.trim().split("\n").map((line) => JSON.parse(line) as PartyEvent);
    assert.deepEqual(report.find((event) => event.sent)!.sent!.expected, [output!.sha256]);
    const end = eventsOf(nic.program).at(-1)!.end!;
    assert(end.received > 0 && end.more["requests"]! > 0 && end.cpuMs > 0);
  } finally {
    for (const { child } of running) child.kill("SIGKILL");
    await Promise.all(running.map(({ ended }) => ended));
    await rm(folder, { recursive: true });
  }
});

longTest("offload nic ends with its standard input if told so, and prints its counts", async () => {
  const nic = start(["nic", "--until-eof", "--json"]);
  await until(() => eventsOf(nic).find(({ ready }) => ready), "the NIC to be ready");
  nic.child.stdin!.end();
  const { code, stdout, stderr } = await nic.ended;
  assert.equal(code, 0, stderr);
  const { end } = JSON.parse(stdout.trim().split("\n").at(-1)!) as PartyEvent;
  assert.deepEqual([end!.received, end!.sent, end!.dropped], [0, 0, {}]);
});
