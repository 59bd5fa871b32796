/**
 * Plans on disk: MessagePack, checked when they are read.
 *
 * @module
 */

import { decode, encode } from "@msgpack/msgpack";
import { parseWith } from "../../schema.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { compile } from "./compile.ts";
import { checkForm } from "../../plan/form.ts";
import { identifyPlan } from "./identify.ts";
import { type Plan, PLAN_VERSION } from "./plan.ts";
import { planSpec } from "./schema.ts";

/** A plan's file is at most this long (1 MiB); real ones are a few KiB. */
export const MAX_PLAN_BYTES = 2 ** 20;

/** Longest text, list or map inside a plan's file. */
const MAX_PLAN_ITEMS = 65536;

/**
 * Writes a plan as MessagePack.
 *
 * @param plan The plan.
 * @returns The file's bytes.
 */
export function encodePlan(plan: Plan): Uint8Array<ArrayBuffer> {
  return encode(plan, { sortKeys: true });
}

/**
 * Reads a plan. Every number in it is checked, and what can be derived is derived again, so a plan
 * that was read is as good as one that was compiled here.
 *
 * @param bytes The file's bytes.
 * @returns The plan.
 * @throws {OnpathError} `plan` when the bytes are no plan, are damaged, or come from another version.
 *
 * @example
 * ```ts
 * import { compile, decodePlan, encodePlan, MODEL_PROFILE } from "onpath/runtime";
 * import assert from "node:assert/strict";
 *
 * const plan = compile(
 *   { steps: [{ op: "center_crop", size: [8, 8] }] },
 *   { input: { dtype: "u8", shape: [16, 16, 3], layout: "HWC" }, device: MODEL_PROFILE },
 * );
 * assert.deepEqual(decodePlan(encodePlan(plan)), plan);
 * ```
 */
export function decodePlan(bytes: Uint8Array): Plan {
  if (bytes.length > MAX_PLAN_BYTES) {
    throw new OnpathError(
      "plan",
      `Cannot read a plan of ${bytes.length} bytes: expected at most ${MAX_PLAN_BYTES}`,
      {
        bytes: bytes.length,
        most: MAX_PLAN_BYTES,
      },
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
  return checkPlan(value);
}

/**
 * Checks a plan that is plain data already, such as parsed JSON.
 *
 * @param value Anything.
 * @returns The plan.
 * @throws {OnpathError} `plan` as {@linkcode decodePlan}.
 */
export function checkPlan(value: unknown): Plan {
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== "onpath.plan") {
    throw new OnpathError(
      "plan",
      `Cannot read a plan: its format is ${show(format)}, expected "onpath.plan"`,
    );
  }
  if (version !== PLAN_VERSION) {
    throw new OnpathError(
      "plan",
      `Cannot read a plan of version ${show(version)}: expected ${PLAN_VERSION}, compile it again`,
      { found: show(version), expected: PLAN_VERSION },
    );
  }
  const plan = parseWith(planSpec, value, "plan", "plan");
  const { pipeline, input, device, layout, options } = plan;
  const id = asPlanError(plan.id, () => identifyPlan(plan).id);
  if (id !== plan.id) {
    throw new OnpathError(
      "plan",
      `Cannot read plan ${plan.id}: its contents do not match its id, it was changed`,
      {
        id: plan.id,
      },
    );
  }
  const compiled = asPlanError(
    plan.id,
    () =>
      compile(pipeline, {
        input,
        device,
        checksum: layout.checksum,
        tolerance: options.tolerance,
        form: options.form ?? undefined,
        layout: options.layout ?? undefined,
      }),
  );
  if (compiled.id !== plan.id) {
    throw new OnpathError(
      "plan",
      `Cannot read plan ${plan.id}: compiling its pipeline gives another plan, compile it again`,
      { id: plan.id },
    );
  }
  // A CRC can be forged to collide, so what was read is not trusted: what was compiled is.
  return compiled;
}

/** A foreign value, short enough for a message. */
function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** Runs a check; what it throws becomes a refusal of the plan, whatever it was. */
function asPlanError<T>(id: number, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new OnpathError("plan", `Cannot read plan ${id}: ${(cause as Error).message}`, { id }, { cause });
  }
}
