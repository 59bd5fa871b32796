import assert from "node:assert/strict";
import fc from "fast-check";
import { keepInFlight } from "../../../runtime/device/xrt/binding/in_flight.ts";

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

Deno.test("keepInFlight() writes batch n+1 while n runs, and n+2 before n-1 is read back where there are three slots", async () => {
  const trace: string[] = [];
  const running: (() => void)[] = [];
  const done = keepInFlight([0, 1, 2, 3], 3, {
    fill: (slot, item) => void trace.push(`fill ${item} in ${slot}`),
    launch: (slot) => Promise.resolve(void trace.push(`launch ${slot}`)),
    collect: (slot) => new Promise((resolve) => running[slot] = resolve),
    drain: (slot, item) => void trace.push(`drain ${item} of ${slot}`),
  });
  await turn();
  assert.deepEqual(trace, ["fill 0 in 0", "launch 0", "fill 1 in 1", "launch 1", "fill 2 in 2", "launch 2"]);
  running[0]!();
  await turn();
  assert.deepEqual(trace.slice(6), ["drain 0 of 0", "fill 3 in 0", "launch 0"]);
  for (const slot of [1, 2, 0]) running[slot]!();
  assert.equal(await done, 4);
  assert.deepEqual(trace.slice(9), ["drain 1 of 1", "drain 2 of 2", "drain 3 of 0"]);
});

Deno.test("keepInFlight() writes the next batch while one is on its way to the card, and sends one at a time", async () => {
  const trace: string[] = [];
  const sent: (() => void)[] = [];
  const done = keepInFlight([0, 1, 2], 3, {
    fill: (_, item) => void trace.push(`fill ${item}`),
    launch: (slot) => {
      trace.push(`launch ${slot}`);
      return new Promise((resolve) => sent[slot] = resolve);
    },
    collect: (slot) => Promise.resolve(void trace.push(`collect ${slot}`)),
    drain: (_, item) => void trace.push(`drain ${item}`),
  });
  await turn();
  assert.deepEqual(trace, ["fill 0", "launch 0", "fill 1", "fill 2"]);
  for (const slot of [0, 1, 2]) {
    sent[slot]!();
    await turn();
  }
  await done;
  const after = trace.slice(4);
  for (const slot of [1, 2]) assert.equal(after.filter((each) => each === `launch ${slot}`).length, 1);
  // Batch 2 is sent when 1 has been, and by then the answer of 0 is taken.
  assert(after.indexOf("drain 0") < after.indexOf("launch 2"));
  assert(after.indexOf("launch 1") < after.indexOf("collect 1"));
  assert.deepEqual(after.filter((each) => each.startsWith("drain")), ["drain 0", "drain 1", "drain 2"]);
});

Deno.test("keepInFlight() gives answers in the order of the items, and never more under way than slots", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.nat({ max: 4 }), { maxLength: 30 }),
    fc.integer({ min: 1, max: 5 }),
    async (delays, depth) => {
      const memory: (number | undefined)[] = [];
      const drained: number[] = [];
      let under = 0;
      const count = await keepInFlight(delays.keys(), depth, {
        fill: (slot, item) => {
          assert.equal(memory[slot], undefined, "a slot is written before it is drained");
          memory[slot] = item;
          assert(++under <= depth);
        },
        launch: () => Promise.resolve(),
        collect: async (slot) => {
          for (let i = delays[memory[slot]!]!; i > 0; i--) await Promise.resolve();
        },
        drain: (slot, item) => {
          assert.equal(memory[slot], item);
          memory[slot] = undefined;
          under--;
          drained.push(item);
        },
      });
      assert.equal(count, delays.length);
      assert.deepEqual(drained, [...delays.keys()]);
    },
  ));
});

Deno.test("keepInFlight() ends with the first failure when all that is under way has ended", async () => {
  for (const failing of ["fill", "launch", "collect", "drain"] as const) {
    let open = 0;
    const drained: number[] = [];
    const step = (name: string, item: number) => {
      if (name === failing && item === 2) throw new Error(`${name} fails`);
    };
    const items: number[] = [];
    await assert.rejects(
      keepInFlight(Array(6).keys(), 2, {
        fill: (slot, item) => {
          items[slot] = item;
          step("fill", item);
        },
        launch: (slot) => {
          open++;
          return Promise.resolve().then(() => {
            try {
              step("launch", items[slot]!);
            } catch (error) {
              open--;
              throw error;
            }
          });
        },
        collect: async (slot) => {
          await turn();
          open--;
          step("collect", items[slot]!);
        },
        drain: (_, item) => {
          step("drain", item);
          drained.push(item);
        },
      }),
      { message: `${failing} fails` },
    );
    assert.equal(open, 0, failing);
    assert.deepEqual(drained, [0, 1], failing);
  }
});

Deno.test("keepInFlight() refuses a number of slots that is none", async () => {
  const nothing = { fill: () => {}, launch: () => turn(), collect: () => turn(), drain: () => {} };
  for (const depth of [0, 65, 1.5]) await assert.rejects(keepInFlight([1], depth, nothing), { code: "size" });
});
