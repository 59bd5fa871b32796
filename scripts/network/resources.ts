/**
 * Resources of plans that arrive over a network or from a file: vocabularies.
 *
 * @module
 */

import type { Plan } from "../../kernels/plan/plan.ts";
import { TIKTOKEN_ENCODINGS } from "../../kernels/tokenize/formats/tiktoken.ts";
import type { TokenizePlan } from "../../kernels/tokenize/plan/plan.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { loadVocabulary } from "../io/vocabulary.ts";

/** Finds the resources of a plan. */
export type ResourcesOf = (plan: Plan) => Promise<unknown>;

/**
 * Loads vocabularies, and finds them for plans.
 *
 * A plan from a network names its vocabulary. Only names of tiktoken's encodings are loaded, never files.
 *
 * @param names Vocabularies to load now, by name or file.
 * @param signal Aborts the loading with its reason.
 * @returns Function that finds the resources. It throws `plan` if the vocabulary of a plan is not loaded, and for every
 * lookup.
 * @throws {OnpathError} As `loadVocabulary`.
 */
export async function loadResources(names: readonly string[], signal: AbortSignal): Promise<ResourcesOf> {
  const loaded = new Map<string, Promise<Vocabulary>>();
  const load = (name: string) => {
    const found = loaded.get(name) ?? loadVocabulary(name, { signal });
    loaded.set(name, found);
    found.catch(() => loaded.delete(name));
    return found;
  };
  for (const name of names) await load(name);
  return async (plan) => {
    if (plan.workload === "lookup") {
      throw new OnpathError(
        "plan",
        `Cannot run lookup plan ${plan.id}: its memo exists only in a program, expected openNic() with resourcesOf`,
        { plan: plan.id },
      );
    }
    if (plan.workload !== "tokenize") return undefined;
    const { name, checksum } = (plan as TokenizePlan).body.vocabulary;
    const vocabularies = await Promise.all(loaded.values());
    const found = vocabularies.find((each) => each.checksum === checksum);
    if (found !== undefined) return { vocabulary: found };
    if (Object.hasOwn(TIKTOKEN_ENCODINGS, name)) return { vocabulary: await load(name) };
    throw new OnpathError(
      "plan",
      `Cannot run text plan ${plan.id}: vocabulary ${
        JSON.stringify(name)
      } is not loaded, expected --vocab <file>`,
      { plan: plan.id, vocabulary: name },
    );
  };
}
