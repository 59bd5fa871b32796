#!/usr/bin/python3
"""Make or check the golden checksums of Pillow's filters: every filter, shape and number of channels.

Pillow resizes each channel by itself, as in antialias.py. filters.json has the SHA-256 of each answer's samples,
in HWC order; the answers themselves are not stored, because a difference is looked for with Pillow at hand.

It needs the Debian packages of make.py.
"""

import hashlib
import platform
import sys

import numpy as np
import PIL
from PIL import Image

import golden_files
import make
from make import Case

MANIFEST = golden_files.HERE / "filters.json"

FILTERS = {
    "nearest": Image.NEAREST,
    "box": Image.BOX,
    "bilinear": Image.BILINEAR,
    "hamming": Image.HAMMING,
    "bicubic": Image.BICUBIC,
    "lanczos": Image.LANCZOS,
}

SHAPES = [
    ("coffee", (224, 224), None),
    ("astronaut", (112, 75), None),
    ("coffee", (64, 64), (10, 20, 211, 359)),
    ("astronaut", (97, 101), (60, 160, 113, 131)),
    ("coffee", (60, 75), (100, 150, 120, 150)),
    ("coffee", (31, 120), (100, 150, 120, 120)),
    ("coffee", (100, 37), (100, 150, 100, 140)),
    ("coffee", (1, 1), (100, 150, 90, 130)),
    ("astronaut", (128, 130), (80, 180, 61, 47)),
    ("coffee", (150, 150), (120, 200, 149, 149)),
    ("coffee", (90, 33), (120, 200, 48, 128)),
    ("astronaut", (61, 83), (90, 170, 61, 83)),
    ("coffee", (200, 201), (0, 0, 20, 21)),
    ("coffee", (9, 400), (180, 250, 1, 15)),
    ("coffee", (400, 9), (180, 250, 15, 1)),
    ("coffee", (4, 5), (180, 250, 1, 1)),
]

CHANNELS = (1, 3, 4)


def resize(image, size, resample):
    """Each channel by itself, HWC."""
    height, width = size
    bands = [Image.fromarray(np.ascontiguousarray(image[:, :, c])) for c in range(image.shape[2])]
    return np.dstack([np.asarray(band.resize((width, height), resample)) for band in bands])


def compute():
    """No file of its own, and the manifest, anew."""
    photos = make.read_photos()
    entries = []
    for photo, size, crop in SHAPES:
        for channels in CHANNELS:
            image = make.source_of(Case("", photo, size, crop=crop, channels=channels), photos)
            sums = {
                name: hashlib.sha256(resize(image, size, resample).tobytes()).hexdigest()
                for name, resample in FILTERS.items()
            }
            entries.append({
                "photo": make.PHOTO_FILES[photo],
                "crop": list(crop) if crop else None,
                "channels": channels,
                "size": list(size),
                "sha256": sums,
            })
    header = {
        "made_by": "tests/golden/filters.py",
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "pillow": PIL.__version__},
        "crop": "[top, left, height, width], applied after the channels are made; null is the whole photo",
        "sha256": "of the samples, HWC, by filter",
    }
    return {}, golden_files.manifest_text({"header": header, "entries": entries})


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("the checksums of Pillow's filters", MANIFEST, compute)


if __name__ == "__main__":
    sys.exit(main())
