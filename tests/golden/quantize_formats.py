"""The formats of docs/kv_cache.md in plain NumPy, written a second time by other means.

Codes of floats are found among all values of the format, the rotation back is a product with the matrix of
Sylvester, square roots are compared with 50 decimals.
"""

import decimal

import numpy as np

f32 = np.float32
# name: bits, mantissa bits, bias, greatest code, NaN code
FLOATS = {
    "e4m3fn": (8, 3, 7, 0x7E, 0x7F),
    "e5m2": (8, 2, 15, 0x7B, 0x7F),
    "e2m3": (6, 3, 1, 0x1F, 0),
    "e3m2": (6, 2, 3, 0x1F, 0),
    "e2m1": (4, 1, 1, 0x07, 0),
}
MX = {
    "mxfp8_e4m3": "e4m3fn",
    "mxfp8_e5m2": "e5m2",
    "mxfp6_e2m3": "e2m3",
    "mxfp6_e3m2": "e3m2",
    "mxfp4": "e2m1",
    "mxint8": None,
}
# Levels in units of 2^-12; tests/kernels/quantize/codebooks_test.ts has their proof.
LEVELS = {
    2: [1855, 6187],
    3: [1004, 3097, 5505, 8814],
    4: [526, 1589, 2690, 3860, 5146, 6628, 8475, 11193],
}
LIMITS = {"bf16": (2.0**127 * (2 - 2**-7), 2.0**-133), "f16": (65504.0, 2.0**-24)}
LIMITS["f32"] = (float(np.finfo(f32).max), 2.0**-149)


def bf16_bits(values):
    """Bits of the nearest bf16, ties to even."""
    words = np.ascontiguousarray(values, f32).view(np.uint32).astype(np.uint64)
    return ((words + 0x7FFF + ((words >> 16) & 1)) >> 16).astype(np.uint16)


def stored_bits(dtype, values):
    """Bits of values in a type of the cache."""
    if dtype == "bf16":
        return bf16_bits(values)
    return np.asarray(values, f32).astype(np.float16 if dtype == "f16" else f32)


def widen(dtype, bits):
    """Values of bits, as binary32."""
    if dtype == "bf16":
        return (bits.astype(np.uint32) << 16).view(f32)
    return bits.astype(f32)


def stored(dtype, values):
    """Non-negative scales, rounded to their stored type, from the least positive to the greatest finite value."""
    greatest, least = LIMITS[dtype]
    bounded = np.clip(np.asarray(values).astype(f32), f32(least), f32(greatest))
    rounded = np.minimum(widen(dtype, stored_bits(dtype, bounded)), f32(greatest))
    return np.where(np.asarray(values) == 0, f32(0), rounded)


def magnitudes(name):
    """Every finite magnitude of a float format, by its code, and the next one that it lacks."""
    _, mantissa_bits, bias, greatest, _ = FLOATS[name]
    codes = np.arange(greatest + 2)
    fields, mantissas = codes >> mantissa_bits, codes & ((1 << mantissa_bits) - 1)
    significands = np.where(fields == 0, mantissas, mantissas + (1 << mantissa_bits))
    return np.ldexp(significands.astype(np.float64), np.maximum(fields, 1) - bias - mantissa_bits)


def float_codes(name, values):
    """Codes and number of saturated values: the nearest magnitude of all, an even code for a tie."""
    bits, _, _, greatest, nan = FLOATS[name]
    table = magnitudes(name)
    halves = (table[1:] + table[:-1]) / 2
    wide = np.abs(values.astype(np.float64))
    codes = np.searchsorted(halves, wide, side="left")
    tie = np.isin(wide, halves) & (codes % 2 == 1)
    codes = codes + tie
    is_nan = np.isnan(values)
    saturated = np.count_nonzero((codes > greatest) & ~is_nan)
    signed = np.minimum(codes, greatest) | (np.signbit(values).astype(int) << (bits - 1))
    return np.where(is_nan, nan, signed).astype(np.uint8), saturated


def float_values(name, codes):
    """Values of codes; infinities are never written by an encoder."""
    bits, _, _, greatest, _ = FLOATS[name]
    magnitude = codes & ((1 << (bits - 1)) - 1)
    values = np.where(magnitude > greatest, np.nan, magnitudes(name)[np.minimum(magnitude, greatest)])
    return np.where(codes >> (bits - 1), -values, values).astype(f32)


