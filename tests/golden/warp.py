#!/usr/bin/python3
"""Make or check the golden files of remaps: what OpenCV answers for warpAffine, warpPerspective and remap.

Each answer is a gzipped .npy file in the folder warp next to this script (make.py removes array files
beside itself that it does not know), described by one entry of warp.json. An entry's step is written as
users of this project write it. The float maps of remap are not stored: they are formulas of single
precision additions, products and quotients, which every IEEE machine computes alike.

It needs the Debian packages of make.py.
"""

import hashlib
import json
import platform
import sys
from dataclasses import dataclass, field

import cv2
import numpy as np

import golden_files
import make

MANIFEST = golden_files.HERE / "warp.json"

BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "reflect101": cv2.BORDER_REFLECT_101,
    "wrap": cv2.BORDER_WRAP,
}

COFFEE = (120, 200, 96, 128)
ASTRONAUT = (60, 160, 112, 96)


@dataclass(frozen=True)
class Case:
    """A photo, cropped, with 1, 3 or 4 channels, and a step. crop is (top, left, height, width)."""

    name: str
    photo: str
    crop: tuple
    step: dict = field(hash=False)
    channels: int = 3


def coffee(name, step, channels=3, crop=COFFEE):
    """A case on a part of the coffee."""
    return Case(name, "coffee", crop, step, channels)


def astronaut(name, step, channels=3, crop=ASTRONAUT):
    """A case on the face of the astronaut."""
    return Case(name, "astronaut", crop, step, channels)


def rotate(degrees, **more):
    return {"op": "rotate", "degrees": degrees, **more}


def affine(matrix, size, **more):
    return {"op": "affine", "matrix": matrix, "size": size, **more}


def perspective(matrix, size, **more):
    return {"op": "perspective", "matrix": matrix, "size": size, **more}


def corners(source, target):
    """The perspective map that takes four corners (x, y) to four others, as users make it."""
    return cv2.getPerspectiveTransform(np.float32(source), np.float32(target)).ravel().tolist()


FACE = [(0, 0), (95, 0), (95, 111), (0, 111)]

CASES = [
    coffee("rotate-30", rotate(30)),
    coffee("rotate-90", rotate(90, size=[100, 96], border="replicate")),
    astronaut("rotate-larger", rotate(-7.5, scale=1.3, border="reflect101")),
    astronaut("rotate-smaller", rotate(137, scale=0.55, center=[40.25, 61.5], border="reflect")),
    astronaut("rotate-wrap", rotate(45, scale=0.4, size=[90, 120], border="wrap")),
    coffee("rotate-gray", rotate(-163.2, scale=0.9, fill=200), channels=1),
    astronaut("rotate-rgba", rotate(12, size=[80, 90], fill=[255, 10, 128, 7]), channels=4),
    astronaut("rotate-rgba-reflect", rotate(200.5, scale=0.7, size=[70, 80], border="reflect"), channels=4),
    coffee("shear", affine([1, 0.45, -10, 0.2, 1, 4.5], [90, 120], fill=[30, 60, 90])),
    coffee("mirror", affine([-1, 0, 127, 0, 1, 0], [96, 128])),
    # Every weight is a quarter: many sums are ties.
    coffee("half-pixel", affine([1, 0, 0.5, 0, 1, -0.5], [60, 70], inverse=True, border="replicate")),
    astronaut("inverse", affine([0.31, 0.07, 11.3, -0.05, 0.4, 21.9], [100, 110], inverse=True)),
    astronaut(
        "inverse-gray", affine([1.7, -0.6, 3.3, 0.8, 1.9, -30.1], [64, 90], inverse=True, border="wrap"), channels=1
    ),
    # A picture smaller than the reach of its border.
    coffee("tiny", affine([2.5, 0.5, 30, -0.7, 2, 40], [80, 90], border="reflect101"), crop=(180, 250, 3, 2)),
    coffee("one-sample", affine([9, 1, 30, -1, 8, 40], [40, 50], border="reflect101"), crop=(180, 250, 1, 1)),
    # Positions leave 16 bits, where OpenCV clamps whole samples and keeps fractions.
    coffee("far", affine([903.7, 11.3, -41000.2, 17.9, 1200.3, 5.5], [60, 90], inverse=True, border="wrap")),
    astronaut("mild", perspective(corners(FACE, [(6, 3), (88, 9), (92, 104), (2, 99)]), [112, 96])),
    astronaut(
        "strong", perspective(corners(FACE, [(40, 10), (70, 16), (110, 100), (3, 90)]), [104, 120], border="replicate")
    ),
    # The divisor passes 0 inside the picture, on whole samples too.
    coffee(
        "horizon",
        perspective([1, 0.1, 3, 0.05, 1, 5, 0.03125, 0.015625, -1.5], [90, 150], inverse=True, fill=[0, 90, 180]),
    ),
    coffee(
        "horizon-reflect",
        perspective([0.9, -0.3, 8, 0.2, 1.1, -7, 0.004, -0.013, 0.61], [100, 110], border="reflect"),
    ),
    # More than a block of OpenCV wide and lower than one.
    coffee(
        "low-gray",
        perspective([0.7, 0.2, -4, 0.1, 1.3, 2, 0.0007, 0.002, 1.01], [7, 311], inverse=True, border="wrap"),
        channels=1,
    ),
    astronaut(
        "perspective-rgba",
        perspective(corners(FACE, [(30, 0), (95, 22), (70, 100), (0, 80)]), [90, 96], fill=[1, 2, 3, 250]),
        channels=4,
    ),
    coffee("wave", {"op": "remap", "maps": "wave", "size": [90, 120], "border": "constant", "fill": 77}),
    astronaut("swirl", {"op": "remap", "maps": "swirl", "size": [112, 96], "border": "reflect101"}),
    coffee("swirl-gray", {"op": "remap", "maps": "swirl", "size": [96, 128], "border": "wrap"}, channels=1),
]


