import assert from "node:assert/strict";
import fc from "fast-check";
import { DatagramList } from "../../../runtime/network/socket/batch.ts";
import { ERRNO } from "../../../runtime/network/socket/libc.ts";
import { SendQueue } from "../../../runtime/network/socket/send_queue.ts";
import { SendRing } from "../../../runtime/network/socket/send_ring.ts";
import type { SocketAddresses } from "../../../runtime/network/socket/socket_address.ts";
import { test } from "../helpers.ts";
import { type Answer, FakeKernel, type Taken } from "./fake_kernel.ts";

const EPERM = 1;
const TO = { host: "192.0.2.1", port: 9 };
const ALL = { most: 1024 };

function queueOf(answer: (first: Taken) => Answer, canJoin = true) {
  const kernel = new FakeKernel(answer);
  const counts = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, failed: 0 };
  const addresses = { tryEncode: () => new Uint8Array(16) } as unknown as SocketAddresses;
  const ring = new SendRing(kernel.libc, 3, canJoin);
  const queue: SendQueue = new SendQueue(ring, addresses, counts, () => queueMicrotask(() => queue.wake()));
  return { kernel, counts, queue };
}

/** Datagrams of these lengths, each beginning with its number if it has two bytes. */
function listOf(lengths: readonly number[]): DatagramList {
  const list = new DatagramList(new Uint8Array(lengths.reduce((sum, each) => sum + each, 0)));
  let at = 0;
  for (const [n, length] of lengths.entries()) {
    if (length > 1) list.bytes.set([n & 255, n >> 8], at);
    list.add(at, length);
    at += length;
  }
  return list;
}

const shapes = (taken: readonly Taken[]) =>
  taken.map(({ datagrams, isJoined }) =>
    isJoined ? datagrams.map(({ length }) => length) : datagrams[0]!.length
  );

test("SendQueue joins datagrams of one size, of which the last may be shorter", async () => {
  const { kernel, queue } = queueOf(() => ALL);
  await queue.send(listOf([8, 8, 8, 5, 8, 9, 0, 0, 9, 9]), TO);
  assert.deepEqual(shapes(kernel.taken), [[8, 8, 8, 5], 8, 9, 0, 0, [9, 9]]);
});

test("SendQueue joins at most 64 datagrams and the bytes of one packet", async () => {
  const { kernel, queue } = queueOf(() => ALL);
  await queue.send(listOf(Array(130).fill(4)), TO);
  assert.deepEqual(kernel.taken.map(({ datagrams }) => datagrams.length), [64, 64, 2]);
  kernel.taken.length = 0;
  await queue.send(listOf(Array(100).fill(1408)), TO);
  assert.deepEqual(kernel.taken.map(({ datagrams }) => datagrams.length), [46, 46, 8]);
});

test("SendQueue sends each datagram alone where the kernel knows no joining", async () => {
  const { kernel, queue } = queueOf(() => ALL, false);
  await queue.send(listOf([8, 8, 8]), TO);
  assert.deepEqual(shapes(kernel.taken), [8, 8, 8]);
});

test("SendQueue sends a refused joined message singly, and joins no datagrams of that size again", async () => {
  for (const error of [ERRNO.EMSGSIZE, ERRNO.EINVAL]) {
    const { kernel, queue, counts } = queueOf(({ isJoined, datagrams: [first] }) =>
      isJoined && first!.length > 8 ? { error } : ALL
    );
    const list = listOf([9, 9, 9, 8, 8, 8]);
    await queue.send(list, TO);
    await queue.send(list, TO);
    const once = [9, 9, 9, [8, 8, 8]];
    // The first time, the shorter one is the end of the message that was refused.
    assert.deepEqual(shapes(kernel.taken), [9, 9, 9, 8, [8, 8], ...once]);
    assert.deepEqual([counts.sent, counts.failed], [12, 0]);
  }
});

test("SendQueue joins nothing after a refusal for want of checksums, and nothing is lost", async () => {
  const { kernel, queue, counts } = queueOf(({ isJoined }) => isJoined ? { error: ERRNO.EIO } : ALL);
  const list = listOf([9, 9, 4, 4]);
  for (let n = 0; n < 2; n++) await queue.send(list, TO);
  assert.deepEqual(shapes(kernel.taken), [9, 9, 4, 4, 9, 9, 4, 4]);
  assert.deepEqual([counts.sent, counts.failed], [8, 0]);
});

