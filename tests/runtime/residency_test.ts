import fc from "fast-check";
import assert from "node:assert/strict";
import {
  countMisses,
  type PageLoad,
  type Policy,
  replace,
} from "../../kernels/image/residency/replacement.ts";
import {
  type Access,
  type PageCost,
  simulate,
  type Timeline,
} from "../../kernels/image/residency/simulate.ts";
import { refusal } from "../support/failure.ts";
import { random } from "../support/random.ts";
import { longTest } from "../support/long.ts";

const POLICIES: readonly Policy[] = ["belady", "shadow", "lru", "lfu"];

/** Pages and slots, sometimes with pages that stand in the slots already. */
const anyCase = (most: number) =>
  fc.record({
    pages: fc.array(fc.nat(8), { maxLength: most }),
    slots: fc.integer({ min: 1, max: 6 }),
    start: fc.option(fc.uniqueArray(fc.nat(12), { minLength: 6, maxLength: 6 }), { nil: undefined }),
    holes: fc.nat(63),
  }).map(({ pages, slots, start, holes }) => ({
    pages,
    slots,
    resident: start?.slice(0, slots).map((page, slot) => (holes >> slot) & 1 ? -1 : page),
  }));

/** The same rules in the plainest form: every victim is searched for among all slots. */
function replacePlainly(
  pages: readonly number[],
  slots: number,
  policy: Policy,
  resident?: readonly number[],
) {
  const held = resident === undefined ? new Array<number>(slots).fill(-1) : [...resident];
  const uses = held.map(() => 0);
  const last = held.map(() => -1);
  const loads: PageLoad[] = [];
  pages.forEach((page, before) => {
    let slot = held.indexOf(page);
    if (slot < 0) {
      slot = held.indexOf(-1);
      if (slot < 0) {
        const later = held.map((each) =>
          (pages.indexOf(each, before) + pages.length + 1) % (pages.length + 1)
        );
        const looksAhead = policy === "belady" || policy === "shadow";
        const order = held.map((_, each) => each).sort((a, b) =>
          (looksAhead ? later[b]! - later[a]! : policy === "lfu" ? uses[a]! - uses[b]! : 0) ||
          last[a]! - last[b]! || a - b
        );
        const spared = policy === "shadow" && slots > 1 && before > 0 ? pages[before - 1] : undefined;
        slot = order.find((each) => held[each] !== spared)!;
      }
      loads.push({ page, slot, victim: held[slot]!, before, after: last[slot]! });
      held[slot] = page;
      uses[slot] = 0;
    }
    uses[slot]!++;
    last[slot] = before;
  });
  return { loads, resident: held };
}

/** The fewest misses of all choices of victims, tried one by one. */
function fewestMisses(
  pages: readonly number[],
  held: readonly number[],
  policy: "belady" | "bypass" | "shadow",
): number {
  const known = new Map<string, number>();
  const from = (at: number, held: readonly number[]): number => {
    if (at === pages.length) return 0;
    const page = pages[at]!;
    if (held.includes(page)) return from(at + 1, held);
    const key = `${at}:${held}`;
    let fewest = known.get(key);
    if (fewest === undefined) {
      const spared = policy === "shadow" && held.length > 1 && at > 0 ? pages[at - 1] : undefined;
      const choices = held.flatMap((victim, slot) =>
        victim === spared ? [] : [from(at + 1, held.with(slot, page))]
      );
      if (policy === "bypass") choices.push(from(at + 1, held));
      known.set(key, fewest = 1 + Math.min(...choices));
    }
    return fewest;
  };
  return from(0, held);
}

