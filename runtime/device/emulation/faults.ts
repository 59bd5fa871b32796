/**
 * Fault injection: kinds of faults of an emulated card, and when they happen.
 *
 * @module
 */

import { checkInteger, kindOf, OnpathError } from "../../../serialize/errors.ts";

/**
 * Kinds of faults.
 *
 * | kind | effect |
 * |---|---|
 * | `slow` | a run of packets takes 40 ms longer |
 * | `stall` | a run of packets never ends |
 * | `wrong` | one byte of an answer is changed |
 * | `loss` | an answer is missing |
 * | `death` | the process ends in the middle of a run |
 * | `hang` | the process stops answering |
 * | `refusal` | an allocation is refused |
 * | `poison` | memory refuses one beat of tables or of a vocabulary that is read during a run of packets |
 */
export const FAULTS = ["slow", "stall", "wrong", "loss", "death", "hang", "refusal", "poison"] as const;

/** A kind of fault. */
export type Fault = (typeof FAULTS)[number];

/** Occasions of faults. */
export interface FaultPlan {
  /** Fault at each occasion, counted from 0: of allocations for `refusal`, of packet runs for all others. */
  readonly at?: Readonly<Record<number, Fault>> | undefined;
  /** Random faults: kinds, share of the occasions from 0 to 1, and seed. */
  readonly random?:
    | { readonly kinds: readonly Fault[]; readonly share: number; readonly seed: number }
    | undefined;
}

/** Extra milliseconds of a slow run. */
export const SLOW_MS = 40;

/**
 * Parses the faults of a command line: `stall`, `death@3`, or `random:slow+wrong:0.1:7` (kinds, share, seed).
 *
 * @param text Faults, separated by commas.
 * @throws {OnpathError} `size` when a kind, an occasion or a seed is invalid.
 *
 * @example
 * ```ts
 * import { parseFaults } from "onpath/emulation";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseFaults("slow,death@3").at, { 0: "slow", 3: "death" });
 * ```
 */
export function parseFaults(text: string): FaultPlan {
  if (typeof text !== "string") {
    throw new OnpathError("size", `Cannot make faults of a value that is ${kindOf(text)}: expected a string`);
  }
  const at: Record<number, Fault> = {};
  let random: FaultPlan["random"];
  for (const part of text.split(",").filter((part) => part !== "")) {
    const chance = /^random:([a-z+]+):(0?\.\d+|0|1):(\d+)$/.exec(part);
    if (chance !== null) {
      const kinds = chance[1]!.split("+").map(faultOf);
      random = {
        kinds,
        share: Number(chance[2]),
        seed: checkInteger("fault seed", Number(chance[3]), 0, 2 ** 32 - 1),
      };
      continue;
    }
    const [, kind, number = "0"] = /^([a-z]+)(?:@(\d+))?$/.exec(part) ?? [undefined, part];
    at[checkInteger("fault occurrence", Number(number), 0, 2 ** 31)] = faultOf(kind!);
  }
  return { at, random };
}

function faultOf(name: string): Fault {
  const fault = FAULTS.find((each) => each === name);
  if (fault !== undefined) return fault;
  throw new OnpathError("size", `Cannot make fault "${name}": expected one of ${FAULTS.join(", ")}`, {
    name,
  });
}

/** Sequence of faults, by occasion. */
export interface FaultSource {
  /** Returns the fault of the next run of packets, or null. */
  readonly run: () => Fault | null;
  /** Returns whether the next allocation is refused. */
  readonly allocation: () => boolean;
  /** Returns a random whole number below a limit, from the same generator. */
  readonly below: (limit: number) => number;
}

/**
 * Makes a sequence of faults. Equal plans give equal sequences.
 *
 * @param plan Occasions of faults. Default never.
 */
export function faultSource({ at = {}, random }: FaultPlan = {}): FaultSource {
  let state = random?.seed ?? 1;
  let runs = 0;
  let allocations = 0;
  const next = () => {
    // xorshift32 gives the same sequence on every machine.
    state = (state ^ (state << 13)) >>> 0;
    state = (state ^ (state >>> 17)) >>> 0;
    state = (state ^ (state << 5)) >>> 0;
    return state / 2 ** 32;
  };
  if (state === 0) state = 1;
  // The first numbers after a small seed are small, so they are skipped.
  for (let warm = 0; warm < 8; warm++) next();
  const below = (limit: number) => Math.floor(next() * limit);
  const chance = (wanted: (fault: Fault) => boolean) => {
    if (random === undefined || next() >= random.share) return null;
    const kinds = random.kinds.filter(wanted);
    return kinds.length === 0 ? null : kinds[below(kinds.length)]!;
  };
  return {
    run: () => {
      const fault = at[runs++] ?? null;
      return fault !== null && fault !== "refusal" ? fault : chance((kind) => kind !== "refusal");
    },
    allocation: () => at[allocations++] === "refusal" || chance((kind) => kind === "refusal") !== null,
    below,
  };
}
