"""Packets of onpath, made and read as docs/packets.md says. No other part of the project is used."""

import struct

# Header of 64 bytes: magic, version, kind, flags, flow, sequence, packets, length, overlap, plan, epoch, position, CRC,
# reserved, carry.
HEADER = struct.Struct("<IBBHIIIHHIIQII16s")
MAGIC, VERSION = 0x54504E4F, 1
CELLS, SAMPLES, TILES, TEXT, TOKENS = 1, 2, 3, 4, 5
FIRST, LAST, END_OF_TEXT, ESCAPE, HAS_CRC = 1, 2, 4, 8, 16
CRC_OFFSET = 40

# Bytes of a cell and offset of its weight index, by channels.
CELL = {1: (8, 4), 3: (16, 12), 4: (32, 16)}


def _crc_table():
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE = _crc_table()


def crc32c(data, crc=0):
    """CRC-32C of bytes. A first result may be continued."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def make_packet(kind, plan, flow, sequence, packets, position, payload, flags=0, overlap=0):
    """A request, with its CRC."""
    flags |= HAS_CRC | (FIRST if sequence == 0 else 0) | (LAST if sequence == packets - 1 else 0)
    fields = [MAGIC, VERSION, kind, flags, flow, sequence, packets, len(payload), overlap, plan, 0, position, 0, 0, bytes(16)]
    fields[12] = crc32c(payload, crc32c(HEADER.pack(*fields)))
    return HEADER.pack(*fields) + payload


class Answer:
    """A packet that has arrived. Raises ValueError if a field or the CRC is invalid."""

    def __init__(self, data):
        if len(data) < HEADER.size:
            raise ValueError("truncated")
        (magic, version, self.kind, self.flags, self.flow, self.sequence, self.packets, length, _, self.plan, _,
         self.position, crc, _, self.carry) = HEADER.unpack_from(data)
        if magic != MAGIC or version != VERSION:
            raise ValueError("magic")
        if len(data) != HEADER.size + length:
            raise ValueError("length")
        zeroed = data[:CRC_OFFSET] + bytes(4) + data[CRC_OFFSET + 4:]
        if not self.flags & HAS_CRC or crc32c(zeroed) != crc:
            raise ValueError("crc")
        self.payload = data[HEADER.size:]


def as_binary32(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def exact_axis(n, m):
    """Lower neighbour, upper neighbour and fraction of each output, for the matches exact and torchvision."""
    for o in range(m):
        t = max(0, (2 * o + 1) * n - m)
        low = t // (2 * m)
        high = min(low + 1, n - 1)
        yield low, high, 0 if low == high else t % (2 * m)


def opencv_axis(n, m, clamps_fraction):
    """The same for the match opencv. Its positions are binary32, its weights have 11 bits."""
    for o in range(m):
        position = as_binary32((o + 0.5) * (1 / (m / n)) - 0.5)
        low = int(position // 1)
        fraction = as_binary32(position - low)
        if clamps_fraction and not 0 <= low < n - 1:
            low, fraction = (0, 0.0) if low < 0 else (n - 1, 0.0)
        # round() takes ties to the even integer, as the page asks.
        weights = round(as_binary32(as_binary32(1 - fraction) * 2048)), round(as_binary32(fraction * 2048))
        yield min(max(low, 0), n - 1), min(max(low + 1, 0), n - 1), weights


def source_index(window, index):
    """Index of a window in the axis before it, or None for the fill colour."""
    source = index + window["offset"]
    return source if window["low"] <= source < window["high"] else None


def sampling_axis(geometry, name, match):
    """Neighbours and phase of each output of a plan's axis, and its number of phases."""
    before, after = geometry["before"][name], geometry["after"][name]
    scale = geometry["sampling"]["params"][name]
    n, m = scale["input"], scale["output"]
    outputs = list(opencv_axis(n, m, name == "x") if match == "opencv" else exact_axis(n, m))
    phases = {}
    for _, _, fraction in outputs:
        phases.setdefault(fraction, len(phases))
    axis = []
    for index in range(after["length"]):
        o = source_index(after, index)
        if o is None:
            axis.append((None, None, 0))
        else:
            low, high, fraction = outputs[o]
            axis.append((source_index(before, low), source_index(before, high), phases[fraction]))
    return axis, len(phases)


