/**
 * Three programs on a path: a sender, a NIC and a receiver. Samples go through, and each result is compared with the
 * local one.
 *
 * @module
 */

import { LOOPBACK } from "../../runtime/network/address.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { bounded, deferred } from "../../serialize/wait.ts";
import { type Child, startChild } from "./child.ts";
import {
  addPaths,
  type Emit,
  NO_COUNTS,
  type OutputEvent,
  type PartyCounts,
  type SentEvent,
} from "./events.ts";
import { HOST_NAMES, type HostName, type Hosts } from "./hosts.ts";
import { SAMPLE_VOCABULARY, type SampleName } from "./samples.ts";

/** Milliseconds in which all programs are ready. The first start may download packages. */
const READY_MS = 300_000;
/** Milliseconds between two counts of a program. */
const INTERVAL_MS = 100;

/** Options of {@linkcode runDemo}. */
export interface DemoOptions {
  /** Command line of this program, without arguments. */
  readonly program: readonly string[];
  /** Namespaces for the programs; undefined for loopback. */
  readonly hosts?: Hosts | undefined;
  /** Whether the hosts use IPv6. */
  readonly isIPv6: boolean;
  /** Samples to send. */
  readonly samples: readonly SampleName[];
  /** Times that each sample is sent. */
  readonly inputs: number;
  /** Options for the NIC, the receiver and the sender alike, such as the device. */
  readonly shared: readonly string[];
  /** Options for the receiver and the sender: faults of the paths, and their seed. */
  readonly faults: readonly string[];
  /** Options for the sender alone. */
  readonly sender: readonly string[];
  /** Whether the NIC is killed in the middle, and started again. */
  readonly restartNic: boolean;
  /** Ends the programs. */
  readonly signal: AbortSignal;
  /** Called with the counts of all programs, after each change. */
  readonly onCounts: (counts: ReadonlyMap<HostName, PartyCounts>) => void;
}

/** A sample that was sent, and how its results compare. */
export interface ComparedSample extends SentEvent {
  /** Results that have the bytes of the local one and came once. */
  readonly equal: number;
}

/** Result of {@linkcode runDemo}. */
export interface DemoResult {
  /** Samples, in the order of sending. */
  readonly samples: readonly ComparedSample[];
  /** Counts of the programs. Those of a NIC that was restarted are added. */
  readonly counts: ReadonlyMap<HostName, PartyCounts>;
  /** Times that the NIC was killed. */
  readonly kills: number;
}

