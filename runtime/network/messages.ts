/**
 * Messages of the control channels: between sender or receiver and NIC, and between sender and receiver.
 *
 * @module
 */

import { z } from "zod";
import { MAX_PLAN_BYTES } from "../../kernels/plan/file.ts";
import type { Schema } from "../../kernels/schema.ts";
import { MAX_FRAME_BYTES } from "./frames.ts";

/** Flows of one input, at most. */
export const MAX_INPUT_FLOWS = 4096;

const u32 = z.number().int().min(0).max(2 ** 32 - 1);
const port = z.number().int().min(1).max(65535);
const token = z.string().regex(/^[0-9a-f]{32}$/);
const bytes = (most: number) =>
  z.instanceof(Uint8Array).refine(({ length }) => length <= most, `expected at most ${most} bytes`);
const flows = z.array(u32).min(1).max(MAX_INPUT_FLOWS);

/** Sender to NIC: a plan whose packets will follow. */
export const announceSpec: Schema<{ plan: Uint8Array }> = z.strictObject({ plan: bytes(MAX_PLAN_BYTES) });

/** Receiver to NIC: the port to which answers go. The address is that of the connection. */
export const destinationSpec: Schema<{ token: string; port: number }> = z.strictObject({ token, port });

/** Flows that a sender registers. */
export interface RegisteredFlows {
  /** Flow numbers. */
  readonly flows: readonly number[];
  /** Plan id. */
  readonly plan: number;
  /** Token of the destination. */
  readonly token: string;
  /** Port of the sender to which the NIC reports, at the connection's address. Absent: the NIC does not report. */
  readonly port?: number | undefined;
  /** Host whose packets they are, if the receiver registers them. Absent: the connection's. */
  readonly source?: string | undefined;
}

/** Sender to NIC: flows of an announced plan. */
export const flowsSpec: Schema<RegisteredFlows> = z.strictObject({
  flows,
  plan: u32,
  token,
  port: port.optional(),
  source: z.string().max(45).optional(),
});

/** Sender to NIC: flows that have ended. */
export const closeSpec: Schema<{ flows: number[] }> = z.strictObject({ flows });

/** A call without an argument. */
export const nothingSpec: Schema<null> = z.null();

/** NIC to sender: packets in flight that the NIC takes from this sender. */
export const windowSpec: Schema<{ window: number }> = z.strictObject({
  window: z.number().int().min(1).max(2 ** 16),
});

/** NIC to sender: port of its datagrams. */
export const describeSpec: Schema<{ port: number }> = z.strictObject({ port });

/** NIC to sender: a program whose device has failed. */
export const failureSpec: Schema<{ plan: number; message: string }> = z.strictObject({
  plan: u32,
  message: z.string().max(2000),
});

/** An input that a sender opens at a receiver. */
export interface OpenInput {
  /** Plan id. */
  readonly plan: number;
  /** Flow numbers. */
  readonly flows: readonly number[];
  /** Data of the workload. */
  readonly description: unknown;
  /** Name that the sender's program gave the input. */
  readonly label: string;
  /** Port of the sender to which reports go. */
  readonly port: number;
}

/** Sender to receiver: an input. */
export const openSpec: Schema<OpenInput> = z.strictObject({
  plan: u32,
  flows: z.array(u32).max(MAX_INPUT_FLOWS),
  description: z.unknown(),
  label: z.string().max(200),
  port,
});

/** Receiver to sender: the destination of answers, the packets in flight that it takes, and the input's number. */
export const openedSpec: Schema<{ input: number; token: string; window: number }> = z.strictObject({
  input: u32,
  token,
  window: z.number().int().min(1).max(2 ** 16),
});

/** Sender to receiver, or back: an input by its number. */
export const inputSpec: Schema<{ input: number }> = z.strictObject({ input: u32 });

/** Sender to receiver: begins to complete a flow on the sender. Answered with the offset to begin at. */
export const resumeSpec: Schema<{ input: number; flow: number }> = z.strictObject({ input: u32, flow: u32 });

/** Receiver to sender: offset in the flow; null if the flow is complete. */
export const resumedSpec: Schema<{ from: number | null }> = z.strictObject({
  from: z.number().int().min(0).max(2 ** 48).nullable(),
});

/** Sender to receiver: a part of a flow that the sender computed. */
export const partSpec: Schema<{ input: number; flow: number; part: Uint8Array; isLast: boolean }> = z
  .strictObject({ input: u32, flow: u32, part: bytes(MAX_FRAME_BYTES), isLast: z.boolean() });

/** Receiver to sender: the input is complete, or why it never will be. */
export const endedSpec: Schema<{ input: number; error: string | null }> = z.strictObject({
  input: u32,
  error: z.string().max(2000).nullable(),
});

/** Receiver to sender: a flow that the device gave up. */
export const escapeSpec: Schema<{ input: number; flow: number }> = resumeSpec;
