/**
 * Behaviour that all kinds of datagram sockets share, as plain functions that Deno and Node run.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Address } from "../../../runtime/network/address.ts";
import { batchOf, DatagramList, eachDatagram } from "../../../runtime/network/socket/batch.ts";
import type { DatagramSocket, OpenDatagram } from "../../../runtime/network/socket/contract.ts";

/** A behaviour. */
export interface SocketCase {
  readonly name: string;
  readonly run: (open: OpenDatagram) => Promise<void>;
}

const V4: Address = { host: "127.0.0.1", port: 0 };
const V6: Address = { host: "::1", port: 0 };

/** Waits until a condition holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let n = 0; !condition(); n++) {
    if (n > 2000) assert.fail(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A socket that keeps copies of what arrives. */
export async function collector(open: OpenDatagram, listen: Address) {
  const arrived: Uint8Array[] = [], sources: Address[] = [];
  const onDatagrams = eachDatagram((bytes, from) => {
    arrived.push(bytes.slice());
    sources.push(from);
  });
  return { arrived, sources, socket: await open({ listen, onDatagrams }) };
}

async function closing<T>(sockets: readonly DatagramSocket[], run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    await Promise.all(sockets.map((each) => each.close()));
  }
}

const filled = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, n) => (n * 31 + seed * 7 + (n >> 8)) & 255);

async function exchangesAll(open: OpenDatagram, listen: Address): Promise<void> {
  const to = await collector(open, listen), from = await collector(open, listen);
  await closing([to.socket, from.socket], async () => {
    const lengths = [1408, 0, 1, 1408, 1408, 700, 8256, 65_000, 1408];
    const datagrams = lengths.map((length, n) => filled(length, n));
    await from.socket.send(batchOf(datagrams), to.socket.local);
    await until(() => to.arrived.length === lengths.length, "the arrival");
    assert.deepEqual(to.arrived.map(({ length }) => length), lengths);
    for (const [n, bytes] of datagrams.entries()) assert.deepEqual(to.arrived[n], bytes);
    assert.deepEqual([...new Set(to.sources.map(({ host, port }) => `${host} ${port}`))], [
      `${listen.host} ${from.socket.local.port}`,
    ]);
    const bytes = lengths.reduce((sum, each) => sum + each, 0);
    const { sent, sentBytes, failed } = from.socket.counts, { received, receivedBytes } = to.socket.counts;
    assert.deepEqual([sent, sentBytes, failed, received, receivedBytes], [9, bytes, 0, 9, bytes]);
    // The source of a datagram is an address to answer to.
    await to.socket.send(batchOf([filled(3, 1)]), to.sources[0]!);
    await until(() => from.arrived.length === 1, "the answer");
  });
}

