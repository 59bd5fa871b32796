/**
 * Halves of a workload's flows on two hosts: one owns the input, the other builds the result without it.
 *
 * @module
 */

import { OnpathError } from "../serialize/errors.ts";
import type { Outgoing } from "../serialize/flow.ts";
import type { Header } from "../serialize/header.ts";
import type { Checksum, PacketSlots } from "../serialize/packets.ts";
import type { Plan } from "./plan/plan.ts";

/** Sending half of one flow. Each request is written once. */
export interface SentFlow {
  /** Flow number that requests and answers carry. */
  readonly flow: number;
  /** Requests of the flow. */
  readonly requests: number;
  /** Writes the requests. */
  readonly outgoing: Pick<Outgoing, "write">;
  /** Answers to each request; undefined if every request has some. */
  readonly answersOf?: Uint32Array | undefined;
  /**
   * Computes the rest of a sequential flow on this host, after the device gave it up or lost its state. Absent if the
   * whole input has to be sent again.
   *
   * @param from Offset in the flow up to which the receiver's result is final.
   * @returns Parts for {@linkcode ReceivedFlow.append}, in order.
   */
  readonly complete?: ((from: number) => Iterable<Uint8Array<ArrayBuffer>>) | undefined;
  /**
   * Computes a stretch on this host that the device's answers leave open, while requests continue. A flow has this or
   * {@linkcode SentFlow.complete}.
   *
   * @param from Offset in the flow up to which the receiver's result is final.
   * @returns Parts for {@linkcode ReceivedFlow.append}, in order.
   */
  readonly patch?: ((from: number) => Iterable<Uint8Array<ArrayBuffer>>) | undefined;
}

/** An input on the sending host. */
export interface SentInput {
  /** Flows of the input. Empty if the result needs no device. */
  readonly flows: readonly SentFlow[];
  /** Data that the receiving half needs besides the plan, as MessagePack can hold it. */
  readonly description: unknown;
}

/** Packet memory of a sending host. */
export interface SendingHalf<In> {
  /** Slots for the requests that one call of `write` produces. */
  readonly slots: PacketSlots;
  /**
   * Checks an input and creates the sending halves of its flows.
   *
   * @throws {OnpathError} `dtype`, `shape` or `size` if the input does not fit the plan.
   */
  readonly begin: (input: In) => SentInput;
}

/** Receiving half of one flow. */
export interface ReceivedFlow {
  /** Flow number. */
  readonly flow: number;
  /** Requests of the flow. */
  readonly requests: number;
  /**
   * Answers to each request; undefined if every request has one, or says how many. A request without answers has
   * arrived once a later one has.
   */
  readonly answersOf?: Uint32Array | undefined;
  /** Whether the result of the flow is complete. */
  readonly done: boolean;
  /** Processes the answer in a slot and returns the outcome by name. */
  accept(slots: PacketSlots, slot: number): string;
  /** Whether the sender has to complete the flow, or a stretch of it. */
  readonly escaped?: boolean;
  /** Drops what is not final, and returns the offset from which the sender has to compute. */
  resume?(): number;
  /** Appends a part that the sender computed. `isLast` ends the flow, or the stretch. */
  append?(part: Uint8Array, isLast: boolean): void;
}

/** An input on the receiving host. */
export interface ReceivedInput<Out> {
  /** Flows in the order of the sender's. */
  readonly flows: readonly ReceivedFlow[];
  /** Returns the result. Valid once every flow is done. */
  readonly result: () => Out;
}

/** Pages that the owner of a device swaps for the requests of several flows. */
export interface SharedPages {
  /** Pages on the device at once. */
  readonly slots: number;
  /** By epoch that requests carry: their page. */
  readonly order: readonly number[];
  /**
   * Checks that a request needs no other page than that of its epoch.
   *
   * @param header Header of the request, whose CRC was checked.
   * @param bytes Request.
   * @returns Name of the check that failed, or null.
   */
  readonly refusal: (header: Header, bytes: Uint8Array) => "items" | "epoch" | "weight" | null;
  /** Generates the contents of a page. */
  readonly make: (page: number) => Uint8Array<ArrayBuffer>;
}

/** Both halves of a workload's flows. */
export interface Halves<In, Out> {
  /** `placed`: the device takes requests in any order. `sequential`: in the order of each flow. */
  readonly order: "placed" | "sequential";
  /** Whether packets carry a CRC-32C. */
  readonly checksum: Checksum;
  /** Flows that a device holds at once; undefined if it holds none. */
  readonly flows?: number | undefined;
  /**
   * Returns the request that completes an answer. Requests are numbered in the order in which they are written, answers
   * by their sequence numbers. Default the same number.
   */
  readonly requestOf?: ((answer: number) => number) | undefined;
  /** Pages that are swapped between requests; undefined if all tables are resident. */
  readonly pages?: SharedPages | undefined;
  /**
   * Reserves the memory of a sending host.
   *
   * @param batch Maximum packets that one call of `write` produces.
   */
  readonly send: (batch: number) => SendingHalf<In>;
  /**
   * Reserves a result.
   *
   * @param flows Numbers of the flows, as the sender chose them.
   * @param description Value of {@linkcode SentInput.description}, from another host and not yet checked.
   * @throws {OnpathError} `packet` if the description does not fit the plan.
   */
  readonly receive: (flows: readonly number[], description: unknown) => ReceivedInput<Out>;
}

/** Error for a plan whose flows cannot be divided. */
export function undividable({ id }: Plan, reason: string): OnpathError {
  return new OnpathError("pipeline", `Cannot run plan ${id} on two hosts: ${reason}`, { plan: id });
}

/**
 * Checks the number of flows that a sender announced.
 *
 * @throws {OnpathError} `packet` if it differs from the plan's.
 */
export function checkFlowCount({ id }: Plan, found: number, expected: number): void {
  if (found === expected) return;
  throw new OnpathError(
    "packet",
    `Cannot receive an input of plan ${id}: it has ${found} flows, expected ${expected}`,
    { plan: id, found, expected },
  );
}
