import assert from "node:assert/strict";
import fc from "fast-check";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { compile } from "../../kernels/compile.ts";
import { memoize } from "../../kernels/memoize/memo.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import type { TokenizePlan } from "../../kernels/tokenize/plan/plan.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { LOOPBACK, parseAddress } from "../../runtime/network/address.ts";
import { offload } from "../../runtime/offload.ts";
import { tensor } from "../../serialize/tensor.ts";
import { refuseDifferences } from "../../scripts/cli/commands/network.ts";
import { planDevice } from "../../scripts/cli/devices.ts";
import { type DemoResult, runDemo } from "../../scripts/network/demo.ts";
import type { PartyEvent } from "../../scripts/network/events.ts";
import { HOST_NAMES, hostsLack, openHosts } from "../../scripts/network/hosts.ts";
import { runNic } from "../../scripts/network/nic_party.ts";
import { runReceiver } from "../../scripts/network/receiver_party.ts";
import { loadResources } from "../../scripts/network/resources.ts";
import { encodeResult } from "../../scripts/network/results.ts";
import { loadSamples } from "../../scripts/network/samples.ts";
import { runSender } from "../../scripts/network/sender_party.ts";
import { offloadAll } from "../support/cli.ts";
import { refusal } from "../support/failure.ts";
import { tiny } from "../kernels/tokenize/small_vocabularies.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PHOTO = new URL("../../scripts/photos/coffee.png", import.meta.url);
const { signal } = new AbortController();
const HOSTS_LACK = await hostsLack();

