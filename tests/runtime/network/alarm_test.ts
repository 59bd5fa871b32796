import assert from "node:assert/strict";
import { Alarm } from "../../../runtime/network/alarm.ts";
import { installFakeClock } from "../../support/fake_clock.ts";

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

Deno.test("Alarm fires at its deadline, sooner for an earlier one, and not again", async () => {
  using clock = installFakeClock();
  const fired: number[] = [];
  const alarm = new Alarm(() => fired.push(clock.now()));
  alarm.set(50, 0);
  alarm.set(20, 0);
  await clock.run(sleep(200), 1000);
  assert.deepEqual(fired, [20]);
  alarm.set(clock.now() + 5, clock.now());
  alarm.stop();
  await clock.run(sleep(200), 1000);
  assert.deepEqual(fired, [20]);
});

Deno.test("Alarm keeps its timer for a later deadline, and fires once a second without one", async () => {
  using clock = installFakeClock();
  const fired: number[] = [];
  const alarm = new Alarm(() => fired.push(clock.now()));
  alarm.set(10, 0);
  for (let deadline = 11; deadline < 500; deadline++) alarm.set(deadline, 0);
  await clock.run(sleep(100), 1000);
  assert.deepEqual(fired, [10]);
  alarm.set(Infinity, 100);
  await clock.run(sleep(1500), 3000);
  assert.deepEqual(fired, [10, 1100]);
  // A deadline that has passed fires after a millisecond.
  alarm.set(0, clock.now());
  await clock.run(sleep(10), 100);
  assert.deepEqual(fired, [10, 1100, 1601]);
});
