import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { createLookupModel } from "../../kernels/lookup/model.ts";
import { lookupKernelImage } from "../../kernels/lookup/rtl.ts";
import type { LookupPlan } from "../../kernels/lookup/plan.ts";
import { type Memo, memoize } from "../../kernels/memoize/memo.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader } from "../../serialize/header.ts";
import { packetBytes, writePacket } from "../../serialize/packets.ts";
import { reservePlanSlots } from "../../kernels/plan/slots.ts";
import { refusal } from "../support/failure.ts";
import { test } from "./helpers.ts";

const INVERSE = memoize((x) => 255 - x, { input: "u8", output: "u8" });
const CUBE = memoize((x) => x ** 3, { input: { bits: 5 }, output: "u16" });
const LINES = memoize((x) => Math.floor(3.7 * x), {
  input: { bits: 12 },
  output: "u16",
  tolerance: 1,
  prefer: "bytes",
});

function planFor(memo: Memo, shape: readonly number[], device: DeviceProfile = MODEL_PROFILE): LookupPlan {
  const { dtype } = memo.domain;
  return compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input: { dtype, shape }, device });
}

test("lookupKernelImage() gives arguments and tables from which every result follows", () => {
  const functions = [
    INVERSE,
    CUBE,
    memoize((x) => 2 * x, { input: "bf16", output: "f32", overflow: "infinity" }),
    memoize((a, b) => 256 * b + a, { input: ["u8", "u8"], output: "u16" }),
    memoize((x) => x * x - 5, { input: { bits: 12 }, output: "i32" }),
  ];
  for (const memo of functions) {
    const plan = planFor(memo, [2, 2], RTL_PROFILE);
    const { build, values, tables, tableBytes, lookups } = lookupKernelImage(plan, memo);
    const [id, kind, longest, item, low, itemSize, outputSize, swap, entries] = values as [
      number,
      ...number[],
    ];
    const [first, second] = tables.map((table) => table.entries) as [ArrayLike<number>, ArrayLike<number>];
    assert.deepEqual([build, id, kind, longest], ["lookup", plan.id, KIND.samples, plan.packets.request]);
    assert.deepEqual([item, 2 ** itemSize!, entries], [
      itemSize,
      memo.domain.itemBytes,
      first.length + second.length,
    ]);
    assert.deepEqual([tables.map(({ table }) => table), tableBytes], [[0, 1], memo.form.bytes]);
    const outputBytes = 2 ** outputSize!;
    assert.deepEqual(lookups, { perItem: 2, itemBytes: outputBytes });
    assert.equal(swap, memo.domain.operands.length === 2 ? 1 : 0);
    const values32 = (code: number) => {
      const entry = BigInt(first[Math.floor(code / 2 ** low!)]!);
      const at = Number(entry >> 32n) * 2 ** low! + code % 2 ** low!;
      return (second[at]! + Number(entry & 0xffff_ffffn)) % 2 ** (8 * outputBytes);
    };
    const model = createLookupModel(plan, memo);
    const { requests, answers } = reservePlanSlots(plan.packets);
    const codes = Uint16Array.from({ length: 16 }, (_, n) => (n * 2654435761) % 2 ** memo.domain.bits);
    const bytes = new Uint8Array(16 * memo.domain.itemBytes);
    codes.forEach((code, n) => {
      const stored = swap === 1 ? [code >> 8, code & 255] : [code & 255, code >> 8];
      bytes.set(stored.slice(0, memo.domain.itemBytes), n * memo.domain.itemBytes);
    });
    const header = {
      ...newHeader(),
      plan: plan.id,
      kind: KIND.samples,
      packets: 1,
      flags: FLAG.first | FLAG.last,
    };
    writePacket(requests, 0, { ...header, length: bytes.length }, bytes);
    assert.equal(model.take(requests, 0, answers, 0), 1);
    const answer = packetBytes(answers, 0).slice(HEADER_BYTES);
    codes.forEach((code, n) => {
      let found = 0;
      for (let byte = 0; byte < outputBytes; byte++) found += answer[n * outputBytes + byte]! * 256 ** byte;
      assert.equal(found, values32(code), `code ${code}`);
    });
  }
});

test("lookupKernelImage() refuses by name what the RTL lacks", () => {
  const refuses = (memo: Memo, message: RegExp, profile: DeviceProfile = RTL_PROFILE) =>
    assert.throws(() => lookupKernelImage(planFor(memo, [2, 2], profile), memo), refusal("device", message));
  refuses(LINES, /does not take form linear/);
  refuses(
    memoize((a, b) => a ^ b, { input: [{ bits: 8 }, { bits: 9 }], output: "u16" }),
    /second operand has 9 bits/,
  );
  refuses(
    memoize((a, b) => a ^ b, { input: [{ bits: 4 }, { bits: 4 }], output: "u8" }),
    /second operand has 4 bits/,
  );
  refuses(memoize((a, b) => a ^ b, { input: [{ bits: 10 }, "u8"], output: "u16" }), /codes of 18 bits/);
  const noise = memoize((x) => (Math.imul(x ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(x, x)) >>> 24, {
    input: "f16",
    output: "u8",
    result: "bits",
    ...{},
  });
  refuses(noise, /entries in the (first|second) table, above/);
  assert.equal(noise.form.fits, false);
  refuses(INVERSE, /request payloads of 8192 bytes/, { ...RTL_PROFILE, payload: 8192 });
});
