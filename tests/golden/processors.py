#!/usr/bin/python3
"""Make or check the golden checksums of Hugging Face's image processors.

Each processor of CONFIGS is computed by Pillow and NumPy in the order of the Python classes that transformers calls
slow: pad, resize, crop, rescale by a product in float64 that is rounded to float32, then mean and deviation in float32.
LLaVA-NeXT and Idefics3 cut tiles between. processors.json has the SHA-256 of the float32 values and a few of them; sizes
by the rules for drawn shapes, so that rules are compared without images; and small pictures in Pillow's modes.

It needs the Debian packages of make.py.
"""

import argparse
import base64
import hashlib
import io
import math
import platform
import random
import sys

import numpy as np
import PIL
from PIL import Image

import golden_files
import make

MANIFEST = golden_files.HERE / "processors.json"
PHOTOS = ["astronaut.png", "coffee.png", "rocket.jpg"]

CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
CLIP_STD = [0.26862954, 0.26130258, 0.27577711]
HALF = [0.5, 0.5, 0.5]


def config(kind, size, resample, mean, std, **fields):
    """The fields that all classes have, in a model's own file."""
    return {
        "image_processor_type": kind,
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
        "rescale_factor": 1 / 255,
        "size": size,
        "resample": resample,
        "image_mean": mean,
        "image_std": std,
        **fields,
    }


def square(length):
    return {"height": length, "width": length}


def shortest(length):
    return {"shortest_edge": length}


def clip(edge, **fields):
    return config("CLIPImageProcessor", shortest(edge), 3, CLIP_MEAN, CLIP_STD, do_center_crop=True,
                  crop_size=square(edge), do_convert_rgb=True, **fields)


