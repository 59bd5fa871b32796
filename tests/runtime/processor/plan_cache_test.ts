import assert from "node:assert/strict";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { readProcessorConfig } from "../../../runtime/processor/config.ts";
import { createPlanCache } from "../../../runtime/processor/plan_cache.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { SMALL } from "./samples.ts";

Deno.test("createPlanCache() keeps the most recently used shapes, by device, and no failure", async () => {
  await using device = createModelDevice();
  await using other = createModelDevice();
  const cache = createPlanCache(readProcessorConfig(SMALL), { maxPlans: 2 });
  const at = async (width: number, on = device) => await cache.sessionFor(on, 24, width);
  const first = await at(30);
  const second = await at(31);
  assert.equal(await at(30), first);
  assert.notEqual(await at(30, other), first);
  await at(32);
  assert.equal(await at(30), first, "used after the second");
  assert.notEqual(await at(31), second, "evicted");
  const kept = await at(32);
  await at(31);
  for (let width = 60_000; width < 60_003; width++) {
    await assert.rejects(cache.sessionFor(device, 1, width), OnpathError);
  }
  assert.equal(await at(32), kept, "a shape that is refused evicts nothing");
  const [one, two] = await Promise.all([at(40), at(40)]);
  assert.equal(one, two, "opened once");
});
