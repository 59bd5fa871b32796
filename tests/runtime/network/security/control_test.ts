import assert from "node:assert/strict";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { z } from "zod";
import type { Channel, Handlers } from "../../../../runtime/network/channel.ts";
import {
  connectControl,
  type ControlServer,
  serveControl,
  sourceOf,
} from "../../../../runtime/network/connect.ts";
import { encodeFrame } from "../../../../runtime/network/frames.ts";
import { openNic } from "../../../../runtime/network/nic.ts";
import { openReceiver } from "../../../../runtime/network/receiver.ts";
import { openSender } from "../../../../runtime/network/sender.ts";
import { agreeKeys, keysHandler } from "../../../../runtime/network/security/agree.ts";
import {
  checkSecurity,
  isLoopback,
  isPrivateSocket,
  type Security,
} from "../../../../runtime/network/security/options.ts";
import { checkTls } from "../../../../runtime/network/security/tls.ts";
import { test } from "../../helpers.ts";
import { makeAuthority } from "./certificates.ts";

const listen = { host: "127.0.0.1", port: 0 };
const TOKEN = "a token of the tests";
const handlers: Handlers = {
  double: { schema: z.number(), run: (value: number) => 2 * value },
  keys: keysHandler,
};
const [authority, stranger] = await Promise.all([makeAuthority(), makeAuthority()]);
const nic = await authority.party("nic.test");
const client = await authority.party("sender.test");
const intruder = await stranger.party("nic.test");

async function withServer(
  security: Security,
  run: (server: ControlServer) => Promise<void>,
  limits: { maxConnections?: number; maxPerHost?: number; helloMs?: number } = {},
): Promise<void> {
  const server = await serveControl({ listen, role: "test", handlers, security, ...limits });
  try {
    await run(server);
  } finally {
    await server.close();
  }
}

async function callOnce(server: ControlServer, security: Security): Promise<void> {
  const channel = await connectControl(server.local, "test", {}, { timeoutMs: 4000 }, security);
  try {
    assert.equal(await channel.call("double", 4), 8);
  } finally {
    channel.close();
  }
}

test("connectControl() verifies the server's certificate and name", () =>
  withServer({ tls: nic }, async (server) => {
    await callOnce(server, { tls: { ca: authority.ca } });
    await callOnce(server, { tls: { ca: authority.ca, serverName: "nic.test" } });
    const refused = { code: "device", message: /^Cannot connect to/ };
    await assert.rejects(callOnce(server, { tls: { ca: stranger.ca } }), refused);
    await assert.rejects(callOnce(server, { tls: {} }), refused);
    await assert.rejects(callOnce(server, { tls: { ca: authority.ca, serverName: "other.test" } }), refused);
    // A client without TLS gets no answer that it understands.
    await assert.rejects(callOnce(server, {}), { code: "device" });
    await callOnce(server, { tls: { ca: authority.ca } });
  }));

test("connectControl() with TLS refuses a server without TLS", () =>
  withServer({}, async (server) => {
    await assert.rejects(callOnce(server, { tls: { ca: authority.ca } }), { code: "device" });
    await callOnce(server, {});
  }));

test("serveControl() with mutual TLS takes only clients of its authority", () =>
  withServer({ tls: { ...nic, mutual: true } }, async (server) => {
    await callOnce(server, { tls: client });
    await assert.rejects(callOnce(server, { tls: { ca: authority.ca } }), { code: "device" });
    await assert.rejects(callOnce(server, { tls: { ...intruder, ca: authority.ca } }), { code: "device" });
    assert.equal(server.messages.call, 1);
  }));

for (const tls of [undefined, nic]) {
  const over = tls === undefined ? "over loopback" : "over TLS";
  test(`serveControl() takes only clients with its token ${over}`, () =>
    withServer({ tls, token: TOKEN }, async (server) => {
      const mine = tls && { ca: authority.ca };
      await callOnce(server, { tls: mine, token: TOKEN });
      const refused = { code: "device", message: /the token is missing or wrong/ };
      await assert.rejects(callOnce(server, { tls: mine }), refused);
      await assert.rejects(callOnce(server, { tls: mine, token: `${TOKEN}x` }), refused);
      await assert.rejects(callOnce(server, { tls: mine, token: TOKEN.toUpperCase() }), refused);
      assert.deepEqual([server.messages.token, server.messages.call, server.refused.hello], [3, 1, 3]);
    }));
}

