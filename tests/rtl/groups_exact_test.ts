import assert from "node:assert/strict";
import { groupBytes, groupValues } from "../../kernels/quantize/rtl_groups.ts";
import { longTest } from "../support/long.ts";
import { type Case, CASES, FEW, FIELDS, type Half, takesAny } from "./group_cases.ts";
import {
  answerPacket,
  DEQUANTIZE,
  type GroupKernel,
  mostGroups,
  payloadPacket,
  QUANTIZE,
  STORES,
  unitOf,
} from "./group_packets.ts";
import { openRtl, type Rtl } from "./rtl.ts";

const [encoder, decoder] = await Promise.all([openRtl(QUANTIZE.build), openRtl(DEQUANTIZE.build)]);

/** Sends groups in packets as long as they may be, and compares with the reference. */
function compare(
  rtl: Rtl,
  kernel: GroupKernel,
  each: Case,
  payloads: Iterable<Uint8Array>,
  what: string,
): void {
  const { method, dtype } = each;
  rtl.card.start(kernel.image({ id: 3, method, dtype, packets: STORES }).values);
  let packets: Uint8Array[] = [], answers: Uint8Array[] = [];
  const flush = () => {
    assert.deepEqual(rtl.run(packets).answers, answers, `${each.name}: ${what}`);
    [packets, answers] = [[], []];
  };
  for (const payload of payloads) {
    const packet = payloadPacket(payload, 3, 0, 1, 1);
    packets.push(packet);
    answers.push(answerPacket(packet, kernel.answer(each, payload)));
    if (packets.length === 100) flush();
  }
  flush();
}

/** Scales that divide all values: least, greatest, subnormal, powers of two, and with all mantissa bits. */
const SCALES: Readonly<Record<Half, readonly number[]>> = {
  bf16: [0x0001, 0x0055, 0x0080, 0x3b12, 0x3f80, 0x3fff, 0x40ab, 0x7f7f],
  f16: [0x0001, 0x0155, 0x0400, 0x1a12, 0x3c00, 0x3fff, 0x42ab, 0x7bff],
};

/** Payloads that hold all given elements, in groups that each begin with `heads`. */
function* valuePayloads({ method }: Case, elements: Uint16Array, heads: readonly number[], scale: number) {
  const group = groupValues(method), { values, given } = groupBytes(method);
  const most = mostGroups(QUANTIZE, method, STORES), unit = unitOf(method);
  const held = group - heads.length;
  for (let at = 0; at < elements.length;) {
    const left = Math.ceil((elements.length - at) / held);
    const groups = Math.min(most, Math.ceil(left / unit) * unit);
    const payload = new Uint16Array(groups * (values + given) / 2);
    for (let n = 0; n < groups; n++, at += held) {
      payload.set(heads, n * group);
      payload.set(elements.subarray(at, Math.min(at + held, elements.length)), n * group + heads.length);
    }
    if (given > 0) payload.fill(scale, groups * group);
    yield new Uint8Array(payload.buffer);
  }
}

const ALL = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

/** Elements with a magnitude up to a greatest one. */
function upTo(greatest: number): Uint16Array {
  return ALL.filter((bits) => (bits & 0x7fff) <= greatest);
}

/** Greatest magnitudes of groups: subnormal, small, with all mantissa bits, near the end of the range. */
function magnitudesOf(dtype: Half): readonly number[] {
  const [bits, top] = FIELDS[dtype];
  const field = (share: number, fraction: number) => Math.floor(top * share) << bits | fraction;
  return [
    3,
    field(0, 2 ** bits - 1),
    field(0.3, 5),
    field(0.5, 2 ** bits - 1),
    field(0.6, 1),
    (top << bits) - 1,
  ];
}

/** Place of the first scale that the quick suite has. */
const QUICK_FROM = 3;

for (const each of CASES) {
  const { method, dtype } = each;
  const isQuick = FEW.includes(each);
  longTest(`packet_quantize equals the reference for all 65,536 inputs: ${each.name}`, () => {
    if (method.kind === "float" && method.scale === "one") {
      compare(encoder, QUANTIZE, each, valuePayloads(each, ALL, [], 0), "scale 1");
    } else if (method.kind === "float") {
      for (const scale of SCALES[method.stored as Half].slice(isQuick ? QUICK_FROM : 0)) {
        compare(encoder, QUANTIZE, each, valuePayloads(each, ALL, [], scale), `scale ${scale}`);
      }
    } else {
      if (takesAny(method)) compare(encoder, QUANTIZE, each, valuePayloads(each, ALL, [], 0), "any");
      for (const greatest of magnitudesOf(dtype)) {
        // Minima of both signs; the elements are between.
        const low = method.kind === "kivi" || method.kind === "asymmetric" ? greatest | 0x8000 : greatest;
        const elements = upTo(greatest);
        compare(encoder, QUANTIZE, each, valuePayloads(each, elements, [greatest, low], 0), `to ${greatest}`);
      }
    }
  }, !isQuick);
}

/** Payloads with all codes, under all 16-bit patterns that are scales, or a part of them. */
function* codePayloads({ method }: Case, step: number): Generator<Uint8Array> {
  const { codes, given, metadata: [first, second] } = groupBytes(method);
  const size = given + first + second;
  const unit = unitOf(method), groups = mostGroups(DEQUANTIZE, method, STORES);
  const stored = method.kind === "mx" ? "f16" : method.stored as Half;
  const [bits, top] = FIELDS[stored];
  const end = method.kind === "mx" ? 256 : top << bits;
  for (let scale = method.kind === "mx" ? 0 : 1, turn = 0; scale < end; turn++) {
    const payload = new Uint8Array(groups * (codes + size));
    // All codes of 8 bits, or pairs of narrower ones.
    for (let at = 0; at < groups * codes; at++) payload[at] = at * 167 + turn * 31;
    const view = new DataView(payload.buffer, groups * codes);
    for (let n = 0; n < groups && size > 0; n++) {
      const used = Math.min(scale, end - 1);
      if (method.kind === "mx") view.setUint8(n, used);
      else if (method.kind === "kivi") {
        const minimum = (used * 40503 + turn) % end | (n % 2) << 15;
        view.setUint16(2 * n, minimum, true);
        view.setUint16(2 * (groups + n), used, true);
      } else {
        view.setUint16(2 * n, used, true);
        if (second > 0) view.setUint8(2 * groups + n, (n * 37 + turn) % 2 ** codeBitsOf(method));
      }
      scale += method.kind === "mx" ? 1 : step;
    }
    yield payload;
    if (size === 0 && turn * unit > 8) return;
  }
}

function codeBitsOf(method: Case["method"]): number {
  return groupBytes(method).codes * 8 / groupValues(method);
}

for (const each of CASES) {
  const isQuick = FEW.includes(each);
  longTest(`packet_dequantize equals the reference for all codes under all scales: ${each.name}`, () => {
    compare(decoder, DEQUANTIZE, each, codePayloads(each, isQuick ? 37 : 3), "all scales");
  }, !isQuick);
}
