/**
 * Options of `plan`, for pipelines of every workload.
 *
 * @module
 */

import type { FormName } from "../../../kernels/image/kernel.ts";
import type { LayoutName } from "../../../kernels/target/profile.ts";
import type { Checksum } from "../../../serialize/packets.ts";
import type { SharedOptions } from "../options.ts";

/** Options of `plan`. */
export interface PlanCommandOptions extends SharedOptions {
  /** Path of an input; only its shape is used, and a JPEG is timed. */
  readonly input?: string | undefined;
  /** Lengths of the input's axes. */
  readonly shape?: readonly number[] | undefined;
  /** Path of the plan to write. */
  readonly output?: string | undefined;
  /** A CRC-32C in every packet, or only the link's own check. */
  readonly checksum?: Checksum | undefined;
  /** Extra levels by which tables may differ from the match. */
  readonly tolerance?: number | undefined;
  /** Form of the resize's tables. */
  readonly form?: FormName | undefined;
  /** Layout of packets; `layout` names the input's axes. */
  readonly packetLayout?: LayoutName | undefined;
  /** Vocabulary of a text pipeline. */
  readonly vocab?: string | undefined;
  /** Maximum payload of a text pipeline's packets, in bytes. */
  readonly payload?: number | undefined;
  /** Bytes that a chunk of text repeats of the one before. */
  readonly overlap?: number | undefined;
  /** Rate of a link in Gb/s, for lanes and instances of the RTL. */
  readonly lineRate?: number | undefined;
  /** Path of the report, a page to open in a browser. */
  readonly html?: string | undefined;
  /** Path of the timeline, a trace for Perfetto or Chrome. */
  readonly trace?: string | undefined;
}
