import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { setImmediate } from "node:timers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { batchOf, DatagramList, type ReceivedBatch } from "../../../runtime/network/socket/batch.ts";
import { openLinuxDatagram, whyPortable } from "../../../runtime/network/socket/linux.ts";
import { openPortableDatagram } from "../../../runtime/network/socket/portable.ts";
import { bundleForNode } from "../xrt/child.ts";
import { test } from "../helpers.ts";
import { SOCKET_CASES, until } from "./socket_cases.ts";

const CHILD = fileURLToPath(new URL("children/sockets.ts", import.meta.url));
const listen = { host: "127.0.0.1", port: 0 };
const lacks = await whyPortable();

function linuxTest(name: string, fn: () => Promise<void>): void {
  if (lacks === undefined) test(name, fn);
  else Deno.test({ name: `${name} (skipped: ${lacks})`, ignore: true, fn });
}

for (const { name, run } of SOCKET_CASES) {
  test(`openPortableDatagram() ${name}`, () => run(openPortableDatagram));
  linuxTest(`openLinuxDatagram() ${name}`, () => run(openLinuxDatagram));
  linuxTest(
    `openLinuxDatagram() with coalesced reads ${name}`,
    () => run((options, wait) => openLinuxDatagram({ ...options, coalesces: true }, wait)),
  );
}

linuxTest("openLinuxDatagram() with coalesced reads reads at most once a millisecond", async () => {
  let last = -Infinity, least = Infinity, isFull = true, gaps = 0, sent = 0;
  const onDatagrams = ({ count }: ReceivedBatch) => {
    const now = performance.now();
    // A call that is full is followed by another one at once.
    if (!isFull) {
      least = Math.min(least, now - last);
      gaps++;
    }
    [last, isFull] = [now, count >= 16];
  };
  const to = await openLinuxDatagram({ listen, onDatagrams, coalesces: true });
  const from = await openLinuxDatagram({ listen, onDatagrams: () => {} });
  // On a busy machine many datagrams come with each call.
  while (gaps < 20 && sent < 100_000) {
    await from.send(batchOf([Uint8Array.of(sent++)]), to.local);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => to.counts.received === sent, "the arrival");
  await Promise.all([from.close(), to.close()]);
  // Timers may fire a little early.
  assert(gaps >= 20 && least > 0.8, `${least} ms between ${gaps} reads`);
});

// In a process of its own: other test files open files beside this one.
linuxTest("openDatagram() opens a socket of Linux, and leaves no file open", async () => {
  const args = ["run", "-A", "--no-check", "--quiet", CHILD, "files"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  const { kinds, counts, refused } = JSON.parse(stdout);
  assert.deepEqual(kinds, ["linux"]);
  assert.equal(refused, true);
  // Three sockets, an epoll and an eventfd for all.
  assert.deepEqual(counts, [5, 0, 5, 0, 5, 0, 0]);
});

linuxTest(
  "openLinuxDatagram() joins equal datagrams for the kernel, and gets them as one batch",
  async () => {
    const counts: number[] = [];
    const to = await openLinuxDatagram({ listen, onDatagrams: ({ count }) => void counts.push(count) });
    const from = await openLinuxDatagram({ listen, onDatagrams: () => {} });
    const memory = new Uint8Array(1408), list = new DatagramList(memory);
    for (let n = 0; n < 460; n++) list.add(0, memory.length);
    await from.send(list, to.local);
    await until(() => to.counts.received === 460, "the arrival");
    assert.deepEqual(counts, [460]);
    await Promise.all([from.close(), to.close()]);
  },
);

linuxTest("openLinuxDatagram() reads no further before the promise of a batch resolves", async () => {
  const batches: string[] = [];
  let release = Promise.withResolvers<void>();
  const to = await openLinuxDatagram({
    listen,
    onDatagrams: ({ bytes, count, offsets }) => {
      batches.push(Array.from({ length: count }, (_, n) => bytes[offsets[n]!]!).join());
      return release.promise;
    },
  });
  const from = await openLinuxDatagram({ listen, onDatagrams: () => {} });
  const send = (value: number) => from.send(batchOf([Uint8Array.of(value)]), to.local);
  await send(1);
  await until(() => batches.length === 1, "the first batch");
  for (const value of [2, 3]) await send(value);
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(batches, ["1"]);
  const first = release;
  release = Promise.withResolvers();
  first.resolve();
  await until(() => batches.length === 2, "the second batch");
  assert.deepEqual(batches, ["1", "2,3"]);
  // A close does not wait for it.
  await Promise.all([from.close(), to.close()]);
  release.resolve();
});

linuxTest("openLinuxDatagram() takes no processor time while nothing arrives", async () => {
  const to = await openLinuxDatagram({ listen, onDatagrams: () => {} });
  await to.send(batchOf([Uint8Array.of(1)]), to.local);
  await until(() => to.counts.received === 1, "the arrival");
  // Nanoseconds of this thread alone: other tests run on others.
  const used = () => Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;
  const before = used();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const ms = used() - before;
  assert(ms < 50, `${ms} ms of processor time in 200 ms`);
  await to.close();
});

linuxTest("openLinuxDatagram() goes on after a callback that throws", async () => {
  const errors: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    errors.push(event.error);
  };
  globalThis.addEventListener("error", listener);
  const to = await openLinuxDatagram({
    listen,
    onDatagrams: () => {
      throw new Error("burnt");
    },
  });
  for (const count of [1, 2]) {
    await to.send(batchOf([Uint8Array.of(count)]), to.local);
    await until(() => errors.length === count, "the error");
  }
  assert.deepEqual(errors.map(String), ["Error: burnt", "Error: burnt"]);
  await to.close();
  globalThis.removeEventListener("error", listener);
});

const KOFFI = new URL("../../../node_modules/koffi", import.meta.url);

test("openDatagram() is portable without the permission for native code, and has the reason", async () => {
  const words = [
    "run",
    "--no-check",
    "--allow-net",
    "--allow-read",
    "--allow-env",
    "--allow-sys",
    CHILD,
    "kind",
  ];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 60_000 });
  const expected = { kind: "portable", fallbackReason: "this process lacks the permission --allow-ffi" };
  assert.deepEqual(JSON.parse(stdout), expected);
});

const nodeLacks = spawnSync("node", ["--version"]).status !== 0
  ? "node is missing"
  : existsSync(KOFFI)
  ? lacks
  : "the package koffi is missing";
Deno.test({
  name: `openDatagram() behaves equally in Node, with koffi${
    nodeLacks === undefined ? "" : ` (skipped: ${nodeLacks})`
  }`,
  ignore: nodeLacks !== undefined,
  fn: async () => {
    const [bundle] = await bundleForNode([CHILD], "mjs");
    const run = async (...words: string[]) => {
      const { stdout } = await promisify(execFile)("node", [bundle!, ...words], { timeout: 60_000 });
      return JSON.parse(stdout);
    };
    for (const kind of ["linux", "portable"]) {
      assert.deepEqual(await run("cases", kind), { kind, failures: [], leaked: 0 });
    }
  },
});
