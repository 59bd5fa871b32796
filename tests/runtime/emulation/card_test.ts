import assert from "node:assert/strict";
import { argumentAddress, COUNTER, counterAddress } from "../../../kernels/rtl/registers.ts";
import { compile } from "../../../kernels/compile.ts";
import { createRtlDevice } from "../../../runtime/device/rtl/device.ts";
import {
  MOVER_ERRORS,
  moverAddress,
  moversOf,
  PACKETS_ARGUMENTS,
  PACKETS_STATUS,
  TABLES_ARGUMENTS,
  writeTableListEntry,
} from "../../../kernels/rtl/movers.ts";
import { reservePackets } from "../../../kernels/image/plan/packets.ts";
import { rtlProgram } from "../../../kernels/image/rtl/program.ts";
import {
  bytesOf,
  decodeMessage,
  encodeMessage,
  type FieldValue,
  type Message,
  numberOf,
} from "../../../runtime/device/emulation/proto2.ts";
import { CALL } from "../../../runtime/device/emulation/calls.ts";
import {
  type CardEvent,
  type CardOptions,
  createEmulatedCard,
} from "../../../runtime/device/emulation/card.ts";
import { createCardMemory } from "../../../runtime/device/emulation/memory.ts";
import { emulatedXclbin } from "../../../runtime/device/emulation/image.ts";
import { FAULTS, faultSource, parseFaults } from "../../../runtime/device/emulation/faults.ts";
import { readXclbin } from "../../../runtime/device/xrt/xclbin/xclbin_read.ts";
import { slotAddress } from "../../../serialize/packets.ts";
import { refusal } from "../../support/failure.ts";
import { noise } from "../../support/images.ts";
import { settle } from "../helpers.ts";
import { programOf } from "../../support/program.ts";

const FILE = emulatedXclbin();
const XCLBIN = readXclbin(FILE);

/** The XML that XRT takes out of the xclbin and hands over as a file. */
function kernelXml(): string {
  const { offset, size } = XCLBIN.sections.find(({ kind }) => kind === "EMBEDDED_METADATA")!;
  return new TextDecoder().decode(FILE.subarray(offset, offset + size));
}

const baseOf = (kernel: string, instance: string) =>
  Number(
    XCLBIN.kernels.find(({ name }) => name === kernel)!.instances.find(({ name }) => name === instance)!.base,
  );

/** A client that speaks as XRT does. */
async function client(options: Partial<CardOptions> = {}) {
  const events: CardEvent[] = [];
  const card = createEmulatedCard({
    readText: kernelXml,
    die: () => {},
    onEvent: (event) => events.push(event),
    ...options,
  });
  const call = async (number: number, ...fields: [number, FieldValue | boolean][]): Promise<Message> =>
    decodeMessage((await card.answer(number, encodeMessage(fields)))!);
  assert.equal(numberOf(await call(CALL.load, [1, new TextEncoder().encode("kernels.xml")]), 1), 1);
  const read = async (address: number) => {
    const answer = await call(CALL.readControl, [2, address], [3, 4]);
    return new DataView(bytesOf(answer, 2).slice().buffer).getUint32(0, true);
  };
  /** Writes the whole register map twice, as sw_emu does: stopped, then started. */
  const start = async (base: number, values: readonly (readonly [at: number, value: number])[]) => {
    const words = new DataView(new ArrayBuffer(16 + Math.max(0, ...values.map(([at]) => at))));
    for (const [at, value] of values) words.setUint32(at, value % 2 ** 32, true);
    for (const [at, value] of values) {
      if (value >= 2 ** 32) words.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
    }
    for (const control of [0, 1]) {
      words.setUint32(0, control, true);
      await call(CALL.writeControl, [2, base], [3, words.byteLength], [4, new Uint8Array(words.buffer)]);
    }
  };
  const finish = async (base: number) => {
    for (let control = await read(base); control !== 6; control = await read(base)) {
      assert.equal(control, 1, "a kernel at work is busy");
      await settle();
    }
  };
  return { card, call, read, start, finish, events };
}

