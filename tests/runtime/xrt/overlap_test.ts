import assert from "node:assert/strict";
import fc from "fast-check";
import { overlap } from "../../../runtime/device/xrt/binding/overlap.ts";

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

Deno.test("overlap() writes batch n+1 while n runs, and n+2 before n-1 is read back where there are three stages", async () => {
  const trace: string[] = [];
  const running: (() => void)[] = [];
  const done = overlap([0, 1, 2, 3], 3, {
    fill: (stage, item) => void trace.push(`fill ${item} in ${stage}`),
    launch: (stage) => Promise.resolve(void trace.push(`launch ${stage}`)),
    collect: (stage) => new Promise((resolve) => running[stage] = resolve),
    drain: (stage, item) => void trace.push(`drain ${item} of ${stage}`),
  });
  await turn();
  assert.deepEqual(trace, ["fill 0 in 0", "launch 0", "fill 1 in 1", "launch 1", "fill 2 in 2", "launch 2"]);
  running[0]!();
  await turn();
  assert.deepEqual(trace.slice(6), ["drain 0 of 0", "fill 3 in 0", "launch 0"]);
  for (const stage of [1, 2, 0]) running[stage]!();
  assert.equal(await done, 4);
  assert.deepEqual(trace.slice(9), ["drain 1 of 1", "drain 2 of 2", "drain 3 of 0"]);
});

Deno.test("overlap() writes the next batch while one is on its way to the card, and sends one at a time", async () => {
  const trace: string[] = [];
  const sent: (() => void)[] = [];
  const done = overlap([0, 1, 2], 3, {
    fill: (_, item) => void trace.push(`fill ${item}`),
    launch: (stage) => {
      trace.push(`launch ${stage}`);
      return new Promise((resolve) => sent[stage] = resolve);
    },
    collect: (stage) => Promise.resolve(void trace.push(`collect ${stage}`)),
    drain: (_, item) => void trace.push(`drain ${item}`),
  });
  await turn();
  assert.deepEqual(trace, ["fill 0", "launch 0", "fill 1", "fill 2"]);
  for (const stage of [0, 1, 2]) {
    sent[stage]!();
    await turn();
  }
  await done;
  const after = trace.slice(4);
  for (const stage of [1, 2]) assert.equal(after.filter((each) => each === `launch ${stage}`).length, 1);
  // Batch 2 is sent when 1 has been, and by then the answer of 0 is taken.
  assert(after.indexOf("drain 0") < after.indexOf("launch 2"));
  assert(after.indexOf("launch 1") < after.indexOf("collect 1"));
  assert.deepEqual(after.filter((each) => each.startsWith("drain")), ["drain 0", "drain 1", "drain 2"]);
});

Deno.test("overlap() gives answers in the order of the items, and never more under way than stages", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.nat({ max: 4 }), { maxLength: 30 }),
    fc.integer({ min: 1, max: 5 }),
    async (delays, depth) => {
      const memory: (number | undefined)[] = [];
      const drained: number[] = [];
      let under = 0;
      const count = await overlap(delays.keys(), depth, {
        fill: (stage, item) => {
          assert.equal(memory[stage], undefined, "a stage is written before it is drained");
          memory[stage] = item;
          assert(++under <= depth);
        },
        launch: () => Promise.resolve(),
        collect: async (stage) => {
          for (let i = delays[memory[stage]!]!; i > 0; i--) await Promise.resolve();
        },
        drain: (stage, item) => {
          assert.equal(memory[stage], item);
          memory[stage] = undefined;
          under--;
          drained.push(item);
        },
      });
      assert.equal(count, delays.length);
      assert.deepEqual(drained, [...delays.keys()]);
    },
  ));
});

Deno.test("overlap() ends with the first failure when all that is under way has ended", async () => {
  for (const failing of ["fill", "launch", "collect", "drain"] as const) {
    let open = 0;
    const drained: number[] = [];
    const step = (name: string, item: number) => {
      if (name === failing && item === 2) throw new Error(`${name} fails`);
    };
    const items: number[] = [];
    await assert.rejects(
      overlap(Array(6).keys(), 2, {
        fill: (stage, item) => {
          items[stage] = item;
          step("fill", item);
        },
        launch: (stage) => {
          open++;
          return Promise.resolve().then(() => {
            try {
              step("launch", items[stage]!);
            } catch (error) {
              open--;
              throw error;
            }
          });
        },
        collect: async (stage) => {
          await turn();
          open--;
          step("collect", items[stage]!);
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

Deno.test("overlap() refuses a number of stages that is none", async () => {
  const nothing = { fill: () => {}, launch: () => turn(), collect: () => turn(), drain: () => {} };
  for (const depth of [0, 65, 1.5]) await assert.rejects(overlap([1], depth, nothing), { code: "size" });
});