def image_packets(plan, flow, image):
    """Requests of an image in cells or tiles. `image` has samples of 8 bits, [H, W, C] or [N, H, W, C]."""
    body = plan["body"]
    shape, layout, geometry = body["input"]["shape"], body["layout"], body["geometry"]
    stage = body["stages"][0] if body["stages"] else {}
    if layout["kind"] not in (CELLS, TILES) or stage.get("kernel") != "resize":
        raise ValueError("this program sends a resize in cells or tiles: make the plan with --packet-layout cells")
    if not body["input"]["layout"].endswith("HWC"):
        raise ValueError("this program sends images with the layout HWC or NHWC")
    if stage["form"] == "row-pages" or stage["params"].get("area"):
        raise ValueError("this program knows neither pages nor OpenCV's area")
    height, width, channels = shape[-3:]
    if len(image) != height * width * channels * layout["cut"]["images"]:
        raise ValueError(f"the image has {len(image)} bytes, the plan is for {shape}")
    rows, _ = sampling_axis(geometry, "y", stage["params"]["match"])
    columns, column_phases = sampling_axis(geometry, "x", stage["params"]["match"])
    stride = 65536 if stage["index"] == "phases" else column_phases
    fill = bytes(geometry["fill"])
    cell_bytes, index_at = CELL[channels]
    padding = bytes(cell_bytes - index_at - 4)
    has_index = layout["kind"] == CELLS

    def sample(number, y, x):
        if y is None or x is None:
            return fill
        at = ((number * height + y) * width + x) * channels
        return image[at:at + channels]

    cut = layout["cut"]
    for sequence in range(cut["packets"]):
        # Rows of the output through all images, then the columns within them.
        if cut["packetsPerRow"] > 1:
            row, part = divmod(sequence, cut["packetsPerRow"])
            first = part * cut["itemsPerPacket"]
            taken_rows = range(row, row + 1)
            taken_columns = range(first, min(first + cut["itemsPerPacket"], cut["width"]))
        else:
            packets_per_image = -(-cut["height"] // cut["rowsPerPacket"])
            number, part = divmod(sequence, packets_per_image)
            first_row = part * cut["rowsPerPacket"]
            last_row = min(first_row + cut["rowsPerPacket"], cut["height"])
            taken_rows = range(number * cut["height"] + first_row, number * cut["height"] + last_row)
            taken_columns = range(cut["width"])
        payload = bytearray()
        for row in taken_rows:
            number, o = divmod(row, cut["height"])
            upper, lower, row_phase = rows[o]
            for column in taken_columns:
                left, right, column_phase = columns[column]
                for y, x in ((upper, left), (upper, right), (lower, left), (lower, right)):
                    payload += sample(number, y, x)
                if has_index:
                    payload += struct.pack("<I", row_phase * stride + column_phase) + padding
        position = taken_rows[0] * cut["width"] + taken_columns[0]
        yield make_packet(layout["kind"], plan["id"], flow, sequence, cut["packets"], position, bytes(payload))


def place_samples(plan, answer, output):
    """Puts the samples of an answer into the output."""
    form = plan["body"]["output"]
    planes, item = form["planes"], form["itemBytes"]
    count = len(answer.payload) // (planes * item)
    cut = plan["body"]["layout"]["answers"]
    image_items = cut["width"] * cut["height"]
    number, within = divmod(answer.position, image_items)
    for plane in range(planes):
        at = ((number * planes + plane) * image_items + within) * item
        output[at:at + count * item] = answer.payload[plane * count * item:(plane + 1) * count * item]


def text_packets(plan, flow, text):
    """Requests of a text in UTF-8, in order."""
    payload = plan["body"]["cut"]["payload"]
    packets = -(-len(text) // payload)
    for sequence in range(packets):
        at = sequence * payload
        flags = END_OF_TEXT if sequence == packets - 1 else 0
        yield make_packet(TEXT, plan["id"], flow, sequence, packets, at, text[at:at + payload], flags)


# Carry of an answer with tokens: tokens, bits of an id, part, parts, flags, tokens up to the last end of a piece, bytes
# held, reason of an escape.
TOKEN_CARRY = struct.Struct("<HBBBBHII")
HAS_PLACES = 4


def token_ids(answer):
    """Ids in an answer, its part and its number of parts."""
    tokens, bits, part, parts, flags, _, _, reason = TOKEN_CARRY.unpack(answer.carry)
    if answer.kind != TOKENS or part >= parts:
        raise ValueError("carry")
    if reason != 0:
        raise ValueError(f"the device gave the text up, reason {reason}")
    width = bits + 1 + (32 if flags & HAS_PLACES else 0)
    if len(answer.payload) != max(1, -(-tokens * width // 8)):
        raise ValueError("length")
    # The payload is one number, the first token in its lowest bits.
    packed = int.from_bytes(answer.payload, "little")
    return [(packed >> (n * width)) & ((1 << bits) - 1) for n in range(tokens)], part, parts