def wave_maps(height, width):
    """Rows and columns shifted by parabolas that alternate every 16 samples; float32 throughout."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)

    def shift(at):
        t = (at % np.float32(16)) / np.float32(8) - np.float32(1)
        sign = np.where(at % np.float32(32) < 16, np.float32(1), np.float32(-1))
        return sign * (np.float32(1) - t * t)

    return x + np.float32(6.3) * shift(y), y + np.float32(4.7) * shift(x)


def swirl_maps(height, width):
    """A turn that fades with the squared distance from the centre; float32 throughout.

    The turn is the rational one, ((1 - t²) / (1 + t²), 2t / (1 + t²)): sines differ between libraries.
    """
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    one, center_x, center_y = np.float32(1), np.float32((width - 1) / 2), np.float32((height - 1) / 2)
    dx, dy = x - center_x, y - center_y
    t = np.float32(1.5) / (one + (dx * dx + dy * dy) / np.float32(500))
    norm = one + t * t
    cos, sin = (one - t * t) / norm, (t + t) / norm
    return center_x + (cos * dx - sin * dy), center_y + (sin * dx + cos * dy)


MAPS = {"wave": wave_maps, "swirl": swirl_maps}


def warp(image, step):
    """OpenCV's answer, HWC; it drops the channel axis of a 1-channel image, the golden files keep it."""
    rows, columns = image.shape[:2]
    height, width = step.get("size", [rows, columns])
    fill = step.get("fill", 0)
    border = {
        "borderMode": BORDERS[step.get("border", "constant")],
        "borderValue": fill if isinstance(fill, list) else [fill] * 4,
    }
    flags = cv2.INTER_LINEAR | (cv2.WARP_INVERSE_MAP if step.get("inverse") else 0)
    if step["op"] == "rotate":
        center = step.get("center", [(columns - 1) / 2, (rows - 1) / 2])
        matrix = cv2.getRotationMatrix2D(center, step["degrees"], step.get("scale", 1))
        out = cv2.warpAffine(image, matrix, (width, height), flags=flags, **border)
    elif step["op"] == "affine":
        matrix = np.float64(step["matrix"]).reshape(2, 3)
        out = cv2.warpAffine(image, matrix, (width, height), flags=flags, **border)
    elif step["op"] == "perspective":
        matrix = np.float64(step["matrix"]).reshape(3, 3)
        out = cv2.warpPerspective(image, matrix, (width, height), flags=flags, **border)
    else:
        out = cv2.remap(image, *MAPS[step["maps"]](height, width), flags, **border)
    return out.reshape(height, width, image.shape[2])


def entry_of(case, photos):
    """One golden: its manifest entry (whose sha256 is that of the uncompressed .npy) and those bytes."""
    array = warp(make.source_of(case, photos), case.step)
    data = golden_files.npy_bytes(array)
    entry = {
        "file": f"warp/{case.name}.npy.gz",
        "photo": make.PHOTO_FILES[case.photo],
        "crop": list(case.crop),
        "channels": case.channels,
        "step": case.step,
        "stored": array.dtype.newbyteorder("<").str,
        "shape": list(array.shape),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    if case.step["op"] == "remap":
        maps = MAPS[case.step["maps"]](*case.step["size"])
        entry["maps_sha256"] = [hashlib.sha256(part.astype("<f4").tobytes()).hexdigest() for part in maps]
    return entry, data


def compute():
    """Everything anew: the uncompressed bytes by file name, and the text of the manifest."""
    cv2.setNumThreads(1)
    cv2.ocl.setUseOpenCL(False)
    photos = make.read_photos()
    goldens = [entry_of(case, photos) for case in CASES]
    files = {entry["file"]: data for entry, data in goldens}
    if len(files) != len(goldens):
        raise ValueError("two goldens have the same file name")
    header = {
        "made_by": "tests/golden/warp.py",
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
        },
        "channels": "as in manifest.json",
        "crop": "[top, left, height, width], applied after the channels are made",
        "sha256": "of the uncompressed .npy bytes",
        "maps_sha256": "of the float32 maps of columns and of rows, little-endian",
    }
    return files, golden_files.manifest_text({"header": header, "entries": [entry for entry, _ in goldens]})


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("the golden files of remaps and warp.json", MANIFEST, compute, "warp/*.npy.gz")


if __name__ == "__main__":
    sys.exit(main())