CONFIGS = {
    "clip-vit-base-patch32": clip(224),
    "clip-vit-large-patch14-336": clip(336),
    "vit-base-patch16-224": config("ViTImageProcessor", square(224), 2, HALF, HALF),
    "deit-base-distilled-patch16-224": config("DeiTImageProcessor", square(256), 3, make.IMAGENET_MEAN,
                                              make.IMAGENET_STD, do_center_crop=True, crop_size=square(224)),
    "dinov2-base": config("BitImageProcessor", shortest(256), 3, make.IMAGENET_MEAN, make.IMAGENET_STD,
                          do_center_crop=True, crop_size=square(224), do_convert_rgb=True),
    "convnext-tiny-224": config("ConvNextImageProcessor", shortest(224), 3, make.IMAGENET_MEAN, make.IMAGENET_STD,
                                crop_pct=0.875),
    "convnext-base-384": config("ConvNextImageProcessor", shortest(384), 3, make.IMAGENET_MEAN, make.IMAGENET_STD,
                                crop_pct=None),
    "siglip-base-patch16-224": config("SiglipImageProcessor", square(224), 3, HALF, HALF),
    "blip2-opt-2.7b": config("BlipImageProcessor", square(224), 3, CLIP_MEAN, CLIP_STD, do_convert_rgb=True),
    "llava-1.5-7b-hf": config("LlavaImageProcessor", shortest(336), 3, CLIP_MEAN, CLIP_STD, do_center_crop=True,
                              crop_size=square(336), do_convert_rgb=True, do_pad=True),
    "qwen2-vl-2b-instruct": config("Qwen2VLImageProcessor", {"min_pixels": 3136, "max_pixels": 12845056}, 3, CLIP_MEAN,
                                   CLIP_STD, do_convert_rgb=True, min_pixels=3136, max_pixels=12845056, patch_size=14,
                                   temporal_patch_size=2, merge_size=2),
    "llava-v1.6-mistral-7b-hf": config("LlavaNextImageProcessor", shortest(336), 3, CLIP_MEAN, CLIP_STD,
                                       do_center_crop=True, crop_size=square(336), do_convert_rgb=True, do_pad=True,
                                       aspect_ratio_setting="anyres",
                                       image_grid_pinpoints=[[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]),
    "idefics3-8b-llama3": config("Idefics3ImageProcessor", {"longest_edge": 1456}, 1, HALF, HALF, do_convert_rgb=True,
                                 do_image_splitting=True, do_pad=True, max_image_size={"longest_edge": 364}),
    "smolvlm-256m-instruct": config("SmolVLMImageProcessor", {"longest_edge": 2048}, 1, HALF, HALF, do_convert_rgb=True,
                                    do_image_splitting=True, do_pad=True, max_image_size={"longest_edge": 512}),
    # The crop is larger than the image on one axis or both, by odd numbers too.
    "crop-larger": config("CLIPImageProcessor", shortest(61), 3, CLIP_MEAN, CLIP_STD, do_center_crop=True,
                          crop_size={"height": 98, "width": 70}),
    "lanczos-bytes": {**config("BitImageProcessor", {"height": 75, "width": 93}, 1, [120.5, 110, 100], [58, 57, 56.5]),
                      "do_center_crop": False, "do_rescale": False},
    "box-unit": {**config("BitImageProcessor", shortest(50), 4, HALF, HALF, do_center_crop=True, crop_size=33),
                 "do_normalize": False},
    "hamming-wide": config("ViTImageProcessor", {"height": 40, "width": 640}, 5, HALF, 0.25),
    "tiles-odd": {**config("LlavaNextImageProcessor", square(48), 2, HALF, HALF, crop_size=48,
                           image_grid_pinpoints=[[48, 96], [96, 144], [144, 48]])},
    "split-bicubic": {**config("Idefics3ImageProcessor", {"longest_edge": 250}, 3, HALF, HALF,
                               max_image_size={"longest_edge": 64}), "rescale_factor": 1 / 127.5},
    "split-bilinear": config("SmolVLMImageProcessor", {"longest_edge": 90}, 2, HALF, HALF,
                             max_image_size={"longest_edge": 64}),
    "whole-square": config("SmolVLMImageProcessor", {"longest_edge": 90}, 1, HALF, HALF,
                           max_image_size={"longest_edge": 64}, do_image_splitting=False),
    "small-whole": config("Idefics3ImageProcessor", {"longest_edge": 60}, 1, HALF, HALF,
                          max_image_size={"longest_edge": 60}),
    "factor-bytes": {**config("ViTImageProcessor", square(33), 2, [1, 1.5, 0.1], [1, 0.3, 7]), "rescale_factor": 1 / 127.5},
    "factor-alone": {**config("SiglipImageProcessor", square(20), 3, HALF, HALF), "rescale_factor": 0.1,
                     "do_normalize": False},
    "nearest-legacy": {"feature_extractor_type": "ViTFeatureExtractor", "size": 96, "resample": 0, "image_mean": HALF,
                       "image_std": HALF},
}


def kind_of(c):
    """The class of a configuration; None for an old one, a ViT here."""
    return c.get("image_processor_type")


def shortest_edge(height, width, edge):
    """(height, width) with the shorter edge at `edge`; the longer one is truncated."""
    low, high = min(height, width), max(height, width)
    other = int(edge * high / low)
    return (other, edge) if width <= height else (edge, other)


def smart(height, width, factor, least, most):
    """Multiples of factor whose product lies between least and most."""
    rows, columns = round(height / factor) * factor, round(width / factor) * factor
    if rows * columns > most:
        scale = math.sqrt(height * width / most)
        rows = max(factor, math.floor(height / scale / factor) * factor)
        columns = max(factor, math.floor(width / scale / factor) * factor)
    elif rows * columns < least:
        scale = math.sqrt(least / (height * width))
        rows, columns = math.ceil(height * scale / factor) * factor, math.ceil(width * scale / factor) * factor
    return rows, columns


MAX_EDGE = 4096


def longest_edge(height, width, edge):
    """(height, width) with the longer edge at `edge`, the other one even, and both at most MAX_EDGE."""
    ratio = width / height
    if width >= height:
        width = edge
        height = int(width / ratio)
        height += height % 2
    else:
        height = edge
        width = int(height * ratio)
        width += width % 2
    height, width = max(height, 1), max(width, 1)
    ratio = width / height
    if width >= height and width > MAX_EDGE:
        width = MAX_EDGE
        height = int(width / ratio)
    elif height > width and height > MAX_EDGE:
        height = MAX_EDGE
        width = int(height * ratio)
    return max(height, 1), max(width, 1)


def encoder_size(height, width, tile):
    """Multiples of a tile, for the vision encoder of Idefics3."""
    ratio = width / height
    if width >= height:
        width = math.ceil(width / tile) * tile
        height = math.ceil(int(width / ratio) / tile) * tile
    else:
        height = math.ceil(height / tile) * tile
        width = math.ceil(int(height * ratio) / tile) * tile
    return height, width


def best_resolution(height, width, resolutions):
    """The resolution that keeps most of an image, and then wastes least."""
    best, most, least = None, 0, float("inf")
    for rows, columns in resolutions:
        scale = min(columns / width, rows / height)
        kept = min(int(width * scale) * int(height * scale), width * height)
        wasted = rows * columns - kept
        if kept > most or (kept == most and wasted < least):
            best, most, least = (rows, columns), kept, wasted
    return best


def inside(height, width, rows, columns):
    """The size of an image inside a resolution."""
    scale_w, scale_h = columns / width, rows / height
    if scale_w < scale_h:
        return min(math.ceil(height * scale_w), rows), columns
    return rows, min(math.ceil(width * scale_h), columns)


def anyres_tiles(c, image):
    """LLaVA-NeXT: the whole image, then the tiles of the padded one."""
    size, tile = c["size"], crop_edge(c)
    edge = size["shortest_edge"] if "shortest_edge" in size else min(size["height"], size["width"])
    rows, columns = best_resolution(*image.shape[:2], c["image_grid_pinpoints"])
    height, width = inside(*image.shape[:2], rows, columns)
    resized = resample(image, height, width, c["resample"])
    (top, more_rows), (left, more_columns) = divmod(rows - height, 2), divmod(columns - width, 2)
    padded = np.pad(resized, ((top, top + more_rows), (left, left + more_columns), (0, 0)))
    tiles = [padded[y:y + tile, x:x + tile] for y in range(0, rows, tile) for x in range(0, columns, tile)]
    return [resample(image, edge, edge, c["resample"]), *tiles]


def split_tiles(c, image):
    """Idefics3 and SmolVLM: the tiles, then the whole image; or the whole image alone."""
    tile = c["max_image_size"]["longest_edge"]
    image = resample(image, *longest_edge(*image.shape[:2], c["size"]["longest_edge"]), c["resample"])
    if not c.get("do_image_splitting", True):
        return [resample(image, tile, tile, c["resample"])]
    image = resample(image, *encoder_size(*image.shape[:2], tile), c["resample"])
    height, width = image.shape[:2]
    if height <= tile and width <= tile:
        return [image]
    tiles = []
    high, wide = (math.ceil(edge / math.ceil(edge / tile)) for edge in (height, width))
    for y in range(math.ceil(height / tile)):
        for x in range(math.ceil(width / tile)):
            tiles.append(image[y * high:min((y + 1) * high, height), x * wide:min((x + 1) * wide, width)])
    # Idefics3 calls split_image without its filter, so the default one is used.
    filter_number = 1 if kind_of(c) == "Idefics3ImageProcessor" else c["resample"]
    return [*tiles, resample(image, tile, tile, filter_number)]


def crop_edge(c):
    """The edge of LLaVA-NeXT's tiles."""
    return c["crop_size"] if isinstance(c["crop_size"], int) else c["crop_size"]["height"]


def resample(image, height, width, number):
    """Pillow's resize of an array."""
    return np.asarray(Image.fromarray(image).resize((width, height), number))


TILES = {
    "LlavaNextImageProcessor": anyres_tiles,
    "Idefics3ImageProcessor": split_tiles,
    "SmolVLMImageProcessor": split_tiles,
}


def resized_size(c, height, width):
    """The size that a configuration resizes an image to."""
    kind, size = kind_of(c), c["size"]
    if kind == "Qwen2VLImageProcessor":
        return smart(height, width, c["patch_size"] * c["merge_size"], c["min_pixels"], c["max_pixels"])
    if isinstance(size, int):
        return size, size
    if "height" in size:
        return size["height"], size["width"]
    edge = size["shortest_edge"]
    if kind == "ConvNextImageProcessor":
        if edge >= 384:
            return edge, edge
        edge = int(edge / (224 / 256 if c["crop_pct"] is None else c["crop_pct"]))
    return shortest_edge(height, width, edge)


def crop_size(c):
    """(height, width) of the centre crop, or None."""
    if kind_of(c) == "ConvNextImageProcessor":
        edge = c["size"]["shortest_edge"]
        return (edge, edge) if edge < 384 else None
    if not c.get("do_center_crop"):
        return None
    size = c["crop_size"]
    return (size, size) if isinstance(size, int) else (size["height"], size["width"])


def center(image, size):
    """The middle of an image; zeros where it is too small."""
    for axis, crop in enumerate(size):
        length = image.shape[axis]
        if crop <= length:
            image = np.take(image, range((length - crop) // 2, (length - crop) // 2 + crop), axis)
        else:
            before = math.ceil((crop - length) / 2)
            pads = [(0, 0)] * 3
            pads[axis] = (before, crop - length - before)
            image = np.pad(image, pads)
    return image


def process(c, image):
    """The values of one image, float32."""
    image = np.asarray(image.convert("RGB"))
    if kind_of(c) in TILES:
        return np.stack([values(c, tile) for tile in TILES[kind_of(c)](c, image)])
    if c.get("do_pad"):
        edge = max(image.shape[:2])
        canvas = np.empty((edge, edge, 3), np.uint8)
        canvas[:] = [int(mean * 255) for mean in c["image_mean"]]
        top, left = (edge - image.shape[0]) // 2, (edge - image.shape[1]) // 2
        canvas[top:top + image.shape[0], left:left + image.shape[1]] = image
        image = canvas
    height, width = resized_size(c, *image.shape[:2])
    image = resample(image, height, width, c["resample"])
    if crop_size(c) is not None:
        image = center(image, crop_size(c))
    planes = values(c, image)
    return patches(c, planes) if kind_of(c) == "Qwen2VLImageProcessor" else planes


def values(c, image):
    """The values of levels, planes first."""
    if c.get("do_rescale", True):
        image = (image.astype(np.float64) * c.get("rescale_factor", 1 / 255)).astype(np.float32)
    if c.get("do_normalize", True):
        mean, std = (np.array(c[name], dtype=np.float32) for name in ("image_mean", "image_std"))
        image = (image.astype(np.float32) - mean) / std
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def patches(c, planes):
    """One image as rows of patches; two images along time are the same one."""
    patch, merge, time = c["patch_size"], c["merge_size"], c["temporal_patch_size"]
    channels, height, width = planes.shape
    rows, columns = height // patch, width // patch
    blocks = np.stack([planes] * time).reshape(
        time, channels, rows // merge, merge, patch, columns // merge, merge, patch)
    order = blocks.transpose(2, 5, 3, 6, 1, 0, 4, 7)
    return np.ascontiguousarray(order).reshape(rows * columns, channels * time * patch * patch)


def values_of(name, photo):
    """The values of one processor and photograph, float32."""
    with Image.open(make.PHOTOS / photo) as image:
        values = process(CONFIGS[name], image)
    assert values.dtype == np.float32
    return values


def entry(name, photo):
    """Checksum and a few values of one processor and photograph."""
    values = values_of(name, photo)
    flat = values.ravel()
    return {
        "kind": "values",
        "config": name,
        "photo": photo,
        "dims": list(values.shape),
        "sha256": hashlib.sha256(flat.tobytes()).hexdigest(),
        "values": {str(at): float(flat[at]) for at in (0, flat.size // 3, flat.size // 2, flat.size - 1)},
    }


def drawn_sizes():
    """Sizes of all rules for drawn shapes."""
    draw = random.Random(15)
    shapes = [(1, 1), (1, 200), (13, 15), (28, 28), (14, 42), (70, 2000), (4000, 3000), (5600, 5600)]
    shapes += [(draw.randint(1, 300), draw.randint(1, 300)) for _ in range(60)]
    shapes += [(draw.randint(200, 5000), draw.randint(200, 5000)) for _ in range(60)]
    names = ["clip-vit-base-patch32", "dinov2-base", "convnext-tiny-224", "crop-larger", "qwen2-vl-2b-instruct"]
    return [
        {"kind": "size", "config": name, "image": list(shape), "size": list(resized_size(CONFIGS[name], *shape))}
        for name in names for shape in shapes
        if name != "qwen2-vl-2b-instruct" or max(shape) / min(shape) <= 200
    ]


def tile_sizes():
    """Sizes of the classes with tiles for drawn shapes."""
    draw = random.Random(16)
    shapes = [(1, 1), (1, 1000), (1000, 1), (336, 672), (1456, 1456), (2048, 512), (512, 512), (5000, 40)]
    shapes += [(draw.randint(1, 3000), draw.randint(1, 3000)) for _ in range(100)]
    anyres, split = CONFIGS["llava-v1.6-mistral-7b-hf"], CONFIGS["smolvlm-256m-instruct"]
    for shape in shapes:
        best = best_resolution(*shape, anyres["image_grid_pinpoints"])
        first = longest_edge(*shape, split["size"]["longest_edge"])
        yield {
            "kind": "tiles",
            "image": list(shape),
            "best": None if best is None else list(best),
            "inside": None if best is None else list(inside(*shape, *best)),
            "longest": list(first),
            "encoder": list(encoder_size(*first, split["max_image_size"]["longest_edge"])),
        }


def pictures():
    """Pictures in Pillow's modes, and what they become as RGB."""
    with Image.open(make.PHOTOS / "coffee.png") as photo:
        rgb = photo.convert("RGB").crop((200, 100, 212, 109))
    rgba = rgb.convert("RGBA")
    rgba.putalpha(Image.linear_gradient("L").resize(rgb.size))
    modes = {
        "RGB": rgb,
        "RGBA": rgba,
        "L": rgb.convert("L"),
        "LA": rgba.convert("LA"),
        "P": rgb.quantize(16),
        "1": rgb.convert("1"),
    }
    for mode, image in modes.items():
        file = io.BytesIO()
        image.save(file, "PNG")
        with Image.open(file) as read:
            samples = np.asarray(read.convert("RGB"))
            assert read.mode == mode
        yield {
            "kind": "picture",
            "mode": mode,
            "shape": list(samples.shape),
            "png": base64.b64encode(file.getvalue()).decode("ascii"),
            "sha256": hashlib.sha256(samples.tobytes()).hexdigest(),
        }


def compute():
    """No file of its own, and the manifest, anew."""
    header = {
        "made_by": "tests/golden/processors.py",
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "pillow": PIL.__version__},
        "sha256": "of the float32 values in C order, little-endian",
        "configs": CONFIGS,
    }
    entries = [entry(name, photo) for name in CONFIGS for photo in PHOTOS]
    entries += [*drawn_sizes(), *tile_sizes(), *pictures()]
    return {}, golden_files.manifest_text({"header": header, "entries": entries})


def main():
    """Parse the command line; the default run writes."""
    parser = argparse.ArgumentParser(
        description="Write the checksums of the image processors (the default), or check them.",
        epilog="exit status: 0 when written or all the same, 1 when --check finds a difference",
    )
    golden_files.add_check(parser)
    parser.add_argument("--values", action="store_true",
                        help="write all float32 values to standard output, for scripts/processors_table.ts")
    arguments = parser.parse_args()
    if arguments.values:
        for name in CONFIGS:
            for photo in PHOTOS:
                sys.stdout.buffer.write(values_of(name, photo).tobytes())
        return 0
    return golden_files.write_or_check(arguments.check, MANIFEST, compute)


if __name__ == "__main__":
    sys.exit(main())
