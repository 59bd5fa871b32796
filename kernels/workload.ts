/**
 * The contract of a workload: one kind of data, and what may be done to it. Image, tokenize and text_normalize are
 * workloads; the registry lists them.
 *
 * @module
 */

import type { PacketFlow } from "../serialize/flow.ts";
import type { PacketSlots } from "../serialize/packets.ts";
import type { Plan } from "./plan/plan.ts";
import type { PageLoad, Program } from "./program.ts";

/** A flow whose exchanges may bring page loads too. */
export interface PagedFlow extends PacketFlow {
  /** Page loads that belong to the packets written last. */
  readonly pages?: readonly PageLoad[] | undefined;
  /** Whether the program must be loaded again before the packets written last, because epochs ran out. */
  readonly reloads?: boolean | undefined;
}

/** One input on its way: the flows that carry it, and the result that they give. */
export interface Work<Out> {
  /** Flows of this input. Empty if the result is known without a device. */
  readonly flows: readonly PagedFlow[];
  /** Gives the result. Valid once every flow is done. */
  readonly result: () => Out;
}

/** Sends what a flow has to send, until nothing is left. */
export type RunFlow = (flow: PacketFlow) => Promise<void>;

/** An input that grows. Steps of one stream are taken in order. */
export interface FlowStream<Chunk, Part> {
  /**
   * Appends to the input.
   *
   * @returns What is final now. After a rejected step, the next one gives it.
   */
  readonly push: (chunk: Chunk) => Promise<Part>;
  /**
   * Ends the input.
   *
   * @returns The rest. The stream can then take a new input.
   */
  readonly end: () => Promise<Part>;
}

/** Memory for packets, and the flows that use it. Lives as long as a session. */
export interface Connection<In, Out, Options = object, Part = never> {
  /** Slots for requests. */
  readonly requests: PacketSlots;
  /** Slots for all answers to the requests. */
  readonly answers: PacketSlots;
  /** Maximum flows in one exchange. */
  readonly maxFlows: number;
  /**
   * Checks an input and starts its flows. Nothing is sent yet.
   *
   * @throws {OnpathError} `dtype`, `shape` or `size` if the input does not fit the plan.
   */
  readonly begin: (input: In, options: Options) => Work<Out>;
  /**
   * Starts an input that grows. Absent if the workload has none.
   *
   * @throws {OnpathError} `pipeline` if the plan's inputs cannot grow.
   */
  readonly stream?: ((run: RunFlow) => FlowStream<In, Part>) | undefined;
  /** Forgets what the device holds, because its program was loaded again. */
  readonly reset?: (() => void) | undefined;
}

/** A plan with its resources: the program for a device, and a way to connect. */
export interface Opened<In, Out, Options = object, Part = never> {
  /** Program for a device. */
  readonly program: Program;
  /** Reserves memory for packets. */
  readonly connect: () => Connection<In, Out, Options, Part>;
}

/**
 * A workload.
 *
 * @typeParam P Its plans.
 * @typeParam In Inputs.
 * @typeParam Out Results.
 * @typeParam Resources Data that plans name but do not hold, such as a vocabulary.
 * @typeParam Options Options of a run, beyond those that all workloads have.
 * @typeParam Part Results of one step of a stream.
 */
export interface Workload<
  P extends Plan = Plan,
  In = unknown,
  Out = unknown,
  Resources = unknown,
  Options = object,
  Part = unknown,
> {
  /** Name in plans. */
  readonly name: P["workload"];
  /** Purpose, in one line. */
  readonly summary: string;
  /** Names of the steps that its pipelines may have. */
  readonly steps: readonly string[];
  /** Kinds of data that it takes and gives, such as `text` and `tokens`. Chained plans must agree on them. */
  readonly data: readonly [input: string, output: string];
  /**
   * Compiles a pipeline from outside.
   *
   * @throws {OnpathError} `pipeline` if a step is malformed, or another code that names what does not fit.
   */
  readonly compile: (pipeline: unknown, options: object) => P;
  /**
   * Checks the body of a plan from outside, and derives again what can be derived without resources.
   *
   * @param plan A plan whose envelope and id are right.
   * @returns The plan that compiling gives.
   * @throws {OnpathError} `plan`
   */
  readonly check: (plan: Plan) => P;
  /**
   * Combines a plan with its resources.
   *
   * @throws {OnpathError} `plan` if the resources are missing or are not the plan's.
   */
  readonly open: (plan: P, resources: Resources) => Opened<In, Out, Options, Part>;
}
