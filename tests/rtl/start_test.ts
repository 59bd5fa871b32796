import assert from "node:assert/strict";
import {
  argumentAddress,
  DEQUANTIZE_ARGUMENTS,
  DROP_REASONS,
  IMAGE_ARGUMENTS,
  LOOKUP_ARGUMENTS,
  QUANTIZE_ARGUMENTS,
  REGISTER,
  ROTATE_ARGUMENTS,
  ROWS_ARGUMENTS,
  TOKENIZE_ARGUMENTS,
} from "../../kernels/rtl/registers.ts";
import { compile } from "../../kernels/image/plan/compile.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { offload } from "../../runtime/offload.ts";
import { pageCommands, pageWords } from "../../kernels/rtl/page_commands.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { rtlProgram } from "../../kernels/image/rtl/program.ts";
import { KERNELS } from "../../kernels/image/kernels.ts";
import { HEADER_BYTES, KIND } from "../../serialize/header.ts";
import { tensor } from "../../serialize/tensor.ts";
import { noise } from "../support/images.ts";
import { packetOf, PLAN } from "./packets.ts";
import { packetsOf } from "./plans.ts";
import { itemArgument, openRtl, type Outcome, type Rtl } from "./rtl.ts";

// Starts, and what they do to tables and to packets that the stores do not hold.

const input = noise(1, 20, 24, 3, 3);

/** Two plans for one build, whose packets differ in nothing but the plan and the weights that they ask for. */
const [PLAN_A, PLAN_B] = [[15, 18], [18, 15]].map((size): ImagePlan =>
  compile({ steps: [{ op: "resize", size: size as [number, number] }] }, { input, device: RTL_PROFILE })
) as [ImagePlan, ImagePlan];

/** Words of a load of a whole table, as the stream has them. */
function wordsOf({ table, entries }: ReturnType<typeof rtlProgram>["tables"][number]): number[] {
  const words = [65536 * table, entries.length];
  for (const entry of Array.from(entries)) words.push(entry % 2 ** 32, Math.floor(entry / 2 ** 32));
  return words;
}

const NO_ENTRIES = new Uint8Array(0);

/** Sends words of the table stream while no packet is offered; they must be taken within the cycles. */
function sendWords({ card }: Rtl, words: readonly number[], cycles = 4000): void {
  card.queue([{ words, entries: NO_ENTRIES, perWord: 1 }]);
  card.ends[0] = HEADER_BYTES;
  // A sender that always pauses offers nothing, so the run ends with its cycles.
  assert.throws(() => card.run(1, { send: 16 }, cycles), /did not end/);
  assert(!card.hasQueued());
}

/** Sets arguments and starts, whether the start is taken or not. */
function writeStart({ card }: Rtl, values: readonly number[]): void {
  values.forEach((value, place) => card.write(argumentAddress(place), value));
  card.write(REGISTER.control, 1);
}

function isPending({ card }: Rtl): boolean {
  // A run that is given up leaves a read under way, whose word the next read is given.
  card.read(REGISTER.control);
  return (card.read(REGISTER.control) & 1) === 1;
}

/** Counts of the drops of a run by their names. */
function dropsOf({ drops }: Outcome): Record<string, number> {
  const named = drops.map((count, reason) => [DROP_REASONS[reason]!, count] as const);
  return Object.fromEntries(named.filter(([, count]) => count > 0));
}

/** A plan on an instance of its own. */
async function openPlan(plan: ImagePlan): Promise<Rtl> {
  const rtl = await openRtl("packet_image");
  const { values, tables } = rtlProgram(plan);
  rtl.card.start(values);
  for (const { table, entries } of tables) rtl.card.loadTable(table, entries);
  return rtl;
}

