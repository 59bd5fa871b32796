import assert from "node:assert/strict";
import fc from "fast-check";
import { Arrivals } from "../../../runtime/network/arrivals.ts";
import { decodeReport, encodeReport, MAX_BITMAP_BYTES } from "../../../runtime/network/report_packet.ts";

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

Deno.test("decodeReport() reads what encodeReport() writes, and refuses each changed bit", () => {
  const kinds = fc.constantFrom("arrived" as const, "held" as const);
  const bitmaps = fc.uint8Array({ maxLength: 40 });
  const draws = fc.record({ kind: kinds, flow: u32, first: u32, bitmap: bitmaps, bit: fc.nat() });
  fc.assert(fc.property(draws, ({ bit, ...sent }) => {
    const bytes = encodeReport(sent);
    const report = decodeReport(bytes);
    assert(typeof report !== "string");
    assert.deepEqual({ ...report, bitmap: report.bitmap.slice() }, sent);
    const at = bit % (8 * bytes.length);
    bytes[at >> 3]! ^= 1 << (at & 7);
    assert.equal(typeof decodeReport(bytes), "string");
  }));
});

Deno.test("decodeReport() names what is wrong with any bytes", () => {
  const names = new Set(["magic", "version", "kind", "truncated", "length", "crc"]);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
    assert(names.has(decodeReport(bytes) as string));
  }));
  const long = encodeReport({
    kind: "arrived",
    flow: 1,
    first: 2,
    bitmap: new Uint8Array(MAX_BITMAP_BYTES + 1),
  });
  assert.equal(decodeReport(long), "length");
  const report = encodeReport({ kind: "arrived", flow: 1, first: 2, bitmap: new Uint8Array(4) });
  assert.equal(decodeReport(report.subarray(0, -1)), "truncated");
  assert.equal(decodeReport(Uint8Array.from([...report, 0])), "length");
});

Deno.test("Arrivals reports requests whose answers have all arrived", () => {
  const arrivals = new Arrivals({ flow: 5, requests: 20 });
  arrivals.count(0, 1);
  arrivals.count(2, 2);
  assert.deepEqual(arrivals.report(), { kind: "arrived", flow: 5, first: 1, bitmap: new Uint8Array(0) });
  arrivals.count(2, 2);
  arrivals.count(9, 1);
  assert.deepEqual(arrivals.report(), {
    kind: "arrived",
    flow: 5,
    first: 1,
    bitmap: Uint8Array.of(0b10, 0b1),
  });
  arrivals.count(1, 1);
  assert.equal(arrivals.report().first, 3);
  arrivals.count(20, 1);
  assert.equal(arrivals.report().first, 3);
});

Deno.test("Arrivals.hasNewGap shows requests that are missing and not reported yet", () => {
  const arrivals = new Arrivals({ flow: 5, requests: 20 });
  const after = (sequence: number, parts = 1) => {
    arrivals.count(sequence, parts);
    return arrivals.hasNewGap;
  };
  assert.deepEqual([0, 1, 4, 3, 2, 5].map((each) => after(each)), [false, false, true, true, false, false]);
  assert.equal(after(8), true);
  arrivals.report();
  assert.deepEqual([arrivals.hasNewGap, after(9), after(6), after(11)], [false, false, false, true]);
  // A duplicate changes nothing, and one of two answers shows nothing yet.
  arrivals.report();
  assert.deepEqual([after(11), after(14, 2), after(14, 2)], [false, false, true]);
  const some = new Arrivals({ flow: 5, requests: 4, answersOf: Uint32Array.of(0, 1, 0, 1) });
  some.count(1, 1);
  some.count(3, 1);
  assert.equal(some.hasNewGap, false);
});

Deno.test("Arrivals counts a request without answers once a later one has arrived", () => {
  const arrivals = new Arrivals({ flow: 5, requests: 4, answersOf: Uint32Array.of(0, 0, 2, 1) });
  assert.equal(arrivals.report().first, 0);
  arrivals.count(2, 1);
  assert.equal(arrivals.report().first, 0);
  arrivals.count(2, 1);
  assert.equal(arrivals.report().first, 3);
});
