/**
 * Results as files, and their digests. Equal results have equal bytes.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Plan } from "../../kernels/plan/plan.ts";
import type { QuantizedCache } from "../../kernels/quantize/cache.ts";
import type { TextTokens } from "../../kernels/tokenize/flows/text_pieces.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import { OUTPUT_KEY } from "../io/output.ts";
import { encodeSafetensors, encodeTensors } from "../io/safetensors.ts";

/** File of a result. */
export interface ResultFile {
  /** Extension of its name. */
  readonly ending: ".safetensors" | ".txt";
  /** Bytes, in order. */
  readonly chunks: readonly Uint8Array[];
  /** Number of bytes. */
  readonly bytes: number;
  /** SHA-256 of the bytes, in hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Encodes a result.
 *
 * @param plan Plan of the result.
 * @param output Result, of the type that a session of the plan returns.
 */
export function encodeResult({ workload }: Pick<Plan, "workload">, output: unknown): ResultFile {
  const chunks = chunksOf(workload, output);
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return {
    ending: workload === "text_normalize" ? ".txt" : ".safetensors",
    chunks,
    bytes: chunks.reduce((sum, { length }) => sum + length, 0),
    sha256: hash.digest("hex"),
  };
}

function chunksOf(workload: string, output: unknown): readonly Uint8Array[] {
  if (workload === "text_normalize") return [output as Uint8Array];
  if (workload === "tokenize") {
    const { ids, starts, ends } = output as TextTokens;
    const named = Object.entries({ ids, starts, ends })
      .map(([name, data]) => [name, tensor(data, { dtype: "u32", shape: [data.length] })] as const);
    return encodeTensors(new Map(named));
  }
  if (workload === "quantize") {
    const { codes, metadata, method, shape } = output as QuantizedCache;
    const named = Object.entries({ codes, metadata })
      .map(([name, data]) => [name, tensor(data, { dtype: "u8", shape: [data.length] })] as const);
    return encodeTensors(new Map(named), { method: JSON.stringify(method), shape: JSON.stringify(shape) });
  }
  return encodeSafetensors(OUTPUT_KEY, output as Tensor);
}