/** Waits for an event of one kind; keeps all. */
function collect() {
  const events: PartyEvent[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  const emit = (event: PartyEvent) => {
    events.push(event);
    if (event.ready !== undefined) resolve(event.ready.control ?? "");
  };
  const ends = () => events.filter(({ end }) => end !== undefined).map(({ end }) => end!);
  return { events, emit, control: promise, ends };
}

Deno.test("runNic(), runReceiver() and runSender() carry a photograph through loss, and count it", async () => {
  const [photograph] = await loadSamples(["photograph"], { photo: PHOTO, device: MODEL_PROFILE, signal });
  const { plan, input } = photograph!;
  await using device = createModelDevice();
  const local = await offload(plan, input as never, device);
  const { sha256, bytes } = encodeResult(plan, local.output);
  const stop = new AbortController();
  const [nic, receiver, sender] = [collect(), collect(), collect()];
  const common = {
    intervalMs: 20,
    untilEof: false,
    jumbo: false,
    waitMs: 0,
    seed: 5,
    faults: { loss: 0.05 },
  };
  const free = { host: LOOPBACK, port: 0 };
  const openDevice = (plan: Plan) => planDevice(plan).open();
  const running = [
    runNic(
      { ...common, listen: free, control: free, openDevice, limits: {}, vocabularies: [] },
      stop.signal,
      nic.emit,
    ),
  ];
  const nicAddress = parseAddress(await nic.control);
  running.push(
    runReceiver(
      { ...common, nic: nicAddress, control: free, plans: [photograph!] },
      stop.signal,
      receiver.emit,
    ),
  );
  const works = [{ ...photograph!, inputs: [{ label: "a", input, expected: sha256 }] }];
  const to = { nic: nicAddress, receiver: parseAddress(await receiver.control) };
  await runSender({ ...common, ...to, works, atOnce: 2, timeoutMs: 60_000 }, signal, sender.emit);
  stop.abort();
  await Promise.all(running);
  const outputs = receiver.events.flatMap((event) => event.output ?? []);
  const [output, ...more] = outputs;
  assert.deepEqual(output, { label: "a", sender: LOOPBACK, sha256, bytes });
  assert.deepEqual(more, []);
  const [sent] = sender.events.flatMap((event) => event.sent ?? []);
  assert.deepEqual([sent!.labels, sent!.expected], [["a"], [sha256]]);
  const [nicEnd, receiverEnd, senderEnd] = [nic, receiver, sender].map(({ ends }) => ends()[0]!);
  // Each answer was lost, or arrived; so was each request.
  assert.equal(senderEnd!.sent, sent!.packets);
  assert(sent!.repeats > 0 && sent!.packets === 672 + sent!.repeats);
  assert(senderEnd!.path.lost > 0 && receiverEnd!.path.lost > 0);
  assert.equal(nicEnd!.path.lost, 0);
  assert(nicEnd!.received <= senderEnd!.sent);
  assert.equal(receiverEnd!.more["completed"], 1);
  for (const { events } of [nic, receiver, sender]) {
    assert.deepEqual(events.filter(({ ready }) => ready !== undefined).length, 1);
    assert(events.at(-1)!.end !== undefined, "the last event is the end");
  }
});

const SEND = ["network", "send", "--nic", "1", "--receiver", "1"];
const RECEIVE = ["network", "receive", "--nic", "1"];
const REFUSED: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [["nic", "--listen", "localhost:1"], /Expected an IP address and a port/],
  [["nic", "--control", "127.0.0.1:65536"], /Expected an IP address and a port/],
  [["nic", "--listen", "-"], /Expected an IP address and a port/],
  [["nic", "--pass-to", "[127.0.0.1]:5"], /Expected an IP address and a port/],
  [["nic", "--max-programs", "0"], /whole number from 1 to 1024/],
  [["nic", "--interval", "0"], /whole number from 1/],
  [["nic", "--device", "modell"], /Did you mean model|unknown/],
  [["nic", "extra"], /too many arguments/],
  [["network", "snd"], /unknown command 'snd'.*send/],
  [["network", "--loss", "1.5"], /Expected a number from 0 to 1/],
  [["network", "--reorder", "-0.1"], /Expected a number from 0 to 1/],
  [["network", "--corrupt", "x"], /Expected a number from 0 to 1/],
  [["network", "--duplicate", ""], /Expected a number from 0 to 1/],
  [["network", "--delay", "60001"], /whole number from 0 to 60000/],
  [["network", "--seed", "-1"], /whole number from 0/],
  [["network", "--inputs", "0"], /whole number from 1/],
  [["network", "--at-once", "65"], /whole number from 1 to 64/],
  [["network", "--samples", "photo"], /Expected different names.*photograph/],
  [["network", "--samples", "cache,cache"], /Expected different names/],
  [["network", "receive", "--samples"], /required option '--nic/],
  [RECEIVE, /either --plan <file> or --samples/],
  [[...RECEIVE, "--samples", "--plan", "a.plan"], /either --plan <file> or --samples/],
  [[...RECEIVE, "--plan", "a.plan", "--device", "model"], /--device is for --samples/],
  [[...RECEIVE, "--plan", "missing.plan"], /Cannot read missing.plan/],
  [[...RECEIVE, "--samples", "cache", "--wait", "0"], /Cannot connect to 127.0.0.1:1/],
  [["network", "send", "--nic", "1", "--samples"], /required option '--receiver/],
  [[...SEND, "--samples", "cache", "x.png"], /--samples has its own inputs/],
  [[...SEND, "--plan", "a.plan"], /expected files to send/],
  [[...SEND, "--plan", "a.plan", "--plan", "b.plan", "x.png"], /expected one --plan/],
  [[...SEND, "--samples", "cache", "--wait", "0"], /Cannot connect to 127.0.0.1:1/],
];

Deno.test("offload nic and network refuse wrong options by name", async () => {
  const ends = await offloadAll(ROOT, REFUSED.map(([args]) => [...args, "--json"]));
  for (const [n, { code, stdout, stderr }] of ends.entries()) {
    const [args, message] = REFUSED[n]!;
    const { error } = JSON.parse(stderr);
    assert.match(error.message, message, args.join(" "));
    assert.equal(stdout, "");
    assert.equal(code, ["device", "file"].includes(error.code) ? 1 : 2, args.join(" "));
  }
});

Deno.test("runDemo() counts a result as equal if it came once with the local digest", async () => {
  const cases: readonly (readonly [results: string, equal: number])[] = [
    ["right", 1],
    ["wrong", 0],
    ["right,right", 0],
  ];
  await Promise.all(cases.map(async ([results, equal]) => {
    const { samples } = await runFake({ PARTY_RESULTS: results });
    assert.equal(samples[0]!.equal, equal, results);
    if (equal === 1) refuseDifferences({ samples });
    else assert.throws(() => refuseDifferences({ samples }), refusal("packet", /1 of 1 differ/));
  }));
});

Deno.test("runDemo() ends with the reason of a program that has ended", async () => {
  const ending = runFake({ PARTY_RESULTS: "right", PARTY_ENDS: "nic" });
  await assert.rejects(ending, refusal("device", /of the nic has ended, exit code 1: Cannot listen: taken/));
});

/** Runs the demo with programs that only print events. */
function runFake(env: Readonly<Record<string, string>>): Promise<DemoResult> {
  const child = fileURLToPath(new URL("children/party.ts", import.meta.url));
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return runDemo({
    program: ["env", ...words, Deno.execPath(), "run", "-A", "--quiet", "--no-check", child],
    isIPv6: false,
    samples: ["photograph"],
    inputs: 1,
    shared: [],
    faults: [],
    sender: [],
    restartNic: false,
    signal,
    onCounts: () => {},
  });
}

Deno.test("loadResources() finds vocabularies by checksum, and never reads a file that a plan names", async () => {
  const vocabulary = await tiny();
  const plan = compile({ steps: [{ op: "tokenize" }] }, {
    vocabulary,
    device: MODEL_PROFILE,
  }) as TokenizePlan;
  const named = (name: string): Plan => {
    const { body } = plan;
    return { ...plan, body: { ...body, vocabulary: { ...body.vocabulary, name } } } as Plan;
  };
  const resourcesOf = await loadResources([], signal);
  for (const name of ["tiny", "./README.md", "/etc/passwd", "__proto__", "x.vocab"]) {
    await assert.rejects(resourcesOf(named(name)), refusal("plan", /is not loaded, expected --vocab <file>/));
  }
});

Deno.test("loadResources() refuses lookups by name", async () => {
  const resourcesOf = await loadResources([], signal);
  const input = tensor(Uint8Array.of(1, 2), { dtype: "u8", shape: [2] });
  const memo = memoize((x) => x ^ 3, { input: "u8", output: "u8" });
  const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device: MODEL_PROFILE });
  await assert.rejects(resourcesOf(plan), refusal("plan", /exists only in a program/));
});

