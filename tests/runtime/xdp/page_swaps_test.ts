import assert from "node:assert/strict";
import fc from "fast-check";
import { replace } from "../../../kernels/image/residency/replacement.ts";
import type { PageLoad } from "../../../kernels/program.ts";
import { createPageSwaps } from "../../../runtime/xdp/page_swaps.ts";
import { MAX_PAGES } from "../../../runtime/xdp/pages.ts";
import { refusal } from "../../support/failure.ts";
import { sized } from "../../support/long.ts";

/** Loads of a sequence of pages, one for each epoch. */
function loadsOf(pages: readonly number[], slots: number, resident: readonly number[], first: number) {
  const residency = replace(pages, slots, "shadow", resident);
  const loads = residency.loads.map(({ page, slot, after, before }): PageLoad => ({
    page,
    slot,
    bytes: Uint8Array.of(page),
    after: after < 0 ? -1 : first + after,
    before: first + before,
  }));
  return { loads, resident: residency.resident };
}

Deno.test("createPageSwaps() has the page of each epoch, serves its epoch, and loads each page as scheduled", () => {
  const run = fc.array(fc.nat(24), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MAX_PAGES }), fc.array(run, { maxLength: 4 }), (slots, runs) => {
      const swaps = createPageSwaps();
      let [resident, first, count, scheduled] = [
        new Array<number>(slots).fill(-1) as readonly number[],
        0,
        0,
        0,
      ];
      let held: readonly number[] = [], served = 0;
      for (const pages of runs) {
        const made = loadsOf(pages, slots, resident, first);
        swaps.queue(made.loads);
        scheduled += made.loads.length;
        pages.forEach((page, n) => {
          const epoch = first + n;
          if (swaps.isDue(epoch)) {
            const { resident: { first, pages }, loads } = swaps.swap(epoch);
            assert(loads.length > 0 && pages.length <= slots && first >= served);
            for (const { page, bytes } of pages) assert.deepEqual([...bytes], [page]);
            [held, served, count] = [pages.map(({ page }) => page), first, count + loads.length];
          }
          assert(held.includes(page), `page ${page} in epoch ${epoch}: ${held}`);
          assert(served <= epoch);
        });
        [resident, first] = [made.resident, first + pages.length];
      }
      assert.equal(count, scheduled);
    }),
    { numRuns: sized(2000, 200) },
  );
});

Deno.test("createPageSwaps() brings many pages with one swap", () => {
  const pages = Array.from({ length: 224 }, (_, n) => n);
  const { loads } = loadsOf(pages, MAX_PAGES, new Array(MAX_PAGES).fill(-1), 0);
  const swaps = createPageSwaps();
  swaps.queue(loads);
  const due = pages.filter((epoch) => {
    if (!swaps.isDue(epoch)) return false;
    swaps.swap(epoch);
    return true;
  });
  // Every slot is free once the epochs of its page have ended.
  assert.deepEqual(due, Array.from({ length: 224 / MAX_PAGES }, (_, n) => MAX_PAGES * n));
});

Deno.test("createPageSwaps() refuses slots that the kernel lacks, and then queues nothing", () => {
  const load = { page: 3, slot: 0, bytes: new Uint8Array(1), after: -1, before: 0 };
  for (const slot of [-1, MAX_PAGES, 0.5]) {
    const swaps = createPageSwaps();
    assert.throws(
      () => swaps.queue([load, { ...load, slot }]),
      refusal("table", /page 3 into slot .* 0 to 15/),
    );
    assert.equal(swaps.isDue(5), false);
  }
});

Deno.test("createPageSwaps() serves the epochs behind the last one whose page has left, and waits for its end", () => {
  const swaps = createPageSwaps();
  const load = { page: 3, slot: 0, bytes: new Uint8Array(1), after: -1, before: 0 };
  swaps.queue([load, { ...load, page: 4, after: 5, before: 9 }, {
    ...load,
    page: 5,
    slot: 1,
    after: 7,
    before: 2,
  }]);
  assert.equal(swaps.swap(0).resident.first, 0);
  // The second page could come in epoch 6, and must in 9. The third one's slot is free in 8, however early it is needed.
  assert.deepEqual([7, 8].map(swaps.isDue), [false, true]);
  const { resident, loads } = swaps.swap(8);
  assert.deepEqual([resident.first, loads.map(({ page }) => page)], [8, [4, 5]]);
  assert.equal(swaps.isDue(100), false);
});