Deno.test("RTL start: one in the middle of a table waits for its end, and the answers are the table's", async () => {
  const sent = packetsOf(PLAN_A, input);
  const expected = (await openPlan(PLAN_A)).run(sent).answers;
  const { values, tables } = rtlProgram(PLAN_A);
  const all = tables.map(wordsOf);
  // The start comes behind each part of either table, down to a word.
  for (const [place, words] of all.entries()) {
    for (const taken of [1, 2, 3, Math.floor(words.length / 4), words.length / 2 - 1]) {
      const rtl = await openRtl("packet_image");
      writeStart(rtl, values);
      for (const before of all.slice(0, place)) sendWords(rtl, before);
      sendWords(rtl, words.slice(0, 2 * taken));
      writeStart(rtl, values);
      assert(isPending(rtl), `taken behind ${taken} words of table ${place}`);
      sendWords(rtl, words.slice(2 * taken));
      assert(!isPending(rtl));
      // Tables behind it come as they would without the start.
      for (const behind of all.slice(place + 1)) sendWords(rtl, behind);
      const outcome = rtl.run(sent);
      // A plan whose tables were not complete at its start needs all of them.
      const complete = place === all.length - 1;
      assert.deepEqual(dropsOf(outcome), complete ? {} : { plan: sent.length });
      assert.deepEqual(outcome.answers, complete ? expected : []);
    }
  }
});

Deno.test("RTL start: tables behind the one that it waits for come behind the start", async () => {
  const sent = packetsOf(PLAN_A, input);
  const expected = (await openPlan(PLAN_A)).run(sent).answers;
  const { values, tables } = rtlProgram(PLAN_A);
  const [first, ...others] = tables.map(wordsOf) as [number[], ...number[][]];
  const rtl = await openRtl("packet_image");
  writeStart(rtl, values);
  sendWords(rtl, first.slice(0, 8));
  writeStart(rtl, values);
  // Without a pause between the end of the first table and all of them again.
  sendWords(rtl, [...first.slice(8), ...first, ...others.flat()], 8000);
  assert(!isPending(rtl));
  assert.deepEqual(rtl.run(sent).answers, expected);
});

Deno.test("RTL start: tables behind the one that another plan's start waits for are those of that plan", async () => {
  const sent = packetsOf(PLAN_B, input);
  const expected = (await openPlan(PLAN_B)).run(sent).answers;
  const [first] = rtlProgram(PLAN_A).tables.map(wordsOf);
  const { values, tables } = rtlProgram(PLAN_B);
  const rtl = await openRtl("packet_image");
  writeStart(rtl, rtlProgram(PLAN_A).values);
  sendWords(rtl, first!.slice(0, 8));
  writeStart(rtl, values);
  assert(isPending(rtl));
  sendWords(rtl, [...first!.slice(8), ...tables.flatMap(wordsOf)], 8000);
  // A start that came behind its tables would drop all packets until they come again.
  assert.deepEqual(rtl.run(sent).answers, expected);
});

Deno.test("RTL start: a table that is offered at the start of a plan comes behind it, whole", async () => {
  const rtl = await openPlan(PLAN_A);
  const sent = packetsOf(PLAN_B, input);
  const expected = (await openPlan(PLAN_B)).run(sent).answers;
  const { values, tables } = rtlProgram(PLAN_B);
  writeStart(rtl, values);
  for (const table of tables) rtl.card.queue([{ words: wordsOf(table), entries: NO_ENTRIES, perWord: 1 }]);
  // Packets and tables come at once: those that are in front of a table are dropped, none is wrong.
  const { answers } = rtl.run(sent);
  const found = answers.map((answer) => expected.findIndex((each) => answer.toString() === each.toString()));
  assert(!found.includes(-1), "an answer is of other tables");
  assert.deepEqual(rtl.run(sent).answers, expected);
});

