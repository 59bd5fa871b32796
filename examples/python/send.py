"""
Sends an image or a text to a soft NIC, and writes the result. Python 3.10 and its standard library alone.

    deno task offload nic --control 127.0.0.1:4790
    deno task offload plan pipeline.json --shape 427,640,3 --packet-layout cells --output photo.plan
    python3 examples/python/send.py 127.0.0.1:4790 photo.plan photo.rgb result.raw
    deno task offload plan tokenize.json --vocab r50k_base --output text.plan
    python3 examples/python/send.py 127.0.0.1:4790 text.plan prompt.txt ids.json

The image has samples of 8 bits without a header, as the plan's shape says. The result has those of the plan's output.
"""

import argparse
import json
import sys

from nic import Nic, decode, parse_address
from packets import Answer, image_packets, place_samples, text_packets, token_ids


def product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


def send_image(nic, plan, image, receive):
    """Bytes of the plan's output for an image."""
    form = plan["body"]["output"]
    size = {"u8": 1, "i8": 1, "f16": 2, "bf16": 2, "f32": 4}[form["dtype"]]
    output = bytearray(size * product(form["shape"]))
    flow, window = nic.open_flow(plan["id"])

    def take(datagram):
        answer = receive(datagram, flow)
        if answer is not None:
            place_samples(plan, answer, output)
            return answer.sequence

    nic.exchange(image_packets(plan, flow, image), window, take)
    return bytes(output)


def send_text(nic, plan, text, receive):
    """Ids of a text."""
    body = plan["body"]
    if body["mode"] != "stateful" or body["normalization"] or body["special"]:
        raise ValueError("this program sends texts in order, and neither normalizes them nor finds special tokens")
    flow, window = nic.open_flow(plan["id"])
    found = {}

    def take(datagram):
        answer = receive(datagram, flow)
        if answer is not None:
            ids, part, parts = token_ids(answer)
            found.setdefault(answer.sequence, {})[part] = ids
            if len(found[answer.sequence]) == parts:
                return answer.sequence

    nic.exchange(text_packets(plan, flow, text), window, take)
    own = [number for _, parts in sorted(found.items()) for _, ids in sorted(parts.items()) for number in ids]
    return body["around"]["before"] + own + body["around"]["after"]


def receiver(plan, drop_every):
    """Reads answers of a flow. With `drop_every` n, each n-th datagram is treated as lost."""
    count = 0

    def receive(datagram, flow):
        nonlocal count
        count += 1
        if drop_every and count % drop_every == 0:
            return None
        try:
            answer = Answer(datagram)
        except ValueError:
            return None  # The request is sent again.
        return answer if (answer.flow, answer.plan) == (flow, plan["id"]) else None

    return receive


def main():
    parser = argparse.ArgumentParser(description="sends an image or a text to a soft NIC, and writes the result")
    parser.add_argument("nic", help="control address of the NIC, such as 127.0.0.1:4790")
    parser.add_argument("plan", help="file that `offload plan --output` wrote")
    parser.add_argument("input", help="samples of 8 bits without a header, or a text in UTF-8")
    parser.add_argument("output", help="file of the result: samples, or ids as JSON")
    parser.add_argument("--drop", type=int, default=0, metavar="N", help="treat each N-th datagram as lost, to see repeats")
    options = parser.parse_args()
    with open(options.plan, "rb") as file:
        plan_bytes = file.read()
    with open(options.input, "rb") as file:
        data = file.read()
    plan = decode(plan_bytes)
    nic = Nic(parse_address(options.nic))
    try:
        nic.announce(plan_bytes)
        receive = receiver(plan, options.drop)
        if plan["workload"] == "image":
            result = send_image(nic, plan, data, receive)
        elif plan["workload"] == "tokenize":
            result = json.dumps(send_text(nic, plan, data, receive)).encode()
        else:
            raise ValueError(f"this program sends images and texts, the plan is for {plan['workload']}")
    finally:
        nic.close()
    with open(options.output, "wb") as file:
        file.write(result)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"{error}")
