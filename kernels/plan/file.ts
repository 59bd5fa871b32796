/**
 * Plan files: MessagePack, fully checked when read.
 *
 * @module
 */

import { decode, encode } from "@msgpack/msgpack";
import { z } from "zod";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { MAX_PAYLOAD } from "../../serialize/header.ts";
import { type AnyPlan, findWorkload } from "../registry.ts";
import { parseWith, type Schema } from "../schema.ts";
import { profileSpec } from "../target/profiles.ts";
import type { Workload } from "../workload.ts";
import { checkForm } from "./form.ts";
import { asPlanError, identifyPlan, type Plan, PLAN_VERSION } from "./plan.ts";

/** Maximum size of a plan file in bytes (1 MiB). Typical plans have a few KiB. */
export const MAX_PLAN_BYTES = 2 ** 20;

/** Maximum length of a text, list or map in a plan. */
const MAX_PLAN_ITEMS = 65536;

const count = z.number().int().min(1).max(2 ** 20);

const envelopeSpec: Schema<Plan> = z.strictObject({
  format: z.literal("onpath.plan"),
  version: z.literal(PLAN_VERSION),
  id: z.number().int().min(0).max(2 ** 32 - 1),
  workload: z.string().max(100),
  target: z.custom<Plan["target"]>(
    (value) => profileSpec.safeParse(value).success,
    "expected a device profile",
  ),
  packets: z.strictObject({
    request: z.number().int().min(1).max(MAX_PAYLOAD),
    answer: z.number().int().min(1).max(2 ** 20),
    answersPerRequest: count,
    inFlight: count,
  }),
  body: z.unknown(),
});

/**
 * Encodes a plan as MessagePack.
 *
 * @param plan Plan of any workload.
 * @returns Contents of the plan file.
 * @throws {OnpathError} `plan` if the value is not a plan.
 *
 * @example
 * ```ts
 * import { compile, decodePlan, encodePlan, MODEL_PROFILE } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const plan = compile(
 *   { steps: [{ op: "center_crop", size: [8, 8] }] },
 *   { input: { dtype: "u8", shape: [16, 16, 3], layout: "HWC" }, device: MODEL_PROFILE },
 * );
 * assert.deepEqual(decodePlan(encodePlan(plan)), plan);
 * ```
 */
export function encodePlan(plan: Plan): Uint8Array<ArrayBuffer> {
  if (Object(plan).format !== "onpath.plan") {
    throw new OnpathError(
      "plan",
      `Cannot write a plan that is ${kindOf(plan)}: expected what compile() makes`,
      {
        found: kindOf(plan),
      },
    );
  }
  return encode(plan, { sortKeys: true });
}

/**
 * Decodes a plan. Every number is checked, and derived values are recomputed.
 * Values that depend on a vocabulary are recomputed when a session opens the plan.
 *
 * @param bytes Contents of the plan file.
 * @param workload Workload of the plan, if the registry does not contain it.
 * @returns Plan as recompiled.
 * @throws {OnpathError} `plan` if the bytes are malformed, damaged or of another version.
 *
 * @example
 * ```ts
 * import { decodePlan } from "onpath";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => decodePlan(Uint8Array.of(0x80)), /Cannot read a plan: its format is undefined/);
 * ```
 */
export function decodePlan(bytes: Uint8Array): AnyPlan;
/** Reads a plan of a workload that the registry does not list. */
export function decodePlan<P extends Plan>(
  bytes: Uint8Array,
  workload: Pick<Workload<P>, "name" | "check">,
): P;
export function decodePlan(bytes: Uint8Array, workload?: Pick<Workload, "name" | "check">): Plan {
  if (!(bytes instanceof Uint8Array)) {
    throw new OnpathError("plan", `Cannot read a plan that is ${kindOf(bytes)}: expected a Uint8Array`, {
      found: kindOf(bytes),
    });
  }
  if (bytes.length > MAX_PLAN_BYTES) {
    throw new OnpathError(
      "plan",
      `Cannot read a plan of ${bytes.length} bytes: expected at most ${MAX_PLAN_BYTES}`,
      { bytes: bytes.length, most: MAX_PLAN_BYTES },
    );
  }
  let value: unknown;
  try {
    checkForm(bytes);
    value = decode(bytes, {
      maxStrLength: MAX_PLAN_ITEMS,
      maxArrayLength: MAX_PLAN_ITEMS,
      maxMapLength: MAX_PLAN_ITEMS,
      maxBinLength: 0,
      maxExtLength: 0,
    });
  } catch (cause) {
    throw new OnpathError("plan", `Cannot read a plan: ${(cause as Error).message}`, {}, { cause });
  }
  return checkPlan(value, workload as Pick<Workload<Plan>, "name" | "check">);
}

/**
 * Checks a plan that is already decoded, such as parsed JSON.
 *
 * @param value Any value.
 * @param workload Workload of the plan, if the registry does not contain it.
 * @returns Plan as recompiled.
 * @throws {OnpathError} `plan` under the conditions of {@linkcode decodePlan}.
 *
 * @example
 * ```ts
 * import { checkPlan, compile, MODEL_PROFILE } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const plan = compile(
 *   { steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] },
 *   { device: MODEL_PROFILE },
 * );
 * assert.deepEqual(checkPlan(JSON.parse(JSON.stringify(plan))), plan);
 * assert.throws(() => checkPlan({ ...plan, version: 3 }), /version 3: expected 4, compile it again/);
 * ```
 */
export function checkPlan(value: unknown): AnyPlan;
/** Checks a plan of a workload that the registry does not list. */
export function checkPlan<P extends Plan>(value: unknown, workload: Pick<Workload<P>, "name" | "check">): P;
export function checkPlan(value: unknown, workload?: Pick<Workload, "name" | "check">): Plan {
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== "onpath.plan") {
    throw new OnpathError(
      "plan",
      `Cannot read a plan: its format is ${show(format)}, expected "onpath.plan"${remedyOf(format)}`,
    );
  }
  if (version !== PLAN_VERSION) {
    throw new OnpathError(
      "plan",
      `Cannot read a plan of version ${show(version)}: expected ${PLAN_VERSION}, compile it again`,
      { found: show(version), expected: PLAN_VERSION },
    );
  }
  const plan = parseWith(envelopeSpec, value, "plan", "plan");
  const { id } = plan;
  if (asPlanError(id, () => identifyPlan(plan).id) !== id) {
    throw new OnpathError(
      "plan",
      `Cannot read plan ${id}: its contents do not match its id, it was changed`,
      {
        id,
      },
    );
  }
  // A CRC collision can be forged. So the recompiled plan is used, not the one that was read.
  const compiled = asPlanError(id, () => (workload ?? findWorkload(plan.workload)).check(plan));
  if (compiled.id !== id) {
    throw new OnpathError(
      "plan",
      `Cannot read plan ${id}: compiling its pipeline gives another plan, compile it again`,
      { id },
    );
  }
  return compiled;
}

/** Formats an outside value for a message, at most 40 characters. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  return typeof value === "object" && value !== null ? "an object" : String(value).slice(0, 40);
}

/** Says what to do with documents that older versions wrote. */
function remedyOf(format: unknown): string {
  const isOlder = format === "onpath.text-plan" || format === "onpath.normalize-plan";
  return isOlder ? "; compile the pipeline again" : "";
}