Deno.test("RTL start: packets of another plan are dropped by name until its last table is complete", async () => {
  const rtl = await openPlan(PLAN_A);
  const sent = packetsOf(PLAN_B, input);
  const expected = (await openPlan(PLAN_B)).run(sent).answers;
  const { values, tables } = rtlProgram(PLAN_B);
  assert(tables.length > 1);
  rtl.card.start(values);
  for (const { table, entries } of tables) {
    const outcome = rtl.run(sent);
    assert.deepEqual([outcome.answers.length, dropsOf(outcome)], [0, { plan: sent.length }]);
    rtl.card.loadTable(table, Array.from(entries).slice(0, -1));
    assert.deepEqual(dropsOf(rtl.run(sent)), { plan: sent.length }, "an entry is missing");
    rtl.card.loadTable(table + (entries.length - 1) / 65536, Array.from(entries).slice(-1));
  }
  const outcome = rtl.run(sent);
  assert.deepEqual([outcome.answers, dropsOf(outcome)], [expected, {}]);
  // The plan before has lost its tables.
  rtl.card.start(rtlProgram(PLAN_A).values);
  assert.deepEqual(dropsOf(rtl.run(packetsOf(PLAN_A, input))), { plan: packetsOf(PLAN_A, input).length });
});

Deno.test("RTL start: the plan whose tables are complete starts again without them, over a reset too", async () => {
  const rtl = await openPlan(PLAN_A);
  const sent = packetsOf(PLAN_A, input);
  const { answers } = rtl.run(sent);
  const { values } = rtlProgram(PLAN_A);
  rtl.card.start(values);
  assert.deepEqual(rtl.run(sent).answers, answers);
  rtl.card.reset();
  rtl.card.start(values);
  assert.deepEqual(rtl.run(sent).answers, answers);
  // An instance that never had a table has none for plan 0 either.
  const fresh = await openRtl("packet_image");
  fresh.card.start(values.with(0, 0));
  const zeros = sent.map((packet) => {
    const other = packet.slice();
    const view = new DataView(other.buffer);
    view.setUint32(24, 0, true);
    view.setUint16(6, view.getUint16(6, true) & ~16, true);
    view.setUint32(40, 0, true);
    return other;
  });
  assert.deepEqual(dropsOf(fresh.run(zeros)), { plan: zeros.length });
});

Deno.test("RTL start: every kernel's last argument counts the entries of its plan's tables", () => {
  for (
    const list of [
      IMAGE_ARGUMENTS,
      ROWS_ARGUMENTS,
      TOKENIZE_ARGUMENTS,
      LOOKUP_ARGUMENTS,
      QUANTIZE_ARGUMENTS,
      DEQUANTIZE_ARGUMENTS,
      ROTATE_ARGUMENTS,
    ]
  ) {
    assert.equal(list.at(-1)!.name, "tables");
  }
  for (const match of ["exact", "opencv", "pillow"] as const) {
    const steps = [{ op: "resize", size: [9, 7], match }, { op: "normalize", range: "0-1", dtype: "f32" }];
    const { values, tables } = rtlProgram(compile({ steps }, { input, device: RTL_PROFILE }));
    assert.equal(values.at(-1), tables.reduce((sum, { entries }) => sum + entries.length, 0));
  }
});

Deno.test("RTL start: a page that is under way is discarded, and the plan behind it answers", async () => {
  const paged = compile({ steps: [{ op: "resize", size: [7, 5] }] }, {
    input,
    device: RTL_PROFILE,
    form: "row-pages",
  });
  const { kernel, params, form } = paged.body.stages[0]!;
  const bytes = KERNELS[kernel]!.page!(params, form, 0);
  const page = { page: 0, slot: 0 as const, before: 1, bytes };
  const sent = packetsOf(PLAN_A, input);
  const expected = (await openPlan(PLAN_A)).run(sent).answers;
  // One waits for an epoch that never comes, one is on its way.
  const cases = ([1, 8] as const).flatMap((perWord) => {
    const words = pageWords(bytes.length, perWord);
    return [[5, 400, perWord], [-1, words / 2, perWord], [-1, words, perWord]] as const;
  });
  for (const [after, cycles, perWord] of cases) {
    const rtl = await openPlan(paged);
    const { swaps } = rtl.card.counters();
    rtl.card.queue(pageCommands([{ ...page, after }], 1, perWord));
    rtl.card.ends[0] = HEADER_BYTES;
    assert.throws(() => rtl.card.run(1, { send: 16 }, cycles), /did not end/);
    assert(rtl.card.hasQueued());
    const { values, tables } = rtlProgram(PLAN_A);
    rtl.card.start(values);
    assert(!rtl.card.hasQueued());
    assert.equal(rtl.card.counters().swaps, swaps, "a page that was discarded counts");
    for (const { table, entries } of tables) rtl.card.loadTable(table, entries);
    assert.deepEqual(rtl.run(sent).answers, expected);
  }
});

