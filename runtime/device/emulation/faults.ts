/**
 * Faults on demand: what an emulated card does wrong, and when.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../serialize/errors.ts";

/**
 * Kinds of faults.
 *
 * | kind | what happens |
 * |---|---|
 * | `slow` | a run of packets takes 40 ms longer |
 * | `stall` | a run of packets never ends |
 * | `wrong` | a byte of an answer is another one |
 * | `loss` | an answer is missing |
 * | `death` | the process ends in the middle of a run |
 * | `hang` | the process answers nothing any more |
 * | `refusal` | an allocation is refused |
 */
export const FAULTS = ["slow", "stall", "wrong", "loss", "death", "hang", "refusal"] as const;

/** A kind of fault. */
export type Fault = (typeof FAULTS)[number];

/** When faults happen. */
export interface FaultPlan {
  /** A fault at the nth occasion, from 0 on: runs of packets, or allocations for a refusal. */
  readonly at?: Readonly<Record<number, Fault>> | undefined;
  /** Faults by chance: of these kinds, in this share of the runs. */
  readonly random?:
    | { readonly kinds: readonly Fault[]; readonly share: number; readonly seed: number }
    | undefined;
}

/** Milliseconds that a slow run takes longer. */
export const SLOW_MS = 40;

/**
 * Reads what the command line says: `stall`, `death@3`, or `random:slow+wrong:0.1:7` (kinds, share, seed).
 *
 * @param text The text; several plans are joined by commas.
 * @throws {OnpathError} `size` when it is none.
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
  const at: Record<number, Fault> = {};
  let random: FaultPlan["random"];
  for (const part of text.split(",").filter((part) => part !== "")) {
    const chance = /^random:([a-z+]+):(0?\.\d+|0|1):(\d+)$/.exec(part);
    if (chance !== null) {
      const kinds = chance[1]!.split("+").map(kindOf);
      random = {
        kinds,
        share: Number(chance[2]),
        seed: checkInteger("fault seed", Number(chance[3]), 0, 2 ** 32 - 1),
      };
      continue;
    }
    const [, kind, number = "0"] = /^([a-z]+)(?:@(\d+))?$/.exec(part) ?? [undefined, part];
    at[checkInteger("fault occurrence", Number(number), 0, 2 ** 31)] = kindOf(kind!);
  }
  return { at, random };
}

function kindOf(name: string): Fault {
  const fault = FAULTS.find((each) => each === name);
  if (fault !== undefined) return fault;
  throw new OnpathError("size", `Cannot make fault "${name}": expected one of ${FAULTS.join(", ")}`, {
    name,
  });
}

/** Says which fault happens at an occasion, one after another. */
export interface FaultSource {
  /** The fault of the next run of packets. */
  readonly run: () => Fault | null;
  /** Whether the next allocation is refused. */
  readonly allocation: () => boolean;
  /** A whole number below a limit, from the same source. */
  readonly below: (limit: number) => number;
}

/**
 * Makes the source.
 *
 * @param plan When faults happen. Default: never.
 */
export function faultSource({ at = {}, random }: FaultPlan = {}): FaultSource {
  let state = random?.seed ?? 1;
  let runs = 0;
  let allocations = 0;
  const next = () => {
    // xorshift32: the same on every machine.
    state = (state ^ (state << 13)) >>> 0;
    state = (state ^ (state >>> 17)) >>> 0;
    state = (state ^ (state << 5)) >>> 0;
    return state / 2 ** 32;
  };
  if (state === 0) state = 1;
  // The first numbers of small seeds are small.
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
