#!/usr/bin/python3
"""Make or check the golden files: what other libraries answer for the operations of this project.

The peers are OpenCV, torchvision and NumPy, and, as a witness that has no rounding of its own,
exact rational arithmetic. Each answer is a gzipped .npy file next to this script, described by
one entry of manifest.json.

It needs the Debian packages python3-opencv, python3-torchvision, python3-numpy and python3-pil, and
for --check a CPU with fused multiply-add (AVX2 or AVX-512 give the same): without it torchvision
rounds some samples of the resize that lie at or next to a tie the other way.
"""

import hashlib
import platform
import sys
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as tv

import golden_files

PHOTOS = golden_files.HERE.parent.parent / "scripts" / "photos"
MANIFEST = golden_files.HERE / "manifest.json"

# Only PNGs: a PNG has one decoding, while JPEG decoders differ.
PHOTO_FILES = {"astronaut": "astronaut.png", "coffee": "coffee.png"}

IMAGENET_MEAN = [0.485, 0.456, 0.406]
IMAGENET_STD = [0.229, 0.224, 0.225]
# The same statistics times 255, as recipes for samples in 0..255 write them.
BYTE_MEAN = [123.675, 116.28, 103.53]
BYTE_STD = [58.395, 57.12, 57.375]


@dataclass(frozen=True)
class Case:
    """An input (a photo, perhaps cropped, with 1, 3 or 4 channels) and the size to resize it to.

    crop is (top, left, height, width) and size is (height, width).
    """

    name: str
    photo: str
    size: tuple
    crop: tuple = None
    channels: int = 3


RESIZE_CASES = [
    Case("coffee-224x224", "coffee", (224, 224)),
    Case("astronaut-224x224", "astronaut", (224, 224)),
    Case("coffee-97x131", "coffee", (97, 131)),
    # The inputs of the pipeline cases.
    Case("coffee-64x48", "coffee", (64, 48)),
    Case("astronaut-96x96", "astronaut", (96, 96)),
    # Exact factor 2 on both axes: OpenCV takes another path, the average of areas.
    # For 1, 3 and 4 channels, because its vector code is written once for each.
    # The crops of the first two are as large as keeps their files below 150 KB.
    Case("half-coffee", "coffee", (200, 280), crop=(0, 20, 400, 560)),
    Case("half-astronaut", "astronaut", (256, 224), crop=(0, 32, 512, 448)),
    Case("half-gray", "coffee", (60, 75), crop=(100, 150, 120, 150), channels=1),
    Case("half-rgba", "astronaut", (60, 75), crop=(40, 150, 120, 150), channels=4),
    # Factor 2 on one axis only: OpenCV takes its ordinary path.
    Case("half-rows", "coffee", (60, 100), crop=(100, 150, 120, 100)),
    Case("half-columns", "coffee", (120, 50), crop=(100, 150, 120, 100)),
    Case("half-rows-and-odd-columns", "astronaut", (60, 67), crop=(60, 160, 120, 100)),
    # Exact factor 4: every position lies halfway between two pixels, so a quarter of the samples are rounding ties.
    Case("quarter", "coffee", (100, 150)),
    Case("upsampled", "astronaut", (128, 160), crop=(80, 180, 61, 47)),
    Case("doubled", "coffee", (96, 128), crop=(120, 200, 48, 64)),
    # Wide, so that the position in the source needs many of the bits of a float32.
    Case("wide", "coffee", (6, 1999), crop=(200, 0, 4, 600)),
    Case("identity", "astronaut", (61, 83), crop=(90, 170, 61, 83)),
    Case("gray", "coffee", (83, 120), channels=1),
    Case("rgba", "astronaut", (72, 90), channels=4),
    Case("one-pixel", "coffee", (1, 1)),
    Case("tiny", "coffee", (3, 7)),
    Case("one-row", "coffee", (9, 120), crop=(180, 250, 1, 50)),
    Case("one-column", "coffee", (120, 9), crop=(180, 250, 50, 1)),
    Case("from-one-pixel", "coffee", (4, 5), crop=(180, 250, 1, 1)),
]

# Small, because Python fractions are slow. In the last a quarter of the samples are rounding ties: it tells half up
# from half to even.
EXACT_CASES = [
    Case("upsampled", "astronaut", (40, 53), crop=(80, 180, 31, 23)),
    Case("downsampled", "coffee", (17, 29), crop=(120, 200, 37, 53)),
    Case("half", "coffee", (24, 32), crop=(120, 200, 48, 64)),
]

PIPELINE_CASES = [case for case in RESIZE_CASES if case.name in ("coffee-64x48", "astronaut-96x96")]

BYTE_RANGE_CASE = Case("byte-range", "astronaut", (40, 52), crop=(90, 190, 40, 52))

