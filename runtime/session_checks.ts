/**
 * Checks of what a session is opened with.
 *
 * @module
 */

import { type Plan, PLAN_VERSION } from "../kernels/plan/plan.ts";
import { sameProfile } from "../kernels/target/profiles.ts";
import { kindOf, OnpathError } from "../serialize/errors.ts";
import type { Device } from "./device/device.ts";

/** Refuses an argument of the wrong kind before its first use. */
export function checkArgument(name: string, value: unknown, isRight: boolean): void {
  if (isRight) return;
  const found = kindOf(value);
  throw new OnpathError(
    name === "plan" ? "plan" : "device",
    `Cannot open a session with a ${name} that is ${found}: expected a ${name} from ${
      name === "plan"
        ? "compile()"
        : "createModelDevice(), createCpuDevice(), createRtlDevice() or openXrtOffload()"
    }`,
    { argument: name, found },
  );
}

/** Refuses plans of another version. Plans from files are checked earlier, when they are decoded. */
export function checkVersion(version: unknown): void {
  if (version === PLAN_VERSION) return;
  throw new OnpathError(
    "plan",
    `Cannot open a session with a plan of version ${
      String(version)
    }: expected ${PLAN_VERSION}, compile it again`,
    { expected: PLAN_VERSION },
  );
}

/** Refuses a plan for another device. */
export function checkTarget(plan: Plan, device: Device): void {
  if (sameProfile(plan.target, device.profile)) return;
  const other = plan.target.name === device.profile.name
    ? "another profile of that device"
    : plan.target.name;
  throw new OnpathError(
    "plan",
    `Cannot run plan ${plan.id} on device ${device.profile.name}: it was compiled for ${other}`,
    { plan: plan.id, device: device.profile.name, expected: plan.target.name },
  );
}