Deno.test("RTL start: entries of pages do not count for the tables of the plan", async () => {
  const paged = compile({ steps: [{ op: "resize", size: [7, 5] }] }, {
    input,
    device: RTL_PROFILE,
    form: "row-pages",
  });
  const { kernel, params, form } = paged.body.stages[0]!;
  const bytes = KERNELS[kernel]!.page!(params, form, 0);
  const { values, tables } = rtlProgram(paged);
  assert(bytes.length / 4 > tables[0]!.entries.length);
  const rtl = await openRtl("packet_image");
  rtl.card.start(values);
  rtl.card.queue(pageCommands([{ page: 0, slot: 0, after: -1, before: 0, bytes }], 0));
  rtl.card.ends[0] = HEADER_BYTES;
  assert.throws(() => rtl.card.run(1, { send: 16 }, bytes.length), /did not end/);
  assert(!rtl.card.hasQueued());
  const sent = packetsOf(paged, input).slice(0, 1);
  assert.deepEqual(dropsOf(rtl.run(sent)), { plan: 1 });
  rtl.card.loadTable(tables[0]!.table, tables[0]!.entries);
  assert.equal(rtl.run(sent).answers.length, 1);
});

/** Bytes that 2^7 beats hold: beside a header and a free one, and alone. */
const [HELD, STORE] = [125 * 32, 128 * 32] as const;
/** Samples of 8 bits that a packet may have inside. */
const PLANES = 2048;

/** The image pipeline with samples of one byte that leave as they come, `size` as log2 of their bytes. */
async function openSamples(longest: number, size: number): Promise<Rtl> {
  const rtl = await openRtl("packet_image");
  const values: Record<string, number> = { plan: PLAN, kind: KIND.cells, longest, channels: 1, size };
  rtl.card.start(IMAGE_ARGUMENTS.map(({ name }) => name === "item" ? itemArgument(1) : values[name] ?? 0));
  return rtl;
}

Deno.test("RTL stores: longer payloads are dropped by name and never hang, whatever longest and size say", async () => {
  const lengths = [1, 32, 1023, 1024, 1025, 1100, 1344, 2047, 2048, 2049, 2100, 4000, 4001, 4064, 8192];
  for (const longest of [1344, 4064, 8192, 2 ** 14 + 100, 2 ** 32 - 1]) {
    for (const size of [0, 1, 2, 3]) {
      // No sample has eight bytes.
      const most = size === 3 ? 0 : Math.min(longest, HELD, PLANES, STORE >> size);
      const rtl = await openSamples(longest, size);
      for (const length of lengths) {
        // Twice, and a short one behind: what a long one leaves inside would be seen.
        const packets = [length, length, 7].map((bytes, at) => packetOf(bytes, at, 3, at));
        const outcome = rtl.run(packets);
        const taken = most === 0 ? 0 : length <= most ? 3 : 1;
        assert.deepEqual(
          [outcome.answers.length, dropsOf(outcome)],
          [taken, taken === 3 ? {} : { items: 3 - taken }],
          `${length} bytes, longest ${longest}, size ${size}`,
        );
        assert(
          outcome.answers.every((answer, at) =>
            answer.length === HEADER_BYTES + (at === taken - 1 ? 7 : length) * 2 ** size
          ),
        );
      }
    }
  }
});

Deno.test("RTL stores: the echo gives back what its stores hold, and drops what is longer", async () => {
  const echo = await openRtl("packet_echo");
  // The longest payload of the arguments has more bits than any length has.
  for (const longest of [8192, 2 ** 14 + 100, 2 ** 32 - 1]) {
    echo.configure(PLAN, KIND.cells, longest, 1);
    for (const length of [2100, HELD, HELD + 1, 4032, 4033, 4064, 8192]) {
      const packets = [packetOf(length, 0, 2, 1), packetOf(9, 1, 2, 2)];
      assert.deepEqual(echo.run(packets).answers, length <= HELD ? packets : packets.slice(1));
    }
  }
});

