/**
 * Methods by name, for K and V.
 *
 * @module
 */

import type { FloatDType } from "../../kernels/quantize/formats/elements.ts";
import type { GroupAxis } from "../../kernels/quantize/formats/group_order.ts";
import type { MxName } from "../../kernels/quantize/formats/mx.ts";
import type { SmallFloatName } from "../../kernels/quantize/formats/small_float.ts";
import type { FloatMethod, QuantizeMethod } from "../../kernels/quantize/method.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Changes to a named method. */
export interface MethodOptions {
  /** Scales of small floats. */
  readonly scale?: FloatMethod["scale"] | undefined;
  /** Values in a group of integers. */
  readonly group?: number | undefined;
  /** Type of scales, minima and norms. */
  readonly stored?: FloatDType | undefined;
}

/** Method of K, whose groups may lie along tokens, or of V. */
type ForAxis = (axis: GroupAxis) => QuantizeMethod;

const float = (format: SmallFloatName): ForAxis => () => ({
  kind: "float",
  format,
  scale: "block",
  stored: "f16",
});
const integer = (kind: "absmax" | "asymmetric", bits: 4 | 8, group: number): ForAxis => () => ({
  kind,
  bits,
  axis: "channels",
  group,
  stored: "f16",
});
const mx = (format: MxName): ForAxis => () => ({ kind: "mx", format, axis: "channels" });

const METHODS = {
  "fp8": float("e4m3fn"),
  "fp8-e5m2": float("e5m2"),
  "fp6": float("e2m3"),
  "fp6-e3m2": float("e3m2"),
  "fp4": float("e2m1"),
  "int8": integer("absmax", 8, 64),
  "int4": integer("absmax", 4, 32),
  "uint8": integer("asymmetric", 8, 64),
  "uint4": integer("asymmetric", 4, 32),
  "mxfp8": mx("mxfp8_e4m3"),
  "mxfp8-e5m2": mx("mxfp8_e5m2"),
  "mxfp6": mx("mxfp6_e2m3"),
  "mxfp6-e3m2": mx("mxfp6_e3m2"),
  "mxfp4": mx("mxfp4"),
  "mxint8": mx("mxint8"),
  "kivi4": (axis) => ({ kind: "kivi", bits: 4, axis, stored: "f16" }),
  "kivi2": (axis) => ({ kind: "kivi", bits: 2, axis, stored: "f16" }),
  "rotated4": () => ({ kind: "rotated", bits: 4, stored: "f16" }),
  "rotated3": () => ({ kind: "rotated", bits: 3, stored: "f16" }),
  "rotated2": () => ({ kind: "rotated", bits: 2, stored: "f16" }),
} as const satisfies Readonly<Record<string, ForAxis>>;

/** Names of all methods. */
export const METHOD_NAMES: readonly string[] = Object.keys(METHODS);

/**
 * Returns a method by name.
 *
 * @param name One of {@linkcode METHOD_NAMES}.
 * @param axis `tokens` for K, `channels` for V: KIVI groups K by channel and V by token.
 * @param options Changes to the method.
 * @throws {OnpathError} `pipeline` for an unknown name, or an option that the method lacks.
 */
export function namedMethod(name: string, axis: GroupAxis, options: MethodOptions = {}): QuantizeMethod {
  if (!Object.hasOwn(METHODS, name)) {
    throw new OnpathError(
      "pipeline",
      `Cannot quantize by method ${JSON.stringify(name)}: expected one of ${METHOD_NAMES.join(", ")}`,
      { op: name, known: METHOD_NAMES },
    );
  }
  const method = METHODS[name as keyof typeof METHODS](axis);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const lacked = given.find(([option]) => !Object.hasOwn(method, option));
  if (lacked === undefined) return { ...method, ...Object.fromEntries(given) };
  const own = Object.keys(method).filter((option) => ["scale", "group", "stored"].includes(option));
  throw new OnpathError(
    "pipeline",
    `Cannot quantize by ${name} with --${lacked[0]}: it has ${
      own.map((each) => `--${each}`).join(", ") || "no options"
    }`,
    { method: name, option: lacked[0] },
  );
}

/**
 * Describes a method in a few words.
 *
 * @param method Any method.
 */
export function methodText(method: QuantizeMethod): string {
  switch (method.kind) {
    case "float": {
      const scale =
        { one: "scale 1", block: "a scale per head", channel: "a scale per channel" }[method.scale];
      return `${method.format}, ${scale}${method.scale === "one" ? "" : ` (${method.stored})`}`;
    }
    case "absmax":
    case "asymmetric":
      return `${
        method.kind === "absmax" ? "int" : "uint"
      }${method.bits} ${method.kind}, groups of ${method.group} ` +
        `${method.axis}, scales in ${method.stored}`;
    case "mx":
      return `${method.format}, blocks of 32 ${method.axis}`;
    case "kivi":
      return `KIVI of ${method.bits} bits, groups of 32 ${method.axis}, minima and scales in ${method.stored}`;
    case "rotated":
      return `rotated, ${method.bits} bits, norms in ${method.stored}`;
  }
}
