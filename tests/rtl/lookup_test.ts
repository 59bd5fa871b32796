import fc from "fast-check";
import assert from "node:assert/strict";
import { createLookupClock, lookupFlowCycles, type LookupSizes } from "../../kernels/lookup/cycles.ts";
import {
  DROP_REASONS,
  LOOKUP_ARGUMENTS,
  LOOKUP_CAPACITY,
  LOOKUP_TABLE,
} from "../../kernels/rtl/registers.ts";
import { HEADER_BYTES, KIND, OFFSET } from "../../serialize/header.ts";
import { longTest } from "../support/long.ts";
import {
  answerOf,
  anyTables,
  argumentsOf,
  codesPacket,
  loadLookup,
  longestOf,
  SIZES,
  STORES,
  type Tables,
  tablesOf,
} from "./lookup_packets.ts";
import { seal, verdict } from "./packets.ts";
import { openRtl, type Outcome } from "./rtl.ts";

const rtl = await openRtl("packet_lookup");

/** Greatest bytes of a request and of an answer whose cycles are exact. */
const EXACT = 1344;

/** Counts of the drops of a run by their names. */
function dropsOf({ drops }: Outcome): Record<string, number> {
  const named = drops.map((count, reason) => [DROP_REASONS[reason]!, count] as const);
  return Object.fromEntries(named.filter(([, count]) => count > 0));
}

function nameOf({ itemBytes, outputBytes }: LookupSizes): string {
  return `${itemBytes} to ${outputBytes} bytes`;
}

/** What may spoil a packet, by what the checks then name. */
const SPOILINGS = {
  none: (packet) => packet,
  crc: (packet) => packet.with(packet.length - 1, packet.at(-1)! ^ 1),
  plan: (packet) => resealed(packet, (view) => view.setUint32(OFFSET.plan, 1, true)),
  kind: (packet) => resealed(packet, (view) => view.setUint8(OFFSET.kind, 9)),
  truncated: (packet) => packet.slice(0, -1),
  items: (packet) => resealed(packet, (view) => view.setUint8(OFFSET.kind, KIND.text)),
} satisfies Record<string, (packet: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>>;

function resealed(packet: Uint8Array, change: (view: DataView) => void): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(packet);
  const view = new DataView(copy.buffer);
  change(view);
  view.setUint32(OFFSET.crc, seal(copy), true);
  return copy;
}

const anySpoiling = fc.oneof(
  { weight: 4, arbitrary: fc.constant("none" as const) },
  fc.constantFrom(...Object.keys(SPOILINGS) as (keyof typeof SPOILINGS)[]),
);

/** Items of packets: around the ends of beats, and any number up to a limit. */
function anyItems(most: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 1, max: Math.min(most, 70) }),
    fc.integer({ min: 1, max: most }),
    fc.constant(most),
  );
}

const anyPauses = fc.record({
  send: fc.constantFrom(0, 0, 3, 12),
  take: fc.constantFrom(0, 0, 3, 12),
  seed: fc.nat(),
});

/** Packets of a plan, of which some are spoiled. */
function packetsOf(
  tables: Tables,
  plan: number,
  wanted: readonly (readonly [number, keyof typeof SPOILINGS])[],
): Uint8Array[] {
  return wanted.map(([items, spoiling], at) =>
    SPOILINGS[spoiling](codesPacket(tables, plan, items, at, wanted.length, at + 1))
  );
}

