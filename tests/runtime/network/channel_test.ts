import assert from "node:assert/strict";
import { connect } from "node:net";
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { z } from "zod";
import { parseAddress } from "../../../runtime/network/address.ts";
import { type Channel, CONTROL_VERSION, type Handlers } from "../../../runtime/network/channel.ts";
import { connectControl, type ControlServer, serveControl } from "../../../runtime/network/connect.ts";
import { encodeFrame, FrameReader, MAX_FRAME_BYTES } from "../../../runtime/network/frames.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { test } from "../helpers.ts";

const listen = { host: "127.0.0.1", port: 0 };
const handlers: Handlers = {
  double: { schema: z.number(), run: (value: number) => 2 * value },
  refuse: {
    schema: z.null(),
    run: () => {
      throw new OnpathError("table", "Cannot fit: too large");
    },
  },
  wait: { schema: z.null(), run: () => new Promise(() => {}) },
};

async function withServer(run: (server: ControlServer) => Promise<void>): Promise<void> {
  const server = await serveControl({ listen, role: "test", handlers, maxConnections: 2 });
  try {
    await run(server);
  } finally {
    await server.close();
  }
}

/** Sends bytes to a server and returns once it has closed the connection. */
async function sendRaw(server: ControlServer, bytes: Uint8Array): Promise<void> {
  const socket = connect(server.local.port, server.local.host);
  socket.on("error", () => {});
  socket.resume();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(bytes);
  await closed;
}

test("Channel.call() returns values and errors of the other end by their code", () =>
  withServer(async (server) => {
    const channel = await connectControl(server.local, "test", {});
    assert.equal(await channel.call("double", 21), 42);
    await assert.rejects(channel.call("refuse", null), { code: "table", message: "Cannot fit: too large" });
    await assert.rejects(channel.call("double", "x"), { code: "packet" });
    await assert.rejects(channel.call("absent", null), { code: "packet", message: /has no such function/ });
    await assert.rejects(channel.call("toString", null), { code: "packet", message: /has no such function/ });
    channel.close();
  }));

test("Channel.call() ends by timeout, by signal and with the connection", () =>
  withServer(async (server) => {
    const channel = await connectControl(server.local, "test", {});
    await assert.rejects(channel.call("wait", null, { timeoutMs: 1 }), { code: "timeout" });
    const controller = new AbortController();
    const aborted = assert.rejects(channel.call("wait", null, { signal: controller.signal }), /enough/);
    controller.abort(new Error("enough"));
    await aborted;
    const ended = assert.rejects(channel.call("wait", null), { code: "device" });
    await server.close();
    await ended;
    await assert.rejects(channel.call("double", 1), { code: "device", message: /has ended/ });
  }));

test("serveControl() closes connections that are too many, of another version, or not greeted", () =>
  withServer(async (server) => {
    const open: Channel[] = [];
    for (let n = 0; n < 2; n++) open.push(await connectControl(server.local, "test", {}));
    await assert.rejects(connectControl(server.local, "test", {}), { code: "device" });
    for (const channel of open) channel.close();
    while (server.channels.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await sendRaw(server, encodeFrame({ hello: "onpath.control", version: CONTROL_VERSION + 1, role: "x" }));
    await sendRaw(server, encodeFrame({ call: "double", id: 1, body: 1 }));
    await sendRaw(server, Uint8Array.of(0, 0, 0, 255, 1, 2, 3));
    await sendRaw(server, Uint8Array.of(1, 0, 0, 0, 0xc1));
    const channel = await connectControl(server.local, "test", {});
    assert.equal(await channel.call("double", 1), 2);
    channel.close();
  }));

test("connectControl() names an address at which nothing listens", async () => {
  const server = await serveControl({ listen, role: "test", handlers });
  await server.close();
  await assert.rejects(connectControl(server.local, "test", {}), {
    code: "device",
    message: /^Cannot connect to/,
  });
  const signal = AbortSignal.abort(new Error("no"));
  await assert.rejects(connectControl(server.local, "test", {}, { signal }), /no/);
});

test("FrameReader joins frames however they are cut, and refuses other bytes by name", () => {
  const messages = [{ a: 1 }, { b: "x".repeat(300) }, { c: Uint8Array.of(1, 2, 3) }];
  const bytes = Uint8Array.from(messages.flatMap((message) => [...encodeFrame(message)]));
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: bytes.length })), (cuts) => {
    const reader = new FrameReader();
    const ends = [...cuts.sort((a, b) => a - b), bytes.length];
    const found = ends.flatMap((end, n) => reader.take(bytes.slice(n === 0 ? 0 : ends[n - 1]!, end)));
    assert.deepEqual(found, messages);
  }));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
      try {
        new FrameReader().take(noise);
      } catch (error) {
        assert(error instanceof OnpathError && error.code === "packet", String(error));
      }
    }),
    { numRuns: 2000 },
  );
  assert.throws(() => encodeFrame(new Uint8Array(MAX_FRAME_BYTES)), { code: "size" });
});

test("FrameReader refuses a frame that announces more items than it holds", () => {
  const body = Uint8Array.of(0xdc, 0xff, 0xff);
  const frame = Uint8Array.of(body.length, 0, 0, 0, ...body);
  assert.throws(() => new FrameReader().take(frame), { code: "packet", message: /65535 items announced/ });
  assert.equal(encode(null).length, 1);
});

test("parseAddress() reads both families and refuses other texts", () => {
  assert.deepEqual(parseAddress("10.0.0.1:80"), { host: "10.0.0.1", port: 80 });
  assert.deepEqual(parseAddress("[fe80::1]:80"), { host: "fe80::1", port: 80 });
  for (
    const text of ["", "a:1", "1.2.3.4", "1.2.3.4:65536", "::1:80", "[1.2.3.4]:1", "1.2.3.4:", "1.2.3.4:x"]
  ) {
    assert.throws(
      () => parseAddress(text),
      { code: "size", message: /expected an IP address and a port/ },
      text,
    );
  }
  assert.throws(() => parseAddress(undefined as never), { code: "size" });
});
