/**
 * Photographs as JPEG, in several sizes, and the work that a host or a NIC does with each.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { compile } from "../../kernels/compile.ts";
import type { Match } from "../../kernels/image/geometry/names.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import type { Device } from "../../runtime/device/device.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { Session } from "../../runtime/session.ts";
import { readPicture } from "../io/picture.ts";
import { type Tensor, toBytes } from "../../serialize/tensor.ts";
import { jpegDecoders } from "../io/jpeg_cost.ts";
import { MEAN, planSerializer, STD } from "./images.ts";
import type { Candidate } from "./measure.ts";

/** Side of the model's input. */
const SIDE = 224;

/** Quality of photographs that are encoded here. */
const QUALITY = 85;

const photo = (name: string) => fileURLToPath(new URL(`../photos/${name}`, import.meta.url));

/** A photograph as JPEG. */
export interface JpegPhoto {
  /** Name and treatment. */
  readonly name: string;
  /** Bytes of the file. */
  readonly jpeg: Uint8Array<ArrayBuffer>;
  /** Decoded samples. */
  readonly image: Tensor;
}

/**
 * Makes the photographs: three in their own sizes, and one in larger sizes. Enlarged, it has little detail; as
 * mirrored copies, it has as much in each area as the original. Photographs of that size lie between.
 */
export async function jpegPhotos(): Promise<JpegPhoto[]> {
  const coffee = photo("coffee.png");
  const open = (path: string) => sharp(path, { ignoreIcc: true });
  const pictures: [name: string, picture: ReturnType<typeof open>][] = [
    ["astronaut.png", open(photo("astronaut.png"))],
    ["coffee.png", open(coffee)],
  ];
  const { width: across, height: down } = await open(coffee).metadata();
  for (const [width, height] of [[1280, 720], [4032, 3024]] as const) {
    pictures.push(
      ["coffee.png, enlarged", open(coffee).resize(width, height)],
      [
        "coffee.png, mirrored",
        open(coffee).extend({
          right: width - across,
          bottom: height - down,
          extendWith: "mirror",
        }),
      ],
    );
  }
  const files: [string, Uint8Array<ArrayBuffer>][] = [
    ["rocket.jpg", new Uint8Array(await readFile(photo("rocket.jpg")))],
  ];
  for (const [name, picture] of pictures) {
    files.push([name, new Uint8Array(await picture.removeAlpha().jpeg({ quality: QUALITY }).toBuffer())]);
  }
  return await Promise.all(
    files.map(async ([name, jpeg]) => ({ name, jpeg, image: await readPicture(jpeg, name) })),
  );
}

/** Plan for one photograph, with ImageNet's normalization. */
export function jpegPlan(image: Tensor, match: Match, device: DeviceProfile = MODEL_PROFILE): ImagePlan {
  const filter = match === "pillow" ? { filter: "bicubic" as const } : {};
  return compile({
    steps: [
      { op: "resize", size: [SIDE, SIDE], match, ...filter },
      { op: "normalize", mean: MEAN, std: STD, range: "0-1", dtype: "f32", layout: "CHW" },
    ],
  }, { input: image, device, checksum: "link" });
}

/**
 * Work on one photograph, in the order of the table's columns.
 *
 * @param photo The photograph.
 * @param plan Plan whose packets are written.
 * @param cpu Device that computes Pillow's bicubic on the host.
 */
export async function jpegCandidates(
  { jpeg, image }: JpegPhoto,
  plan: ImagePlan,
  cpu: Device,
): Promise<Candidate[]> {
  const session = await Session.open(jpegPlan(image, "pillow", cpu.profile), cpu);
  const [height, width, channels] = image.shape as [number, number, 3];
  const pixels = toBytes(image);
  const { full, shrunk } = jpegDecoders(sharp, jpeg, [SIDE, SIDE]);
  const values = new Float32Array(3 * SIDE * SIDE);
  const normalize = (samples: Uint8Array) => {
    const plane = SIDE * SIDE;
    for (let at = 0, item = 0; item < plane; item++) {
      for (let channel = 0; channel < 3; channel++, at++) {
        values[channel * plane + item] = (samples[at]! / 255 - MEAN[channel]!) / STD[channel]!;
      }
    }
  };
  return [
    { name: "decode", run: async () => void await full() },
    { name: "decode with shrink-on-load, normalize", run: async () => normalize(await shrunk()) },
    {
      name: "raw to tensor",
      run: async () =>
        normalize(
          await sharp(pixels, { raw: { width, height, channels } })
            .resize(SIDE, SIDE, { fit: "fill", kernel: "cubic" }).raw().toBuffer(),
        ),
    },
    { name: "raw to tensor, exact", run: async () => void await session.run(image) },
    { name: "serialize", run: planSerializer(plan, image) },
  ];
}

/** Difference of shrink-on-load to Pillow's bicubic resize of all decoded samples, in levels. */
export async function shrinkDifference({ jpeg, image }: JpegPhoto): Promise<{ mean: number; max: number }> {
  const steps = [{ op: "resize", size: [SIDE, SIDE], match: "pillow", filter: "bicubic" }] as const;
  const exact = toBytes(referencePipeline({ steps }, image));
  const shrunk = await jpegDecoders(sharp, jpeg, [SIDE, SIDE]).shrunk();
  let [sum, max] = [0, 0];
  exact.forEach((level, at) => {
    const off = Math.abs(level - shrunk[at]!);
    sum += off;
    max = Math.max(max, off);
  });
  return { mean: sum / exact.length, max };
}
