import assert from "node:assert/strict";
import fc from "fast-check";
import { compile } from "../../../kernels/compile.ts";
import { memoize } from "../../../kernels/memoize/memo.ts";
import { reservePlanSlots } from "../../../kernels/plan/slots.ts";
import { findWorkload } from "../../../kernels/registry.ts";
import { createModelDevice, MODEL_PROFILE } from "../../../runtime/device/model.ts";
import type { Channel } from "../../../runtime/network/channel.ts";
import { halvesOf } from "../../../runtime/network/halves_of.ts";
import { ReceivedInputs } from "../../../runtime/network/received_inputs.ts";
import { decodeReport } from "../../../runtime/network/report_packet.ts";
import { datagramAt, DatagramList } from "../../../runtime/network/socket/batch.ts";
import type { DatagramSocket } from "../../../runtime/network/socket/contract.ts";
import { packetBytes } from "../../../serialize/packets.ts";
import { type Tensor, tensor } from "../../../serialize/tensor.ts";

const memo = memoize((x) => 255 - x, { input: "u8", output: "u8" });
const INPUTS = [3, 8].map((seed) => {
  const data = Uint8Array.from({ length: 20_000 }, (_, n) => (n * seed + (n >> 8)) & 255);
  return tensor(data, { dtype: "u8", shape: [100, 200] });
});
const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, {
  memo,
  input: INPUTS[0]!,
  device: MODEL_PROFILE,
});
const opened = findWorkload("lookup").open(plan, { memo });
const halves = halvesOf(plan, opened);

/** Flow and answers of an input, as the model device gives them. */
async function answersOf(
  input: Tensor,
): Promise<{ flow: number; description: unknown; answers: Uint8Array[] }> {
  await using device = createModelDevice();
  await device.load(opened.program);
  const { slots, begin } = halves.send(64);
  const { flows: [sent], description } = begin(input);
  const count = sent!.outgoing.write(slots, 0, 64);
  assert.equal(count, sent!.requests);
  const { answers: output } = reservePlanSlots({ ...plan.packets, inFlight: count });
  const found = await device.exchange({ input: slots, count, output });
  const answers = Array.from({ length: found }, (_, slot) => packetBytes(output, slot).slice());
  return { flow: sent!.flow, description, answers };
}

const channel = { remoteHost: "10.0.0.1", keys: undefined, notify: () => {} } as unknown as Channel;
const source = { host: "10.0.0.2", port: 2 };

Deno.test("ReceivedInputs takes answers from any places in memory, and reports flows in one call", async () => {
  const sent = await Promise.all(INPUTS.map(answersOf));
  const all = sent.flatMap(({ answers }) => answers);
  const draws = fc.record({
    order: fc.shuffledSubarray([...all.keys()], { minLength: all.length }),
    // Bytes between datagrams. Without any, they are copied together.
    gaps: fc.array(fc.constantFrom(0, 0, 0, 7), { minLength: all.length, maxLength: all.length }),
    batches: fc.oneof(fc.constant(all.length), fc.integer({ min: 1, max: all.length })),
  });
  await fc.assert(
    fc.asyncProperty(draws, async ({ order, gaps, batches }) => {
      const outputs: Tensor[] = [], calls: string[][] = [];
      const inputs = new ReceivedInputs(new Map([[plan.id, { plan, halves }]]), ({ output }) => {
        outputs.push(output);
      });
      inputs.reportBy({
        send: (batch) => {
          calls.push(Array.from({ length: batch.count }, (_, n) => {
            const report = decodeReport(datagramAt(batch, n));
            return typeof report === "string" ? report : `${report.flow} ${report.first}`;
          }));
          return Promise.resolve();
        },
      } as Pick<DatagramSocket, "send"> as DatagramSocket);
      for (const { flow, description } of sent) {
        inputs.open({ plan: plan.id, flows: [flow], description, label: "", port: 9 }, channel);
      }
      const memory = new Uint8Array(2 ** 17);
      for (let from = 0; from < order.length; from += batches) {
        const list = new DatagramList(memory);
        let at = 0;
        for (const n of order.slice(from, from + batches)) {
          memory.set(all[n]!, at);
          list.add(at, all[n]!.length);
          at += all[n]!.length + gaps[n]!;
        }
        // Too long, too short, and not of the length that its header names.
        if (from === 0) {
          list.add(0, 120_000);
          list.add(at, 5);
          list.add(0, list.lengths[0]! - 1);
        }
        inputs.take({ ...listOf(list), sources: Array.from({ length: list.count }, () => source) });
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
      assert.deepEqual(inputs.counts().outcomes, { accepted: all.length, length: 2, truncated: 1 });
      assert.equal(outputs.length, 2);
      const results = INPUTS.map(({ data }) => Array.from(data as Uint8Array, (value) => 255 - value));
      for (const { data } of outputs) {
        assert(results.some((each) => each.every((value, n) => value === data[n])));
      }
      // The last call has a report of each flow that became complete in its batch.
      if (batches === order.length) {
        assert.deepEqual(calls.map((each) => each.toSorted()), [
          sent.map(({ flow, answers }) => `${flow} ${answers.length}`).toSorted(),
        ]);
      }
      inputs.close();
    }),
    { numRuns: 60 },
  );
});

function listOf({ bytes, count, offsets, lengths }: DatagramList) {
  return { bytes, count, offsets, lengths };
}