def pack(codes, bits):
    """Codes from the lowest bit of the first byte."""
    planes = (codes.reshape(-1, 1) >> np.arange(bits)) & 1
    return np.packbits(planes.astype(np.uint8).ravel(), bitorder="little")


def le_bytes(dtype, values):
    """Stored values as bytes."""
    array = stored_bits(dtype, values)
    return np.frombuffer(array.astype(array.dtype.newbyteorder("<")).tobytes(), np.uint8)


def to_groups(values, axis, group):
    """Groups as rows: along channels, or along tokens with the channels in order within each stretch of tokens."""
    tokens, channels = values.shape
    if axis == "channels":
        return values.reshape(-1, group)
    return values.reshape(tokens // group, group, channels).transpose(0, 2, 1).reshape(-1, group)


def from_groups(groups, axis, shape):
    """The inverse of to_groups."""
    tokens, channels = shape
    group = groups.shape[1]
    if axis == "channels":
        return groups.reshape(shape)
    return groups.reshape(tokens // group, channels, group).transpose(0, 2, 1).reshape(shape)


def encode_float(method, x):
    """Small floats under scales of absmax."""
    name, dtype = method["format"], method["stored"]
    greatest = magnitudes(name)[FLOATS[name][3]]
    axis = {"one": (), "block": (0, 1), "channel": (0,)}[method["scale"]]
    scales = np.ones((1, 1), f32)
    if axis:
        most = np.abs(x).max(axis=axis, keepdims=True)
        scales = np.where(most == 0, f32(1), stored(dtype, most.astype(np.float64) / greatest)).astype(f32)
    codes, saturated = float_codes(name, x / scales)
    metadata = le_bytes(dtype, scales.ravel()) if axis else np.zeros(0, np.uint8)
    return pack(codes, FLOATS[name][0]), metadata, float_values(name, codes) * scales, saturated


def encode_absmax(method, x):
    """Signed integers, the greatest magnitude of a group at the greatest integer."""
    bits = method["bits"]
    top = (1 << (bits - 1)) - 1
    groups = to_groups(x, method["axis"], method["group"])
    most = np.abs(groups).max(axis=1, keepdims=True).astype(np.float64)
    scales = np.where(most == 0, f32(1), stored(method["stored"], most / top)).astype(f32)
    free = np.rint(groups / scales)
    integers = np.clip(free, -top - 1, top)
    codes = integers.astype(np.int16) & ((1 << bits) - 1)
    values = from_groups((integers * scales).astype(f32), method["axis"], x.shape)
    return pack(codes, bits), le_bytes(method["stored"], scales.ravel()), values, np.count_nonzero(free != integers)


def encode_asymmetric(method, x):
    """Unsigned integers with a zero point, after ONNX DynamicQuantizeLinear."""
    bits = method["bits"]
    top = f32((1 << bits) - 1)
    groups = to_groups(x, method["axis"], method["group"])
    least = np.minimum(groups.min(axis=1, keepdims=True), f32(0))
    most = np.maximum(groups.max(axis=1, keepdims=True), f32(0))
    extent = np.minimum(most - least, np.finfo(f32).max).astype(np.float64)
    scales = np.where(extent == 0, f32(1), stored(method["stored"], extent / float(top))).astype(f32)
    zeros = np.clip(np.rint(f32(0) - least / scales), 0, top)
    free = np.rint(groups / scales) + zeros
    integers = np.clip(free, 0, top)
    values = from_groups(((integers - zeros) * scales).astype(f32), method["axis"], x.shape)
    metadata = np.concatenate([le_bytes(method["stored"], scales.ravel()), zeros.ravel().astype(np.uint8)])
    return pack(integers.astype(np.uint8), bits), metadata, values, np.count_nonzero(free != integers)


def encode_mx(method, x):
    """OCP MX v1.0, section 6.3."""
    name = MX[method["format"]]
    greatest = 0 if name is None else int(np.log2(magnitudes(name)[FLOATS[name][3]]))
    blocks = to_groups(x, method["axis"], 32)
    most = np.abs(blocks).max(axis=1, keepdims=True).astype(np.float64)
    is_bad = ~np.isfinite(most)
    # frexp gives a fraction from 1/2 to 1.
    exponents = np.frexp(np.where(is_bad | (most == 0), 1, most))[1] - 1 - greatest
    exponents = np.where(most == 0, -127, np.maximum(exponents, -127))
    scaled = np.where(is_bad, 0, np.ldexp(blocks.astype(np.float64), -exponents))
    if name is None:
        free = np.rint(scaled * 64)
        integers = np.clip(free, -127, 127)
        codes, values = integers.astype(np.int16) & 0xFF, integers / 64
        saturated = np.count_nonzero(free != integers)
    else:
        codes, saturated = float_codes(name, scaled)
        values = float_values(name, codes).astype(np.float64)
    decoded = np.where(is_bad, np.nan, np.ldexp(values, exponents)).astype(f32)
    scales = np.where(is_bad, 255, exponents + 127).astype(np.uint8)
    bits = 8 if name is None else FLOATS[name][0]
    return pack(codes, bits), scales.ravel(), from_groups(decoded, method["axis"], x.shape), saturated


def encode_kivi(method, x):
    """KIVI with binary32 arithmetic and stored minima and scales."""
    bits, dtype = method["bits"], method["stored"]
    top = (1 << bits) - 1
    groups = to_groups(x, method["axis"], 32)
    least, most = groups.min(axis=1, keepdims=True), groups.max(axis=1, keepdims=True)
    extent = np.minimum(most - least, np.finfo(f32).max).astype(np.float64)
    scales = np.where(extent == 0, f32(1), stored(dtype, extent / top)).astype(f32)
    limit, tiny = LIMITS[dtype]
    minima = widen(dtype, stored_bits(dtype, np.clip(least, -f32(limit), f32(limit))))
    minima = np.clip(minima, -f32(limit), f32(limit)) + f32(0)
    free = np.rint((groups - minima) / scales)
    codes = np.clip(free, 0, top)
    values = from_groups((codes.astype(f32) * scales + minima).astype(f32), method["axis"], x.shape)
    metadata = np.concatenate([le_bytes(dtype, minima.ravel()), le_bytes(dtype, scales.ravel())])
    return pack(codes.astype(np.uint8), bits), metadata, values, np.count_nonzero(free != codes)


def root32(square):
    """The nearest binary32 to a square root, found among neighbours with 50 decimals."""
    if square == 0:
        return f32(0)
    with decimal.localcontext() as context:
        context.prec = 50
        exact = decimal.Decimal(square).sqrt()
        guess = f32(np.sqrt(square))
        near = [np.nextafter(guess, f32(0)), guess, np.nextafter(guess, f32(np.inf))]
        return min(near, key=lambda root: abs(decimal.Decimal(float(root)) - exact))


def butterflies(rows):
    """Walsh-Hadamard transform of each row, in the order of additions that the format states."""
    count, length = rows.shape
    half = 1
    while half < length:
        pairs = rows.reshape(count, length // (2 * half), 2, half)
        a, b = pairs[:, :, 0], pairs[:, :, 1]
        rows = np.stack([a + b, a - b], axis=2).reshape(count, length)
        half *= 2
    return rows


def sylvester(length):
    """The matrix of the transform."""
    matrix = np.ones((1, 1), np.int64)
    while len(matrix) < length:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def encode_rotated(method, x):
    """Walsh-Hadamard rotation, norm, and the nearest level of the codebook."""
    bits, dtype = method["bits"], method["stored"]
    levels = np.array([-level for level in reversed(LEVELS[bits])] + LEVELS[bits], np.int64)
    wide = x.astype(np.float64)
    squares = np.add.accumulate(wide * wide, axis=1)[:, -1]
    exact = np.array([root32(square) for square in squares], f32)
    norms = stored(dtype, exact).astype(f32)
    rotated = butterflies(wide) * 8192
    thresholds = (levels[1:] + levels[:-1]).astype(np.float64)
    codes = (rotated[:, :, None] >= thresholds * norms.astype(np.float64)[:, None, None]).sum(axis=2)
    codes[norms == 0] = 0
    sums = levels[codes] @ sylvester(x.shape[1])
    values = (sums * norms.astype(np.float64)[:, None] / (4096 * x.shape[1])).astype(f32)
    saturated = int(np.count_nonzero(exact > f32(LIMITS[dtype][0]))) * x.shape[1]
    return pack(codes.astype(np.uint8), bits), le_bytes(dtype, norms), values, saturated


ENCODERS = {
    "float": encode_float,
    "absmax": encode_absmax,
    "asymmetric": encode_asymmetric,
    "mx": encode_mx,
    "kivi": encode_kivi,
    "rotated": encode_rotated,
}
