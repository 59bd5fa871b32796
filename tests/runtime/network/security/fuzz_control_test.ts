import assert from "node:assert/strict";
import process from "node:process";
import { connect, type Socket } from "node:net";
import { encode } from "@msgpack/msgpack";
import { z } from "zod";
import { encodePlan } from "../../../../kernels/plan/file.ts";
import { MODEL_PROFILE } from "../../../../runtime/device/model.ts";
import type { Address } from "../../../../runtime/network/address.ts";
import { CONTROL_VERSION } from "../../../../runtime/network/channel.ts";
import { type ControlCounts, serveControl } from "../../../../runtime/network/connect.ts";
import { encodeFrame } from "../../../../runtime/network/frames.ts";
import { openNic } from "../../../../runtime/network/nic.ts";
import { openReceiver } from "../../../../runtime/network/receiver.ts";
import { IS_LONG_SUITE, sized } from "../../../support/long.ts";
import { random } from "../../../support/random.ts";
import { test } from "../../helpers.ts";
import { CELLS } from "../parties.ts";
import { sumOf } from "./fuzz.ts";

const MESSAGES = sized(100_000, 600);
/** Calls of one connection. */
const CALLS = sized(60, 14);
const plan = CELLS.compile(MODEL_PROFILE);
const bytes = encodePlan(plan);
const HELLO = encodeFrame({ hello: "onpath.control", version: CONTROL_VERSION, role: "fuzz" });
const token = "0".repeat(32);

/** Valid arguments of all functions of a NIC and a receiver. */
const CALLS_OF: readonly (readonly [string, unknown])[] = [
  ["describe", null],
  ["announce", { plan: bytes }],
  ["destination", { token, port: 9 }],
  ["flows", { flows: [1, 2], plan: plan.id, token }],
  ["close", { flows: [1, 2] }],
  ["stats", null],
  ["keys", { share: new Uint8Array(32) }],
  ["open", { plan: plan.id, flows: [5], description: { shape: [1, 2, 3] }, label: "x", port: 9 }],
  ["open", { plan: plan.id, flows: [], description: null, label: "", port: 9 }],
  ["resume", { input: 0, flow: 5 }],
  ["part", { input: 0, flow: 5, part: Uint8Array.of(1, 2), isLast: true }],
  ["drop", { input: 0 }],
];

const nested = (depth: number): unknown => depth === 0 ? 1 : [nested(depth - 1)];
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  2 ** 32,
  2 ** 53,
  NaN,
  Infinity,
  "",
  "x".repeat(3000),
  "constructor",
  [],
  {},
  { constructor: 1, toString: 2, length: -1 },
  new Uint8Array(0),
  new Uint8Array(5000),
  Array(5000).fill(0),
  nested(10),
  bytes.slice(0, 40),
];

/** Makes hostile messages. */
class Messages {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#next() % list.length]!;
  }

  /** Changes one place of a value. */
  #change(value: unknown): unknown {
    const next = this.#next;
    if (next() % 4 === 0) return this.#pick(VALUES);
    if (value instanceof Uint8Array && value.length > 0) {
      const copy = value.slice(0, next() % 4 === 0 ? next() % value.length : undefined);
      if (copy.length > 0) copy[next() % copy.length]! ^= 1 << (next() % 8);
      return copy;
    }
    if (Array.isArray(value) && value.length > 0) {
      const copy = [...value];
      copy[next() % copy.length] = this.#change(this.#pick(value));
      return copy;
    }
    if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
      const entries = Object.entries(value);
      const choice = next() % 4;
      if (choice === 0) entries.push([this.#pick(["extra", "length", "then", "toJSON", "valueOf"]), 1]);
      else if (entries.length > 0 && choice === 1) entries.splice(next() % entries.length, 1);
      else if (entries.length > 0) {
        const at = next() % entries.length;
        entries[at] = [entries[at]![0], this.#change(entries[at]![1])];
      }
      return Object.fromEntries(entries);
    }
    return this.#pick(VALUES);
  }

  /** A call that has the form of one; its name or argument may be hostile. */
  call(id: number): Uint8Array {
    const next = this.#next;
    const [name, body] = this.#pick(CALLS_OF);
    const called = next() % 16 === 0 ? this.#pick(["toString", "__proto__", "", "absent", "hello"]) : name;
    const argument = next() % 4 === 0 ? body : this.#change(body);
    return encodeFrame(
      next() % 8 === 0 ? { notice: called, body: argument } : { call: called, id, body: argument },
    );
  }

  /** Bytes that end a connection, or a valid frame of which some bits were changed. */
  last(): Uint8Array {
    const next = this.#next;
    const [call, body] = this.#pick(CALLS_OF);
    switch (next() % 6) {
      case 0:
        return frameOf(Uint8Array.from({ length: 1 + next() % 60 }, () => next()));
      case 1: {
        const whole = encodeFrame({ call, id: 1, body });
        return whole.subarray(0, 1 + next() % (whole.length - 1));
      }
      case 2:
        return frameOf(encode(this.#change({ call, id: 1, body })));
      case 3:
        return frameOf(
          encode(this.#pick([{ hello: "onpath.control", version: 9, role: "" }, { answer: 7, value: 1 }])),
        );
      case 4: {
        const length = new Uint8Array(4);
        new DataView(length.buffer).setUint32(0, next());
        return length;
      }
      default: {
        const whole = encodeFrame({ call, id: 1, body });
        for (let count = 1 + next() % 4; count > 0; count--) {
          whole[next() % whole.length]! ^= 1 << (next() % 8);
        }
        return whole;
      }
    }
  }
}

function frameOf(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length, true);
  frame.set(body, 4);
  return frame;
}

function opened({ host, port }: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket));
    socket.once("error", reject);
    socket.on("error", () => {});
    socket.resume();
  });
}