test("SendQueue goes on joining when the datagrams are refused alone, too", async () => {
  let isDown = true;
  const { kernel, queue, counts } = queueOf(() => isDown ? { error: ERRNO.EINVAL } : ALL);
  await queue.send(listOf([9, 9, 9]), TO);
  assert.deepEqual([counts.sent, counts.failed], [0, 3]);
  isDown = false;
  await queue.send(listOf([9, 9, 9]), TO);
  assert.deepEqual(shapes(kernel.taken), [[9, 9, 9]]);
});

test("SendQueue counts what is left as failed after a bounded wait, and on a close", async () => {
  for (const error of [ERRNO.EAGAIN, ERRNO.ENOBUFS]) {
    const { queue, counts } = queueOf(() => ({ error }));
    await queue.send(listOf([9, 9, 9]), TO);
    assert.deepEqual([counts.sent, counts.failed], [0, 3]);
    const sending = [queue.send(listOf([9, 9]), TO), queue.send(listOf([9]), TO)];
    await queue.close();
    await Promise.all(sending);
    assert.deepEqual([counts.sent, counts.failed], [0, 6]);
  }
});

test("SendQueue sends or counts every datagram once and in order, whatever the kernel answers", async () => {
  const errors = [ERRNO.EAGAIN, ERRNO.ENOBUFS, ERRNO.EIO, ERRNO.EINVAL, ERRNO.EMSGSIZE, EPERM];
  const draws = fc.record({
    batches: fc.array(fc.array(fc.constantFrom(2, 2, 2, 3, 1408, 1408, 1408, 9000), { maxLength: 90 }), {
      maxLength: 4,
    }),
    answers: fc.infiniteStream(fc.oneof(
      { weight: 2, arbitrary: fc.record({ most: fc.integer({ min: 1, max: 4 }) }) },
      { weight: 1, arbitrary: fc.constantFrom(...errors).map((error) => ({ error })) },
    )),
  });
  await fc.assert(
    fc.asyncProperty(draws, async ({ batches, answers }) => {
      const { kernel, queue, counts } = queueOf(() => answers.next().value!);
      let total = 0;
      const lists = batches.map((lengths) => listOf(lengths));
      for (const { count } of lists) total += count;
      await Promise.all(lists.map((list) => queue.send(list, TO)));
      assert.equal(counts.sent + counts.failed, total);
      const found = kernel.datagrams;
      assert.equal(found.length, counts.sent);
      assert.equal(found.reduce((sum, { length }) => sum + length, 0), counts.sentBytes);
      let at = 0;
      const all = lists.flatMap(({ count, offsets, lengths, bytes }) =>
        Array.from({ length: count }, (_, n) => bytes.subarray(offsets[n]!, offsets[n]! + lengths[n]!))
      );
      for (const each of found) {
        while (at < all.length && !same(all[at]!, each)) at++;
        assert(at++ < all.length, "a datagram was doubled, changed or overtaken");
      }
    }),
    { numRuns: 100 },
  );
});

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

test("DatagramList.group() puts datagrams of one length beside each other, and keeps their order", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(3, 3, 5, 8), { maxLength: 60 }), (lengths) => {
      const list = listOf(lengths);
      const before = Array.from({ length: list.count }, (_, n) => [list.offsets[n]!, list.lengths[n]!]);
      list.group();
      const after = Array.from({ length: list.count }, (_, n) => [list.offsets[n]!, list.lengths[n]!]);
      assert.deepEqual(new Set(after.map(String)), new Set(before.map(String)));
      const runs = after.filter(([, length], n) => n === 0 || after[n - 1]![1] !== length).length;
      assert.equal(runs, new Set(lengths).size);
      for (let n = 1; n < after.length; n++) {
        if (after[n]![1] === after[n - 1]![1]) assert(after[n]![0]! > after[n - 1]![0]!);
      }
    }),
  );
});
