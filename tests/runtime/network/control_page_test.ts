import { decode, encode } from "@msgpack/msgpack";
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { compile } from "../../../kernels/compile.ts";
import { encodePlan } from "../../../kernels/plan/file.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { openNic } from "../../../runtime/network/nic.ts";
import { encodeReport, MAX_BITMAP_BYTES } from "../../../runtime/network/report_packet.ts";
import { crc32c } from "../../../serialize/crc32c.ts";

// A party that knows docs/network.md alone: its frames and calls, without the library's channel.

const PAGE = readFileSync(new URL("../../../docs/network.md", import.meta.url), "utf8");

/** Rows of the first table behind a line, as cells. */
function tableBehind(line: string): string[][] {
  const [table] = PAGE.split(`\n${line}\n`)[1]!.match(/(?:^\|.*\n)+/m)!;
  return table.trimEnd().split("\n").slice(2)
    .map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
}

/** A shared secret of 16 characters, the minimum. */
const SECRET = "sixteen letters.";

const HEX = Array.from(
  PAGE.matchAll(/```text\n((?:[0-9a-f]{2}[ \n])+)```/g),
  ([, text]) => Uint8Array.from(text!.trim().split(/\s+/), (byte) => parseInt(byte, 16)),
);

/** A raw connection to a control channel. */
async function open(port: number) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  let held = new Uint8Array(0);
  return {
    send: (bytes: Uint8Array) => socket.write(bytes),
    read: async () => {
      for (;;) {
        const length = held.length < 4 ? Infinity : new DataView(held.buffer).getUint32(0, true);
        if (held.length >= 4 + length) {
          const message = decode(held.subarray(4, 4 + length));
          held = held.slice(4 + length);
          return message as Record<string, unknown>;
        }
        const [chunk] = await once(socket, "data") as [Uint8Array];
        held = Uint8Array.from([...held, ...chunk]);
      }
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, "close");
      socket.destroy();
      await closed;
    },
  };
}

function frameOf(message: unknown): Uint8Array {
  const body = encode(message);
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length, true);
  frame.set(body, 4);
  return frame;
}

Deno.test("docs/network.md suffices: a NIC answers the frames and calls of its tables", async () => {
  const input = { dtype: "u8", shape: [8, 8, 3], layout: "HWC" } as const;
  const options = { input, device: MODEL_PROFILE, layout: "cells" } as const;
  const plan = compile({ steps: [{ op: "resize", size: [4, 4] }] }, options);
  const values: Record<string, unknown> = {
    plan: plan.id,
    token: "0123456789abcdef".repeat(2),
    port: 5000,
    flows: [7, 9],
  };
  await using nic = await openNic();
  await using party = await open(nic.control.port);
  const [hello, describe] = HEX;
  party.send(hello!);
  assert.deepEqual(await party.read(), { hello: "onpath.control", version: 1, role: "nic" });
  party.send(describe!);
  assert.deepEqual(await party.read(), { answer: 0, value: { port: nic.data.port } });
  const calls = tableBehind("### Calls of a NIC");
  assert.deepEqual(calls.map(([call]) => call), [
    "describe",
    "announce",
    "destination",
    "flows",
    "close",
    "stats",
  ]);
  for (const [n, [call, argument, value]] of calls.entries()) {
    const [, keys] = argument!.match(/^\{(.*)\}/) ?? [];
    const body = keys === undefined ? null : Object.fromEntries(
      keys.split(", ").map((key) => [key, call === "announce" ? encodePlan(plan) : values[key]]),
    );
    party.send(frameOf({ call, id: n, body }));
    const answer = await party.read();
    assert.equal(answer["answer"], n, call);
    const found = answer["value"] as Record<string, unknown> | null;
    if (value === "null") assert.equal(found, null, `${call} ${JSON.stringify(answer)}`);
    else if (value === "counts") assert.equal(typeof found!["received"], "number");
    else assert.deepEqual(Object.keys(found ?? answer), [value!.slice(1, -1)], JSON.stringify(answer));
  }
});

Deno.test("docs/network.md has the keys of every message", async () => {
  const keys = new Map(
    tableBehind("Every message is a map with these keys and no others:").map(
      ([message, names]) => [message, names!.split(", ")],
    ),
  );
  await using nic = await openNic({ security: { token: SECRET } });
  await using party = await open(nic.control.port);
  party.send(frameOf({ hello: "onpath.control", version: 1, role: "sender", token: SECRET }));
  const optional = keys.get("hello")!.filter((key) => key !== "token");
  assert.deepEqual(Object.keys(await party.read()), optional);
  party.send(frameOf({ call: "absent", id: 3, body: null }));
  const error = await party.read();
  assert.deepEqual(Object.keys(error), keys.get("error"));
  assert.deepEqual(Object.keys(error["error"] as object), ["code", "message"]);
  party.send(frameOf({ notice: "absent", body: null }));
  party.send(frameOf({ call: "describe", id: 4, body: null }));
  assert.deepEqual(Object.keys(await party.read()), keys.get("answer"));
  await using stranger = await open(nic.control.port);
  stranger.send(frameOf({ hello: "onpath.control", version: 1, role: "sender" }));
  assert.deepEqual(Object.keys(await stranger.read()), keys.get("refusal"));
  assert.deepEqual([keys.get("call"), keys.get("notice")], [["call", "id", "body"], ["notice", "body"]]);
});

Deno.test("docs/network.md has the layout of a report", () => {
  const fields = tableBehind("A report is a datagram, little-endian:");
  const limit = (name: string) => fields.find((row) => row[2] === name)![3]!;
  const bitmap = Uint8Array.of(0b101, 0x80);
  const values: Record<string, number> = {
    magic: Number(limit("magic").match(/0x[0-9A-F]+/)![0]),
    version: Number(limit("version")),
    kind: Number(limit("kind").match(/(\d) from a NIC/)![1]),
    length: bitmap.length,
    flow: 0x12345678,
    first: 77,
    crc: 0,
  };
  const report = new Uint8Array(22);
  const put = ([offset, bytes]: string[], value: number) => {
    for (let n = 0; n < Number(bytes); n++) report[Number(offset) + n] = Math.floor(value / 256 ** n) % 256;
  };
  for (const field of fields) if (field[2] !== "bitmap") put(field, values[field[2]!]!);
  report.set(bitmap, Number(fields.at(-1)![0]));
  put(fields.find((row) => row[2] === "crc")!, crc32c(report));
  const { flow, first } = values as { flow: number; first: number };
  assert.deepEqual(report, encodeReport({ kind: "held", flow, first, bitmap }));
  assert.match(limit("length"), new RegExp(`at most ${MAX_BITMAP_BYTES}$`));
});