test("serveControl() takes no large frame before the hello", () =>
  withServer({}, async (server) => {
    const socket = connect(server.local.port, server.local.host);
    socket.on("error", () => {});
    socket.resume();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(encodeFrame({ call: "double", id: 1, body: "x".repeat(10_000) }));
    await closed;
    assert.deepEqual(server.messages, { frame: 1 });
  }));

for (const tls of [undefined, nic]) {
  test(`serveControl() closes a silent connection ${tls ? "before its handshake" : "before its hello"}`, () =>
    withServer({ tls }, async (server) => {
      const socket = connect(server.local.port, server.local.host);
      socket.on("error", () => {});
      socket.resume();
      await new Promise((resolve) => socket.once("close", resolve));
      const reason = tls ? "tls" : "hello";
      while (server.refused[reason] === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      assert.deepEqual(server.refused, { connections: 0, limit: 0, tls: 0, hello: 0, [reason]: 1 });
    }, { helloMs: 20 }));
}

test("serveControl() counts connections of one host, of all hosts and failed handshakes by reason", async () => {
  await withServer({ tls: nic }, async (server) => {
    const security = { tls: { ca: authority.ca } };
    const open: Channel[] = [];
    const connectOne = (from?: string) => connectControl(server.local, "test", {}, {}, security, from);
    for (let n = 0; n < 2; n++) open.push(await connectOne());
    await assert.rejects(connectOne(), { code: "device" });
    assert.deepEqual(server.refused, { connections: 0, limit: 1, tls: 0, hello: 0 });
    open.push(await connectOne("127.0.0.2"));
    const hosts = [...server.channels].map(({ remoteHost }) => remoteHost);
    assert.deepEqual(hosts, ["127.0.0.1", "127.0.0.1", "127.0.0.2"]);
    await assert.rejects(connectOne("127.0.0.3"), { code: "device" });
    assert.equal(server.refused.connections, 1);
    for (const channel of open) channel.close();
    while (server.channels.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const socket = connect(server.local.port, server.local.host);
    socket.on("error", () => {});
    socket.resume();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write("these bytes are no handshake of TLS");
    await closed;
    while (server.refused.tls === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(server.refused, { connections: 1, limit: 1, tls: 1, hello: 0 });
  }, { maxConnections: 3, maxPerHost: 2 });
});

test("agreeKeys() gives both ends the same keys once, and new ones for each connection", async () => {
  const found: (Channel["keys"])[] = [];
  const server = await serveControl({
    listen,
    role: "test",
    handlers: { ...handlers, note: { schema: z.null(), run: (_, channel) => void found.push(channel.keys) } },
  });
  const batch = (await import("../../../../runtime/network/socket/batch.ts")).batchOf([new Uint8Array(20)]);
  const sealed: string[] = [];
  for (let n = 0; n < 2; n++) {
    const channel = await connectControl(server.local, "test", {});
    await agreeKeys(channel, {});
    await channel.call("note", null);
    const { bytes } = channel.keys!.mac("request").seal(batch);
    assert.equal(found[n]!.mac("request").open(bytes).length, 20);
    assert.equal(found[n]!.mac("answer").open(bytes), "mac");
    sealed.push(bytes.join());
    await assert.rejects(agreeKeys(channel, {}), { code: "packet", message: /the connection has some/ });
    const keys = channel.keys!;
    channel.close();
    await channel.ended;
    assert.equal(keys.mac("request").seal(batch).count, 0);
  }
  assert.notEqual(sealed[0], sealed[1]);
  await server.close();
});

test("agreeKeys() and its handler refuse a connection that others can read", async () => {
  const sent: unknown[] = [];
  const open = {
    isPrivate: false,
    keys: undefined,
    call: (...call: unknown[]) => Promise.resolve(sent.push(call)),
  };
  const refused = { code: "device", message: /neither TLS nor loopback/ };
  await assert.rejects(agreeKeys(open as unknown as Channel, {}), refused);
  assert.throws(() => keysHandler.run({ share: new Uint8Array(32) }, open as unknown as Channel), refused);
  assert.deepEqual([sent, open.keys], [[], undefined]);
});

test("connectControl() presents no token over a network without TLS", async () => {
  const socketOf = (remoteAddress: string, encrypted?: boolean) => ({ remoteAddress, encrypted }) as never;
  assert.equal(isPrivateSocket(socketOf("192.0.2.1")), false);
  assert.equal(isPrivateSocket(socketOf("192.0.2.1", true)), true);
  assert.equal(isPrivateSocket(socketOf("::ffff:127.0.0.1")), true);
  // This machine's own address in a network, if it has one.
  const own = Object.values(networkInterfaces()).flat().find((each) =>
    !each!.internal && each!.family === "IPv4"
  );
  if (own === undefined) return;
  const server = await serveControl({ listen: { host: own.address, port: 0 }, role: "test", handlers });
  const refused = { code: "device", message: /neither TLS nor loopback/ };
  await assert.rejects(connectControl(server.local, "test", {}, {}, { token: TOKEN }), refused);
  assert.deepEqual(server.messages, {});
  await callOnce(server, {});
  await server.close();
});

test("openNic(), openReceiver() and openSender() bind to loopback unless told otherwise", async () => {
  await using nic = await openNic();
  await using receiver = await openReceiver({ nic: nic.control, plans: [], onOutput: () => {} });
  await using sender = await openSender({ nic: nic.control, receiver: receiver.control });
  const hosts = [nic.data, nic.control, receiver.data, receiver.control, sender.data].map(({ host }) => host);
  assert.deepEqual(hosts, Array(5).fill("127.0.0.1"));
});

test("openNic() and openReceiver() refuse secrets at an address that is not loopback, without TLS", async () => {
  const everywhere = { host: "0.0.0.0", port: 0 };
  const refused = { code: "size", message: /0\.0\.0\.0:0 is not loopback/ };
  for (const security of [{ token: TOKEN }, { authenticate: true }]) {
    await assert.rejects(openNic({ control: everywhere, security }), refused);
    const opening = openReceiver({
      nic: listen,
      plans: [],
      onOutput: () => {},
      control: everywhere,
      security,
    });
    await assert.rejects(opening, refused);
  }
  await using open = await openNic({ control: everywhere, security: { tls: nic, token: TOKEN } });
  assert.equal(open.control.host, "0.0.0.0");
});

test("checkSecurity() and checkTls() name invalid options and no secret", () => {
  const cases: [Security, RegExp][] = [
    [{ token: "short secret" }, /12 characters, expected 16 to 1024/],
    [{ token: 5 as never }, /the token is of type number/],
    [{ authenticate: "yes" as never }, /authenticate is/],
    [{ tls: { cert: nic.cert } }, /cert or key is missing/],
    [{ tls: { ca: "text" } }, /ca cannot be read/],
    [{ tls: { ...nic, ca: 5 as never } }, /ca is of type number/],
    [{ tls: { ...nic, mutual: 1 as never } }, /mutual is of type number/],
    [{ tls: { ...nic, key: client.key } }, /key is of another certificate/],
    [{ tls: { ...nic, key: nic.key.replace(/M/g, "N") } }, /key cannot be read/],
    [{ tls: { cert: nic.cert, key: nic.key, mutual: true } }, /ca is missing/],
  ];
  for (const [security, message] of cases) {
    assert.throws(() => checkSecurity(security), (error: Error) => {
      assert.match(error.message, message);
      const shown = error.message + JSON.stringify((error as { details?: unknown }).details) +
        String(error.cause);
      assert(!shown.includes("secret") && !shown.includes(nic.key.slice(40, 80)), shown);
      return true;
    });
  }
  assert.throws(() => checkTls({ ca: authority.ca }, true), /cert and key are missing/);
  checkTls({ ca: authority.ca }, false);
  checkSecurity({ tls: { ...nic, mutual: true } }, { host: "192.0.2.1", port: 1 });
});

test("isLoopback() and sourceOf() know this machine's addresses", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) assert(isLoopback(host), host);
  for (const host of ["128.0.0.1", "::", "0.0.0.0", "127.0.0.1.example", "", "fe80::1"]) {
    assert(!isLoopback(host), host);
  }
  assert.deepEqual(
    ["0.0.0.0", "::", "127.0.0.1", "::1"].map((host) => sourceOf({ host, port: 1 })),
    Array(4).fill(undefined),
  );
  assert.equal(sourceOf({ host: "192.0.2.7", port: 1 }), "192.0.2.7");
});
