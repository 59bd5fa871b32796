import type { Plan } from "../../kernels/plan/plan.ts";
import type { Program } from "../../kernels/program.ts";
import { findWorkload } from "../../kernels/registry.ts";

/** Makes the program of a plan, as a session does. */
export function programOf(plan: Plan, resources?: unknown): Program {
  return findWorkload(plan.workload).open(plan, resources).program;
}
