import assert from "node:assert/strict";
import { longTest } from "../support/long.ts";
import {
  answerOf,
  argumentsOf,
  type Half,
  nameOf,
  payloadPacket,
  requestOf,
  type Rotation,
  rotations,
  unitOf,
} from "./rotate_packets.ts";
import { openRtl } from "./rtl.ts";

const rtl = await openRtl("packet_rotate");

/** Bit patterns of all finite elements of a type, those of a sign beside each other. */
function allFinite(dtype: Half): number[] {
  const exponent = dtype === "bf16" ? 0x7f80 : 0x7c00;
  return Array.from({ length: 2 ** 16 }, (_, word) => word).filter((word) => (word & exponent) !== exponent);
}

/** Sends payloads of a plan, as many as fit an exchange at once, and compares every answer. */
function compareAll(rotation: Rotation, payloads: readonly Uint8Array[]): void {
  rtl.card.start(argumentsOf(rotation, 13));
  for (let from = 0; from < payloads.length; from += 64) {
    const sent = payloads.slice(from, from + 64).map((payload, at) => payloadPacket(13, payload, at, 64, at));
    assert.deepEqual(
      rtl.run(sent).answers,
      sent.map((packet) => answerOf(packet, rotation)),
      nameOf(rotation),
    );
  }
}

longTest("packet_rotate takes every finite element, beside its neighbours and beside all magnitudes", () => {
  for (const rotation of rotations(false)) {
    const words = allFinite(rotation.values), { channels } = rotation;
    const packet = channels * unitOf(rotation);
    // The last packet begins again with the first elements.
    const many = Math.ceil(words.length / packet) * packet;
    const stride = 4801;
    const orders = [(i: number) => i, (i: number) => i * stride];
    compareAll(
      rotation,
      orders.flatMap((order) => {
        const elements = Uint16Array.from({ length: many }, (_, i) => words[order(i) % words.length]!);
        const count = many / packet;
        return Array.from(
          { length: count },
          (_, n) => new Uint8Array(elements.slice(n * packet, (n + 1) * packet).buffer),
        );
      }),
    );
  }
});

longTest("packet_rotate takes every norm", () => {
  for (const rotation of rotations(true)) {
    const norms = allFinite(rotation.norms).filter((word) => word < 0x8000);
    const vectors = unitOf(rotation) * Math.floor(8 / unitOf(rotation));
    compareAll(
      rotation,
      Array.from({ length: Math.ceil(norms.length / vectors) }, (_, n) => {
        const payload = requestOf(rotation, vectors, n);
        const some = Uint16Array.from(
          { length: vectors },
          (_, v) => norms[(n * vectors + v) % norms.length]!,
        );
        payload.set(new Uint8Array(some.buffer), payload.length - 2 * vectors);
        return payload;
      }),
    );
  }
});
