import fc from "fast-check";
import assert from "node:assert/strict";
import {
  CARD_RESOURCES,
  lineRate,
  RESOURCES,
  USABLE_SHARE,
  WIRE_BYTES,
} from "../../kernels/target/line_rate.ts";
import { refusal } from "../support/failure.ts";

const load = { packets: 10, bytesIn: 14_080, answers: 10, bytesOut: 3000, cycles: 450 };
const instance = { lut: 20_000, ff: 10_000, bram: 100, uram: 0, dsp: 5 };
const options = { gbps: 100, clockMHz: 250 };

Deno.test("lineRate() has the packets a second of a link, headers of Ethernet included", () => {
  // 1,408 bytes and 66 of the wire: the 8.48 million packets of 44 beats at 373 MHz.
  const { linePackets, fullOf } = lineRate(load, instance, CARD_RESOURCES.u55c, options);
  assert.equal(Math.round(linePackets), Math.round(100e9 / 8 / (1408 + WIRE_BYTES)));
  assert.equal(fullOf, "requests");
  assert.equal(Math.round(linePackets * 44 / 1e6), 373);
  const more = lineRate({ ...load, bytesOut: 28_160 }, instance, CARD_RESOURCES.u55c, options);
  assert.equal(more.fullOf, "answers");
  assert.equal(Math.round(more.linePackets), Math.round(100e9 / 8 / (2816 + WIRE_BYTES)));
});

Deno.test("lineRate(): needed instances take all and one fewer does not; one more than fit exceeds a resource", () => {
  const size = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(
      fc.record({ packets: size, bytesIn: size, answers: size, bytesOut: size, cycles: size }),
      fc.record({ lut: size, ff: size, bram: size, uram: fc.nat(100), dsp: fc.nat(100) }),
      fc.constantFrom(...Object.values(CARD_RESOURCES)),
      fc.integer({ min: 1, max: 400 }),
      (load, instance, card, gbps) => {
        const found = lineRate(load, instance, card, { gbps, clockMHz: 250 });
        const { needed, fits, instancePackets, linePackets, reached, binds, share } = found;
        assert(needed * instancePackets >= linePackets * (1 - 1e-12));
        assert((needed - 1) * instancePackets < linePackets);
        const usable = (name: typeof binds) => Math.floor(card[name] * USABLE_SHARE[name]);
        for (const name of RESOURCES) assert(fits * instance[name] <= usable(name) * (1 + 1e-12), name);
        assert((fits + 1) * instance[binds] > usable(binds) * (1 - 1e-12));
        assert.equal(reached === 1, fits * instancePackets >= linePackets);
        assert.equal(share <= 1, needed <= fits);
      },
    ),
  );
});

Deno.test("lineRate() refuses what is not greater than 0", () => {
  for (const name of ["packets", "bytesIn", "cycles"] as const) {
    for (const value of [0, -1, NaN, Infinity]) {
      assert.throws(
        () => lineRate({ ...load, [name]: value }, instance, CARD_RESOURCES.u50, options),
        refusal("size", new RegExp(`${name} is .*expected more than 0`)),
      );
    }
  }
  for (const card of [undefined, { ...CARD_RESOURCES.u50, dsp: "many" }]) {
    assert.throws(
      () => lineRate(load, instance, card as unknown as typeof instance, options),
      refusal("size", /(lut|dsp) of the card is (undefined|of type string), expected 0 or more/),
    );
  }
  const none = { lut: 0, ff: 0, bram: 0, uram: 0, dsp: 0 };
  assert.throws(() => lineRate(load, none, CARD_RESOURCES.u50, options), refusal("size", /no resources/));
});
