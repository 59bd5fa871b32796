import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { tensor } from "../../serialize/tensor.ts";
import { longTest } from "../support/long.ts";
import { photoInput } from "../support/photos.ts";
import { LIBRARY_RESIZES, libraryReference, type LibraryResize } from "../support/resample.ts";

interface Answer extends LibraryResize {
  readonly stored: boolean;
  readonly sha256: string;
}

interface Entry {
  readonly photo: string;
  readonly crop: [number, number, number, number] | null;
  readonly channels: 1 | 3 | 4;
  readonly size: [number, number];
  readonly answers: Answer[];
}

const golden = (name: string) => readFile(new URL(`../golden/${name}`, import.meta.url));

/** Greatest share of samples that may differ: some twice the measured ones. Other filters equal the library. */
const SHARES: Readonly<Record<string, number>> = {
  "opencv bicubic": 0.0002,
  "opencv area": 0.0003,
  "torchvision bilinear true": 0.003,
  "torchvision bicubic false": 0.0002,
  "torchvision bicubic true": 0.0001,
};

/** Counts the samples that differ from a library's. */
class Differences {
  #count: Record<string, { samples: number; off: number }> = {};

  /** Compares one answer; a difference must be within the levels of the bound. */
  add(resize: LibraryResize, levels: number, found: Uint8Array, expected: Uint8Array, what: string) {
    assert.equal(found.length, expected.length, what);
    const name = [resize.match, resize.filter, resize.antialias].filter((part) => part !== undefined).join(
      " ",
    );
    const count = this.#count[name] ??= { samples: 0, off: 0 };
    for (let at = 0; at < found.length; at++) {
      const off = Math.abs(found[at]! - expected[at]!);
      assert(off <= levels, `${name}, ${what}: ${off} levels at ${at}, bound ${levels}`);
      count.off += Math.sign(off);
    }
    count.samples += found.length;
  }

  /** Checks the share of each filter, and that each was compared. */
  check() {
    assert.equal(Object.keys(this.#count).length, LIBRARY_RESIZES.length);
    for (const [name, { samples, off }] of Object.entries(this.#count)) {
      assert(off / samples <= (SHARES[name] ?? 0), `${name}: ${off} of ${samples} samples differ`);
    }
  }
}

Deno.test("chooseResize() and the references are within the bound of every golden of OpenCV and torchvision", async () => {
  const { entries } = JSON.parse(String(await golden("library_filters.json"))) as { entries: Entry[] };
  const stored = gunzipSync(await golden("library_filters.bin.gz"));
  assert.equal(entries.length, 48);
  const differences = new Differences();
  let at = 0;
  for (const { photo, crop, channels, size, answers } of entries) {
    const image = await photoInput(photo, channels, crop);
    for (const answer of answers) {
      const { found, levels } = libraryReference(image, size, answer);
      const what = `${photo} ${crop} x ${channels} to ${size}`;
      const expected = answer.stored ? stored.subarray(at, at + found.length) : found;
      if (answer.stored) at += found.length;
      else assert.equal(levels, 0, `${answer.filter}: a bound needs stored answers`);
      assert.equal(
        createHash("sha256").update(expected).digest("hex"),
        answer.sha256,
        `${answer.filter}, ${what}`,
      );
      differences.add(answer, levels, found, expected, what);
    }
  }
  assert.equal(at, stored.length);
  differences.check();
});

/** Random pictures, extremes among them, and the libraries' answers, from one process. */
const WITNESS = `
import json, sys
import cv2
import numpy as np
import torch
from torchvision.transforms import InterpolationMode as Mode
from torchvision.transforms import functional as tv
CV = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC,
      "area": cv2.INTER_AREA, "lanczos4": cv2.INTER_LANCZOS4}
TV = {"bilinear": Mode.BILINEAR, "bicubic": Mode.BICUBIC}
resizes = json.loads(sys.argv[1])
rng = np.random.default_rng(20261129)
cases = []
for n in range(480):
    h, w, h2, w2 = (int(v) for v in rng.integers(1, 60, 4))
    if n % 5 == 0: h, w = h2 * int(rng.integers(1, 5)), w2 * int(rng.integers(1, 5))
    channels = (1, 3, 4)[n % 3]
    image = rng.integers(0, 256, (h, w, channels), dtype=np.uint8)
    if n % 4 == 0: image = np.where(image > 127, 255, 0).astype(np.uint8)
    resize = resizes[n % len(resizes)]
    if resize["match"] == "opencv":
        out = cv2.resize(image, (w2, h2), interpolation=CV[resize["filter"]])
    else:
        planes = torch.tensor(image.transpose(2, 0, 1).copy())
        out = tv.resize(planes, [h2, w2], interpolation=TV[resize["filter"]], antialias=resize["antialias"])
        out = out.numpy().transpose(1, 2, 0)
    shape = [h, w, channels, h2, w2]
    cases.append([resize, shape, image.tobytes().hex(), np.ascontiguousarray(out).tobytes().hex()])
json.dump(cases, sys.stdout)
`;

type Case = [LibraryResize, [number, number, 1 | 3 | 4, number, number], string, string];

longTest(
  "chooseResize() and the references are within the bound on 60 random shapes for each filter",
  async () => {
    const output = await new Promise<string | undefined>((resolve) => {
      const options = { timeout: 60_000, maxBuffer: 2 ** 27 };
      execFile(
        "/usr/bin/python3",
        ["-c", WITNESS, JSON.stringify(LIBRARY_RESIZES)],
        options,
        (error, stdout) => resolve(error === null ? stdout : undefined),
      );
    });
    if (output === undefined) {
      assert.equal(Deno.env.get("CI"), undefined, "in CI OpenCV and torchvision must be there");
      console.log("skipped: Debian's python3-opencv and python3-torchvision are not there");
      return;
    }
    const cases = JSON.parse(output) as Case[];
    assert.equal(cases.length, 480);
    const differences = new Differences();
    for (const [resize, [h, w, channels, h2, w2], source, expected] of cases) {
      const image = tensor(Uint8Array.from(Buffer.from(source, "hex")), {
        dtype: "u8",
        shape: [h, w, channels],
        layout: "HWC",
      });
      const { found, levels } = libraryReference(image, [h2, w2], resize);
      differences.add(
        resize,
        levels,
        found,
        Buffer.from(expected, "hex"),
        `${h} x ${w} x ${channels} to ${h2} x ${w2}`,
      );
    }
    differences.check();
  },
);
