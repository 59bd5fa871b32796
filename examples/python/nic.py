"""Control channel and datagrams of a soft NIC, as docs/network.md says: MessagePack in frames over TCP, packets over UDP."""

import secrets
import socket
import struct


def encode(value):
    """MessagePack of what the calls need: maps, lists, texts, bytes, None, booleans and integers that are not negative."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return struct.pack(">B", value) if value < 128 else struct.pack(">BI", 0xCE, value)
    if isinstance(value, str):
        data = value.encode()
        return struct.pack(">BH", 0xDA, len(data)) + data
    if isinstance(value, bytes):
        return struct.pack(">BI", 0xC6, len(value)) + value
    if isinstance(value, list):
        return struct.pack(">BH", 0xDC, len(value)) + b"".join(map(encode, value))
    return struct.pack(">BH", 0xDE, len(value)) + b"".join(encode(key) + encode(value[key]) for key in value)


def decode(data):
    """Value of MessagePack without extensions, as plan files and answers are."""
    at = 0

    def take(form):
        nonlocal at
        (value,) = struct.unpack_from(">" + form, data, at)
        at += struct.calcsize(form)
        return value

    numbers = {0xCA: "f", 0xCB: "d", 0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q", 0xD0: "b", 0xD1: "h", 0xD2: "i", 0xD3: "q"}
    lengths = {0xC4: "B", 0xC5: "H", 0xC6: "I", 0xD9: "B", 0xDA: "H", 0xDB: "I", 0xDC: "H", 0xDD: "I", 0xDE: "H", 0xDF: "I"}

    def value():
        nonlocal at
        head = take("B")
        if head < 0x80:
            return head
        if head >= 0xE0:
            return head - 256
        if head in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[head]
        if head in numbers:
            return take(numbers[head])
        if head < 0xC0:
            kind, length = ("map", head & 15) if head < 0x90 else ("list", head & 15) if head < 0xA0 else ("text", head & 31)
        else:
            length = take(lengths[head])
            kind = "bytes" if head < 0xC7 else "text" if head < 0xDC else "list" if head < 0xDE else "map"
        if kind == "map":
            return {value(): value() for _ in range(length)}
        if kind == "list":
            return [value() for _ in range(length)]
        at += length
        raw = data[at - length:at]
        return bytes(raw) if kind == "bytes" else raw.decode()

    return value()


def parse_address(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


class Nic:
    """Connection to a NIC that is sender and receiver at once: the answers come to this process."""

    def __init__(self, control, timeout=10):
        self._stream = socket.create_connection(control, timeout)
        # A plan with a vocabulary takes seconds to load.
        self._stream.settimeout(60)
        self._calls = 0
        self._frame({"hello": "onpath.control", "version": 1, "role": "sender"})
        hello = self._read()
        if hello.get("hello") != "onpath.control":
            raise OSError(f"refused: {hello}")
        host, family = self._stream.getpeername()[0], self._stream.family
        # The host that sends packets, and the host that gets answers, is the address of this connection.
        self._datagrams = socket.socket(family, socket.SOCK_DGRAM)
        self._datagrams.bind((self._stream.getsockname()[0], 0))
        self._datagrams.connect((host, self.call("describe", None)["port"]))
        self._token = secrets.token_hex(16)
        self.call("destination", {"token": self._token, "port": self._datagrams.getsockname()[1]})

    def _frame(self, message):
        body = encode(message)
        self._stream.sendall(struct.pack("<I", len(body)) + body)

    def _read(self):
        (length,) = struct.unpack("<I", self._exactly(4))
        return decode(self._exactly(length))

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self._stream.recv(count - len(data))
            if not more:
                raise OSError("the NIC closed the connection")
            data += more
        return data

    def call(self, name, body):
        """Calls a function of the NIC. Raises OSError with the NIC's message."""
        self._calls += 1
        self._frame({"call": name, "id": self._calls, "body": body})
        while True:
            message = self._read()
            if "notice" in message:
                raise OSError(f"{message['notice']}: {message['body']}")
            if message.get("answer") == self._calls:
                if "error" in message:
                    raise OSError(message["error"]["message"])
                return message["value"]

    def announce(self, plan_bytes):
        self.call("announce", {"plan": plan_bytes})

    def open_flow(self, plan_id):
        """Registers a flow of an announced plan. Returns its number and the packets that may be in flight."""
        flow = secrets.randbelow(2**32)
        # A sequential flow has at most 256 requests ahead of the first one without an answer.
        opened = self.call("flows", {"flows": [flow], "plan": plan_id, "token": self._token})
        return flow, min(opened["window"], 256)

    def exchange(self, requests, window, take):
        """
        Sends requests in order, and again if they are not answered.

        `take(datagram)` returns the sequence number of a request that is answered completely, or None.
        """
        requests = list(requests)
        open_requests, done, sent, silent = set(), 0, 0, 0
        self._datagrams.settimeout(0.2)
        while done < len(requests):
            first = min(open_requests, default=sent)
            while sent < len(requests) and len(open_requests) < window and sent < first + window:
                self._datagrams.send(requests[sent])
                open_requests.add(sent)
                sent += 1
            try:
                answered = take(self._datagrams.recv(65536))
            except TimeoutError:
                silent += 1
                if silent == 10:
                    raise OSError(f"{len(open_requests)} requests have no answer") from None
                for sequence in sorted(open_requests):
                    self._datagrams.send(requests[sequence])
                continue
            if answered in open_requests:
                open_requests.remove(answered)
                done, silent = done + 1, 0

    def close(self):
        self._datagrams.close()
        self._stream.close()
