/**
 * Plan: one envelope for all workloads. Plain data, stored as MessagePack.
 *
 * @module
 */

import { encode } from "@msgpack/msgpack";
import { OnpathError } from "../../serialize/errors.ts";
import { crc32c } from "../../serialize/crc32c.ts";
import type { DeviceProfile } from "../target/profile.ts";

/**
 * Format version that this library reads and writes. Plans of other versions are refused and must be
 * recompiled.
 */
export const PLAN_VERSION = 4;

/** Packet sizes and counts, from which a session computes its memory. */
export interface PlanPackets {
  /** Longest payload of a request in bytes. */
  readonly request: number;
  /** Longest payload of an answer in bytes. */
  readonly answer: number;
  /** Maximum answers to one request. */
  readonly answersPerRequest: number;
  /** Maximum requests in one exchange. */
  readonly inFlight: number;
}

/**
 * Pipeline compiled for one target. Every packet of its flows carries `id`.
 *
 * @typeParam Name Name of the workload.
 * @typeParam Body Compiled data of the workload.
 */
export interface Plan<Name extends string = string, Body = unknown> {
  /** Document type. */
  readonly format: "onpath.plan";
  /** Format version, {@linkcode PLAN_VERSION}. */
  readonly version: typeof PLAN_VERSION;
  /** CRC-32C of all other fields, as MessagePack with sorted keys. */
  readonly id: number;
  /** Name of the workload in the registry. */
  readonly workload: Name;
  /** Device profile that the plan was compiled for. */
  readonly target: DeviceProfile;
  /** Sizes and counts of packets. */
  readonly packets: PlanPackets;
  /** Data of the workload, checked by the workload's own schema. */
  readonly body: Body;
}

/**
 * Completes a plan with format, version and id.
 *
 * @param plan Workload, target, packets and body.
 * @returns Complete plan.
 *
 * @example
 * ```ts
 * import { MODEL_PROFILE } from "onpath";
 * import { identifyPlan } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * const packets = { request: 64, answer: 64, answersPerRequest: 1, inFlight: 16 };
 * const plan = identifyPlan({ workload: "mine", target: MODEL_PROFILE, packets, body: { table: [1, 2] } });
 * assert.equal(identifyPlan(plan).id, plan.id);
 * ```
 */
export function identifyPlan<Name extends string, Body>(
  { workload, target, packets, body }: Pick<Plan<Name, Body>, "workload" | "target" | "packets" | "body">,
): Plan<Name, Body> {
  const rest = { format: "onpath.plan", version: PLAN_VERSION, workload, target, packets, body } as const;
  return { ...rest, id: crc32c(encode(rest, { sortKeys: true })) };
}

/**
 * Runs a check of a plan. Whatever it throws becomes a refusal of the plan.
 *
 * @param id Id of the plan.
 * @param run The check.
 * @throws {OnpathError} `plan`
 */
export function asPlanError<T>(id: number, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof OnpathError && cause.code === "plan") throw cause;
    throw new OnpathError("plan", `Cannot read plan ${id}: ${(cause as Error).message}`, { id }, { cause });
  }
}
