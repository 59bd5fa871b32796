/**
 * Digest of what the model computes from every bf16 and f16 value by every kind of method.
 *
 * @module
 */

import { crc32c } from "../../../serialize/crc32c.ts";
import type { QuantizeMethod } from "../../../kernels/quantize/method.ts";
import { bodyOf, decodeByModel, encodeByModel } from "./group_payloads.ts";

const METHODS: readonly QuantizeMethod[] = [
  { kind: "float", format: "e4m3fn", scale: "one", stored: "f16" },
  { kind: "float", format: "e5m2", scale: "block", stored: "bf16" },
  { kind: "float", format: "e3m2", scale: "block", stored: "f16" },
  { kind: "absmax", bits: 4, axis: "channels", group: 32, stored: "f16" },
  { kind: "asymmetric", bits: 8, axis: "channels", group: 32, stored: "bf16" },
  { kind: "mx", format: "mxfp6_e2m3", axis: "channels" },
  { kind: "mx", format: "mxint8", axis: "channels" },
  { kind: "kivi", bits: 2, axis: "channels", stored: "f16" },
  { kind: "rotated", bits: 3, stored: "f16" },
];

/** CRC-32C of all codes, metadata and decoded values. */
export function digestOfAll(): string {
  let digest = 0;
  for (const dtype of ["bf16", "f16"] as const) {
    const infinity = dtype === "bf16" ? 0x7f80 : 0x7c00;
    for (const method of METHODS) {
      const isAny = method.kind === "float" || method.kind === "mx";
      // Neighbours of a group differ in magnitude; values that are not finite become 0 where scales need them.
      const elements = Uint16Array.from({ length: 65_536 }, (_, n) => {
        const bits = (n * 40_503) & 0xffff;
        return isAny || (bits & 0x7fff) < infinity ? bits : 0;
      });
      const body = bodyOf(method, dtype, method.kind === "rotated" ? 64 : 32);
      const groups = elements.length / body.packing.values;
      const isScaled = method.kind === "float" && method.scale !== "one";
      const scales = isScaled ? new Float32Array(groups).fill(0.3125) : undefined;
      const codes = encodeByModel(body, elements, scales);
      const stored = isScaled
        ? Uint8Array.from({ length: 2 * groups }, (_, n) => n & 1 ? 0x3d : 1)
        : new Uint8Array(0);
      const payload = new Uint8Array(codes.length + stored.length);
      payload.set(codes);
      payload.set(stored, codes.length);
      digest = crc32c(decodeByModel(body, payload, groups), crc32c(payload, digest));
    }
  }
  return digest.toString(16);
}