# (height, width, requested length of the shorter side)
SHORTER_SIDE = [
    (400, 600, 224),
    (600, 400, 224),
    (512, 512, 224),
    (427, 640, 256),
    (640, 427, 256),
    (427, 640, 232),
    (333, 500, 333),
    (375, 500, 256),
    (37, 1000, 12),
    (1000, 37, 12),
    (3, 7, 5),
    (7, 3, 2),
    (1, 9, 4),
    # Whole quotients that a product of rounded factors misses: 224/40 * 45 and 54/49 * 49 come out just below.
    (40, 45, 224),
    (49, 54, 49),
]

# (height, width, [crop height, crop width]); odd differences, and crops larger than the image.
CENTER_CROPS = [
    (400, 600, [224, 224]),
    (512, 512, [224, 224]),
    (256, 383, [224, 224]),
    (383, 256, [224, 224]),
    (257, 259, [224, 224]),
    (225, 227, [224, 224]),
    (229, 231, [224, 224]),
    (224, 224, [224, 224]),
    (10, 13, [3, 4]),
    (11, 14, [4, 1]),
    (5, 5, [2, 2]),
    (7, 9, [7, 2]),
    (5, 20, [8, 6]),
    (20, 5, [6, 8]),
    (4, 6, [9, 9]),
]


def read_photos():
    """Decode the photos to RGB samples as stored, without colour conversion."""
    photos = {}
    for name, file in PHOTO_FILES.items():
        with Image.open(PHOTOS / file) as image:
            if image.mode != "RGB":
                raise ValueError(f"{file} is {image.mode}; a conversion to RGB would add a choice of its own")
            photos[name] = np.asarray(image)
    return photos


def with_channels(image, channels):
    """Give an RGB image another number of channels by picking samples, so that no colour formula matters."""
    if channels == 1:
        return image[:, :, 1:2]
    if channels == 4:
        return np.dstack([image, image[::-1, :, 0]])
    return image


def source_of(case, photos):
    """The input of a case, HWC; the channels are made before the crop."""
    image = with_channels(photos[case.photo], case.channels)
    if case.crop:
        top, left, height, width = case.crop
        image = image[top : top + height, left : left + width]
    return np.ascontiguousarray(image)


def opencv_resize(image, size):
    """cv2.resize drops the channel axis of a 1-channel image; the golden files keep it."""
    height, width = size
    out = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return out.reshape(height, width, image.shape[2])


def torchvision_resize(image, size):
    """Resize a HWC image by torchvision to a uint8 CHW tensor.

    The tensor is made contiguous as ToTensor makes it: torch has another kernel for channels-last memory.
    """
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())
    return tv.resize(tensor, list(size), interpolation=InterpolationMode.BILINEAR, antialias=False)


def exact_axis(n_in, n_out):
    """For each output index the two source indices and the exact weight of the second one."""
    taps = []
    for o in range(n_out):
        position = max(Fraction((2 * o + 1) * n_in - n_out, 2 * n_out), Fraction(0))
        low = position.numerator // position.denominator
        taps.append((low, min(low + 1, n_in - 1), position - low))
    return taps


def exact_resize(image, size):
    """Bilinear in rational numbers, rounded half up: no float, hence no rounding but the last."""
    columns = exact_axis(image.shape[1], size[1])
    samples = image.tolist()
    out = np.empty((*size, image.shape[2]), np.uint8)
    for y, (y0, y1, fy) in enumerate(exact_axis(image.shape[0], size[0])):
        for x, (x0, x1, fx) in enumerate(columns):
            for c in range(image.shape[2]):
                upper = samples[y0][x0][c] * (1 - fx) + samples[y0][x1][c] * fx
                lower = samples[y1][x0][c] * (1 - fx) + samples[y1][x1][c] * fx
                value = upper * (1 - fy) + lower * fy
                out[y, x, c] = (2 * value.numerator + value.denominator) // (2 * value.denominator)
    return out


