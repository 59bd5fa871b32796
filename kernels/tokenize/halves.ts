/**
 * Halves of the flows of a text. The sender has the text; the receiver has the vocabulary and collects tokens.
 *
 * What the device cannot finish, the sender tokenizes on its own host: the rest of a sequential flow, or the
 * stretch where overlapping chunks share no boundary.
 *
 * @module
 */

import { z } from "zod";
import { newFlow, type Outgoing } from "../../serialize/flow.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import { chunkCount } from "../../serialize/text/cut.ts";
import { TextOutgoing } from "../../serialize/text/text_outgoing.ts";
import { TokenRun } from "../../serialize/text/token_run.ts";
import type { NormalizedText } from "../text_normalize/model.ts";
import { checkFlowCount, type Halves, type SentFlow } from "../halves.ts";
import { reservePlanSlots } from "../plan/slots.ts";
import { parseWith } from "../schema.ts";
import type { TextContext } from "./flows/context.ts";
import { joinPieces, type TextPiece, type TextTokens } from "./flows/text_pieces.ts";
import { TEXT_FLOWS } from "./held_flows.ts";
import { ReceivedChunks, type ReceivedText, ReceivedTokens } from "./received_texts.ts";
import { checkSpans, MAX_MAP_BYTES, packSpans, unpackSpans } from "./span_map.ts";
import { splitText, type TextPart, wellFormed } from "./text_parts.ts";
import { restParts, stretchParts } from "./token_parts.ts";

/** Maximum parts of a text: special tokens, and the stretches between them. */
const MAX_PARTS = 4096;
/** Requests in one flow; the sender bounds those in flight itself. */
const UNBOUNDED = 2 ** 24;

const offset = z.number().int().min(0).max(2 ** 32 - 1);
const descriptionSpec = z.strictObject({
  /** Bytes of the text. */
  length: offset,
  /** Special tokens as id, start and end; stretches of text as −1, start and end. */
  parts: z.array(z.tuple([z.number().int().min(-1).max(2 ** 31 - 1), offset, offset])).max(MAX_PARTS),
  /** By stretch: map from its normalized bytes. Empty if the plan has no normalization. */
  maps: z.array(z.instanceof(Uint8Array)).max(MAX_PARTS),
});

/** Creates the halves of a text plan. */
export function textHalves(context: TextContext): Halves<string | Uint8Array, TextTokens> {
  const { plan } = context;
  const isSequential = plan.body.mode === "stateful";
  return {
    order: isSequential ? "sequential" : "placed",
    checksum: plan.body.checksum,
    flows: isSequential ? TEXT_FLOWS : undefined,
    send: (batch) => ({
      slots: reservePlanSlots({ ...plan.packets, answersPerRequest: 1, inFlight: batch }).requests,
      begin: (input) => {
        const text = wellFormed(input);
        const parts = splitText(plan.body, text);
        checkParts(parts.length);
        const stretches = parts.flatMap((part) => part.kind === "text" ? [part] : []);
        const maps = stretches.flatMap(({ normalized }) =>
          normalized === null ? [] : [packSpans(normalized)]
        );
        checkMaps(maps.reduce((sum, map) => sum + map.length, 0));
        const send = isSequential ? sendStretch : sendChunks;
        return {
          flows: stretches.map(({ bytes }) => send(context, bytes)),
          description: { length: text.length, parts: parts.map(describe), maps },
        };
      },
    }),
    receive: (numbers, description) => receive(context, numbers, description),
  };
}

function sendStretch({ plan, writer, makeFallback }: TextContext, bytes: Uint8Array): SentFlow {
  const flow = newFlow();
  const payload = plan.packets.request;
  return {
    flow,
    requests: Math.ceil(bytes.length / payload),
    outgoing: new TextOutgoing(writer, { payload, inFlight: UNBOUNDED }, flow, bytes),
    complete: (from) => restParts(makeFallback(), bytes, from),
  };
}

function sendChunks({ plan, writer, makeFallback }: TextContext, bytes: Uint8Array): SentFlow {
  const flow = newFlow();
  const { cut } = plan.body;
  const requests = chunkCount(bytes.length, cut);
  let next = 0;
  const outgoing: Pick<Outgoing, "write"> = {
    write: (slots: PacketSlots, slot, capacity) => {
      const count = Math.min(capacity, requests - next);
      writer.chunks(bytes, cut, flow, next, count, slots, slot);
      next += count;
      return count;
    },
  };
  const patch = (from: number) =>
    stretchParts(makeFallback(), bytes, from, plan.packets.answer, new TokenRun());
  return { flow, requests, outgoing, patch };
}

function receive(context: TextContext, numbers: readonly number[], description: unknown) {
  const { plan } = context;
  const { length, parts, maps } = parseWith(descriptionSpec, description, "packet", "description");
  const stretches = parts.filter(([id]) => id < 0).length;
  checkFlowCount(plan, numbers.length, stretches);
  const isMapped = plan.body.normalization.length > 0;
  if (maps.length !== (isMapped ? stretches : 0)) {
    throw new OnpathError("packet", `Cannot receive a text: it has ${maps.length} maps to its bytes`);
  }
  const flows: ReceivedText[] = [];
  let at = 0;
  for (const [id, from, to] of parts) {
    if (from < at || to <= from || to > length) {
      throw new OnpathError("packet", `Cannot receive a text: its part ${from} to ${to} is out of order`);
    }
    at = to;
    if (id >= 0) continue;
    const bytes = isMapped ? checkSpans(maps[flows.length]!, to - from) : to - from;
    const Received = plan.body.mode === "stateful" ? ReceivedTokens : ReceivedChunks;
    flows.push(new Received(context, numbers[flows.length]!, bytes));
  }
  const result = () => {
    let stretch = 0;
    const pieces = parts.map(([id, from, to]): TextPiece => {
      if (id >= 0) return { kind: "special", part: { kind: "special", id, from, to } };
      const { run } = flows[stretch]!;
      const map = maps[stretch++];
      const total = run.count === 0 ? 0 : run.ends[run.count - 1]!;
      const normalized: NormalizedText | null = map === undefined
        ? null
        : { ...unpackSpans(map, total), escape: null };
      const part: TextPart = { kind: "text", bytes: new Uint8Array(), from, normalized };
      return { kind: "text", part, from: 0, source: run, missed: [] };
    });
    return joinPieces(plan, { pieces, length });
  };
  return { flows, result };
}

function describe(part: TextPart): [id: number, from: number, to: number] {
  if (part.kind === "special") return [part.id, part.from, part.to];
  const { from, bytes, normalized } = part;
  if (normalized === null) return [-1, from, from + bytes.length];
  return [-1, from, from + normalized.to.reduce((most, to) => Math.max(most, to), 0)];
}

function checkParts(found: number): void {
  if (found <= MAX_PARTS) return;
  throw new OnpathError(
    "size",
    `Cannot send a text of ${found} parts between special tokens: the maximum is ${MAX_PARTS}`,
    { found, most: MAX_PARTS },
  );
}

function checkMaps(found: number): void {
  if (found <= MAX_MAP_BYTES) return;
  throw new OnpathError(
    "size",
    `Cannot send a text whose maps to its bytes have ${found} bytes: the maximum is ${MAX_MAP_BYTES}`,
    { found, most: MAX_MAP_BYTES },
  );
}
