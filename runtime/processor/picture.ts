/**
 * Decodes PNG, JPEG and WebP pictures to samples with sharp, a package that the caller has loaded.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import { pictureKind } from "./picture_header.ts";

/** Maximum number of samples of a picture (pixels times channels): 2^28. */
export const MAX_PICTURE_SAMPLES: number = 2 ** 28;

/** Used part of sharp's facts about a picture. */
interface PictureFacts {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: string;
  readonly space: string;
  readonly pages?: number;
  readonly bitsPerSample?: number;
}

/** Used part of a picture in sharp. */
interface SharpPicture {
  metadata(): Promise<PictureFacts>;
  toColourspace(space: string): SharpPicture;
  raw(): SharpPicture;
  toBuffer(options: { resolveWithObject: true }): Promise<{
    readonly data: Uint8Array;
    readonly info: { readonly channels: number };
  }>;
}

/** Used part of sharp. Declared here so that the type declarations do not require the package. */
export type SharpFunction = (
  bytes: Uint8Array,
  options: { readonly ignoreIcc: boolean; readonly limitInputPixels: number },
) => SharpPicture;

/** What a picture is decoded for. */
export interface PictureUse {
  /** Name of the file in messages. */
  readonly name: string;
  /** Whether gray with alpha is taken, as RGBA. */
  readonly takesGrayAlpha: boolean;
  /** Maximum samples, checked before the picture is decoded. Default {@linkcode MAX_PICTURE_SAMPLES}. */
  readonly maxSamples?: number | undefined;
}

/**
 * Decodes a picture to its stored samples, without colour profile or orientation. Gray stays one channel, RGB
 * three, RGBA four; palettes become RGB or RGBA.
 *
 * @param load Loads sharp; called once the bytes are known to be a picture.
 * @param bytes The whole file; only PNG, JPEG and WebP reach the decoder.
 * @param use Name of the file, and whether gray with alpha is taken.
 * @returns A u8 tensor in HWC.
 * @throws {OnpathError} `file` if it cannot be decoded; `dtype` for 16 bits a sample; `shape` for CMYK,
 * several images, or gray with alpha that is not taken; `size` if it is too large.
 */
export async function decodePicture(
  load: () => Promise<SharpFunction>,
  bytes: Uint8Array,
  use: PictureUse,
): Promise<Tensor<"u8">> {
  const { name } = use;
  if (pictureKind(bytes) === undefined) {
    throw new OnpathError("file", `Cannot read ${name}: expected a PNG, JPEG or WebP picture`, { name });
  }
  const sharp = await load();
  const decode = async <T>(read: (picture: SharpPicture) => Promise<T>): Promise<T> => {
    try {
      return await read(sharp(bytes, { ignoreIcc: true, limitInputPixels: MAX_PICTURE_SAMPLES }));
    } catch (cause) {
      const message = `Cannot read ${name}: ${reason(cause)}`;
      throw new OnpathError("file", message, { name }, { cause });
    }
  };
  const facts = await decode((picture) => picture.metadata());
  checkFacts(facts, use);
  const { width, height } = facts;
  const raw = await decode((picture) =>
    (facts.channels === 1 ? picture.toColourspace("b-w") : picture).raw().toBuffer({
      resolveWithObject: true,
    })
  );
  // sharp decodes gray with alpha as RGBA.
  const channels = facts.channels === 2 ? 4 : facts.channels;
  if (raw.info.channels !== channels) {
    throw new OnpathError(
      "file",
      `Cannot read ${name}: the decoder returned ${raw.info.channels} channels, expected ${channels} as in the header`,
      { name, expected: channels, found: raw.info.channels },
    );
  }
  // The samples are copied, because the decoder's buffer may belong to a pool.
  return tensor(new Uint8Array(raw.data), { dtype: "u8", shape: [height, width, channels], layout: "HWC" });
}

function checkFacts(facts: PictureFacts, use: PictureUse): void {
  const { name, takesGrayAlpha, maxSamples: most = MAX_PICTURE_SAMPLES } = use;
  const { width, height, channels, depth, space, pages = 1 } = facts;
  const samples = width * height * channels;
  if (samples > most) {
    throw new OnpathError(
      "size",
      `Cannot read ${name}: it has ${width} x ${height} x ${channels} samples, expected at most ${most}`,
      { name, width, height, channels, most },
    );
  }
  if (depth !== "uchar") {
    throw new OnpathError("dtype", `Cannot read ${name}: its samples are ${depth}, expected 8 bits`, {
      name,
      found: depth,
      bits: facts.bitsPerSample,
    });
  }
  if (pages > 1) {
    throw new OnpathError("shape", `Cannot read ${name}: it has ${pages} images, expected one`, {
      name,
      pages,
    });
  }
  if ((channels === 2 && !takesGrayAlpha) || (space !== "srgb" && space !== "b-w" && space !== "rgb")) {
    const found = channels === 2 && space === "b-w" ? "gray with alpha" : `${channels} channels of ${space}`;
    throw new OnpathError("shape", `Cannot read ${name}: it has ${found}, expected gray, RGB or RGBA`, {
      name,
      channels,
      space,
    });
  }
}

function reason(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line.charAt(0).toLowerCase() + line.slice(1);
}
