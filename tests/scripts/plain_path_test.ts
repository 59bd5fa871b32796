import fc from "fast-check";
import assert from "node:assert/strict";
import { DATAGRAM_BYTES, type DatagramSocket } from "../../runtime/network/datagram.ts";
import { batchOf, datagramAt, type DatagramBatch } from "../../runtime/network/socket/batch.ts";
import {
  cutInput,
  DATA_HEAD,
  datagramCount,
  decodePlainReport,
  encodePlainReport,
} from "../../scripts/experiment/plain/datagrams.ts";
import { PlainReceiver } from "../../scripts/experiment/plain/receiver.ts";
import { PlainSender } from "../../scripts/experiment/plain/sender.ts";

const ADDRESS = { host: "127.0.0.1", port: 1 };

/** Socket whose datagrams go to a function, if the n-th datagram is not lost. */
function socketTo(take: (bytes: Uint8Array) => void, isLost: (n: number) => boolean): DatagramSocket {
  let n = 0;
  const send = (batch: DatagramBatch) => {
    const copies = Array.from({ length: batch.count }, (_, at) => datagramAt(batch, at).slice())
      .filter(() => !isLost(n++));
    setImmediate(() => copies.forEach(take));
    return Promise.resolve();
  };
  return {
    local: ADDRESS,
    kind: "portable",
    fallbackReason: undefined,
    burst: 64,
    counts: { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, failed: 0 },
    send,
    close: () => Promise.resolve(),
  };
}

/** Joins a sender and a receiver. */
function join(isLost: (n: number) => boolean, isReportLost: (n: number) => boolean = () => false) {
  const served: [input: number, bytes: string][] = [];
  const receiver = new PlainReceiver(DATAGRAM_BYTES, 16, (bytes, input) => {
    served.push([input, String(bytes)]);
  });
  const sender: PlainSender = new PlainSender(
    socketTo((bytes) => receiver.take({ ...batchOf([bytes]), sources: [ADDRESS] }), isLost),
    ADDRESS,
    32,
    DATAGRAM_BYTES,
  );
  receiver.socket = socketTo((bytes) => sender.take(bytes), isReportLost);
  return { sender, receiver, served };
}

const bytesOf = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, n) => (Math.imul(n + seed, 0x9e3779b1) >>> 24) & 255);

Deno.test("cutInput() makes datagrams whose payloads are the input", () => {
  const payload = DATAGRAM_BYTES - DATA_HEAD;
  for (const length of [1, payload - 1, payload, payload + 1, 5 * payload]) {
    const bytes = bytesOf(length, length), count = datagramCount(length, DATAGRAM_BYTES);
    const memory = new Uint8Array(count * DATAGRAM_BYTES);
    const cut = cutInput(7, bytes, DATAGRAM_BYTES, memory);
    assert.deepEqual([cut.count, cut.lastBytes], [count, DATA_HEAD + length - (count - 1) * payload]);
    const view = new DataView(memory.buffer);
    const parts = Array.from({ length: count }, (_, n) => {
      const at = n * DATAGRAM_BYTES, end = at + (n === count - 1 ? cut.lastBytes : DATAGRAM_BYTES);
      assert.deepEqual([0, 4, 8].map((offset) => view.getUint32(at + offset, true)), [7, n, length]);
      return [...memory.subarray(at + DATA_HEAD, end)];
    });
    assert.deepEqual(parts.flat(), [...bytes]);
  }
});

Deno.test("decodePlainReport() reads what encodePlainReport() writes, and refuses other lengths", () => {
  fc.assert(
    fc.property(fc.uint8Array({ max: 1, minLength: 1, maxLength: 40 }), fc.nat(39), (arrived, from) => {
      const first = Math.min(from, arrived.length), end = arrived.length;
      const report = decodePlainReport(encodePlainReport(3, first, end, arrived, false))!;
      assert.deepEqual([report.input, report.first, report.isServed], [3, first, false]);
      for (let n = 0; n < end - first; n++) {
        assert.equal(report.bitmap[n >> 3]! >> (n & 7) & 1, arrived[first + n]);
      }
    }),
  );
  assert.equal(decodePlainReport(new Uint8Array(8)), undefined);
  assert.equal(decodePlainReport(new Uint8Array(300)), undefined);
});

Deno.test("PlainSender.send() repeats each lost datagram once, and every input is served once", async () => {
  const lost = new Set([0, 3, 40, 41, 60]);
  const { sender, receiver, served } = join((n) => lost.has(n));
  const inputs = [30_000, 1, 50_000].map(bytesOf);
  await Promise.all(inputs.map((bytes) => sender.send(bytes)));
  receiver.close();
  assert.deepEqual(served.sort(([a], [b]) => a - b), inputs.map((bytes, n) => [n, String(bytes)]));
  assert.equal(sender.resent, lost.size);
});

Deno.test("PlainSender.send() recovers the last datagram and lost reports after a timeout", async () => {
  // 22 datagrams; the last one and the first two reports are lost.
  const { sender, receiver, served } = join((n) => n === 21, (n) => n < 2);
  const bytes = bytesOf(30_000, 1);
  await sender.send(bytes);
  receiver.close();
  assert.deepEqual(served, [[0, String(bytes)]]);
  assert(sender.resent >= 1);
});

Deno.test("PlainReceiver.take() ignores datagrams that do not fit their input", async () => {
  const { receiver, served } = join(() => false);
  const memory = new Uint8Array(DATAGRAM_BYTES), bytes = bytesOf(100, 1);
  cutInput(9, bytes, DATAGRAM_BYTES, memory);
  const take = (datagram: Uint8Array) => receiver.take({ ...batchOf([datagram]), sources: [ADDRESS] });
  const whole = memory.slice(0, DATA_HEAD + 100), other = whole.slice();
  new DataView(other.buffer).setUint32(4, 1, true);
  const endless = whole.slice();
  new DataView(endless.buffer).setUint32(8, 2 ** 32 - 1, true);
  for (const each of [whole.subarray(0, 5), whole.subarray(0, 50), other, endless]) take(each);
  assert.deepEqual(served, []);
  take(whole);
  take(whole);
  await new Promise((resolve) => setImmediate(resolve));
  take(whole);
  receiver.close();
  assert.deepEqual(served, [[9, String(bytes)]]);
});
