#!/usr/bin/python3
"""Make or check the golden files of kernels/quantize: what quantize_formats.py answers.

In the folder quantize there are, for each input, its bits and the bytes of all answers, one after the other;
quantize.json has an entry for each answer: its method as users of this project write it, where its codes and
its metadata are, the number of saturated values, and the checksum of the decoded values. Inputs are made by
integer draws, additions and products, which every machine computes alike.

It needs the Debian package python3-numpy, and those of make.py, whose functions it uses.
"""

import hashlib
import io
import platform
import sys

import numpy as np

import golden_files
import make
from quantize_formats import ENCODERS, LIMITS, MX, f32, stored_bits, widen

MANIFEST = golden_files.HERE / "quantize.json"

BOTH = ("tokens", "channels")


def methods(stored, finite):
    """Every method, with one type of metadata; only those with rules for NaN and infinity unless finite."""
    plain = [{"kind": "float", "format": name, "scale": "one", "stored": stored} for name in
             ("e4m3fn", "e5m2", "e2m3", "e3m2", "e2m1")]
    micro = [{"kind": "mx", "format": name, "axis": axis} for name in MX for axis in BOTH]
    if not finite:
        return plain + micro
    scaled = [{"kind": "float", "format": name, "scale": scale, "stored": stored} for name in ("e4m3fn", "e5m2")
              for scale in ("block", "channel")]
    integers = [{"kind": kind, "bits": bits, "axis": axis, "group": group, "stored": stored}
                for kind in ("absmax", "asymmetric") for bits in (4, 8)
                for axis, group in (("tokens", 32), ("channels", 64))]
    kivi = [{"kind": "kivi", "bits": bits, "axis": axis, "stored": stored} for bits in (2, 4) for axis in BOTH]
    rotated = [{"kind": "rotated", "bits": bits, "stored": stored} for bits in (2, 3, 4)]
    return plain + micro + scaled + integers + kivi + rotated


def values(seed, tokens, channels):
    """Sums of twelve draws, near a normal distribution, with channels that stand out as those of K do."""
    draw = np.random.default_rng(seed).integers(0, 1 << 16, (12, tokens, channels))
    block = draw.sum(axis=0).astype(np.float64) / 65536 - 6
    block[:, 5] = block[:, 5] * 4 + 40
    block[:, 40] *= 25
    block[:, 9] = 0
    block[:32, 10] = 1.5
    return block


def edges(block, dtype):
    """Rows of zeros, subnormal values, greatest values, equal values, ties and negative zeros."""
    greatest, least = LIMITS[dtype]
    channels = block.shape[1]
    steps = np.arange(channels)
    block[3] = 0
    block[4] = least * (steps - 20)
    block[5, :32] = greatest
    block[5, 32:64] = -greatest * (steps[:32] % 3 == 0)
    block[6] = -0.75
    block[7] = (steps - 32) / 2
    block[8] = np.where(steps % 2, -0.0, 448 + steps)
    block[9] = 2.0 ** (steps % 24 - 12) * 1.0625
    return block


def nonfinite(block):
    """Values that are NaN and infinite, alone and among others."""
    block[0, 7] = np.nan
    block[1, 40] = np.inf
    block[2, :3] = [-np.inf, np.nan, 1]
    return block


# name, type of the cache, tokens, channels, type of metadata, finite
INPUTS = [
    ("bf16", "bf16", 64, 128, "f16", True),
    ("f16", "f16", 32, 64, "f32", True),
    ("f32", "f32", 32, 64, "bf16", True),
    ("nonfinite", "bf16", 32, 64, "f16", False),
]


def compute():
    """All files by name, uncompressed, and the text of the manifest."""
    files, entries = {}, []
    with np.errstate(all="ignore"):
        for seed, (name, dtype, tokens, channels, stored, finite) in enumerate(INPUTS):
            block = values(seed, tokens, channels)
            block = edges(block, dtype) if finite else nonfinite(block)
            bits = stored_bits(dtype, block.astype(f32))
            x = widen(dtype, bits)
            bits = bits.view(np.uint16) if dtype == "f16" else bits
            parts, length = [], 0
            for method in methods(stored, finite):
                codes, metadata, decoded, saturated = ENCODERS[method["kind"]](method, x)
                # One NaN, so that checksums are equal.
                decoded = np.where(np.isnan(decoded), f32(np.nan), decoded + f32(0)).astype("<f4")
                entries.append({
                    "input": name, "dtype": dtype, "tokens": tokens, "channels": channels, "method": method,
                    "offset": length, "codes": len(codes), "metadata": len(metadata), "saturated": int(saturated),
                    "decoded_sha256": hashlib.sha256(decoded.tobytes()).hexdigest(),
                })
                parts += [codes, metadata]
                length += len(codes) + len(metadata)
            for kind, array in (("input", bits), ("answers", np.concatenate(parts))):
                files[f"quantize/{name}-{kind}.npy.gz"] = golden_files.npy_bytes(array)
    header = {
        "made_by": "tests/golden/quantize.py",
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "files": {name: describe(data) for name, data in files.items()},
        "offset": "of the codes in the answers of the input; the metadata follows them",
        "decoded_sha256": "of the decoded values, little-endian binary32, -0 as 0 and NaN as 0x7fc00000",
    }
    return files, golden_files.manifest_text({"header": header, "entries": entries})


def describe(data):
    """Checksum, type and shape of .npy bytes."""
    array = np.lib.format.read_array(io.BytesIO(data))
    return {"sha256": hashlib.sha256(data).hexdigest(), "stored": array.dtype.str, "shape": list(array.shape)}


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("the golden files of kernels/quantize", MANIFEST, compute, "quantize/*.npy.gz")


if __name__ == "__main__":
    sys.exit(main())