/** Sends messages to a server, and checks that each is counted once. */
async function fuzz(
  server: Address,
  counts: () => ControlCounts,
  messages: number,
  seed: number,
): Promise<void> {
  const source = new Messages(seed);
  let sent = 0;
  const settle = async () => {
    for (let n = 0; sumOf(counts().messages) < sent; n++) {
      if (n > 4000) assert.fail(`${sent} messages were sent, ${JSON.stringify(counts())}`);
      await new Promise((resolve) => setTimeout(resolve, n < 4 ? 0 : 1));
    }
    assert.equal(sumOf(counts().messages), sent);
  };
  while (sent < messages) {
    const socket = await opened(server);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(HELLO);
    sent++;
    for (let n = 0; n < CALLS; n++, sent++) socket.write(source.call(n));
    await settle();
    socket.end(source.last());
    sent++;
    await closed;
    await settle();
  }
  const { messages: found } = counts();
  const rare = IS_LONG_SUITE ? ["stray", "version"] as const : [];
  const expected = ["hello", "call", "notice", "refused", "invalid", "frame", "cut", ...rare] as const;
  for (const outcome of expected) assert(found[outcome]! > 0, `${outcome}: ${JSON.stringify(found)}`);
  assert.equal(found.failed, undefined, JSON.stringify(found));
}

test(`openNic() counts each of ${MESSAGES} hostile control messages, and stays usable`, async () => {
  await using nic = await openNic();
  const before = process.memoryUsage().rss;
  await fuzz(nic.control, () => nic.counts().control, MESSAGES, 3);
  for (let n = 0; nic.counts().programs + nic.counts().connections > 0; n++) {
    if (n > 2000) assert.fail(JSON.stringify(nic.counts()));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(nic.counts().flows, 0);
  if (IS_LONG_SUITE) assert(process.memoryUsage().rss - before < 400 * 2 ** 20);
});

test(`openReceiver() counts each of ${MESSAGES} hostile control messages, and stays usable`, async () => {
  await using nic = await openNic();
  let outputs = 0;
  await using receiver = await openReceiver({
    nic: nic.control,
    plans: [{ plan }],
    onOutput: () => void outputs++,
  });
  await fuzz(receiver.control, () => receiver.counts().control, MESSAGES, 4);
  assert.deepEqual([receiver.counts().inputs, outputs], [0, 0]);
});

test("serveControl() takes messages that are split at every byte", async () => {
  await using nic = await openNic();
  // Flows would be refused or not, by whether the plan is loaded by then.
  const calls = CALLS_OF.filter(([name]) => name !== "flows");
  const frames = [HELLO, ...calls.map(([call, body], id) => encodeFrame({ call, id, body }))];
  const stream = Uint8Array.from(frames.flatMap((frame) => [...frame]));
  const socket = await opened(nic.control);
  socket.setNoDelay(true);
  for (let n = 0; n < stream.length; n++) {
    socket.write(stream.subarray(n, n + 1));
    if (n % 256 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  for (let n = 0; sumOf(nic.counts().control.messages) < frames.length && n < 2000; n++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(sumOf(nic.counts().control.messages), frames.length);
  assert.deepEqual(nic.counts().control.messages, { hello: 1, call: 6, refused: 5 });
  socket.destroy();
});

test("serveControl() reads no further calls of a client that does not read its answers", async () => {
  const handlers = { read: { schema: z.null(), run: () => new Uint8Array(100_000) } };
  const server = await serveControl({ listen: { host: "127.0.0.1", port: 0 }, role: "test", handlers });
  const socket = await opened(server.local);
  socket.pause();
  socket.write(HELLO);
  // In several turns of the event loop, so that not all calls come in one chunk.
  const count = 1000;
  for (let n = 0; n < count; n++) {
    socket.write(encodeFrame({ call: "read", id: n, body: null }));
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const taken = () => sumOf(server.messages) - 1;
  assert(taken() < count / 2, `${taken()} calls`);
  socket.resume();
  for (let n = 0; taken() < count; n++) {
    if (n > 5000) assert.fail(`${taken()} calls`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  socket.destroy();
  await server.close();
});