Deno.test("createEmulatedCard() runs a plan for a hand-written client: tables, packets, answers, counters", async () => {
  const { call, read, start, finish, card, events } = await client();
  const image = noise(1, 20, 30, 3, 1);
  await using rtl = await createRtlDevice();
  const plan = compile({ steps: [{ op: "resize", size: [16, 16] }] }, { input: image, device: rtl });
  const { values, tables } = rtlProgram(plan);
  const kernel = baseOf("onpath_image_host", "onpath_image_host_0");
  const movers = moversOf("onpath_image_host");
  const [packets, loads] = (["packets", "tables"] as const).map((which) =>
    baseOf(movers[which], `${which}_onpath_image_host_0`)
  ) as [number, number];

  await start(kernel, values.map((value, place) => [argumentAddress(place), value]));
  await finish(kernel);
  assert.equal(await read(kernel), 4, "done is cleared when it is read");
  assert.equal(await read(kernel + argumentAddress(0)), plan.id);

  // Tables: a list at the second bank's beginning, the entries behind it.
  const memory = 2 ** 32;
  const bytes = new DataView(new ArrayBuffer(2 ** 17));
  let at = 64 * tables.length;
  tables.forEach(({ table, entries }, n) => {
    const entry = { words: [table * 65536, entries.length], address: memory + at, entries: entries.length };
    writeTableListEntry(bytes, n, { ...entry, width: 8 });
    for (let i = 0; i < entries.length; i++) {
      bytes.setUint32(at + 8 * i, entries[i]! % 2 ** 32, true);
      bytes.setUint32(at + 8 * i + 4, Math.floor(entries[i]! / 2 ** 32), true);
    }
    at += Math.ceil(8 * entries.length / 64) * 64;
  });
  await call(CALL.allocate, [1, memory], [2, bytes.byteLength]);
  await call(CALL.toDevice, [3, memory], [4, new Uint8Array(bytes.buffer)], [5, bytes.byteLength]);
  await start(loads, [
    [moverAddress(TABLES_ARGUMENTS, "list"), memory],
    [moverAddress(TABLES_ARGUMENTS, "count"), tables.length],
  ]);
  await finish(loads);

  const { requests, answers, writer } = reservePackets(plan);
  const { packets: count } = plan.body.layout.cut;
  writer.write(image, 7, 0, count, requests);
  const sent = requests.engine.bytes.slice(requests.address, requests.address + count * requests.slotBytes);
  const to = 2 ** 24;
  const back = PACKETS_STATUS.bytes + count * answers.slotBytes;
  await call(CALL.allocate, [1, 0], [2, sent.length]);
  await call(CALL.allocate, [1, to], [2, back]);
  await call(CALL.toDevice, [3, 0], [4, sent], [5, sent.length]);
  const argument = (name: (typeof PACKETS_ARGUMENTS)[number]["name"]) =>
    moverAddress(PACKETS_ARGUMENTS, name);
  await start(packets, [
    [argument("from"), 0],
    [argument("to"), to],
    [argument("count"), count],
    [argument("slot"), requests.slotBytes],
    [argument("answer"), answers.slotBytes],
    [argument("room"), count],
  ]);
  await finish(packets);
  const answer = bytesOf(await call(CALL.fromDevice, [4, to], [5, back]), 2);
  const status = new DataView(answer.slice().buffer);
  assert.equal(status.getUint32(PACKETS_STATUS.answers, true), count);
  assert.equal(await read(kernel + counterAddress(COUNTER.packets)), count);

  // The same packets through the RTL device.
  await rtl.load(programOf(plan));
  assert.equal(await rtl.exchange({ input: requests, count, output: answers }), count);
  for (let slot = 0; slot < count; slot++) {
    const from = slotAddress(answers, slot);
    const length = 64 + answers.engine.view.getUint16(from + 20, true);
    const found = PACKETS_STATUS.bytes + slot * answers.slotBytes;
    assert.deepEqual(
      answer.slice(found, found + length),
      answers.engine.bytes.slice(from, from + length),
      `answer ${slot}`,
    );
  }
  assert.equal(card.held().buffers, 3);
  for (const address of [memory, 0, to]) assert.equal(numberOf(await call(CALL.free, [1, address]), 1), 1);
  assert.deepEqual(card.held(), { buffers: 0, bytes: 0 });
  assert.deepEqual(events.filter(({ what }) => what === "failure"), []);
  assert.equal(card.closed(), false);
  await call(CALL.close, [3, true]);
  assert.equal(card.closed(), true);
});

