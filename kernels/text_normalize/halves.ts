/**
 * Halves of the flow of a text that is normalised. If the device gives the flow up, the sender normalises the rest
 * on its own host.
 *
 * @module
 */

import { z } from "zod";
import { OnpathError } from "../../serialize/errors.ts";
import { newFlow } from "../../serialize/flow.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import { TextOutgoing } from "../../serialize/text/text_outgoing.ts";
import { createTextWriter } from "../../serialize/text/text_writer.ts";
import { checkFlowCount, type Halves, type ReceivedFlow } from "../halves.ts";
import { reservePlanSlots } from "../plan/slots.ts";
import { parseWith } from "../schema.ts";
import { TEXT_FLOWS } from "../tokenize/held_flows.ts";
import { textBytes } from "../tokenize/text_parts.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { NormalizedIncoming } from "./normalize_flow.ts";
import type { NormalizePlan } from "./plan.ts";
import { normalizeText } from "./reference.ts";

/** Bytes in one part that the sender computed. */
const PART_BYTES = 2 ** 18;
/** Requests in one flow; the sender bounds those in flight itself. */
const UNBOUNDED = 2 ** 24;

const descriptionSpec = z.strictObject({
  /** Bytes of the text. */
  length: z.number().int().min(0).max(2 ** 32 - 1),
});

/** Creates the halves of a plan that normalises texts. */
export function normalizeHalves(
  plan: NormalizePlan,
): Halves<string | Uint8Array, Uint8Array<ArrayBuffer>> {
  const { body: { steps, checksum }, packets } = plan;
  const writer = createTextWriter({ plan: plan.id, checksum });
  return {
    order: "sequential",
    checksum,
    flows: TEXT_FLOWS,
    send: (batch) => ({
      slots: reservePlanSlots({ ...packets, answersPerRequest: 1, inFlight: batch }).requests,
      begin: (input) => {
        const bytes = textBytes(input);
        const description = { length: bytes.length };
        if (bytes.length === 0) return { flows: [], description };
        const flow = newFlow(), payload = packets.request;
        const sent = {
          flow,
          requests: Math.ceil(bytes.length / payload),
          outgoing: new TextOutgoing(writer, { payload, inFlight: UNBOUNDED }, flow, bytes),
          complete: (from: number) => normalizeRest(steps, bytes, from),
        };
        return { flows: [sent], description };
      },
    }),
    receive: (flows, description) => {
      const { length } = parseWith(descriptionSpec, description, "packet", "description");
      checkFlowCount(plan, flows.length, length === 0 ? 0 : 1);
      if (length === 0) return { flows: [], result: () => new Uint8Array(0) };
      const flow = new ReceivedNormalized(plan, flows[0]!, length);
      return { flows: [flow], result: () => flow.result() };
    },
  };
}

/** Normalises the rest of a text from a resume offset. */
function* normalizeRest(
  steps: readonly TextStep[],
  text: Uint8Array,
  from: number,
): Generator<Uint8Array<ArrayBuffer>> {
  // A text is prepended to its beginning only.
  const rest = from > 0 ? steps.filter(({ op }) => op !== "prepend") : steps;
  const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(text.subarray(from));
  const bytes = new TextEncoder().encode(normalizeText(decoded, rest));
  let at = 0;
  do yield bytes.subarray(at, at += PART_BYTES); while (at < bytes.length);
}

/** Receiving half of a text. */
class ReceivedNormalized implements ReceivedFlow {
  readonly requests: number;
  readonly #incoming: NormalizedIncoming;
  readonly #length: number;
  // Leading bytes of the sender's parts that the device's answers have brought.
  #skip: number | undefined;
  #isCompleted = false;

  constructor(plan: NormalizePlan, readonly flow: number, length: number) {
    this.requests = Math.ceil(length / plan.packets.request);
    this.#incoming = new NormalizedIncoming(plan, flow);
    this.#incoming.limit = length;
    this.#length = length;
  }

  get done(): boolean {
    return this.#isCompleted || this.#incoming.done;
  }

  get escaped(): boolean {
    return !this.done && this.#incoming.escape !== 0;
  }

  accept(slots: PacketSlots, slot: number): string {
    return this.done ? "duplicate" : this.#incoming.accept(slots, slot);
  }

  resume(): number {
    const { offset, skip } = this.#incoming.place;
    this.#incoming.resume();
    this.#skip = skip;
    return Math.min(offset, this.#length);
  }

  append(part: Uint8Array, isLast: boolean): void {
    if (this.#skip === undefined) {
      throw new OnpathError("packet", "Cannot receive a text: a part of it is not expected from the sender");
    }
    const skipped = Math.min(this.#skip, part.length);
    this.#skip -= skipped;
    this.#incoming.put(part.subarray(skipped));
    this.#isCompleted = isLast;
  }

  result(): Uint8Array<ArrayBuffer> {
    return this.#incoming.result().slice() as Uint8Array<ArrayBuffer>;
  }
}
