import assert from "node:assert/strict";
import { decodePlan, encodePlan } from "../../kernels/plan/file.ts";
import { CARD_PROFILES, parseProfile, sameProfile } from "../../kernels/target/profiles.ts";
import { compile } from "../../kernels/compile.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { refusal } from "../support/failure.ts";
import { test } from "./helpers.ts";

const OWN = {
  name: "own",
  bram: 1000,
  uram: 0,
  backing: { kind: "ddr4", bytes: 2 ** 30, gigabytesPerSecond: 19, latencyNs: 107 },
};

function planOn(device: DeviceProfile, shape = [719, 1279, 3]) {
  return compile({ steps: [{ op: "resize", size: [224, 224] }] }, {
    input: { dtype: "u8", shape, layout: "HWC" },
    device,
  });
}

test("the cards are there with their sources, and each is a profile of its own", () => {
  assert.deepEqual(CARD_PROFILES.map(({ name }) => name), ["u50", "u55c", "u250", "u280", "vnx"]);
  for (const profile of CARD_PROFILES) {
    assert.deepEqual(parseProfile(JSON.parse(JSON.stringify(profile))), profile);
    assert.match(profile.summary, /DS\d+|VNx|UG\d+/);
  }
});

test("a user's own profile needs few numbers; what it leaves out is as on the cards", () => {
  const own = parseProfile(OWN);
  assert.equal(own.payload, 1344);
  assert.deepEqual(own.kernels, MODEL_PROFILE.kernels);
  // 800 BRAM are no room for the resident tables of 1279 x 719: pages are swapped.
  const plan = planOn(own);
  assert.equal(plan.body.stages[0]!.form, "row-pages");
  assert(plan.body.pages !== null && plan.body.pages.slots < plan.body.pages.count);
  assert(plan.body.memory.bram <= plan.body.memory.budget.bram);
  assert(plan.body.cost.stalls > 0);
});

test("instances share a card: each has its part of the blocks", () => {
  const [one, four] = [1, 4].map((instances) => planOn({ ...MODEL_PROFILE, instances }, [480, 640, 3]));
  assert.equal(four!.body.memory.budget.bram, Math.floor(2016 * 0.8 / 4));
  assert.equal(one!.body.memory.budget.bram, Math.floor(2016 * 0.8));
  // And of the wire.
  const wire = (plan: typeof one) => plan!.body.layouts[0]!.wireUs;
  assert(Math.abs(wire(four) - 4 * wire(one)) < 0.01);
});

test("a profile that is wrong is refused by the field's name", () => {
  const wrong: [string, unknown][] = [
    ["bram", -1],
    ["clockMHz", 0],
    ["payload", 10],
    ["usable", 1.5],
    ["layouts", ["diagonal"]],
    ["backing", { kind: "tape" }],
  ];
  for (const [field, value] of wrong) {
    assert.throws(
      () => parseProfile({ ...OWN, [field]: value }),
      refusal("device", new RegExp(`profile\\.${field}`)),
    );
  }
  assert.throws(() => parseProfile({ ...OWN, brams: 3 }), refusal("device"));
});

test("sameProfile() finds the profile of a plan's bytes equal to the device's, whatever the order of its keys", () => {
  const { target } = decodePlan(encodePlan(planOn(RTL_PROFILE)));
  assert.notEqual(JSON.stringify(target), JSON.stringify(RTL_PROFILE));
  assert(sameProfile(target, RTL_PROFILE));
  assert(!sameProfile({ ...target, payload: target.payload - 64 }, RTL_PROFILE));
});
