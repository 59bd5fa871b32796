/**
 * Image processors by Pillow and NumPy, and by OpenCV and NumPy, timed in Debian's Python.
 *
 * @module
 */

import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const GOLDEN = fileURLToPath(new URL("../../tests/golden/", import.meta.url));

/** Microseconds of one processor and photograph, the least of 15 runs. */
export interface PythonTimes {
  /** Name of the configuration. */
  readonly config: string;
  /** Name of the photograph. */
  readonly photo: string;
  /** Pillow and NumPy: the transcription that the goldens are made with. */
  readonly pillow: number;
  /** OpenCV and NumPy; null for tiles, and for a filter that OpenCV lacks. */
  readonly opencv: number | null;
}

/**
 * Program that times both. OpenCV has no antialiasing except INTER_AREA, so its values differ. Rescaling and
 * normalization are one multiplication and one addition in float32.
 */
const PROGRAM = `
import json, sys, time
sys.path.insert(0, sys.argv[1])
import cv2
import numpy as np
from PIL import Image
import make, processors

cv2.setNumThreads(1)
FILTERS = {0: cv2.INTER_NEAREST, 1: cv2.INTER_LANCZOS4, 2: cv2.INTER_LINEAR, 3: cv2.INTER_CUBIC, 4: cv2.INTER_AREA}
TILED = {"LlavaNextImageProcessor", "Idefics3ImageProcessor", "SmolVLMImageProcessor"}

def opencv(c, image):
    if c.get("do_pad"):
        edge = max(image.shape[:2])
        top, left = (edge - image.shape[0]) // 2, (edge - image.shape[1]) // 2
        fill = [int(mean * 255) for mean in c["image_mean"]]
        image = cv2.copyMakeBorder(image, top, edge - image.shape[0] - top, left, edge - image.shape[1] - left,
                                   cv2.BORDER_CONSTANT, value=fill)
    height, width = processors.resized_size(c, *image.shape[:2])
    image = cv2.resize(image, (width, height), interpolation=FILTERS[c["resample"]])
    if processors.crop_size(c) is not None:
        image = processors.center(image, processors.crop_size(c))
    scale = c.get("rescale_factor", 1 / 255) if c.get("do_rescale", True) else 1
    mean, std = 0, 1
    if c.get("do_normalize", True):
        mean, std = (np.array(c[name], dtype=np.float32) for name in ("image_mean", "image_std"))
    image = image * np.float32(scale / std) - np.float32(mean / std)
    planes = np.ascontiguousarray(image.transpose(2, 0, 1))
    return processors.patches(c, planes) if processors.kind_of(c) == "Qwen2VLImageProcessor" else planes

def microseconds(work):
    work()
    times = []
    for _ in range(15):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return 1e6 * min(times)

rows = []
for name, c in processors.CONFIGS.items():
    for photo in processors.PHOTOS:
        with Image.open(make.PHOTOS / photo) as file:
            image = file.convert("RGB")
        samples = np.asarray(image)
        has = c["resample"] in FILTERS and processors.kind_of(c) not in TILED
        rows.append({
            "config": name,
            "photo": photo,
            "pillow": microseconds(lambda: processors.process(c, image)),
            "opencv": microseconds(lambda: opencv(c, samples)) if has else None,
        })
json.dump(rows, sys.stdout)
`;

/**
 * Times all processors of the golden files, on all their photographs.
 *
 * @param python Path of Debian's Python.
 * @throws {Error} If Python or a package is missing.
 */
export async function pythonTimes(python: string): Promise<PythonTimes[]> {
  const { stdout } = await promisify(execFile)(python, ["-c", PROGRAM, GOLDEN], {
    encoding: "utf8",
    // Otherwise malloc returns large arrays to the system, and their page faults dominate some rows.
    env: { ...process.env, MALLOC_TRIM_THRESHOLD_: String(2 ** 32), MALLOC_MMAP_THRESHOLD_: String(2 ** 30) },
    timeout: 600_000,
  });
  return JSON.parse(stdout);
}