/** Behaviours of every kind. */
export const SOCKET_CASES: readonly SocketCase[] = [
  {
    name: "sends datagrams of all sizes in order, and counts them",
    run: (open) => exchangesAll(open, V4),
  },
  { name: "does so over IPv6", run: (open) => exchangesAll(open, V6) },
  {
    name: "sends any places of one memory as they are",
    run: async (open) => {
      const to = await collector(open, V4), from = await open({ listen: V4, onDatagrams: () => {} });
      await closing([to.socket, from], async () => {
        const memory = filled(40_000, 3);
        const place = fc.tuple(fc.nat(30_000), fc.constantFrom(0, 1, 9, 64, 64, 64, 1408, 1408, 1408, 9000));
        await fc.assert(
          fc.asyncProperty(fc.array(place, { maxLength: 20 }), fc.boolean(), async (places, isDense) => {
            const list = new DatagramList(memory, 1);
            let end = 0;
            for (const [at, length] of places) {
              const offset = isDense ? end : at;
              if (offset + length > memory.length) continue;
              list.add(offset, length);
              end = offset + length;
            }
            to.arrived.length = 0;
            await from.send(list, to.socket.local);
            await until(() => to.arrived.length === list.count, "the arrival");
            for (let n = 0; n < list.count; n++) {
              const expected = memory.subarray(list.offsets[n]!, list.offsets[n]! + list.lengths[n]!);
              assert.deepEqual(to.arrived[n], new Uint8Array(expected));
            }
          }),
          { numRuns: 40 },
        );
      });
    },
  },
  {
    name: "of IPv6 reaches hosts of IPv4, under their plain addresses",
    run: async (open) => {
      const six = await collector(open, { host: "::", port: 0 }), four = await collector(open, V4);
      await closing([six.socket, four.socket], async () => {
        await four.socket.send(batchOf([filled(5, 1)]), { host: "127.0.0.1", port: six.socket.local.port });
        await until(() => six.arrived.length === 1, "the arrival");
        assert.deepEqual(six.sources, [four.socket.local]);
        await six.socket.send(batchOf([filled(6, 1)]), six.sources[0]!);
        await until(() => four.arrived.length === 1, "the answer");
        assert.equal(four.sources[0]!.port, six.socket.local.port);
      });
    },
  },
  {
    name: "names an address in use, one of another machine, and an aborted signal",
    run: async (open) => {
      const first = await open({ listen: V4, onDatagrams: () => {} });
      await closing([first], async () => {
        const taken = open({ listen: first.local, onDatagrams: () => {} });
        await assert.rejects(taken, {
          code: "device",
          message: /^Cannot open a socket at 127\.0\.0\.1:\d+: /,
        });
        const foreign = open({ listen: { host: "192.0.2.1", port: 0 }, onDatagrams: () => {} });
        await assert.rejects(foreign, { code: "device", message: /192\.0\.2\.1:0/ });
        const signal = AbortSignal.abort(new Error("enough"));
        await assert.rejects(open({ listen: V4, onDatagrams: () => {} }, { signal }), /enough/);
      });
    },
  },
  {
    name: "refuses datagrams outside of the memory, and sends none",
    run: async (open) => {
      const to = await collector(open, V4);
      await closing([to.socket], async () => {
        const list = new DatagramList(new Uint8Array(100));
        list.add(0, 100);
        list.add(1, 100);
        const message = "Cannot send 2 datagrams: they end at byte 101, expected at most 100";
        await assert.rejects(to.socket.send(list, to.socket.local), { code: "size", message });
        const short = {
          bytes: list.bytes,
          count: 3,
          offsets: new Uint32Array(2),
          lengths: new Uint32Array(3),
        };
        await assert.rejects(to.socket.send(short, to.socket.local), { code: "size" });
        assert.equal(to.socket.counts.sent, 0);
      });
    },
  },
  {
    name: "counts what the system refuses",
    run: async (open) => {
      const socket = await open({ listen: V4, onDatagrams: () => {} });
      await closing([socket], async () => {
        // Sockets may not send to a broadcast address unless told so; the second is longer than UDP allows.
        await socket.send(batchOf([filled(9, 1), filled(9, 1)]), { host: "255.255.255.255", port: 9 });
        await socket.send(batchOf([new Uint8Array(66_000)]), socket.local);
        assert.deepEqual([socket.counts.sent, socket.counts.failed], [0, 3]);
      });
    },
  },
  {
    name: "sends nothing and calls nobody after its close",
    run: async (open) => {
      const to = await collector(open, V4), from = await open({ listen: V4, onDatagrams: () => {} });
      await from.send(batchOf([filled(9, 1)]), to.socket.local);
      await Promise.all([to.socket.close(), to.socket.close()]);
      const before = to.arrived.length;
      await from.send(batchOf([filled(9, 1)]), to.socket.local);
      await to.socket.send(batchOf([filled(9, 1)]), from.local);
      await from.close();
      await from.close();
      assert.deepEqual([to.arrived.length, to.socket.counts.sent], [before, 0]);
    },
  },
  {
    name: "takes as many datagrams of its burst as were sent at once",
    run: async (open) => {
      const to = await open({ listen: V4, onDatagrams: () => {} });
      const from = await open({ listen: V4, onDatagrams: () => {} });
      await closing([to, from], async () => {
        const memory = filled(1408, 1), list = new DatagramList(memory);
        for (let n = 0; n < to.burst; n++) list.add(0, memory.length);
        await from.send(list, to.local);
        await until(() => to.counts.received === to.burst, "the arrival");
        // Lone datagrams take more of the system's memory.
        const lone = new DatagramList(memory);
        for (let n = 0; n < to.burst; n++) lone.add(0, 1000 + n % 400);
        await from.send(lone, to.local);
        await until(() => to.counts.received === 2 * to.burst, "the arrival");
      });
    },
  },
];
