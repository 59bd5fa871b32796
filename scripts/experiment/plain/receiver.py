"""Receiver without a NIC in Python: raw images by OpenCV and NumPy. `datagrams.ts` describes the datagrams.

Arguments: height, width, side, element type (f16 or f32). Prints its port and window, and answers each line of standard input
with its CPU seconds, the payload bytes of its datagrams, and the inputs served. It ends with standard input.
"""

import select
import socket
import struct
import sys
import time

import cv2
import numpy as np

DATAGRAM, HEAD, REPORT_EVERY, REPORT_SECONDS = 1408, 12, 16, 0.001
PAYLOAD = DATAGRAM - HEAD
# Linux: names that Python's socket module lacks, and bytes of the socket's buffer that a datagram takes.
SO_RCVBUFFORCE, UDP_GRO, BUFFERED = 33, 104, 2304
MIN_WINDOW, MAX_WINDOW = 64, 1024
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)

height, width, side = map(int, sys.argv[1:4])
dtype = {"f16": np.float16, "f32": np.float32}[sys.argv[4]]
total = height * width * 3
count = -(-total // PAYLOAD)

cv2.setNumThreads(1)
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, MAX_WINDOW * BUFFERED)
        break
    except PermissionError:
        continue
window = max(MIN_WINDOW, sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2 // BUFFERED)
sock.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
sock.bind(("127.0.0.1", 0))
sock.setblocking(False)
poller = select.poll()
poller.register(sock, select.POLLIN)
poller.register(sys.stdin, select.POLLIN)
scratch = bytearray(65536)
scratch_view = memoryview(scratch)
opened, served, free = {}, {}, []
moved = 0


def serve(data):
    image = np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3)
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)
    planes = cv2.dnn.blobFromImage(small, 1 / 255, mean=tuple(map(float, 255 * MEAN)))
    return (planes / STD.reshape(1, 3, 1, 1)).astype(dtype)


class Input:
    def __init__(self):
        self.data = free.pop() if free else bytearray(count * PAYLOAD)
        self.view = memoryview(self.data)
        self.arrived = bytearray(count)
        self.missing, self.first, self.end, self.unreported = count, 0, 0, 0


def report(number, state, done, to):
    global moved
    bitmap = b""
    if state is not None:
        state.unreported = 0
        behind = np.frombuffer(state.arrived, dtype=np.uint8)[state.first:min(state.end, state.first + 2048)]
        bitmap = np.packbits(behind, bitorder="little").tobytes()
    message = struct.pack("<IIB", number, count if state is None else state.first, done) + bitmap
    moved += sock.sendto(message, to)


def take(start, length, source):
    number, sequence, size = struct.unpack_from("<III", scratch, start)
    if number in served:
        return report(number, None, 1, source)
    if size != total or sequence >= count:
        return
    state = opened.get(number)
    if state is None:
        state = opened[number] = Input()
    if not state.arrived[sequence]:
        at = sequence * PAYLOAD
        state.view[at:at + length - HEAD] = scratch_view[start + HEAD:start + length]
        state.arrived[sequence] = 1
        state.missing -= 1
        state.end = max(state.end, sequence + 1)
        while state.first < count and state.arrived[state.first]:
            state.first += 1
    state.unreported += 1
    if state.unreported >= REPORT_EVERY or state.missing == 0:
        report(number, state, 0, source)
    if state.missing == 0:
        serve(state.view[:total])
        free.append(state.data)
        del opened[number]
        served[number] = True
        if len(served) > 256:
            del served[next(iter(served))]
        finished[0] += 1
        report(number, None, 1, source)


finished = [0]
last_source = None
print(sock.getsockname()[1], window, flush=True)
while True:
    waiting = any(state.unreported for state in opened.values())
    ready = poller.poll(1000 * REPORT_SECONDS if waiting else None)
    if not ready and waiting:
        for number, state in opened.items():
            if state.unreported:
                report(number, state, 0, last_source)
    for descriptor, _ in ready:
        if descriptor == sock.fileno():
            for _ in range(64):
                try:
                    total_bytes, ancillary, _, last_source = sock.recvmsg_into([scratch], 64)
                except BlockingIOError:
                    break
                moved += total_bytes
                segment = total_bytes
                for level, kind, data in ancillary:
                    if (level, kind) == (socket.IPPROTO_UDP, UDP_GRO):
                        segment = struct.unpack_from("<i", data)[0]
                for start in range(0, total_bytes, max(1, segment)):
                    length = min(segment, total_bytes - start)
                    if length > HEAD:
                        take(start, length, last_source)
        elif not sys.stdin.readline():
            sys.exit(0)
        else:
            print(time.process_time(), moved, finished[0], flush=True)