for (const sizes of SIZES) {
  longTest(
    `packet_lookup equals the formula bit for bit, with losses, pauses and other plans: ${nameOf(sizes)}`,
    () => {
      const longest = longestOf(sizes);
      fc.assert(
        fc.property(
          anyTables(sizes),
          fc.array(fc.tuple(anyItems(longest / sizes.itemBytes), anySpoiling), {
            minLength: 1,
            maxLength: 12,
          }),
          anyPauses,
          fc.integer({ min: 2, max: 2 ** 32 - 1 }),
          (tables, wanted, pauses, plan) => {
            // The tables of the run before are another plan's, deeper or not.
            loadLookup(rtl, tables, plan);
            const sent = packetsOf(tables, plan, wanted);
            const takes = { plan, kind: KIND.cells, longest };
            const verdicts = sent.map((packet) => verdict(packet, sizes.itemBytes, takes));
            const outcome = rtl.run(sent, pauses);
            const sound = sent.filter((_, at) => verdicts[at] === "none");
            assert.deepEqual(outcome.answers, sound.map((packet) => answerOf(packet, tables)));
            const expected: Record<string, number> = {};
            for (const name of verdicts) if (name !== "none") expected[name] = (expected[name] ?? 0) + 1;
            assert.deepEqual(dropsOf(outcome), expected);
          },
        ),
        { numRuns: 60 },
      );
    },
    sizes.itemBytes + sizes.outputBytes !== 3,
  );

  Deno.test(`packet_lookup takes the predicted cycles, with drops between: ${nameOf(sizes)}`, () => {
    fc.assert(
      fc.property(
        // Longer packets fill a store, which holds two of these.
        fc.array(fc.tuple(anyItems(EXACT / Math.max(...Object.values(sizes))), anySpoiling), {
          minLength: 1,
          maxLength: 20,
        }),
        (wanted) => {
          const tables = tablesOf(sizes, 8, 3, 2, false, 1);
          loadLookup(rtl, tables, 7);
          const sent = packetsOf(tables, 7, wanted);
          const clock = createLookupClock(sizes);
          wanted.forEach(([items, spoiling], at) =>
            spoiling === "none" ? clock.pass(items * sizes.itemBytes) : clock.drop(sent[at]!.length)
          );
          assert.equal(rtl.run(sent).cycles, clock.cycles());
        },
      ),
      { numRuns: 100 },
    );
  });

  Deno.test(`packet_lookup takes the predicted cycles or a few more where packets fill a store: ${nameOf(sizes)}`, () => {
    const tables = tablesOf(sizes, 8, 3, 2, false, 1);
    loadLookup(rtl, tables, 7);
    const count = 8, items = longestOf(sizes) / sizes.itemBytes;
    const sent = Array.from({ length: count }, (_, at) => codesPacket(tables, 7, items, at, count, at + 1));
    const predicted = lookupFlowCycles(sizes, sent.map(() => items * sizes.itemBytes)).cycles;
    const more = rtl.run(sent).cycles - predicted;
    assert(more >= 0 && more <= 7 * count, `${more} cycles more than ${predicted}`);
  });

  Deno.test(`packet_lookup passes a beat a cycle by its counters: ${nameOf(sizes)}`, () => {
    const tables = tablesOf(sizes, 8, 4, 3, false, 2);
    loadLookup(rtl, tables, 8);
    const items = Math.floor(1344 / Math.max(...Object.values(sizes)));
    const sent = packetsOf(tables, 8, Array.from({ length: 300 }, () => [items, "none"]));
    const before = rtl.card.counters();
    const { cycles } = rtl.run(sent);
    const after = rtl.card.counters();
    const busier = Math.max(after.beatsIn - before.beatsIn, after.beatsOut - before.beatsOut);
    const payloads = sent.map((packet) => packet.length - HEADER_BYTES);
    assert.deepEqual(lookupFlowCycles(sizes, payloads), { ideal: busier, cycles });
    // Only the first packet's way in and the last one's way out are added.
    assert(cycles - busier < 120, `${cycles} cycles for ${busier} beats`);
    const windows = [sent.slice(0, 256), sent.slice(256)].map((window) => rtl.run(window).cycles);
    assert.equal(lookupFlowCycles(sizes, payloads, 256).cycles, windows[0]! + windows[1]!);
  });

  Deno.test(`packet_lookup drops payloads that are no whole items, or whose answers do not fit: ${nameOf(sizes)}`, () => {
    const { itemBytes } = sizes;
    const tables = tablesOf(sizes, 8, 8, 1, false, 3);
    loadLookup(rtl, tables, 9);
    const most = longestOf(sizes);
    const bytes = { ...tables, itemBytes: 1 } as const;
    for (const length of [1, 2, 63, most - 1, most, most + 1, most + itemBytes, STORES.request, 8191, 8192]) {
      // A short one behind shows what a long one left inside.
      const sent = [length, itemBytes].map((payload, at) =>
        // Codes of 8 bits: the upper byte of an item is zero.
        resealed(codesPacket(bytes, 9, payload, at, 2, at), ({ buffer }) => {
          const items = new Uint8Array(buffer, HEADER_BYTES);
          if (itemBytes === 2) items.forEach((_, place) => items[place]! *= 1 - place % 2);
        })
      );
      const outcome = rtl.run(sent);
      const isTaken = length <= most && length % itemBytes === 0;
      assert.deepEqual(outcome.answers, sent.slice(isTaken ? 0 : 1).map((each) => answerOf(each, tables)));
      assert.deepEqual(dropsOf(outcome), isTaken ? {} : { items: 1 }, `${length} bytes`);
    }
  });
}

