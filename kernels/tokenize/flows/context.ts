/**
 * Context shared by all flows of a tokenizing session.
 *
 * @module
 */

import type { FlowCounts, PacketFlow } from "../../../serialize/flow.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { TextWriter } from "../../../serialize/text/text_writer.ts";
import type { TokenRun } from "../../../serialize/text/token_run.ts";
import type { TokenizePlan } from "../plan/plan.ts";
import type { HostFallback } from "./host_fallback.ts";

/** Context shared by all flows of a session. */
export interface TextContext {
  /** Plan of the session. */
  readonly plan: TokenizePlan;
  /** Writes packets of text. */
  readonly writer: TextWriter;
  /** Bytes of text by token id; 0 for an id that does not exist. */
  readonly lengthOf: Int32Array;
  /** Whether the tokens of a text cover all its bytes. */
  readonly covers: boolean;
  /** Creates the host's engine. */
  readonly makeFallback: () => HostFallback;
}

/** Counters of a flow of text. */
export interface TextCounts extends FlowCounts {
  /** Escapes reported by the device. */
  escapes: number;
  /** Bytes tokenized on the host. */
  hostBytes: number;
  /** Stretches repeated because their chunks shared no boundary. */
  retries: number;
  /** Tokens received and dropped: duplicates, and tokens that were not confirmed. */
  removed: number;
}

/** Returns counts of zero. */
export function newTextCounts(): TextCounts {
  return { sent: 0, resent: 0, escapes: 0, hostBytes: 0, retries: 0, removed: 0 };
}

/** A flow that turns one stretch of text into tokens. */
export interface TokenFlow extends PacketFlow {
  /** Tokens so far; those up to the last end of a piece are final. */
  readonly run: TokenRun;
  readonly counts: TextCounts;
}

/**
 * Creates the error for a text whose answers stay missing.
 *
 * @param tries Number of tries.
 * @param outcomes Number of answers by outcome.
 */
export function textGap(tries: number, outcomes: Readonly<Record<string, number>>): OnpathError {
  const kept = new Set(["accepted", "early", "duplicate"]);
  const refused = Object.fromEntries(Object.entries(outcomes).filter(([name]) => !kept.has(name)));
  const reasons = Object.entries(refused).map(([name, count]) => `${name} ${count}`).join(", ");
  return new OnpathError(
    "gap",
    `Cannot complete a text: answers did not come back after ${tries} tries` +
      (reasons === "" ? "" : ` (refused answers: ${reasons})`),
    { refused },
  );
}
