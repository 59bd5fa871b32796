"""Write or check golden files: what a script computes, and what is committed."""

import argparse
import gzip
import io
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def npy_bytes(array):
    """The array as .npy format 1.0, C order, little-endian: one array, one sequence of bytes."""
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def manifest_text(manifest):
    """One entry a line, so that a change of one golden is a change of one line."""
    head = json.dumps(manifest["header"], indent=2).replace("\n", "\n  ")
    entries = ",\n    ".join(json.dumps(entry) for entry in manifest["entries"])
    return f'{{\n  "header": {head},\n  "entries": [\n    {entries}\n  ]\n}}\n'


def file_difference(data, path):
    """How the committed file differs from the recomputed bytes, in words, or None."""
    if not path.exists():
        return "missing"
    committed = gzip.decompress(path.read_bytes())
    if committed == data:
        return None
    if not path.name.endswith(".npy.gz"):
        return f"{len(committed)} bytes committed, {len(data)} recomputed, with other contents"
    new, old = np.load(io.BytesIO(data)), np.load(io.BytesIO(committed))
    if (new.shape, new.dtype) != (old.shape, old.dtype):
        return f"{old.dtype}{list(old.shape)} committed, {new.dtype}{list(new.shape)} recomputed"
    gap = np.abs(new.astype(np.float64) - old.astype(np.float64))
    return f"{np.count_nonzero(new != old)} of {new.size} samples, max difference {gap.max():g}"


def text_difference(text, path):
    """How the committed manifest differs from the recomputed one, in words, or None."""
    if not path.exists():
        return "missing"
    old, new = path.read_text(encoding="utf-8").splitlines(), text.splitlines()
    if old == new:
        return None
    only_old, only_new = len(set(old) - set(new)), len(set(new) - set(old))
    return f"{only_old} lines only committed, {only_new} only recomputed"


def add_check(parser):
    """The option of every script."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing: recompute everything, compare it with the committed files by the uncompressed bytes, "
        "print what differs and one summary line, exit 1 on any difference",
    )


def write_or_check(is_check, manifest, compute, pattern=None):
    """Write a script's files, or compare them; returns the exit status.

    compute() returns the uncompressed bytes of gzipped files by their path in this folder, and the manifest's text.
    Files that the pattern matches and compute() did not make are of an earlier list of cases: nothing describes them.
    """
    files, text = compute()
    found = sorted(HERE.glob(pattern)) if pattern else []
    stale = [path for path in found if str(path.relative_to(HERE)) not in files]
    if not is_check:
        for path in stale:
            path.unlink()
        for name, data in files.items():
            path = HERE / name
            path.parent.mkdir(exist_ok=True)
            # The header has neither a name nor a time, so that equal data are equal files.
            path.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))
        manifest.write_text(text, encoding="utf-8")
        print(f"wrote {manifest.name}" + (f" and {len(files)} files" if files else ""))
        return 0
    results = {name: file_difference(data, HERE / name) for name, data in files.items()}
    results[manifest.name] = text_difference(text, manifest)
    results.update({path.name: "not made by this script" for path in stale})
    wrong = {name: result for name, result in results.items() if result is not None}
    for name, result in wrong.items():
        print(f"{name}: differs: {result}")
    print(f"{manifest.name}: {len(results) - len(wrong)} of {len(results)} files are as recomputed")
    return 1 if wrong else 0


def main(what, manifest, compute, pattern=None):
    """Parse the command line of a script that has no other option; the default run writes."""
    parser = argparse.ArgumentParser(
        description=f"Write {what} (the default), or check them.",
        epilog="exit status: 0 when written or all the same, 1 when --check finds a difference",
    )
    add_check(parser)
    return write_or_check(parser.parse_args().check, manifest, compute, pattern)
