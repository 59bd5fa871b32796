import assert from "node:assert/strict";
import type { SentFlow } from "../../../kernels/halves.ts";
import { createPacer } from "../../../runtime/network/pacer.ts";
import { encodeReport } from "../../../runtime/network/report_packet.ts";
import { RequestRing } from "../../../runtime/network/request_ring.ts";
import { SelectiveRepeat } from "../../../runtime/network/selective_repeat.ts";
import { SendLoop } from "../../../runtime/network/send_loop.ts";
import type { DatagramSocket } from "../../../runtime/network/datagram.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { newHeader, OFFSET } from "../../../serialize/header.ts";
import { datagramAt } from "../../../runtime/network/socket/batch.ts";
import { reserveSlots, writePacket } from "../../../serialize/packets.ts";

/** Requests of each flow. */
const REQUESTS = 60;

/** A flow of empty packets. */
function flowOf(flow: number, loop: SendLoop) {
  const slots = reserveSlots(createEngine(2 ** 14), 8, 64);
  let next = 0;
  const outgoing = {
    write: (_: unknown, first: number, most: number) => {
      const count = Math.min(most, REQUESTS - next);
      for (let slot = first; slot < first + count; slot++) {
        writePacket(slots, slot, { ...newHeader(), flow, sequence: next++, length: 0 }, new Uint8Array());
      }
      return count;
    },
  };
  const sent = { flow, requests: REQUESTS, outgoing } as unknown as SentFlow;
  return {
    sent,
    slots,
    repeat: new SelectiveRepeat(REQUESTS, new RequestRing(32, slots.slotBytes), loop.path),
  };
}

Deno.test("SendLoop divides a window that is smaller than its flows among all of them", async () => {
  const sent = new Map<number, number>();
  let shares: number[] | undefined;
  const socket = {
    send: (list) => {
      for (let n = 0; n < list.count; n++) {
        const bytes = datagramAt(list, n);
        const flow = new DataView(bytes.buffer, bytes.byteOffset).getUint32(OFFSET.flow, true);
        const count = (sent.get(flow) ?? 0) + 1;
        sent.set(flow, count);
        // Answers come after the other flows' turns.
        setTimeout(() => loop.take(encodeReport({ flow, first: count, bitmap: new Uint8Array() })), 2);
      }
      return Promise.resolve();
    },
  } as Pick<DatagramSocket, "send"> as DatagramSocket;
  const loop: SendLoop = new SendLoop(socket, { host: "127.0.0.1", port: 9 }, createPacer(undefined));
  // Seven flows share a window of 5 packets.
  loop.limit(5);
  const flows = [1, 2, 3, 4, 5, 6, 7].map((flow) => flowOf(flow, loop));
  const ends = await Promise.all(flows.map(async (flow) => {
    const end = await loop.run(flow);
    shares ??= flows.map((each) => sent.get(each.sent.flow) ?? 0);
    return end;
  }));
  assert.deepEqual(ends, flows.map(() => "arrived"));
  // When the first flow is done, every other one has sent nearly as much.
  assert(Math.min(...shares!) >= REQUESTS - 8, `requests sent: ${shares}`);
});