def golden(peer, suffix, case, array, fields, dtype=None, layout="HWC"):
    """One golden: its manifest entry (whose sha256 is that of the uncompressed .npy) and those bytes.

    dtype is given when the meaning of the samples is not the type they are stored as.
    """
    data = golden_files.npy_bytes(array)
    entry = {
        "file": f"{peer}-{suffix}.npy.gz",
        "photo": PHOTO_FILES[case.photo],
        "crop": list(case.crop) if case.crop else None,
        "channels": case.channels,
        "peer": peer,
        **fields,
        "dtype": dtype or str(array.dtype),
        "stored": array.dtype.newbyteorder("<").str,
        "layout": layout,
        "shape": list(array.shape),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return entry, data


def resize_goldens(photos):
    """The same resizes by OpenCV and by torchvision, all uint8 HWC."""
    for case in RESIZE_CASES:
        image = source_of(case, photos)
        fields = {"kind": "resize", "size": list(case.size)}
        yield golden("opencv", case.name, case, opencv_resize(image, case.size), fields)
        resized = torchvision_resize(image, case.size).numpy().transpose(1, 2, 0)
        yield golden("torchvision", case.name, case, resized, fields)


def exact_goldens(photos):
    """The rational resizes, an independent witness for this project's own reference."""
    for case in EXACT_CASES:
        out = exact_resize(source_of(case, photos), case.size)
        fields = {"kind": "resize", "size": list(case.size), "rounding": "half-up"}
        yield golden("exact", case.name, case, out, fields)


def pipeline_goldens(photos):
    """Resize, to float32 by /255, normalize, as users write it; then the same in the two half formats.

    bfloat16 is stored as its bit patterns, since .npy has no such type.
    """
    for case in PIPELINE_CASES:
        resized = torchvision_resize(source_of(case, photos), case.size)
        scaled = tv.convert_image_dtype(resized, torch.float32)
        out = tv.normalize(scaled, IMAGENET_MEAN, IMAGENET_STD)
        fields = {
            "kind": "resize-normalize",
            "size": list(case.size),
            "resized": f"torchvision-{case.name}.npy.gz",
            "range": [0, 1],
            "mean": IMAGENET_MEAN,
            "std": IMAGENET_STD,
        }
        suffix = f"{case.name}-normalized"
        yield golden("torchvision", f"{suffix}-float32", case, out.numpy(), fields, layout="CHW")
        yield golden("torchvision", f"{suffix}-float16", case, out.half().numpy(), fields, layout="CHW")
        bits = out.bfloat16().view(torch.int16).numpy().view(np.uint16)
        yield golden("torchvision", f"{suffix}-bfloat16", case, bits, fields, dtype="bfloat16", layout="CHW")


def byte_range_goldens(photos):
    """Normalization of samples left in 0..255, in float32 throughout, without a resize."""
    image = source_of(BYTE_RANGE_CASE, photos).astype(np.float32)
    out = (image - np.float32(BYTE_MEAN)) / np.float32(BYTE_STD)
    fields = {"kind": "normalize", "range": [0, 255], "mean": BYTE_MEAN, "std": BYTE_STD}
    yield golden("numpy", BYTE_RANGE_CASE.name, BYTE_RANGE_CASE, out, fields)


def shorter_side_entries():
    """The sizes that Resize gives when asked for the length of the shorter side."""
    for height, width, size in SHORTER_SIDE:
        image = torch.zeros((1, height, width), dtype=torch.uint8)
        out = tv.resize(image, size, interpolation=InterpolationMode.BILINEAR, antialias=False)
        yield {
            "peer": "torchvision",
            "kind": "shape",
            "input": [height, width],
            "shorter": size,
            "size": list(out.shape[1:]),
        }


def center_crop_entries():
    """Where CenterCrop cuts, read off an image that holds its own indices.

    top and left are negative where the crop is larger than the image, that is, padded with zeros.
    """
    for height, width, size in CENTER_CROPS:
        index = torch.arange(1, height * width + 1, dtype=torch.int32).reshape(1, height, width)
        out = tv.center_crop(index, size)[0].numpy()
        y, x = np.argwhere(out)[0]
        row, column = divmod(int(out[y, x]) - 1, width)
        yield {
            "peer": "torchvision",
            "kind": "center-crop",
            "input": [height, width],
            "size": size,
            "top": row - int(y),
            "left": column - int(x),
        }


def header(photos):
    """What the goldens depend on beyond their entries: the peers' versions and the decoded photos."""
    return {
        "made_by": "tests/golden/make.py",
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "pillow": PIL.__version__,
        },
        "channels": {
            "1": "channel 1 (green) of the photo",
            "3": "red, green, blue as stored in the photo",
            "4": "red, green, blue, and as alpha the red channel of the whole photo with its rows reversed",
        },
        "crop": "[top, left, height, width], applied after the channels are made; null is the whole photo",
        "sha256": "of the uncompressed .npy bytes; for a photo, of its RGB samples, HWC",
        "photos": {
            PHOTO_FILES[name]: {
                "shape": list(image.shape),
                "sha256": hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest(),
            }
            for name, image in photos.items()
        },
    }


def compute():
    """Everything anew: the uncompressed bytes by file name, and the text of the manifest."""
    cv2.setNumThreads(1)
    cv2.ocl.setUseOpenCL(False)
    torch.set_num_threads(1)
    photos = read_photos()
    goldens = [
        *resize_goldens(photos),
        *pipeline_goldens(photos),
        *byte_range_goldens(photos),
        *exact_goldens(photos),
    ]
    entries = [entry for entry, _ in goldens] + [*shorter_side_entries(), *center_crop_entries()]
    files = {entry["file"]: data for entry, data in goldens}
    if len(files) != len(goldens):
        raise ValueError("two goldens have the same file name")
    return files, golden_files.manifest_text({"header": header(photos), "entries": entries})


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("the golden files and manifest.json next to this script", MANIFEST, compute, "*.npy.gz")


if __name__ == "__main__":
    sys.exit(main())
