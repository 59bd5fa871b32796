/**
 * Methods and types for `packet_quantize` and `packet_dequantize`, and random values and metadata.
 *
 * @module
 */

import fc from "fast-check";
import { groupBytes, type GroupMethod } from "../../kernels/quantize/rtl_groups.ts";
import { random } from "../support/random.ts";

/** Types of 16 bits. */
export type Half = "bf16" | "f16";

/** A method and the type of its values. */
export interface Case {
  readonly name: string;
  readonly method: GroupMethod;
  readonly dtype: Half;
}

/** Types of 16 bits, in the order of their bit in `types`. */
export const HALVES: readonly Half[] = ["bf16", "f16"];

const axis = "channels";

function methodsOf(stored: Half): readonly (readonly [string, GroupMethod])[] {
  return [
    ...(["e4m3fn", "e5m2", "e2m3", "e3m2", "e2m1"] as const).flatMap((format) =>
      (["one", "channel"] as const).map((scale) =>
        [`${format} ${scale}`, { kind: "float", format, scale, stored }] as const
      )
    ),
    ...([8, 4] as const).flatMap((bits) =>
      [16, 32, 48, 256].flatMap((group) =>
        (["absmax", "asymmetric"] as const).map((kind) =>
          [`${kind} ${bits} of ${group}`, { kind, bits, axis, group, stored }] as const
        )
      )
    ),
    ...([2, 4] as const).map((bits) => [`kivi ${bits}`, { kind: "kivi", bits, axis, stored }] as const),
  ];
}

const MX = ["mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4", "mxint8"] as const;

/** All methods with all types. */
export const CASES: readonly Case[] = HALVES.flatMap((dtype) => [
  ...HALVES.flatMap((stored) =>
    methodsOf(stored).map(([name, method]) => ({
      name: `${dtype}, ${name}, stored ${stored}`,
      method,
      dtype,
    }))
  ),
  ...MX.map((format) => ({
    name: `${dtype}, ${format}`,
    method: { kind: "mx", format, axis } as const,
    dtype,
  })),
]);

/** One case of each kind, with all sizes of codes and of metadata. */
export const FEW: readonly Case[] = [
  "bf16, e4m3fn one, stored bf16",
  "f16, e2m3 channel, stored bf16",
  "bf16, absmax 4 of 48, stored f16",
  "f16, asymmetric 8 of 16, stored f16",
  "bf16, asymmetric 4 of 256, stored bf16",
  "bf16, mxfp4",
  "f16, mxint8",
  "bf16, kivi 2, stored bf16",
  "f16, kivi 4, stored bf16",
].map((wanted) => CASES.find(({ name }) => name === wanted)!);

/** Whether values may be NaN or infinite: the scale does not come from them, or the format has a rule. */
export function takesAny({ kind }: GroupMethod): boolean {
  return kind === "float" || kind === "mx";
}

/** Bits of a fraction, and the exponent field of infinity. */
export const FIELDS = { bf16: [7, 255], f16: [10, 31] } as const;

/** What random elements have in common. */
interface Shape {
  /** Exponent field, and how far others are from it. */
  readonly center: number;
  readonly spread: number;
  /** Share of zeros and, if allowed, of NaN and infinities. */
  readonly zeros: number;
  readonly specials: number;
  /** Bits of signs that occur: none, both or all. */
  readonly signs: "positive" | "negative" | "both";
  readonly seed: number;
}

const anyShape: fc.Arbitrary<Shape> = fc.record({
  center: fc.oneof(fc.constantFrom(0, 1, 15, 127, 254), fc.nat(254)),
  spread: fc.constantFrom(0, 1, 3, 8, 255),
  zeros: fc.constantFrom(0, 0.05, 0.5, 1),
  specials: fc.constantFrom(0, 0, 0.02),
  signs: fc.constantFrom("positive", "negative", "both", "both"),
  seed: fc.nat(),
});

/** Makes bit patterns: of a common exponent, of any, zeros, subnormal and, if allowed, NaN and infinities. */
export function elementsOf(dtype: Half, length: number, shape: Shape, allowsSpecials: boolean): Uint16Array {
  const { center, spread, zeros, specials, signs, seed } = shape;
  const [bits, top] = FIELDS[dtype];
  const next = random(seed);
  const below = (most: number) => next() % most;
  return Uint16Array.from({ length }, () => {
    const sign = signs === "both" ? below(2) : signs === "negative" ? 1 : 0;
    const chance = below(1000) / 1000;
    if (chance < zeros) return sign << 15;
    const isSpecial = allowsSpecials && chance - zeros < specials;
    const moved = Math.min(center, top - 1) + below(2 * spread + 1) - spread;
    const field = isSpecial ? top : Math.min(Math.max(moved, 0), top - 1);
    return sign << 15 | field << bits | (isSpecial && below(2) === 0 ? 0 : below(2 ** bits));
  });
}

/** Scales that an encoder may write: positive and finite. */
function scalesOf(dtype: Half, length: number, shape: Shape): Uint16Array {
  const elements = elementsOf(dtype, length, { ...shape, zeros: 0, signs: "positive" }, false);
  return elements.map((scale) => Math.max(scale, 1));
}

/** Random request to quantize with a number of groups. */
export function anyValues({ method, dtype }: Case, groups: number): fc.Arbitrary<Uint8Array> {
  const { values, given } = groupBytes(method);
  return fc.tuple(anyShape, anyShape).map(([shape, other]) => {
    const payload = new Uint8Array(groups * (values + given));
    const elements = elementsOf(dtype, groups * values / 2, shape, takesAny(method));
    payload.set(new Uint8Array(elements.buffer));
    if (given > 0 && method.kind !== "mx") {
      const scales = scalesOf(method.stored as Half, groups, other.spread > 8 ? other : shape);
      payload.set(new Uint8Array(scales.buffer), groups * values);
    }
    return payload;
  });
}

/** Random request to dequantize with a number of groups. */
export function anyCodes({ method }: Case, groups: number): fc.Arbitrary<Uint8Array> {
  const { codes, given, metadata: [first, second] } = groupBytes(method);
  return fc.tuple(anyShape, anyShape, fc.nat()).map(([shape, other, seed]) => {
    const next = random(seed);
    const payload = Uint8Array.from(
      { length: groups * (codes + given + first + second) },
      () => next() & 0xff,
    );
    if (method.kind === "mx") return payload;
    const at = groups * codes, stored = method.stored as Half;
    const scales = new Uint8Array(scalesOf(stored, groups, shape).buffer);
    switch (method.kind) {
      case "float":
        if (given > 0) payload.set(scales, at);
        break;
      case "absmax":
        payload.set(scales, at);
        break;
      case "asymmetric":
        payload.set(scales, at);
        for (let i = at + scales.length; i < payload.length; i++) payload[i]! &= 2 ** method.bits - 1;
        break;
      case "kivi": {
        const minima = elementsOf(stored, groups, other.spread > 8 ? other : shape, false);
        payload.set(new Uint8Array(minima.buffer), at);
        payload.set(scales, at + scales.length);
      }
    }
    return payload;
  });
}
