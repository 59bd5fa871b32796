/**
 * Plans for the tests of plan files, and ways to change them.
 *
 * @module
 */

import { encode } from "@msgpack/msgpack";
import { compile } from "../../kernels/compile.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { crc32c } from "../../serialize/crc32c.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";

/** A plan with something in every field. */
export function samplePlan(): ImagePlan {
  const steps = [
    { op: "pad", top: 1, left: 2, bottom: 3, right: 4, fill: 9 },
    { op: "resize", size: [12, 14] },
    { op: "center_crop", size: [10, 10] },
    {
      op: "normalize",
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      range: "0-1",
      dtype: "f16",
      layout: "CHW",
    },
  ] as const;
  return compile({ steps }, {
    input: { dtype: "u8", shape: [2, 20, 30, 3], layout: "NHWC" },
    device: MODEL_PROFILE,
  });
}

/** A field of a value: keys and indexes from the outside in. */
export type Path = readonly (string | number)[];

/** A copy with one field changed; a field that is not there is added. */
export function changed<P extends Plan>(plan: P, path: Path, value: unknown): P {
  // Not structuredClone: it would keep what the plan's parts share, and change both.
  const copy = JSON.parse(JSON.stringify(plan)) as Record<string | number, unknown>;
  let holder = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
  holder[path.at(-1)!] = value;
  return copy as unknown as P;
}

/** The same with the id that its contents have: a forgery that agrees with itself. */
export function forged<P extends Plan>(plan: P, path: Path, value: unknown): P {
  const { id: _, ...rest } = changed(plan, path, value);
  return { ...rest, id: crc32c(encode(rest, { sortKeys: true })) } as P;
}

/** Paths of all fields that are no objects, or of all objects that are no lists. */
export function pathsOf(value: unknown, kind: "leaves" | "records", path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return kind === "leaves" ? [path] : [];
  const own = kind === "records" && !Array.isArray(value) ? [path] : [];
  const below = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [...own, ...below.flatMap(([key, part]) => pathsOf(part, kind, [...path, key]))];
}

/** The field at a path. */
export function fieldAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((holder, key) => (holder as Record<string | number, unknown>)[key], value);
}