Deno.test("replace() follows each rule to the slot, the victim and the accesses around a load", () => {
  fc.assert(
    fc.property(anyCase(40), fc.constantFrom(...POLICIES), ({ pages, slots, resident }, policy) => {
      const found = replace(pages, slots, policy, resident);
      assert.deepEqual(found, replacePlainly(pages, slots, policy, resident));
      assert.equal(countMisses(pages, slots, policy, resident), found.loads.length);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("replace() makes loads that serve every access when they are replayed", () => {
  fc.assert(
    fc.property(anyCase(60), fc.constantFrom(...POLICIES), ({ pages, slots, resident }, policy) => {
      const { loads, resident: end } = replace(pages, slots, policy, resident);
      const held = resident === undefined ? new Array<number>(slots).fill(-1) : [...resident];
      const last = held.map(() => -1);
      let at = 0;
      pages.forEach((page, index) => {
        while (loads[at]?.before === index) {
          const load = loads[at++]!;
          assert(!held.includes(load.page), "a page that is there is not loaded");
          assert(load.victim === -1 || !held.includes(-1), "empty slots are used first");
          assert.deepEqual([held[load.slot], last[load.slot]], [load.victim, load.after]);
          held[load.slot] = load.page;
        }
        assert(held.includes(page));
        last[held.indexOf(page)] = index;
      });
      assert.equal(at, loads.length);
      assert.deepEqual(held, end);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("Belady's rule never loads more than any other, up to any access", () => {
  fc.assert(
    fc.property(anyCase(50), ({ pages, slots, resident }) => {
      const [best, ...others] = POLICIES.map((policy) => replace(pages, slots, policy, resident).loads);
      for (const loads of others) {
        assert(best!.length <= loads.length);
        // The k-th load is needed no earlier than by any other rule.
        best!.forEach(({ before }, k) => assert(before >= loads[k]!.before));
      }
      assert(countMisses(pages, slots, "bypass", resident) <= best!.length);
    }),
    { numRuns: 10_000 },
  );
});

Deno.test("Belady's rule equals the best of all choices of victims", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(4), { maxLength: 9 }),
      fc.integer({ min: 1, max: 3 }),
      fc.uniqueArray(fc.nat(5), { minLength: 3, maxLength: 3 }),
      fc.boolean(),
      (pages, slots, start, empty) => {
        const resident = empty ? new Array<number>(slots).fill(-1) : start.slice(0, slots);
        for (const policy of ["belady", "shadow", "bypass"] as const) {
          const expected = fewestMisses(pages, resident, policy);
          assert.equal(countMisses(pages, slots, policy, resident), expected, policy);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("the shadow rule never waits for the work just before, and needs one slot more at most", () => {
  fc.assert(
    fc.property(anyCase(50), ({ pages, slots }) => {
      const { loads } = replace(pages, slots + 1, "shadow");
      for (const { after, before } of loads) assert(after < before - 1 || after === -1);
      assert(loads.length >= countMisses(pages, slots + 1, "belady"));
      assert(loads.length <= countMisses(pages, slots, "belady"));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("replace() goes on where an earlier stretch ended", () => {
  const pages = [3, 1, 4, 1, 5];
  for (const policy of POLICIES) {
    const { resident } = replace(pages, 3, policy);
    assert.deepEqual(replace([], 3, policy, resident), { loads: [], resident });
    assert.deepEqual(replace([5, 1], 3, policy, resident), { loads: [], resident });
  }
});

longTest("replace() takes a million accesses, with few slots and with many", () => {
  const next = random(7);
  const pages = Uint32Array.from({ length: 1_000_000 }, () => Math.min(next(), next()) % 5000);
  for (const slots of [1, 2, 4, 4096]) {
    const [belady, ...others] = POLICIES.map((policy) => countMisses(pages, slots, policy));
    assert(others.every((misses) => belady! <= misses));
  }
  assert.equal(countMisses(pages, 5000, "belady"), new Set(pages).size);
});

Deno.test("replace() refuses numbers outside their limits by name", () => {
  assert.throws(() => replace([0], 0, "lru"), refusal("size", /number of slots 0/));
  assert.throws(() => replace([0], 2 ** 24 + 1, "lru"), refusal("size", /number of slots/));
  for (const page of [-1, 0.5, 2 ** 31, NaN, undefined as unknown as number]) {
    assert.throws(() => replace([0, page], 2, "belady"), refusal("size", /page/));
  }
  assert.throws(() => replace([0], 2, "lru", [1]), refusal("shape", /1 resident pages.* 2 slots/));
  assert.throws(() => replace([0], 2, "lru", [1, 1]), refusal("size", /page 1 in two slots/));
  assert.throws(() => replace([0], 2, "lru", [1, -2]), refusal("size", /resident page -2/));
});

/** Work and loads moved on by one cycle at a time, with counters as hardware has them. */
function simulatePlainly(accesses: readonly Access[], loads: readonly PageLoad[], cost: PageCost) {
  const work = accesses.map(({ page }) => ({ page, start: -1, end: -1 }));
  const timed = loads.map(({ page, slot }) => ({ page, slot, start: -1, transfer: -1, end: -1 }));
  const wait = loads.map(() => cost.latency);
  let current = 0, left = -1, load = 0, missing = -1;
  for (let now = 0;; now++) {
    // What takes no time may let other things happen in the same cycle.
    for (let again = true; again;) {
      again = false;
      if (left === 0) {
        work[current++]!.end = now;
        left = -1;
        again = true;
      }
      if (missing === 0) {
        timed[load++]!.end = now;
        missing = -1;
        again = true;
      }
      loads.forEach(({ after }, k) => {
        if (timed[k]!.start < 0 && (after === -1 || work[after]!.end >= 0)) {
          timed[k]!.start = now;
          again = true;
        }
      });
      if (missing < 0 && load < loads.length && timed[load]!.start >= 0 && wait[load] === 0) {
        timed[load]!.transfer = now;
        missing = cost.bytes(loads[load]!.page);
        again = true;
      }
      const ready = loads.every(({ before }, k) => before !== current || timed[k]!.end >= 0);
      if (left < 0 && current < accesses.length && ready) {
        work[current]!.start = now;
        left = accesses[current]!.cycles;
        again = true;
      }
    }
    if (current === accesses.length) return { work, loads: timed, cycles: now };
    if (left > 0) left--;
    if (missing > 0) missing = Math.max(0, missing - cost.bytesPerCycle);
    timed.forEach(({ start }, k) => {
      if (start >= 0 && wait[k]! > 0) wait[k]!--;
    });
  }
}

const anyCost = fc.record({
  sizes: fc.array(fc.nat(60), { minLength: 13, maxLength: 13 }),
  bytesPerCycle: fc.integer({ min: 1, max: 7 }),
  latency: fc.nat(12),
}).map(({ sizes, ...cost }): PageCost => ({ ...cost, bytes: (page) => sizes[page]! }));

Deno.test("simulate() equals a simulation cycle by cycle", () => {
  fc.assert(
    fc.property(
      anyCase(14),
      fc.constantFrom(...POLICIES),
      fc.array(fc.nat(25), { minLength: 14, maxLength: 14 }),
      anyCost,
      ({ pages, slots, resident }, policy, lengths, cost) => {
        const accesses = pages.map((page, index) => ({ page, cycles: lengths[index]! }));
        const residency = replace(pages, slots, policy, resident);
        const { work, loads, cycles, stalls, ideal, swaps, bytes } = simulate(accesses, residency, cost);
        assert.deepEqual({ work, loads, cycles }, simulatePlainly(accesses, residency.loads, cost));
        assert.equal(ideal, accesses.reduce((sum, access) => sum + access.cycles, 0));
        assert.equal(stalls, cycles - ideal);
        assert.equal(swaps, residency.loads.length);
        assert.equal(bytes, residency.loads.reduce((sum, { page }) => sum + cost.bytes(page), 0));
      },
    ),
    { numRuns: 3000 },
  );
});

Deno.test("simulate() never beats its bound, and with pages of one size no policy beats Belady's", () => {
  fc.assert(
    fc.property(anyCase(40), anyCost, fc.integer({ min: 0, max: 60 }), (some, cost, size) => {
      const { pages, slots, resident } = some;
      const accesses = pages.map((page, index) => ({ page, cycles: (index * 7919) % 31 }));
      const run = (policy: Policy, cost: PageCost) =>
        simulate(accesses, replace(pages, slots, policy, resident), cost);
      const least = run("belady", { ...cost, bytes: () => size }).minCycles;
      for (const policy of POLICIES) {
        const { minCycles, cycles, ideal } = run(policy, cost);
        assert(ideal <= minCycles && minCycles <= cycles);
        assert(least <= run(policy, { ...cost, bytes: () => size }).cycles);
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("simulate() reaches its bound with two slots and pages that are used once", () => {
  const length = fc.integer({ min: 0, max: 200 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      length,
      length,
      length,
      fc.boolean(),
      (n, a, b, c, longer) => {
        // Latency is hidden by the longer of the two: by a transfer, or by work.
        const [latency, short] = [a, b];
        const long = latency + short + c;
        const [transfer, cycles] = longer ? [long, short] : [short, long];
        const accesses = Array.from({ length: n }, (_, page) => ({ page, cycles }));
        const cost = { bytes: () => 4 * transfer, bytesPerCycle: 4, latency };
        for (const policy of POLICIES) {
          const timeline = simulate(accesses, replace(accesses.map(({ page }) => page), 2, policy), cost);
          assert.equal(timeline.cycles, timeline.minCycles);
          const expected = longer ? latency + n * transfer + cycles : latency + transfer + n * cycles;
          assert.equal(timeline.cycles, expected);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("simulate() refuses numbers outside their limits and loads that serve nothing", () => {
  const accesses = [{ page: 0, cycles: 1 }, { page: 1, cycles: 1 }, { page: 0, cycles: 1 }];
  const residency = replace([0, 1, 0], 1, "lru");
  const cost = { bytes: () => 8, bytesPerCycle: 4, latency: 0 };
  const change = (at: number, load: Partial<PageLoad>) => ({
    ...residency,
    loads: residency.loads.with(at, { ...residency.loads[at]!, ...load }),
  });
  const refused = (code: "size" | "table", says: RegExp, ...args: Parameters<typeof simulate>) =>
    assert.throws(() => simulate(...args), refusal(code, says));
  refused("size", /latency -1/, accesses, residency, { ...cost, latency: -1 });
  for (const bytesPerCycle of [0, -1, NaN, Infinity]) {
    refused("size", /bytes a cycle/, accesses, residency, { ...cost, bytesPerCycle });
  }
  refused("size", /page 0 with byte count 0\.5/, accesses, residency, { ...cost, bytes: () => 0.5 });
  refused("size", /page 0 with transfer cycles/, accesses, residency, { ...cost, bytes: () => 2 ** 40 });
  refused("size", /access 1 .* -1/, accesses.with(1, { page: 1, cycles: -1 }), residency, cost);
  refused("size", /number of accesses/, new Array(2 ** 20 + 1), residency, cost);
  refused("size", /number of slots 0/, accesses, { loads: [], resident: [] }, cost);
  refused(
    "table",
    /access 1 does not find page 2/,
    accesses.with(1, { page: 2, cycles: 1 }),
    residency,
    cost,
  );
  refused("table", /slot 0 holds/, accesses, change(2, { page: 5 }), cost);
  refused("table", /slot 7 holds/, accesses, change(2, { slot: 7 }), cost);
  refused("table", /after access 0, expected 1 to 1/, accesses, change(2, { after: 0 }), cost);
  refused("table", /after access 2, expected 1 to 1/, accesses, change(2, { after: 2 }), cost);
  refused("table", /access 1 does not find page 1/, accesses, change(1, { before: 2 }), cost);
  refused("table", /load 2 .* access 3, out of order/, accesses.slice(0, 2), change(2, { before: 3 }), cost);
});

Deno.test("docs/residency.md quotes what the simulator gives for a row table of 16 weights", async () => {
  const cost = { bytes: () => 32_768, bytesPerCycle: 32, latency: 64 };
  const page = await Deno.readTextFile(new URL("../../docs/residency.md", import.meta.url));
  const rows = page.split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const byTable = (batch: number): Access[] =>
    Array.from({ length: 224 }, (_, page) => ({ page, cycles: 112 * batch }));
  const byImage = (batch: number): Access[] =>
    Array.from({ length: 224 * batch }, (_, row) => ({ page: row % 224, cycles: 112 }));
  const run = (accesses: Access[], policy: Policy): Timeline =>
    simulate(accesses, replace(accesses.map(({ page }) => page), 2, policy), cost);
  const ratio = ({ cycles, ideal }: Timeline) => (cycles / ideal).toFixed(3);
  for (const batch of [1, 2, 4, 8, 9, 10, 11, 16, 64]) {
    const table = run(byTable(batch), "shadow");
    const cells = [
      String(batch),
      ratio(run(byImage(batch), "belady")),
      ratio(run(byImage(batch), "shadow")),
      ratio(table),
      (table.minCycles / table.ideal).toFixed(3),
    ];
    assert(rows.some((row) => row.join() === cells.join()), `no row | ${cells.join(" | ")} |`);
  }
});
