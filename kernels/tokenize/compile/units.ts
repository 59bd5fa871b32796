/**
 * Unit tokens of each token's text, from which merges start.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { UnitTokens } from "./merges.ts";
import type { ByteStrings } from "./strings.ts";

/**
 * Splits every token into the tokens of its single bytes.
 *
 * @param strings Bytes of the tokens.
 * @returns By token: its units.
 * @throws {OnpathError} `table` if a byte has no token.
 */
export function byteUnits({ bytes, offsets }: ByteStrings): UnitTokens {
  const tokenOf = new Int32Array(256).fill(-1);
  for (let token = 0; token + 1 < offsets.length; token++) {
    if (offsets[token + 1]! - offsets[token]! === 1) tokenOf[bytes[offsets[token]!]!] = token;
  }
  const missing = tokenOf.indexOf(-1);
  if (missing >= 0) {
    throw new OnpathError(
      "table",
      `Cannot compile a vocabulary: byte 0x${missing.toString(16).padStart(2, "0")} has no token`,
      { byte: missing },
    );
  }
  return { tokens: Int32Array.from(bytes, (byte) => tokenOf[byte]!), offsets };
}

/**
 * Splits every token into the tokens of its characters. A token with a character that has no token gets no
 * units, because no merge makes it.
 *
 * @param strings Text of the tokens as UTF-8.
 * @param isFallback By token: 1 if it stands for a byte and so has no text.
 * @returns By token: its units.
 */
export function characterUnits({ bytes, offsets }: ByteStrings, isFallback: Uint8Array): UnitTokens {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const count = offsets.length - 1;
  const texts: string[] = [];
  const tokenOf = new Map<string, number>();
  for (let token = 0; token < count; token++) {
    const text = isFallback[token] === 1
      ? ""
      : decoder.decode(bytes.subarray(offsets[token]!, offsets[token + 1]!));
    texts.push(text);
    if (text !== "" && String.fromCodePoint(text.codePointAt(0)!) === text) tokenOf.set(text, token);
  }
  const tokens: number[] = [];
  const starts = new Uint32Array(count + 1);
  for (let token = 0; token < count; token++) {
    const from = tokens.length;
    for (const character of texts[token]!) {
      const unit = tokenOf.get(character);
      if (unit === undefined) {
        tokens.length = from;
        break;
      }
      tokens.push(unit);
    }
    starts[token + 1] = tokens.length;
  }
  return { tokens: Int32Array.from(tokens), offsets: starts };
}
