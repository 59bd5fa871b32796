/**
 * RTL kernels as WebAssembly for tests: packets in, packets out, cycle by cycle.
 *
 * @module
 */

import fc from "fast-check";
import assert from "node:assert/strict";
import process from "node:process";
import type { RtlBuild } from "../../kernels/rtl/builds.ts";
import { buildTop } from "../../scripts/rtl/build.ts";
import { GENERATED, readBuild, RTL_FOLDER } from "../../scripts/rtl/generated.ts";
import {
  CARD_LIMITS,
  driveRtl,
  openRtlCard,
  type Pauses,
  type RtlCard,
} from "../../runtime/device/rtl/card.ts";
import type { RtlExports } from "../../runtime/device/rtl/exports.ts";
import { type CoverageExports, keepCoverage } from "./coverage.ts";

/**
 * The folder of the builds that are tested: those that are committed, or others, as `deno task mutate` makes
 * them. Of a broken build only the first failure is asked for, the same at every run.
 */
export const RTL_BUILDS: string = process.env.ONPATH_RTL ?? GENERATED;
if (process.env.ONPATH_RTL !== undefined) fc.configureGlobal({ seed: 1, endOnFailure: true });

/** What came of a run. */
export interface Outcome {
  readonly answers: Uint8Array[];
  /** The socket that each answer goes to. */
  readonly answered: number[];
  /** Drops by the number of the check, of this run. */
  readonly drops: number[];
  /** Cycles with a packet inside, of this run. */
  readonly cycles: number;
}

/** An instance of the RTL. */
export interface Rtl {
  readonly card: RtlCard;
  /** Sets what packets are taken. */
  configure(plan: number, kind: number, longest: number, itemBytes: number): void;
  /** Sends packets, of given sockets or of socket 0, and waits for all; fails when that takes too long. */
  run(packets: readonly Uint8Array[], pauses?: Pauses, sockets?: readonly number[]): Outcome;
  /** Sends packets, stops after some cycles, whatever is under way. */
  interrupt(packets: readonly Uint8Array[], cycles: number): void;
}

/** The arguments of a kernel that say what items it takes. */
export function itemArgument(bytes: number): number {
  return bytes === 3 ? 256 : Math.log2(bytes);
}

/** Instantiates a kernel that is committed, and resets it. */
export async function openRtl(top: string): Promise<Rtl> {
  return drive(await openBuild(top));
}

/** Instantiates a build, which counts what is reached where it can. */
export async function openBuild(top: string): Promise<RtlCard> {
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(await readRtl(top)), {});
  if ("coverage_at" in exports) keepCoverage(top, exports as unknown as CoverageExports);
  return driveRtl(exports as unknown as RtlExports);
}

/** Reads the WebAssembly of a build that is tested. */
export async function readRtl(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBuild(RTL_BUILDS, name);
  assert(bytes !== null, `no build ${name} in ${RTL_BUILDS}`);
  return bytes;
}

/** Compiles a kernel with other parameters: what the folder of builds has of it, or the sources. */
export async function compileRtl(build: RtlBuild): Promise<WebAssembly.Module> {
  const bytes = await readBuild(RTL_BUILDS, build.name) ?? await buildTop(RTL_FOLDER, build);
  return WebAssembly.compile(Uint8Array.from(bytes));
}

/** Instantiates a compiled kernel and resets it. */
export async function rtlOf(module: WebAssembly.Module): Promise<Rtl> {
  return drive(await openRtlCard(module));
}

/** Drives an instance. */
export function drive(card: RtlCard): Rtl {
  const send = (packets: readonly Uint8Array[]) => {
    let at = 0;
    packets.forEach((packet, index) => {
      card.input.set(packet, at);
      card.ends[index] = at += packet.length;
    });
    assert(at <= CARD_LIMITS.bytes);
  };
  return {
    card,
    configure: (plan, kind, longest, itemBytes) => card.start([plan, kind, longest, itemArgument(itemBytes)]),
    run: (packets, pauses, sockets = []) => {
      send(packets);
      card.sockets.fill(0).set(sockets);
      const before = card.counters();
      const count = card.run(packets.length, pauses);
      const after = card.counters();
      let from = 0;
      const answers = Array.from(card.answers.subarray(0, count), (end) => {
        const answer = card.output.slice(from, end);
        from = end;
        return answer;
      });
      assert.equal(after.packets - before.packets, count);
      return {
        answers,
        answered: [...card.answered.subarray(0, count)],
        drops: after.drops.map((drops, at) => drops - before.drops[at]!),
        cycles: after.cycles - before.cycles,
      };
    },
    interrupt: (packets, cycles) => {
      send(packets);
      assert.throws(() => card.run(packets.length, {}, cycles), /did not end/);
    },
  };
}