Deno.test("encodeResult() gives different digests to different results", () => {
  const plan = { workload: "lookup" };
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(), (bytes, at) => {
    const result = (data: Uint8Array) =>
      encodeResult(plan, tensor(new Uint8Array(data), { dtype: "u8", shape: [data.length] }));
    const changed = bytes.slice();
    changed[at % bytes.length]! ^= 1;
    const { sha256, chunks, bytes: length } = result(bytes);
    assert.equal(sha256, result(bytes.slice()).sha256);
    assert.notEqual(sha256, result(changed).sha256);
    assert.equal(chunks.reduce((sum, chunk) => sum + chunk.length, 0), length);
  }));
});

Deno.test({
  name: `openHosts() makes three namespaces, which vanish when it is closed (${HOSTS_LACK ?? "can run"})`,
  ignore: HOSTS_LACK !== null,
  fn: async () => {
    const own = readlinkSync("/proc/self/ns/net");
    const hosts = await openHosts();
    const namespaces = HOST_NAMES.map((name) => readlinkSync(`/proc/${hosts[name].holder}/ns/net`));
    assert.equal(new Set([own, ...namespaces]).size, 4);
    for (const name of HOST_NAMES) {
      const links = readFileSync(`/proc/${hosts[name].holder}/net/dev`, "utf8");
      for (const each of hosts[name].interfaces) assert.match(links, new RegExp(`^ *${each}:`, "m"));
    }
    await hosts.close();
    for (const name of HOST_NAMES) assert(!existsSync(`/proc/${hosts[name].holder}`));
    assert.equal(readlinkSync(`/proc/${process.pid}/ns/net`), own);
  },
});

Deno.test({
  name: "openHosts() leaves nothing when it is aborted",
  ignore: HOSTS_LACK !== null,
  fn: async () => {
    const controller = new AbortController();
    const opening = openHosts({ signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 20);
    await assert.rejects(opening, /enough/);
  },
});
