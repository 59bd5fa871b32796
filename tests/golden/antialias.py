#!/usr/bin/python3
"""Make or check the golden files of the antialiased resize: what Pillow and torchvision answer.

Pillow resizes each channel by itself: of an RGBA picture it would multiply the colours by the alpha first.
torchvision's answers are those of resize(antialias=True) on uint8 tensors, which computes in float32.
Each answer is a gzipped .npy file in the folder antialias next to this script, described by one entry of
antialias.json.

It needs the Debian packages of make.py.
"""

import hashlib
import platform
import sys

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as tv

import golden_files
import make
from make import Case

MANIFEST = golden_files.HERE / "antialias.json"

CASES = [
    Case("coffee-96x96", "coffee", (96, 96)),
    Case("astronaut-112x112", "astronaut", (112, 112)),
    Case("coprime", "coffee", (64, 64), crop=(10, 20, 211, 359)),
    Case("mild", "astronaut", (97, 101), crop=(60, 160, 113, 131)),
    Case("half", "coffee", (60, 75), crop=(100, 150, 120, 150)),
    Case("rows-only", "coffee", (31, 120), crop=(100, 150, 120, 120)),
    Case("columns-only", "coffee", (100, 37), crop=(100, 150, 100, 140)),
    Case("identity", "astronaut", (61, 83), crop=(90, 170, 61, 83)),
    Case("upsampled", "astronaut", (128, 130), crop=(80, 180, 61, 47)),
    Case("rows-up-columns-down", "coffee", (90, 33), crop=(120, 200, 48, 128)),
    Case("gray", "coffee", (83, 120), channels=1),
    Case("rgba", "astronaut", (72, 90), channels=4),
    Case("one-pixel", "coffee", (1, 1)),
    Case("one-row", "coffee", (9, 40), crop=(180, 250, 1, 150)),
    Case("one-column", "coffee", (40, 9), crop=(180, 250, 150, 1)),
    Case("from-one-pixel", "coffee", (4, 5), crop=(180, 250, 1, 1)),
]

TORCHVISION_CASES = ("coffee-96x96", "coprime", "mild", "upsampled", "gray", "one-row")


def pillow_resize(image, size):
    """Each channel by itself, HWC."""
    height, width = size
    bands = [Image.fromarray(np.ascontiguousarray(image[:, :, c])) for c in range(image.shape[2])]
    return np.dstack([np.asarray(band.resize((width, height), Image.BILINEAR)) for band in bands])


def torchvision_resize(image, size):
    """Resize of a uint8 tensor with antialias=True, HWC."""
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())
    out = tv.resize(tensor, list(size), interpolation=InterpolationMode.BILINEAR, antialias=True)
    return np.ascontiguousarray(out.numpy().transpose(1, 2, 0))


def entry_of(peer, resize, case, photos):
    """One golden: its manifest entry (whose sha256 is that of the uncompressed .npy) and those bytes."""
    array = resize(make.source_of(case, photos), case.size)
    data = golden_files.npy_bytes(array)
    entry = {
        "file": f"antialias/{peer}-{case.name}.npy.gz",
        "photo": make.PHOTO_FILES[case.photo],
        "crop": list(case.crop) if case.crop else None,
        "channels": case.channels,
        "peer": peer,
        "size": list(case.size),
        "filter": "bilinear",
        "stored": array.dtype.newbyteorder("<").str,
        "shape": list(array.shape),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return entry, data


def compute():
    """Everything anew: the uncompressed bytes by file name, and the text of the manifest."""
    torch.set_num_threads(1)
    photos = make.read_photos()
    goldens = [entry_of("pillow", pillow_resize, case, photos) for case in CASES]
    goldens += [
        entry_of("torchvision", torchvision_resize, case, photos)
        for case in CASES
        if case.name in TORCHVISION_CASES
    ]
    header = {
        "made_by": "tests/golden/antialias.py",
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pillow": PIL.__version__,
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
        "channels": "as in manifest.json",
        "crop": "[top, left, height, width], applied after the channels are made; null is the whole photo",
        "sha256": "of the uncompressed .npy bytes",
    }
    files = {entry["file"]: data for entry, data in goldens}
    return files, golden_files.manifest_text({"header": header, "entries": [entry for entry, _ in goldens]})


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("the golden files of the antialiased resize", MANIFEST, compute, "antialias/*.npy.gz")


if __name__ == "__main__":
    sys.exit(main())
