/**
 * Halves of the flows of a text. The sender has the text; the receiver has the vocabulary and collects tokens.
 *
 * If the device gives a flow up, the sender tokenizes the rest of it on its own host.
 *
 * @module
 */

import { z } from "zod";
import { newFlow } from "../../serialize/flow.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import { TextOutgoing } from "../../serialize/text/text_outgoing.ts";
import type { TokenRun } from "../../serialize/text/token_run.ts";
import { checkFlowCount, type Halves, type ReceivedFlow, undividable } from "../halves.ts";
import { reservePlanSlots } from "../plan/slots.ts";
import { parseWith } from "../schema.ts";
import type { TextContext } from "./flows/context.ts";
import { joinPieces, type TextPiece, type TextTokens } from "./flows/text_pieces.ts";
import { TokenIncoming } from "./flows/token_flow.ts";
import { TEXT_FLOWS } from "./held_flows.ts";
import { splitText, type TextPart, wellFormed } from "./text_parts.ts";

/** Maximum parts of a text: special tokens, and the stretches between them. */
const MAX_PARTS = 4096;
/** Tokens in one part that the sender computed. */
const PART_TOKENS = 16_384;
/** Requests in one flow; the sender bounds those in flight itself. */
const UNBOUNDED = 2 ** 24;

const offset = z.number().int().min(0).max(2 ** 32 - 1);
const descriptionSpec = z.strictObject({
  /** Bytes of the text. */
  length: offset,
  /** Special tokens as id, start and end; stretches of text as −1, start and end. */
  parts: z.array(z.tuple([z.number().int().min(-1).max(2 ** 31 - 1), offset, offset])).max(MAX_PARTS),
});

/**
 * Creates the halves of a text plan.
 *
 * @throws {OnpathError} `pipeline` if the plan cuts texts into overlapping chunks, or normalizes them.
 */
export function textHalves(context: TextContext): Halves<string | Uint8Array, TextTokens> {
  const { plan, writer, makeFallback } = context;
  const { mode, normalization, checksum } = plan.body;
  if (mode !== "stateful") throw undividable(plan, `its mode is ${mode}, expected mode stateful`);
  if (normalization.length > 0) {
    throw undividable(plan, "its texts are normalized by the host that has them, expected a plan without");
  }
  const payload = plan.packets.request;
  return {
    order: "sequential",
    checksum,
    flows: TEXT_FLOWS,
    send: (batch) => ({
      slots: reservePlanSlots({ ...plan.packets, answersPerRequest: 1, inFlight: batch }).requests,
      begin: (input) => {
        const text = wellFormed(input);
        const parts = splitText(plan.body, text);
        checkParts(parts.length);
        const flows = parts.flatMap((part) => {
          if (part.kind === "special") return [];
          const flow = newFlow();
          const { bytes } = part;
          return {
            flow,
            requests: Math.ceil(bytes.length / payload),
            outgoing: new TextOutgoing(writer, { payload, inFlight: UNBOUNDED }, flow, bytes),
            complete: (from: number) => completeText(makeFallback, bytes, from),
          };
        });
        return { flows, description: { length: text.length, parts: parts.map(describe) } };
      },
    }),
    receive: (numbers, description) => {
      const { length, parts } = parseWith(descriptionSpec, description, "packet", "description");
      let at = 0;
      for (const [, from, to] of parts) {
        if (from < at || to <= from || to > length) {
          throw new OnpathError("packet", `Cannot receive a text: its part ${from} to ${to} is out of order`);
        }
        at = to;
      }
      checkFlowCount(plan, numbers.length, parts.filter(([id]) => id < 0).length);
      const flows: ReceivedTokens[] = [];
      const pieces = parts.map(([id, from, to]): TextPiece => {
        if (id >= 0) return { kind: "special", part: { kind: "special", id, from, to } };
        const flow = new ReceivedTokens(context, numbers[flows.length]!, to - from);
        flows.push(flow);
        const part: TextPart = { kind: "text", bytes: new Uint8Array(), from, normalized: null };
        return { kind: "text", part, from: 0, source: flow.run, missed: [] };
      });
      return { flows, result: () => joinPieces(plan, { pieces, length }) };
    },
  };
}

/** Receiving half of one stretch of text. */
class ReceivedTokens implements ReceivedFlow {
  readonly requests: number;
  readonly #incoming: TokenIncoming;
  readonly #length: number;
  readonly #covers: boolean;
  readonly #idLimit: number;
  #isCompleted = false;

  constructor(context: TextContext, readonly flow: number, length: number) {
    this.requests = Math.ceil(length / context.plan.packets.request);
    this.#incoming = new TokenIncoming(context, flow);
    this.#length = length;
    this.#covers = context.covers;
    this.#idLimit = context.lengthOf.length;
  }

  get run(): TokenRun {
    return this.#incoming.run;
  }

  get done(): boolean {
    if (this.#isCompleted) return true;
    return this.#incoming.done && (!this.#covers || this.#incoming.end === this.#length);
  }

  get escaped(): boolean {
    // Answers that end before the text does are treated like an escape.
    return !this.done && (this.#incoming.escape !== 0 || this.#incoming.ended);
  }

  accept(slots: PacketSlots, slot: number): string {
    return this.#isCompleted ? "duplicate" : this.#incoming.accept(slots, slot);
  }

  resume(): number {
    this.#incoming.resume();
    return this.#incoming.settled;
  }

  append(part: Uint8Array, isLast: boolean): void {
    const { run } = this;
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    let end = run.count === 0 ? 0 : run.ends[run.count - 1]!;
    for (let at = 0; at + 12 <= part.length; at += 12) {
      const token = view.getUint32(at, true), bytes = view.getUint32(at + 4, true);
      const to = view.getUint32(at + 8, true);
      if (token >>> 1 >= this.#idLimit || to < end + bytes || to > this.#length) {
        throw new OnpathError(
          "packet",
          `Cannot receive a text: token ${token >>> 1} at ${to} is out of order`,
        );
      }
      run.put(token, bytes, end = to);
    }
    if (part.length % 12 !== 0 || (isLast && this.#covers && end !== this.#length)) {
      throw new OnpathError(
        "packet",
        `Cannot receive a text: its tokens end at ${end} of ${this.#length} bytes`,
      );
    }
    this.#isCompleted = isLast;
  }
}

function describe(part: TextPart): [id: number, from: number, to: number] {
  if (part.kind === "special") return [part.id, part.from, part.to];
  return [-1, part.from, part.from + part.bytes.length];
}

function checkParts(found: number): void {
  if (found <= MAX_PARTS) return;
  throw new OnpathError(
    "size",
    `Cannot send a text of ${found} parts between special tokens: the maximum is ${MAX_PARTS}`,
    { found, most: MAX_PARTS },
  );
}

/** Tokenizes the rest of a stretch on this host: token, length and end of each, 12 bytes. */
function* completeText(
  makeFallback: TextContext["makeFallback"],
  text: Uint8Array,
  from: number,
): Generator<Uint8Array<ArrayBuffer>> {
  for (const run of makeFallback().rest(text, from, PART_TOKENS)) yield packRun(run);
}

function packRun({ tokens, lengths, ends, count }: TokenRun): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 * count);
  const view = new DataView(bytes.buffer);
  for (let n = 0; n < count; n++) {
    view.setUint32(12 * n, tokens[n]!, true);
    view.setUint32(12 * n + 4, lengths[n]!, true);
    view.setUint32(12 * n + 8, ends[n]!, true);
  }
  return bytes;
}
