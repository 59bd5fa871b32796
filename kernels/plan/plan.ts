/**
 * The plan: one envelope for every workload. Plain data, MessagePack on disk.
 *
 * @module
 */

import { encode } from "@msgpack/msgpack";
import { OnpathError } from "../../serialize/errors.ts";
import { crc32c } from "../../serialize/crc32c.ts";
import type { DeviceProfile } from "../target/profile.ts";

/** Format version that this code writes and reads. Older plans are refused: compile the pipeline again. */
export const PLAN_VERSION = 4;

/** Packet sizes and counts: all that a session needs to reserve memory. */
export interface PlanPackets {
  /** Longest payload of a request, in bytes. */
  readonly request: number;
  /** Longest payload of an answer, in bytes. */
  readonly answer: number;
  /** Maximum answers to one request. */
  readonly answersPerRequest: number;
  /** Maximum requests in one exchange. */
  readonly inFlight: number;
}

/**
 * A pipeline compiled for one target. Every packet of its flows carries `id`.
 *
 * @typeParam Name Name of the workload.
 * @typeParam Body What the workload compiled.
 */
export interface Plan<Name extends string = string, Body = unknown> {
  /** Kind of document. */
  readonly format: "onpath.plan";
  /** {@linkcode PLAN_VERSION}. */
  readonly version: typeof PLAN_VERSION;
  /** CRC-32C of all other fields, as MessagePack with sorted keys. */
  readonly id: number;
  /** Name of the workload, as the registry lists it. */
  readonly workload: Name;
  /** Device profile that the plan was compiled for. */
  readonly target: DeviceProfile;
  /** Sizes and counts of packets. */
  readonly packets: PlanPackets;
  /** Data of the workload, checked by its own schema. */
  readonly body: Body;
}

/**
 * Completes a plan: adds format, version and id.
 *
 * @param plan Workload, target, packets and body.
 * @returns The plan.
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
