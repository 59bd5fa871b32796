"""Times OpenCV and Pillow with NumPy on images of random samples or a photograph, for scripts/bench_cpu.ts."""

import json
import sys
import time

import numpy as np

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


def opencv(images, size):
    import cv2

    cv2.setNumThreads(1)
    std = STD.reshape(1, 3, 1, 1)

    def run(image):
        small = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
        blob = cv2.dnn.blobFromImage(small, 1 / 255, (size, size), tuple(255.0 * float(m) for m in MEAN))
        blob /= std
        return blob

    return {"opencv": run}


def pillow(images, size):
    from PIL import Image

    def with_filter(name):
        def run(image):
            small = Image.fromarray(image).resize((size, size), name)
            levels = np.asarray(small).astype(np.float32) / np.float32(255)
            return np.ascontiguousarray(((levels - MEAN) / STD).transpose(2, 0, 1))

        return run

    return {"pillow bilinear": with_filter(2), "pillow bicubic": with_filter(3)}


def main():
    height, width, size, rounds = (int(argument) for argument in sys.argv[1:5])
    data = np.frombuffer(sys.stdin.buffer.read(), np.uint8).reshape(-1, height, width, 3)
    images = [np.ascontiguousarray(image) for image in data]
    times = {}
    for peer in (opencv, pillow):
        try:
            runs = peer(images, size)
        except ImportError:
            continue
        for name, run in runs.items():
            for _ in range(5):
                run(images[0])
            times[name] = []
            for number in range(rounds):
                start = time.perf_counter()
                run(images[number % len(images)])
                times[name].append(1e6 * (time.perf_counter() - start))
    print(json.dumps(times))


main()
