#!/usr/bin/python3
"""Make or check the golden answers of OpenCV's and torchvision's filters: every filter, shape and number of channels.

library_filters.json has the SHA-256 of each answer's samples, in HWC order. The answers of filters that compute in
binary32 are also stored, one after the other in library_filters.bin.gz, because only a bound on the difference is
promised for them.

It needs the Debian packages of make.py, and for --check a CPU like make.py's.
"""

import hashlib
import platform
import sys

import cv2
import numpy as np
import torch
import torchvision
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as tv

import golden_files
import make
from make import Case

MANIFEST = golden_files.HERE / "library_filters.json"
ANSWERS = "library_filters.bin.gz"

# Name: match, filter, antialias, the library's constant, whether the answer is stored.
FILTERS = [
    ("opencv", "nearest", None, cv2.INTER_NEAREST, False),
    ("opencv", "bilinear", None, cv2.INTER_LINEAR, False),
    ("opencv", "bicubic", None, cv2.INTER_CUBIC, True),
    ("opencv", "area", None, cv2.INTER_AREA, True),
    ("opencv", "lanczos4", None, cv2.INTER_LANCZOS4, False),
    ("torchvision", "bilinear", True, InterpolationMode.BILINEAR, True),
    ("torchvision", "bicubic", False, InterpolationMode.BICUBIC, True),
    ("torchvision", "bicubic", True, InterpolationMode.BICUBIC, True),
]

SHAPES = [
    # Down: fractions, whole factors, 2 on one axis or both, a few rows, one pixel.
    ("coffee", (28, 42), None),
    ("astronaut", (37, 24), None),
    ("coffee", (32, 32), (10, 20, 211, 359)),
    ("astronaut", (40, 41), (60, 160, 113, 131)),
    ("coffee", (30, 25), (100, 150, 60, 50)),
    ("coffee", (20, 30), (100, 150, 60, 120)),
    ("coffee", (45, 44), (120, 200, 46, 45)),
    ("coffee", (1, 1), (100, 150, 90, 130)),
    # Up, one axis up and one down, and the same size.
    ("astronaut", (50, 48), (80, 180, 31, 27)),
    ("coffee", (44, 46), (120, 200, 43, 45)),
    ("coffee", (48, 48), (120, 200, 24, 16)),
    ("coffee", (45, 33), (120, 200, 24, 64)),
    ("astronaut", (31, 43), (90, 170, 31, 43)),
    ("coffee", (60, 61), (0, 0, 6, 7)),
    ("coffee", (9, 90), (180, 250, 1, 15)),
    ("coffee", (4, 5), (180, 250, 1, 1)),
]

CHANNELS = (1, 3, 4)


def resize(image, size, match, antialias, constant):
    """The library's answer, HWC."""
    height, width = size
    if match == "opencv":
        # cv2.resize drops the channel axis of a 1-channel image.
        return cv2.resize(image, (width, height), interpolation=constant).reshape(height, width, -1)
    planes = torch.tensor(image.transpose(2, 0, 1).copy())
    out = tv.resize(planes, [height, width], interpolation=constant, antialias=antialias)
    return out.numpy().transpose(1, 2, 0)


def compute():
    """The stored answers and the manifest, anew."""
    photos = make.read_photos()
    entries, stored = [], []
    for photo, size, crop in SHAPES:
        for channels in CHANNELS:
            image = make.source_of(Case("", photo, size, crop=crop, channels=channels), photos)
            answers = []
            for match, name, antialias, constant, keep in FILTERS:
                out = np.ascontiguousarray(resize(image, size, match, antialias, constant)).tobytes()
                answer = {"match": match, "filter": name}
                if antialias is not None:
                    answer["antialias"] = antialias
                answers.append({**answer, "stored": keep, "sha256": hashlib.sha256(out).hexdigest()})
                if keep:
                    stored.append(out)
            entries.append({
                "photo": make.PHOTO_FILES[photo],
                "crop": list(crop) if crop else None,
                "channels": channels,
                "size": list(size),
                "answers": answers,
            })
    header = {
        "made_by": "tests/golden/library_filters.py",
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
        "crop": "[top, left, height, width], applied after the channels are made; null is the whole photo",
        "sha256": "of the samples, HWC",
        "stored": "whether library_filters.bin.gz has the samples, in the order of the entries",
    }
    text = golden_files.manifest_text({"header": header, "entries": entries})
    return {ANSWERS: b"".join(stored)}, text


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("the golden answers of OpenCV's and torchvision's filters", MANIFEST, compute)


if __name__ == "__main__":
    sys.exit(main())
