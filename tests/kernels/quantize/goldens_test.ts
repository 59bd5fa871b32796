/**
 * Blocks against tests/golden/quantize_formats.py, a second implementation in NumPy.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { decodeBlock, encodeBlock } from "../../../kernels/quantize/block.ts";
import { type FloatDType, widen } from "../../../kernels/quantize/formats/elements.ts";
import { blockBytes, type QuantizeMethod } from "../../../kernels/quantize/method.ts";
import { type GoldenFile, readGolden } from "../../support/golden.ts";

interface Entry {
  readonly input: string;
  readonly dtype: FloatDType;
  readonly tokens: number;
  readonly channels: number;
  readonly method: QuantizeMethod;
  readonly offset: number;
  readonly codes: number;
  readonly metadata: number;
  readonly saturated: number;
  readonly decoded_sha256: string;
}

const manifest = JSON.parse(
  await readFile(new URL("../../golden/quantize.json", import.meta.url), "utf8"),
) as { header: { files: Record<string, Omit<GoldenFile, "file">> }; entries: Entry[] };

function read(name: string): Promise<Uint8Array | Uint16Array | Float32Array> {
  const file = `quantize/${name}.npy.gz`;
  return readGolden({ ...manifest.header.files[file], file } as GoldenFile);
}

/** Checksum with one zero and one NaN, as the script makes it. */
function checksum(values: Float32Array): string {
  const plain = values.map((value) => Number.isNaN(value) ? NaN : value + 0);
  const words = new Uint32Array(plain.buffer);
  plain.forEach((value, i) => {
    if (Number.isNaN(value)) words[i] = 0x7fc0_0000;
  });
  return createHash("sha256").update(new Uint8Array(plain.buffer)).digest("hex");
}

Deno.test("the goldens of quantize cover all kinds of methods and all types", () => {
  const kinds = new Set(manifest.entries.map(({ method }) => method.kind));
  assert.deepEqual([...kinds].sort(), ["absmax", "asymmetric", "float", "kivi", "mx", "rotated"]);
  assert.deepEqual(new Set(manifest.entries.map(({ dtype }) => dtype)), new Set(["bf16", "f16", "f32"]));
  assert(manifest.entries.some(({ saturated }) => saturated > 0), "some values saturate");
});

for (const input of new Set(manifest.entries.map((entry) => entry.input))) {
  const entries = manifest.entries.filter((entry) => entry.input === input);
  for (const kind of new Set(entries.map(({ method }) => method.kind))) {
    Deno.test(`encodeBlock() and decodeBlock() equal NumPy for ${kind} of the input ${input}`, async () => {
      const bits = await read(`${input}-input`) as Uint16Array | Float32Array;
      const answers = await read(`${input}-answers`) as Uint8Array;
      const values = new Float32Array(bits.length), decoded = new Float32Array(bits.length);
      widen(entries[0]!.dtype, bits, values);
      for (const { method, offset, codes, metadata, ...expected } of entries) {
        if (method.kind !== kind) continue;
        const name = JSON.stringify(method);
        assert.deepEqual(blockBytes(method, expected), { codes, metadata }, name);
        const block = { codes: new Uint8Array(codes), metadata: new Uint8Array(metadata) };
        const saturated = encodeBlock(method, values, expected, block);
        const start = offset + codes;
        assert.deepEqual(block.metadata, answers.slice(start, start + metadata), `metadata of ${name}`);
        assert.deepEqual(block.codes, answers.slice(offset, start), `codes of ${name}`);
        assert.equal(saturated, expected.saturated, `saturated values of ${name}`);
        decodeBlock(method, block, expected, decoded);
        assert.equal(checksum(decoded), expected.decoded_sha256, `decoded values of ${name}`);
      }
    });
  }
}