Deno.test("createEmulatedCard() answers nonsense with a refusal, and says what it was", async () => {
  const { call, card, events, start, read, finish } = await client();
  const failures = () => events.filter(({ what }) => what === "failure").length;
  // Memory that nobody allocated, registers of no kernel, bytes that are no message, a mover told nonsense.
  assert.equal(numberOf(await call(CALL.fromDevice, [4, 4096], [5, 16]), 1), 0);
  assert.equal(numberOf(await call(CALL.toDevice, [3, 4096], [4, new Uint8Array(4)]), 1), 0);
  assert.equal(numberOf(await call(CALL.readControl, [2, 0x10], [3, 4]), 1), 0);
  assert.deepEqual(decodeMessage((await card.answer(CALL.free, Uint8Array.of(0x0f)))!), new Map([[1, [0]]]));
  assert.equal(failures(), 4);
  const packets = baseOf("onpath_packets", "packets_onpath_image_host_0");
  // Slots of no bytes, and a status that no buffer holds: the run ends, and memory's refusal is counted.
  await start(packets, [[moverAddress(PACKETS_ARGUMENTS, "count"), 2 ** 31]]);
  await finish(packets);
  assert.equal(await read(packets + MOVER_ERRORS), 1);
  // Three slots of two beats that no buffer holds, and the status.
  await start(packets, [[moverAddress(PACKETS_ARGUMENTS, "count"), 3], [
    moverAddress(PACKETS_ARGUMENTS, "slot"),
    128,
  ]]);
  await finish(packets);
  assert.equal(await read(packets + MOVER_ERRORS), 8);
  assert.equal(failures(), 4);
});

Deno.test("emulatedXclbin() takes absent options, and refuses a number of instances that is none", () => {
  for (const absent of [null, undefined, {}]) assert.deepEqual(emulatedXclbin(absent as never), FILE);
  for (const instances of [0, 5, 1.5, NaN, null, "2"]) {
    assert.throws(() => emulatedXclbin({ instances } as never), refusal("size", /instance count/));
  }
});

Deno.test("createCardMemory() refuses what overlaps, lies outside the banks or is too much", () => {
  const banks = [{ tag: "a", base: 0, bytes: 1000 }, { tag: "b", base: 4096, bytes: 1000 }];
  const memory = createCardMemory(banks, 1500);
  assert(memory.allocate(100, 100));
  for (
    const [address, bytes] of [[100, 1], [199, 10], [50, 60], [50, 500], [990, 20], [2000, 8], [
      300,
      0,
    ]] as const
  ) {
    assert(!memory.allocate(address, bytes), `${bytes} at ${address}`);
  }
  assert(memory.allocate(200, 800));
  assert(!memory.allocate(4096, 601), "beyond the limit");
  assert(memory.allocate(4096, 600));
  assert.deepEqual(memory.held(), { buffers: 3, bytes: 1500 });
  memory.at(150, 20).fill(7);
  assert.deepEqual([...memory.at(148, 4)], [0, 0, 7, 7]);
  assert.throws(() => memory.at(190, 20), refusal("device", /no buffer of the card/));
  assert.throws(() => memory.at(50, 4), refusal("device"));
  assert(!memory.free(150));
  assert(memory.free(100));
  assert(!memory.free(100));
  memory.clear();
  assert.deepEqual(memory.held(), { buffers: 0, bytes: 0 });
});

Deno.test("parseFaults() reads occasions and chances, and refuses what is neither", () => {
  assert.deepEqual(parseFaults("slow,death@3").at, { 0: "slow", 3: "death" });
  assert.deepEqual(parseFaults("random:slow+wrong:0.25:9").random, {
    kinds: ["slow", "wrong"],
    share: 0.25,
    seed: 9,
  });
  for (const text of ["fire", "slow@x", "random:slow:2:1", "random:fire:0.5:1", "slow@"]) {
    assert.throws(() => parseFaults(text), refusal("size", /^Cannot make fault/), text);
  }
});

Deno.test("faultSource() makes its share of faults, the same for the same seed", () => {
  const draw = (seed: number) => {
    const source = faultSource({ random: { kinds: FAULTS, share: 0.2, seed } });
    return Array.from({ length: 2000 }, () => source.run());
  };
  assert.deepEqual(draw(5), draw(5));
  assert.notDeepEqual(draw(5), draw(6));
  const faults = draw(5).filter((fault) => fault !== null);
  assert(faults.length > 300 && faults.length < 500, `${faults.length}`);
  assert.deepEqual(new Set(faults), new Set(FAULTS.filter((kind) => kind !== "refusal")));
  const at = faultSource({ at: { 1: "stall", 2: "refusal" } });
  assert.deepEqual([at.run(), at.run(), at.run()], [null, "stall", null]);
  assert.deepEqual([at.allocation(), at.allocation(), at.allocation()], [false, false, true]);
});
