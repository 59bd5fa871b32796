/**
 * All scenarios of the experiment.
 *
 * @module
 */

import type { Baseline, Scenario } from "./scenario.ts";
import { CACHE_SCENARIOS } from "./scenarios/caches.ts";
import { IMAGE_SCENARIOS } from "./scenarios/images.ts";
import { PROMPT_SCENARIOS } from "./scenarios/prompts.ts";

/** Scenarios in the order of the tables. */
export const SCENARIOS: readonly Scenario[] = [
  ...IMAGE_SCENARIOS,
  ...PROMPT_SCENARIOS,
  ...CACHE_SCENARIOS,
];

/** Finds a scenario by its name. */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`Cannot find the scenario ${JSON.stringify(name)}`);
  return found;
}

/** Finds a baseline of a scenario by its name. */
export function baselineNamed({ name: scenario, baselines }: Scenario, name: string): Baseline {
  const found = baselines.find((baseline) => baseline.name === name);
  if (found === undefined) throw new Error(`Cannot find ${JSON.stringify(name)} of ${scenario}`);
  return found;
}