Deno.test("packet_lookup drops every packet when its arguments contradict each other", () => {
  const tables = tablesOf({ itemBytes: 2, outputBytes: 2 }, 8, 8, 1, false, 4);
  const place = (name: string) => LOOKUP_ARGUMENTS.findIndex((each) => each.name === name);
  const sent = packetsOf(tables, 10, [[24, "none"], [48, "none"]]);
  const values = argumentsOf(tables, 10);
  const wrong: readonly (readonly [string, number])[] = [
    ["item", 0], // payloads of an odd number of bytes would pass
    ["item", 256],
    ["item", 257],
    ["outputSize", 3],
  ];
  for (const [name, value] of wrong) {
    loadLookup(rtl, tables, 10);
    assert.equal(rtl.run(sent).answers.length, 2);
    rtl.card.start(values.with(place(name), value));
    assert.deepEqual(dropsOf(rtl.run(sent)), { items: 2 }, `${name} ${value}`);
  }
});

Deno.test("packet_lookup: packets of a plan are dropped until both tables are loaded, and then have its results", () => {
  const sizes = { itemBytes: 2, outputBytes: 2 } as const;
  const [one, other] = [5, 6].map((seed) => tablesOf(sizes, 10, seed, 3, true, seed)) as [Tables, Tables];
  loadLookup(rtl, one, 11);
  const sent = packetsOf(other, 12, [[100, "none"], [7, "none"]]);
  rtl.card.start(argumentsOf(other, 12));
  assert.deepEqual(dropsOf(rtl.run(sent)), { plan: 2 });
  rtl.card.loadTable(LOOKUP_TABLE.second, other.second);
  assert.deepEqual(dropsOf(rtl.run(sent)), { plan: 2 });
  rtl.card.loadTable(
    LOOKUP_TABLE.first,
    other.blocks.map((block, at) => block * 2 ** 32 + other.addends[at]!),
  );
  assert.deepEqual(rtl.run(sent).answers, sent.map((packet) => answerOf(packet, other)));
});

Deno.test("packet_lookup: entries beyond the depth of the tables change no entry", () => {
  for (const itemBytes of [1, 2] as const) {
    const depths = LOOKUP_CAPACITY[itemBytes];
    const tables = tablesOf({ itemBytes, outputBytes: 1 }, 8, 0, 256, false, 7);
    loadLookup(rtl, tables, 13);
    rtl.card.loadTable(LOOKUP_TABLE.first + depths.first / 65536, [...tables.blocks].reverse());
    rtl.card.loadTable(LOOKUP_TABLE.second + depths.second / 65536, [...tables.second].reverse());
    const sent = packetsOf(tables, 13, [[500, "none"]]);
    assert.deepEqual(rtl.run(sent).answers, sent.map((packet) => answerOf(packet, tables)));
  }
});

Deno.test("packet_lookup: a reset at any cycle leaves nothing behind, and keeps the tables", () => {
  for (const sizes of SIZES) {
    const tables = tablesOf(sizes, 8, 2, 9, false, 8);
    loadLookup(rtl, tables, 14);
    const sent = packetsOf(tables, 14, [[33, "none"], [90, "none"], [17, "none"]]);
    const expected = sent.map((packet) => answerOf(packet, tables));
    const { cycles } = rtl.run(sent);
    for (let after = 1; after < cycles; after += 3) {
      rtl.interrupt(sent, after);
      rtl.card.reset();
      rtl.card.start(argumentsOf(tables, 14));
      assert.deepEqual(rtl.run(sent).answers, expected, `${nameOf(sizes)}, reset after ${after} cycles`);
    }
  }
});
