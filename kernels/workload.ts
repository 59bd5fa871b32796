/**
 * Interface of a workload: one kind of data and its processing. `registry.ts` lists all
 * workloads.
 *
 * @module
 */

import type { PacketFlow } from "../serialize/flow.ts";
import type { PacketSlots } from "../serialize/packets.ts";
import type { Halves } from "./halves.ts";
import type { Plan } from "./plan/plan.ts";
import type { PageLoad, Program } from "./program.ts";

/** Flow whose exchanges may include page loads. */
export interface PagedFlow extends PacketFlow {
  /** Page loads of the packets written last. */
  readonly pages?: readonly PageLoad[] | undefined;
  /** Whether the program must be reloaded before the packets written last, because epoch numbers ran out. */
  readonly reloads?: boolean | undefined;
  /**
   * Whether all that the flow can send now is the first packet of a new flow on the device. Any number of such flows
   * share an exchange, because the device needs no state that others could evict.
   */
  readonly isBrief?: boolean | undefined;
}

/** Processing of one input: its flows and its result. */
export interface Work<Out> {
  /** Flows of this input. Empty if the result needs no device. */
  readonly flows: readonly PagedFlow[];
  /** Returns the result. Valid once every flow is done. */
  readonly result: () => Out;
}

/** Runs a flow until it is done. */
export type RunFlow = (flow: PacketFlow) => Promise<void>;

/** Input that grows. Steps of one stream run in order. */
export interface FlowStream<Chunk, Part> {
  /**
   * Appends to the input.
   *
   * @returns The part of the output that is now final. A rejected step loses nothing: the next step returns
   * its part.
   */
  readonly push: (chunk: Chunk) => Promise<Part>;
  /**
   * Ends the input.
   *
   * @returns Remaining output. The stream then accepts a new input.
   */
  readonly end: () => Promise<Part>;
}

/** Packet memory, and the flows that use it. A session owns it. */
export interface Connection<In, Out, Options = object, Part = never> {
  /** Slots for requests. */
  readonly requests: PacketSlots;
  /** Slots for the answers to all requests in flight. */
  readonly answers: PacketSlots;
  /** Maximum flows in one exchange. */
  readonly maxFlows: number;
  /**
   * Checks an input and creates its flows. Sends nothing.
   *
   * @throws {OnpathError} `dtype`, `shape` or `size` if the input does not fit the plan.
   */
  readonly begin: (input: In, options: Options) => Work<Out>;
  /**
   * Starts an input that grows. Absent if the workload has no such inputs.
   *
   * @throws {OnpathError} `pipeline` if the plan's inputs cannot grow.
   */
  readonly stream?: ((run: RunFlow) => FlowStream<In, Part>) | undefined;
  /** Resets the host's record of the device state, after the program was reloaded. */
  readonly reset?: (() => void) | undefined;
}

/** Computation of whole inputs on the host, without packets. Results equal those of the packets bit for bit. */
export interface Direct<In, Out, Options = object> {
  /**
   * Checks an input.
   *
   * @throws {OnpathError} As {@linkcode Connection.begin}.
   */
  readonly check: (input: In, options: Options) => void;
  /** Computes a checked input. Blocks its thread meanwhile. */
  readonly run: (input: In, options: Options) => Out;
  /** Image plan from which worker threads make the same computation. Absent if only this thread can. */
  readonly threadPlan?: Plan | undefined;
}

/** Plan combined with its resources. */
export interface Opened<In, Out, Options = object, Part = never> {
  /** Program for a device. */
  readonly program: Program;
  /** Creates the computation on the host. Absent, or returns undefined, if the plan runs by packets only. */
  readonly direct?: (() => Direct<In, Out, Options> | undefined) | undefined;
  /** Creates a connection and reserves its packet memory. */
  readonly connect: () => Connection<In, Out, Options, Part>;
  /**
   * Divides the flows between two hosts. Absent if the workload has no such flows.
   *
   * @throws {OnpathError} `pipeline` if flows of this plan cannot be divided.
   */
  readonly halves?: (() => Halves<In, Out>) | undefined;
}

/**
 * A workload: compiles, checks and opens the plans of one kind of data.
 *
 * @typeParam P Plans.
 * @typeParam In Inputs of a run.
 * @typeParam Out Results of a run.
 * @typeParam Resources Data that plans refer to but do not contain, such as a vocabulary.
 * @typeParam Options Run options beyond those common to all workloads.
 * @typeParam Part Results of one stream step.
 */
export interface Workload<
  P extends Plan = Plan,
  In = unknown,
  Out = unknown,
  Resources = unknown,
  Options = object,
  Part = unknown,
> {
  /** Name stored in plans. */
  readonly name: P["workload"];
  /** Purpose in one line, for help texts. */
  readonly summary: string;
  /** Names of the steps that its pipelines may have. */
  readonly steps: readonly string[];
  /** Kinds of data that it takes and gives, such as `text` and `tokens`. Chained plans must agree on them. */
  readonly data: readonly [input: string, output: string];
  /**
   * Compiles an unchecked pipeline.
   *
   * @throws {OnpathError} `pipeline` if a step is malformed; another code if something does not fit.
   */
  readonly compile: (pipeline: unknown, options: object) => P;
  /**
   * Checks the body of an unchecked plan, and recomputes everything that needs no resources.
   *
   * @param plan Plan with a valid envelope and id.
   * @returns Plan as recompiled.
   * @throws {OnpathError} `plan` if the body is invalid.
   */
  readonly check: (plan: Plan) => P;
  /**
   * Combines a plan with its resources.
   *
   * @throws {OnpathError} `plan` if resources are missing or belong to another plan.
   */
  readonly open: (plan: P, resources: Resources) => Opened<In, Out, Options, Part>;
}