/**
 * Runs the programs. All of them have ended when the promise settles.
 *
 * @param options Programs, samples and faults.
 * @throws {OnpathError} `device` if a program ends early, with its reason; `timeout`; the signal's reason.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const path = new Path(options);
  try {
    await path.run();
  } finally {
    await path.stop();
  }
  return path.result();
}

class Path {
  readonly #options: DemoOptions;
  readonly #children = new Map<HostName, Child>();
  // In the order of the path.
  readonly #counts = new Map<HostName, PartyCounts>(HOST_NAMES.map((name) => [name, NO_COUNTS]));
  readonly #sent: SentEvent[] = [];
  readonly #outputs: OutputEvent[] = [];
  readonly #failure = deferred<never>();
  /** Counts of a NIC that was killed. */
  #before: PartyCounts | undefined;
  #kills = 0;
  #isStopping = false;

  constructor(options: DemoOptions) {
    this.#options = options;
    this.#failure.promise.catch(() => {});
  }

  async run(): Promise<void> {
    const { samples, inputs, faults, sender: own, signal } = this.#options;
    const wait = { signal, timeoutMs: READY_MS };
    this.#options.onCounts(this.#counts);
    const work = ["--samples", samples.join(","), ...faults];
    // All start at once. The addresses follow by standard input, because only the other programs know them.
    const nic = this.#startNic("0", "0");
    const receiver = this.#start("receiver", [
      ...["network", "receive", "--nic", "-", "--control", this.#address("receiver", "0")],
      ...work,
    ]);
    const sender = this.#start("sender", [
      ...["network", "send", "--nic", "-", "--receiver", "-", "--compare", "--repeat", String(inputs)],
      ...work,
      ...own,
    ]);
    const { control, data } = await this.#orFailure(nic.ready(wait));
    receiver.tell(control!);
    const { control: receiverControl } = await this.#orFailure(receiver.ready(wait));
    sender.tell(control!);
    sender.tell(receiverControl!);
    await this.#orFailure(sender.ready(wait));
    const sending = sender.ended.then((why) => {
      if (why !== null) throw lost(sender, why);
    });
    if (this.#options.restartNic) await this.#restartNic(data, control!, sending);
    await this.#orFailure(bounded("the sender", sending, { signal, timeoutMs: 2 ** 31 - 1 }));
  }

  /** Kills the NIC once it has taken requests, and starts another one at its addresses. */
  async #restartNic(data: string, control: string, sending: Promise<void>): Promise<void> {
    const { signal } = this.#options;
    const isBusy = new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if ((this.#counts.get("nic")?.more["requests"] ?? 0) === 0 && !signal.aborted) return;
        clearInterval(timer);
        resolve();
      }, 5);
      void Promise.allSettled([Promise.race([sending, this.#failure.promise])]).then(() => {
        clearInterval(timer);
        resolve();
      });
    });
    await isBusy;
    signal.throwIfAborted();
    const killed = this.#children.get("nic")!;
    this.#children.delete("nic");
    await killed.stop("SIGKILL");
    this.#kills++;
    this.#before = this.#counts.get("nic");
    this.#startNic(portOf(data), portOf(control));
  }

  #startNic(data: string, control: string): Child {
    const addresses = ["--listen", this.#address("nic", data), "--control", this.#address("nic", control)];
    const needsVocabulary = this.#options.samples.includes("prompt");
    return this.#start("nic", [
      "nic",
      ...addresses,
      ...needsVocabulary ? ["--vocab", SAMPLE_VOCABULARY] : [],
    ]);
  }

  #address(name: HostName, port: string): string {
    const { hosts, isIPv6 } = this.#options;
    if (isIPv6) return `[${hosts?.[name].v6 ?? "::1"}]:${port}`;
    return `${hosts?.[name].v4 ?? LOOPBACK}:${port}`;
  }

  #start(name: HostName, words: readonly string[]): Child {
    const { hosts, program, shared } = this.#options;
    const line = [...hosts?.[name].prefix ?? [], ...program, ...words, ...shared];
    const every = ["--interval", String(INTERVAL_MS), "--until-eof", "--json"];
    const child: Child = startChild(name, [...line, ...every], (event) => this.#take(name, event));
    this.#children.set(name, child);
    void child.ended.then((why) => {
      const isOver = this.#isStopping || this.#children.get(name) !== child;
      if (!isOver && !(name === "sender" && why === null)) this.#failure.reject(lost(child, why));
    });
    return child;
  }

  #take(name: HostName, { counts, end, output, sent }: Parameters<Emit>[0]): void {
    if (output !== undefined) this.#outputs.push(output);
    if (sent !== undefined) this.#sent.push(sent);
    const latest = end ?? counts;
    if (latest === undefined) return;
    const isNext = name === "nic" && this.#before !== undefined;
    this.#counts.set(name, isNext ? addCounts(this.#before!, latest) : latest);
    this.#options.onCounts(this.#counts);
  }

  #orFailure<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#failure.promise]);
  }

  /** Ends all programs; the counts are then complete. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#children.values()].map((child) => child.stop()));
  }

  /** Compares the results. All programs have ended, so that all events are here. */
  result(): DemoResult {
    const samples = this.#sent.map((sent): ComparedSample => {
      const equal = sent.labels.filter((label, n) => {
        const found = this.#outputs.filter((output) => output.label === label);
        return found.length === 1 && found[0]!.sha256 === sent.expected[n];
      });
      return { ...sent, equal: equal.length };
    });
    return { samples, counts: this.#counts, kills: this.#kills };
  }
}

function lost({ name }: Child, why: string | null): OnpathError {
  return new OnpathError(
    "device",
    `Cannot go on: the process of the ${name} has ended, ${why ?? "exit code 0"}`,
    { name },
  );
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(":") + 1);
}

/** Adds the counts of two runs of a program. */
function addCounts(a: PartyCounts, b: PartyCounts): PartyCounts {
  const add = (x: Readonly<Record<string, number>>, y: Readonly<Record<string, number>>) =>
    Object.fromEntries([...new Set([...Object.keys(x), ...Object.keys(y)])]
      .map((name) => [name, (x[name] ?? 0) + (y[name] ?? 0)]));
  return {
    seconds: a.seconds + b.seconds,
    cpuMs: a.cpuMs + b.cpuMs,
    received: a.received + b.received,
    sent: a.sent + b.sent,
    repeats: a.repeats + b.repeats,
    dropped: add(a.dropped, b.dropped),
    path: addPaths([a.path, b.path]),
    more: { ...b.more, requests: (a.more["requests"] ?? 0) + (b.more["requests"] ?? 0) },
  };
}
