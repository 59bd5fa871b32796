/** Many prompts and streams at once: their packets share exchanges, and every id is right. */

import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { createRtlDevice } from "../../../runtime/device/rtl/device.ts";
import { Session } from "../../../runtime/session.ts";
import { tiny } from "../../kernels/tokenize/small_vocabularies.ts";
import { random } from "../../support/random.ts";
import { faultyDevice, sequenceOf } from "../faulty_device.ts";
import { test } from "../helpers.ts";

const vocabulary = await tiny();
const encoder = createEncoder(vocabulary);

/** Parts of prompts, which end within words. */
function prompts(count: number, parts: number, seed: number): string[][] {
  const next = random(seed);
  const integer = (below: number) => next() % below;
  const letters = "aabbc é  .";
  const part = () =>
    Array.from({ length: 1 + integer(40) }, () => letters[integer(letters.length)]!).join("");
  return Array.from({ length: count }, () => Array.from({ length: parts }, part));
}

async function open(device: Device, options: { payload?: number; packets?: number } = {}) {
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device, ...options });
  return await Session.open(plan, device, { vocabulary });
}

type TextSession = Awaited<ReturnType<typeof open>>;

/** Pushes all parts of a prompt, one after another. */
async function grow(session: TextSession, parts: readonly string[]): Promise<number[]> {
  const stream = session.stream();
  const ids: number[] = [];
  for (const part of parts) ids.push(...await stream.push(part));
  return [...ids, ...await stream.end()];
}

const idsOf = (text: string) => [...encoder.encode(text)];

test("Session.stream(): 300 streams share an exchange a push, though the device holds 8", async () => {
  const device = faultyDevice(({ answer }) => answer());
  const session = await open(device);
  const texts = prompts(300, 4, 1);
  const found = await Promise.all(texts.map((parts) => grow(session, parts)));
  assert.deepEqual(found, texts.map((parts) => idsOf(parts.join(""))));
  assert(device.calls() <= 40, `${device.calls()} exchanges for 1,500 requests`);
  // A push sends its own bytes and those of the piece that is open.
  assert(device.sent() <= 1550, `${device.sent()} packets for 1,500 requests`);
});

test("Session.run(): 300 small texts share exchanges", async () => {
  const device = faultyDevice(({ answer }) => answer());
  const session = await open(device);
  const texts = prompts(300, 1, 2).map(([text]) => text!);
  const found = await Promise.all(texts.map(async (text) => [...(await session.run(text)).output.ids]));
  assert.deepEqual(found, texts.map(idsOf));
  assert(device.calls() <= 10, `${device.calls()} exchanges`);
  assert.equal(device.sent(), 300);
});

test("Session.stream(): streams, small and long texts run side by side", async () => {
  const device = faultyDevice(({ answer }) => answer());
  const session = await open(device, { payload: 64, packets: 16 });
  const texts = prompts(40, 4, 3);
  const long = prompts(12, 40, 4).map((parts) => parts.join(""));
  const small = prompts(40, 1, 5).map(([text]) => text!);
  const [grown, ran, brief] = await Promise.all([
    Promise.all(texts.map((parts) => grow(session, parts))),
    Promise.all(long.map(async (text) => [...(await session.run(text)).output.ids])),
    Promise.all(small.map(async (text) => [...(await session.run(text)).output.ids])),
  ]);
  assert.deepEqual(grown, texts.map((parts) => idsOf(parts.join(""))));
  assert.deepEqual(ran, long.map(idsOf));
  assert.deepEqual(brief, small.map(idsOf));
});

test("Session.stream(): 60 streams over a device that loses answers", async () => {
  const next = random(6);
  const integer = (below: number) => next() % below;
  let lost = 0;
  const device = faultyDevice(async ({ answer }) => {
    const count = await answer();
    if (integer(3) > 0 || count < 2) return count;
    lost++;
    return count - 1 - integer(Math.min(3, count - 1));
  });
  const session = await open(device);
  const texts = prompts(60, 4, 7);
  const found = await Promise.all(texts.map((parts) => grow(session, parts)));
  assert.deepEqual(found, texts.map((parts) => idsOf(parts.join(""))));
  assert(lost > 2, `${lost} exchanges lost answers`);
});

test("Session.stream(): 4 streams keep their state on the device", async () => {
  let continued = 0;
  const device = faultyDevice(({ exchange: { input, count }, answer }) => {
    for (let slot = 0; slot < count; slot++) if (sequenceOf(input, slot) > 0) continued++;
    return answer();
  });
  const session = await open(device);
  const texts = prompts(4, 6, 8);
  const found = await Promise.all(texts.map((parts) => grow(session, parts)));
  assert.deepEqual(found, texts.map((parts) => idsOf(parts.join(""))));
  assert.deepEqual([device.sent(), continued], [4 * 7, 4 * 6], "each packet but the first continues a flow");
});

test("Session.stream(): 40 streams on the RTL have the ids of the model", async () => {
  await using rtl = await createRtlDevice();
  const session = await open(rtl);
  const texts = prompts(40, 3, 9);
  const found = await Promise.all(texts.map((parts) => grow(session, parts)));
  assert.deepEqual(found, texts.map((parts) => idsOf(parts.join(""))));
});
