/**
 * Options of `nic` and `network`.
 *
 * @module
 */

import type { Address } from "../../../runtime/network/address.ts";
import type { RelayFaults } from "../../../runtime/network/mod.ts";
import type { SecurityOptions } from "../../network/security.ts";
import type { SampleName } from "../../network/samples.ts";
import type { SharedOptions } from "../options.ts";

/** Options of every command with packets. */
export interface PathOptions extends Omit<SharedOptions, "layout">, SecurityOptions {
  /** `--jumbo`: packets of up to 8,256 bytes. */
  readonly jumbo?: boolean | undefined;
  /** `--interval` of the counts, in milliseconds. */
  readonly interval: number;
  /** `--until-eof`: also end when standard input does. */
  readonly untilEof?: boolean | undefined;
}

/** Options of `nic`. */
export interface NicCommandOptions extends PathOptions {
  /** `--listen`: address of the datagrams. */
  readonly listen: Address;
  /** `--control`: address of the control channel. */
  readonly control: Address;
  /** `--pass-to`: address for datagrams that are no packets. */
  readonly passTo?: Address | undefined;
  /** `--vocab`: vocabularies, by name or file. */
  readonly vocab: readonly string[];
  /** `--max-programs` */
  readonly maxPrograms?: number | undefined;
  /** `--max-flows` */
  readonly maxFlows?: number | undefined;
  /** `--max-connections` */
  readonly maxConnections?: number | undefined;
  /** `--max-packets` of a host, a second. */
  readonly maxPackets?: number | undefined;
}

/** Options of faults on purpose. */
export interface FaultOptions {
  /** `--loss`, a share. */
  readonly loss?: number | undefined;
  /** `--duplicate`, a share. */
  readonly duplicate?: number | undefined;
  /** `--reorder`, a share. */
  readonly reorder?: number | undefined;
  /** `--corrupt`, a share. */
  readonly corrupt?: number | undefined;
  /** `--delay`, in milliseconds. */
  readonly delay?: number | undefined;
  /** `--seed` */
  readonly seed: number;
}

/** Options of `network send` and `network receive`. */
export interface EndOptions extends PathOptions, FaultOptions {
  /** `--nic`: control address; `-` for the next line of standard input. */
  readonly nic?: Address | "-" | undefined;
  /** `--listen`: address of the datagrams. */
  readonly listen?: Address | undefined;
  /** `--plan`: files of plans. */
  readonly plan?: readonly string[] | undefined;
  /** `--samples` in place of plans. */
  readonly samples?: readonly SampleName[] | undefined;
  /** `--vocab`: vocabularies, by name or file. */
  readonly vocab: readonly string[];
  /** `--wait` for the other hosts, in milliseconds. */
  readonly wait: number;
}

/** Options of `network receive`. */
export interface ReceiveOptions extends EndOptions {
  /** `--control`: address of the control channel. */
  readonly control: Address;
  /** `--output`: folder for results. */
  readonly output?: string | undefined;
  /** `--max-inputs` at once. */
  readonly maxInputs?: number | undefined;
}

/** Options of `network send`. */
export interface SendCommandOptions extends EndOptions {
  /** `--receiver`: control address; `-` for the next line of standard input. */
  readonly receiver?: Address | "-" | undefined;
  /** `--repeat`: times that each input is sent. */
  readonly repeat: number;
  /** `--at-once`: inputs at once. */
  readonly atOnce: number;
  /** `--rate`, in megabits a second. */
  readonly rate?: number | undefined;
  /** `--compare`: compute each result here too, and print its digest. */
  readonly compare?: boolean | undefined;
  /** `--timeout` of an input, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** Options of `network`. */
export interface NetworkOptions extends FaultOptions, Pick<SharedOptions, "device" | "json"> {
  /** `--samples` to send. */
  readonly samples: readonly SampleName[];
  /** `--inputs`: times that each sample is sent. */
  readonly inputs: number;
  /** `--at-once`: inputs at once. */
  readonly atOnce: number;
  /** `--rate`, in megabits a second. */
  readonly rate?: number | undefined;
  /** `--restart-nic` in the middle. */
  readonly restartNic?: boolean | undefined;
  /** `--loopback`: no namespaces. */
  readonly loopback?: boolean | undefined;
  /** `--ipv6` */
  readonly ipv6?: boolean | undefined;
  /** `--authenticate`: packets and reports carry a MAC, with keys that the control channels agree on. */
  readonly authenticate?: boolean | undefined;
  /** `--timeout` of an input, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** Faults of the paths; undefined if there are none. */
export function faultsOf(
  { loss, duplicate, reorder, corrupt, delay }: Omit<FaultOptions, "seed">,
): RelayFaults | undefined {
  const faults: RelayFaults = {
    loss,
    duplication: duplicate,
    reordering: reorder,
    corruption: corrupt,
    delayMs: delay,
  };
  return Object.values(faults).every((value) => value === undefined || value === 0) ? undefined : faults;
}
