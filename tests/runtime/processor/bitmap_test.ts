import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import sharp from "sharp";
import { type BrowserScope, browserScope, decodeBitmap } from "../../../runtime/processor/bitmap.ts";
import { createDecoder } from "../../../runtime/processor/decoder.ts";
import type { SharpFunction } from "../../../runtime/processor/picture.ts";
import { pictureKind, readPictureHeader, withoutExif } from "../../../runtime/processor/picture_header.ts";
import { processorFrom } from "../../../runtime/processor/processor.ts";
import { type Tensor, toDense } from "../../../serialize/tensor.ts";
import { photoBytes } from "./goldens.ts";
import { expected, picture, SMALL } from "./samples.ts";

/** What a stand-in of a browser did. */
interface Counts {
  opened: number;
  closed: number;
}

/**
 * Stand-in of a browser, with sharp as its decoder. Like one, it rotates by EXIF, and its pixels are RGBA.
 */
function standIn(
  counts: Counts = { opened: 0, closed: 0 },
  change: Partial<BrowserScope> = {},
): BrowserScope {
  return {
    createImageBitmap: async (file, options) => {
      assert.deepEqual(options, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
      const bytes = Buffer.from(await file.arrayBuffer());
      const { data, info } = await sharp(bytes, { ignoreIcc: true }).rotate().ensureAlpha().toColourspace(
        "srgb",
      ).raw()
        .toBuffer({ resolveWithObject: true });
      counts.opened++;
      const { width, height } = info;
      return { width, height, data: new Uint8ClampedArray(data), close: () => counts.closed++ };
    },
    OffscreenCanvas: class {
      #data: Uint8ClampedArray<ArrayBuffer> | undefined;
      getContext() {
        return {
          drawImage: (image: unknown) => {
            this.#data = (image as { data: Uint8ClampedArray<ArrayBuffer> }).data;
          },
          getImageData: () => ({ data: this.#data! }),
        };
      }
    },
    ...change,
  };
}

const missing = () => Promise.reject(new Error("sharp is missing"));

const encode = (image: Tensor) => {
  const [height, width, channels] = image.shape as [number, number, 1 | 3 | 4];
  return sharp(Buffer.from(image.data.buffer), { raw: { height, width, channels } });
};

const bytesOf = async (file: { toBuffer(): Promise<Uint8Array> }) => new Uint8Array(await file.toBuffer());

const levels = (image: Tensor) => toDense(image).data;

Deno.test("createDecoder() takes the browser's decoder without sharp, and sharp where both are", async () => {
  const counts = { opened: 0, closed: 0 };
  const browser = standIn(counts);
  const image = picture(24, 50);
  const png = await bytesOf(encode(image).png());
  const inBrowser = processorFrom(SMALL, { decoder: createDecoder(missing, browser) });
  assert.deepEqual((await inBrowser(png)).pixel_values.data, expected(image));
  assert.deepEqual(counts, { opened: 1, closed: 1 });
  const both = createDecoder(() => Promise.resolve(sharp as unknown as SharpFunction), browser);
  assert.deepEqual((await processorFrom(SMALL, { decoder: both })(png)).pixel_values.data, expected(image));
  assert.equal(counts.opened, 1);
  const neither = processorFrom(SMALL, { decoder: createDecoder(missing, {}) });
  await assert.rejects(neither(png), { code: "file", message: /sharp is missing/ });
  assert.equal(browserScope({ createImageBitmap: () => {} }), undefined);
});

Deno.test("decodeBitmap() gives the samples that sharp gives: gray, palette, RGB, JPEG and WebP", async () => {
  const gray = picture(9, 12, 1), rgb = picture(9, 12);
  const files: [string, Uint8Array, Tensor][] = [
    ["gray png", await bytesOf(encode(gray).toColourspace("b-w").png()), gray],
    ["png", await bytesOf(encode(rgb).png()), rgb],
    ["lossless webp", await bytesOf(encode(rgb).webp({ lossless: true })), rgb],
    ["opaque RGBA png", await bytesOf(encode(rgb).ensureAlpha().png()), rgb],
  ];
  for (const [name, bytes, { shape, data }] of files) {
    const found = await decodeBitmap(standIn(), bytes);
    assert.deepEqual([found.shape, levels(found)], [shape, data], name);
  }
  const decoder = createDecoder(() => Promise.resolve(sharp as unknown as SharpFunction), {});
  const others = [
    await bytesOf(encode(rgb).jpeg()),
    await bytesOf(encode(gray).toColourspace("b-w").jpeg()),
    await bytesOf(encode(rgb).webp({ quality: 50 })),
    await bytesOf(encode(rgb).png({ palette: true, colours: 8 })),
    await photoBytes("rocket.jpg"),
  ];
  for (const bytes of others) {
    const wanted = await decoder(bytes, { signal: undefined }) as Tensor;
    const found = await decodeBitmap(standIn(), bytes);
    assert.deepEqual([found.shape, levels(found)], [wanted.shape, levels(wanted)]);
  }
});

Deno.test("decodeBitmap() does not rotate by EXIF in any format", async () => {
  const image = picture(8, 14);
  const decoder = createDecoder(() => Promise.resolve(sharp as unknown as SharpFunction), {});
  for (const format of ["jpeg", "png", "webp"] as const) {
    const bytes = await bytesOf(encode(image).toFormat(format).withMetadata({ orientation: 6 }));
    const { orientation, width } = await sharp(bytes).metadata();
    assert.deepEqual([orientation, width], [6, 14], format);
    const found = await decodeBitmap(standIn(), bytes);
    const wanted = await decoder(bytes, { signal: undefined }) as Tensor;
    assert.deepEqual([found.shape, levels(found)], [[8, 14, 3], levels(wanted)], format);
  }
});

Deno.test("decodeBitmap() refuses by name what sharp refuses, and closes its bitmap", async () => {
  const rgb = picture(16, 16);
  const deep = await sharp(new Uint16Array(300).fill(500), { raw: { height: 10, width: 10, channels: 3 } })
    .toColourspace("rgb16").png().toBuffer();
  const frames = Buffer.concat([0, 90].map((level) => Buffer.alloc(16 * 16 * 3, level)));
  const animated = await sharp(frames, { raw: { height: 32, width: 16, channels: 3, pageHeight: 16 } })
    .webp({ loop: 0, delay: [50, 50] }).toBuffer();
  const png = await bytesOf(encode(rgb).png());
  const wide = png.slice();
  new DataView(wide.buffer).setUint32(16, 50_000);
  new DataView(wide.buffer).setUint32(20, 50_000);
  const corrupt = png.slice();
  corrupt.fill(7, 60, 200);
  const counts = { opened: 0, closed: 0 };
  const cases: [Uint8Array, string, RegExp, Partial<BrowserScope>?][] = [
    [new Uint8Array(deep), "dtype", /its samples have 16 bits, expected 8/],
    [
      await bytesOf(encode(rgb).toColourspace("cmyk").jpeg()),
      "shape",
      /it has 4 channels, expected gray or RGB/,
    ],
    [new Uint8Array(animated), "shape", /several frames/],
    [await bytesOf(encode(picture(16, 16, 4)).png()), "shape", /transparent pixels, whose colour a canvas/],
    [wide, "size", /50000 x 50000 pixels, expected at most/],
    [corrupt, "file", /^Cannot read the encoded image: /],
    [png.subarray(0, 20), "file", /expected a PNG, JPEG or WebP picture/],
    [new TextEncoder().encode("no picture"), "file", /expected a PNG/],
    [png, "file", /decoded 3 x 4, expected 16 x 16/, {
      createImageBitmap: () => Promise.resolve({ width: 3, height: 4, close: () => counts.closed++ }),
    }],
    [png, "file", /no canvas of this size/, {
      OffscreenCanvas: class {
        getContext() {
          return null;
        }
      },
    }],
    [png, "file", /InvalidStateError/, { createImageBitmap: () => Promise.reject("InvalidStateError") }],
  ];
  for (const [bytes, code, message, change] of cases) {
    await assert.rejects(decodeBitmap(standIn(counts, change), bytes), { code, message });
  }
  assert.equal(counts.closed, counts.opened + 1, "the stand-in that answers 3 x 4 does not count");
});

Deno.test("readPictureHeader() and withoutExif() accept any bytes, whole or cut", async () => {
  const image = picture(9, 12);
  const files = [
    await bytesOf(encode(image).jpeg().withMetadata({ orientation: 3 })),
    await bytesOf(encode(image).png().withMetadata({ orientation: 3 })),
    await bytesOf(encode(image).webp().withMetadata({ orientation: 3 })),
  ];
  for (const file of files) {
    const kind = pictureKind(file)!;
    const { width, height, channels, bits, isAnimated } = readPictureHeader(file, kind)!;
    assert.deepEqual([width, height, channels, bits, isAnimated], [12, 9, 3, 8, false]);
    fc.assert(
      fc.property(fc.nat(file.length), fc.uint8Array({ maxLength: 6 }), fc.nat(200), (end, noise, at) => {
        const bytes = file.slice(0, end);
        bytes.set(
          noise.subarray(0, Math.max(0, bytes.length - 12)),
          Math.min(12 + at, Math.max(0, end - noise.length)),
        );
        readPictureHeader(bytes, kind);
        const parts = withoutExif(bytes, kind);
        assert(parts.reduce((sum, { length }) => sum + length, 0) <= bytes.length);
      }),
    );
  }
});
