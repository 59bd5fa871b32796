/**
 * Resources of plans that arrive over a network or from a file: vocabularies, and tables of known functions.
 *
 * @module
 */

import type { Memo } from "../../kernels/memoize/memo.ts";
import type { LookupPlan } from "../../kernels/lookup/plan.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import { TIKTOKEN_ENCODINGS } from "../../kernels/tokenize/formats/tiktoken.ts";
import type { TokenizePlan } from "../../kernels/tokenize/plan/plan.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { loadVocabulary } from "../io/vocabulary.ts";
import { FUNCTIONS, memoizeFunction } from "../lookup/functions.ts";

/** Finds the resources of a plan. */
export type ResourcesOf = (plan: Plan) => Promise<unknown>;

/**
 * Loads vocabularies, and finds those and others for plans.
 *
 * A plan from a network names its vocabulary. Only names of tiktoken's encodings are loaded, never files.
 *
 * @param names Vocabularies to load now, by name or file.
 * @param signal Aborts the loading with its reason.
 * @returns Function that finds the resources. It throws `plan` if the vocabulary of a plan is not loaded, or the memo of
 * a lookup is no function of the command `lookup`.
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
    if (plan.workload === "lookup") return { memo: knownMemo(plan as LookupPlan) };
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

let memos: ReadonlyMap<number, Memo> | undefined;

/** Tables of all functions of the command `lookup`, for all their operand types, by id. */
function knownMemos(): ReadonlyMap<number, Memo> {
  return memos ??= new Map(
    [...FUNCTIONS.values()].flatMap((named) =>
      named.operands.map((operand) => {
        const memo = memoizeFunction(named, operand);
        return [memo.id, memo] as const;
      })
    ),
  );
}

function knownMemo({ id, body: { memo: { id: wanted } } }: LookupPlan): Memo {
  const found = knownMemos().get(wanted);
  if (found !== undefined) return found;
  throw new OnpathError(
    "plan",
    `Cannot run lookup plan ${id}: memo ${wanted} is none of the functions of the command lookup`,
    { plan: id, memo: wanted },
  );
}