Deno.test("RTL stores: rows whose answers do not fit are dropped by name, each of them", async () => {
  const image = noise(1, 12, 30, 3, 5);
  const steps = [{ op: "resize", size: [6, 20], match: "pillow" }, {
    op: "normalize",
    range: "0-1",
    dtype: "f32",
  }];
  const plan = compile({ steps }, { input: image, device: RTL_PROFILE });
  const sent = packetsOf(plan, image);
  const { values, tables } = rtlProgram(plan);
  const place = (name: (typeof ROWS_ARGUMENTS)[number]["name"]) =>
    ROWS_ARGUMENTS.findIndex((each) => each.name === name);
  const rtl = await openRtl("packet_rows");
  rtl.card.start(values);
  for (const { table, entries } of tables) rtl.card.loadTable(table, entries);
  const { answers } = rtl.run(sent);
  assert(answers.length > 0);
  for (const name of ["packetBytes", "lastBytes"] as const) {
    for (const bytes of [0, 1025, 2048, 4095, 2 ** 31]) {
      rtl.card.start(values.with(place(name), bytes));
      assert.deepEqual(dropsOf(rtl.run(sent)), { items: sent.length }, `${name} ${bytes}`);
    }
  }
  rtl.card.start(values);
  assert.deepEqual(rtl.run(sent).answers, answers);
});

Deno.test("RTL stores: text that a flow's buffer, or parts of tokens that the store does not hold, are dropped", async () => {
  const list = (values: Record<string, number>) => TOKENIZE_ARGUMENTS.map(({ name }) => values[name] ?? 0);
  const start = { plan: PLAN, kind: KIND.cells, longest: 8192 };
  const rtl = await openRtl("packet_tokenize");
  for (const bytes of [2049, HELD, 8192]) {
    rtl.card.start(list({ ...start, partTokens: 100, bits: 16 }));
    assert.deepEqual(dropsOf(rtl.run([packetOf(bytes, 0, 1, 1)])), { items: 1 }, `${bytes} bytes`);
  }
  for (const [partTokens, bits] of [[1821, 17], [2048, 16], [4095, 31]]) {
    rtl.card.start(list({ ...start, partTokens: partTokens!, bits: bits! }));
    assert.deepEqual(dropsOf(rtl.run([packetOf(9, 0, 1, 1)])), { items: 1 }, `${partTokens} of ${bits} bits`);
  }
});

Deno.test("rtlProgram: a plan whose packets the stores do not hold is refused before it is loaded", async () => {
  const image = tensor(new Uint8Array(8000), { dtype: "u8", shape: [80, 100, 1], layout: "HWC" });
  const device = { ...RTL_PROFILE, payload: 8192 };
  await using rtl = await createRtlDevice({ profile: device });
  const refused: readonly (readonly [object, string])[] = [
    [{ op: "normalize", range: "0-255", dtype: "u8" }, "payload"],
    [{ op: "normalize", range: "0-1", dtype: "f32" }, "answer"],
    [{ op: "resize", size: [200, 200] }, "payload"],
  ];
  for (const [step, what] of refused) {
    const plan = compile({ steps: [step as { op: "normalize" }] }, { input: image, device });
    await assert.rejects(offload(plan, image, rtl), {
      code: "device",
      message: new RegExp(`^Cannot load a plan: the RTL's stores hold \\d+ bytes of ${what} a packet`),
    });
  }
  // The device serves what it holds.
  const plan = compile({ steps: [{ op: "normalize", range: "0-1", dtype: "f32" }] }, {
    input: image,
    device: { ...RTL_PROFILE, payload: STORE },
  });
  await using held = await createRtlDevice({ profile: { ...RTL_PROFILE, payload: STORE } });
  assert.equal((await offload(plan, image, held)).output.data.length, 8000);
});
