#!/usr/bin/python3
"""Make or check the golden values of torchvision's presets for classification and of its sizes, and of Pillow's blends.

presets.json has the parameters of every `Weights.transforms()` of torchvision for classification, and checksums of the
float32 values that some of them give for three photographs, opened by Pillow. It also has sizes of `Resize` with
`max_size`, the checksum of all blends of Pillow's `alpha_composite` over opaque colours, and those of levels that are
rescaled as transformers does.

It needs the Debian packages of make.py.
"""

import hashlib
import inspect
import random
import sys

import numpy as np
import PIL
import torchvision
import torchvision.models as models
from PIL import Image
from torchvision.models._api import WeightsEnum
from torchvision.transforms.functional import _compute_resized_output_size

import golden_files
import make

MANIFEST = golden_files.HERE / "presets.json"
PHOTOS = ["astronaut.png", "coffee.png", "rocket.jpg"]

# One of each filter, odd differences between resize and crop, and other statistics.
RUN = [
    "ResNet50_Weights.IMAGENET1K_V2",
    "EfficientNet_B0_Weights.IMAGENET1K_V1",
    "EfficientNet_B1_Weights.IMAGENET1K_V2",
    "Inception_V3_Weights.IMAGENET1K_V1",
    "VGG16_Weights.IMAGENET1K_FEATURES",
    "ViT_L_16_Weights.IMAGENET1K_V1",
    "Swin_T_Weights.IMAGENET1K_V1",
]


def sha256(values):
    """Of the bytes in C order."""
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def weights():
    """All weights by name, and the name that DEFAULT stands for."""
    for name in sorted(dir(models)):
        kind = getattr(models, name)
        if inspect.isclass(kind) and issubclass(kind, WeightsEnum) and kind is not WeightsEnum:
            yield name, {weight.name: weight for weight in kind}, kind.DEFAULT.name


def presets():
    """Parameters of every preset, those with the same ones together."""
    groups = {}
    for name, members, _ in weights():
        for member, weight in members.items():
            preset = weight.transforms()
            assert type(preset).__name__ == "ImageClassification"
            key = (preset.resize_size[0], preset.crop_size[0], preset.interpolation.value, tuple(preset.mean),
                   tuple(preset.std))
            groups.setdefault(key, []).append(f"{name}.{member}")
    for (resize, crop, filter_name, mean, std), names in groups.items():
        yield {"kind": "preset", "resize": resize, "crop": crop, "filter": filter_name, "mean": list(mean),
               "std": list(std), "names": names}


def values():
    """Values of some presets."""
    for name in RUN:
        kind, member = name.split(".")
        preset = getattr(models, kind)[member].transforms()
        for photo in PHOTOS:
            with Image.open(make.PHOTOS / photo) as image:
                found = preset(image.convert("RGB")).numpy()
            flat = found.ravel()
            yield {"kind": "values", "preset": name, "photo": photo, "dims": list(found.shape), "sha256": sha256(flat),
                   "values": {str(at): float(flat[at]) for at in (0, flat.size // 2, flat.size - 1)}}


def sizes():
    """Sizes of Resize with a maximum of the longest edge."""
    draw = random.Random(15)
    for _ in range(80):
        height, width, shortest = draw.randint(1, 3000), draw.randint(1, 3000), draw.randint(1, 800)
        most = shortest + draw.randint(1, 800)
        columns, rows = _compute_resized_output_size((height, width), [shortest], most)[::-1]
        yield {"kind": "size", "image": [height, width], "shortest": shortest, "max": most, "size": [rows, columns]}


def blends():
    """All levels and alphas over opaque colours."""
    level, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    image = Image.fromarray(np.stack([level, level, level, alpha], -1), "RGBA")
    for colour in [(0, 124, 255), (255, 255, 255), (1, 128, 254)]:
        under = Image.new("RGBA", image.size, (*colour, 255))
        blended = np.asarray(Image.alpha_composite(under, image).convert("RGB"))
        yield {"kind": "blend", "colour": list(colour), "sha256": sha256(blended)}


def rescaled():
    """All levels times a factor, minus a mean, by a deviation."""
    for factor, mean, std in [(1 / 127.5, 1, 1), (1 / 255, 0.485, 0.229), (0.1, 0, 1), (3, 7.5, 0.3)]:
        levels = (np.arange(256, dtype=np.uint8).astype(np.float64) * factor).astype(np.float32)
        result = (levels - np.float32(mean)) / np.float32(std)
        yield {"kind": "rescale", "factor": factor, "mean": mean, "std": std, "sha256": sha256(result)}


def compute():
    """No file of its own, and the manifest, anew."""
    header = {
        "made_by": "tests/golden/presets.py",
        "versions": {"torchvision": torchvision.__version__, "numpy": np.__version__, "pillow": PIL.__version__},
        "sha256": "of the values in C order, little-endian",
        "defaults": {name: default for name, _, default in weights()},
    }
    entries = [*presets(), *values(), *sizes(), *blends(), *rescaled()]
    return {}, golden_files.manifest_text({"header": header, "entries": entries})


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("the golden values of presets", MANIFEST, compute)


if __name__ == "__main__":
    sys.exit(main())
