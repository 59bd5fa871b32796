/**
 * Options of `plan`, for pipelines of every workload.
 *
 * @module
 */

import type { FormName } from "../../../kernels/image/kernel.ts";
import type { LayoutName } from "../../../kernels/target/profile.ts";
import type { Checksum } from "../../../serialize/packets.ts";
import type { SharedOptions } from "../options.ts";

/** What a plan is asked for. */
export interface PlanCommandOptions extends SharedOptions {
  /** A file with an input. */
  readonly input?: string | undefined;
  /** The shape of an input. */
  readonly shape?: readonly number[] | undefined;
  /** Where the plan goes. */
  readonly output?: string | undefined;
  /** Whether packets carry a CRC-32C. */
  readonly checksum?: Checksum | undefined;
  /** Levels that tables may be off beyond what the match is. */
  readonly tolerance?: number | undefined;
  /** The form of the resize's tables. */
  readonly form?: FormName | undefined;
  /** The layout of packets; `layout` names the input's axes. */
  readonly packetLayout?: LayoutName | undefined;
  /** Vocabulary of a text pipeline. */
  readonly vocab?: string | undefined;
  /** Longest payload of a text pipeline's packets, in bytes. */
  readonly payload?: number | undefined;
  /** Bytes that a chunk of text repeats of the one before. */
  readonly overlap?: number | undefined;
  /** Where the report goes, a page to open in a browser. */
  readonly html?: string | undefined;
  /** Where the timeline goes, a trace for Perfetto or Chrome. */
  readonly trace?: string | undefined;
}
