/**
 * A card of the tests, on XRT's emulation socket: `vadd` adds a number to words, and `networklayer` is
 * registers alone. A run of `STALLS` words never ends, one of `SLOW` words takes a while.
 *
 * As a worker it is the guard, as a program the device process: what `scripts/emulate.ts` is otherwise.
 *
 * @module
 */

import { createServer } from "node:net";
import process from "node:process";
import { isMainThread } from "node:worker_threads";
import { BANKS } from "../../../../runtime/device/emulation/image.ts";
import {
  bytesOf,
  decodeMessage,
  encodeMessage,
  numberOf,
} from "../../../../runtime/device/emulation/proto2.ts";
import { CALL, DONE_IDLE } from "../../../../runtime/device/emulation/calls.ts";
import { createCardMemory } from "../../../../runtime/device/emulation/memory.ts";
import type { EmulatedCard } from "../../../../runtime/device/emulation/card.ts";
import { runGuard } from "../../../../scripts/emulation/guard.ts";
import { serveCard } from "../../../../scripts/emulation/serve.ts";
import { SLOW, STALLS } from "./support.ts";

/** Milliseconds of a slow run. */
const SLOW_MS = 300;

function vaddCard(newPath: (address: number) => string): EmulatedCard {
  const memory = createCardMemory(BANKS);
  const banks = new Map<number, DataView>();
  let closed = false;
  const registers = (address: number): [DataView, number] => {
    const base = address - address % 0x10000;
    if (!banks.has(base)) banks.set(base, new DataView(new ArrayBuffer(0x10000)));
    return [banks.get(base)!, address - base];
  };
  const start = (words: DataView) => {
    const word = (offset: number) => words.getUint32(offset, true);
    const place = (offset: number) => word(offset) + 2 ** 32 * word(offset + 4);
    const size = word(0x28);
    words.setUint32(0, 1, true);
    if (size === STALLS) return;
    const add = 42 + Math.trunc(words.getFloat32(0x30, true));
    const [from, to] = [memory.at(place(0x10), 4 * size), memory.at(place(0x1c), 4 * size)].map((bytes) =>
      new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    ) as [DataView, DataView];
    for (let i = 0; i < 4 * size; i += 4) to.setUint32(i, from.getUint32(i, true) + add, true);
    setTimeout(() => words.setUint32(0, DONE_IDLE, true), size === SLOW ? SLOW_MS : 0);
  };
  const write = (address: number, bytes: Uint8Array) => {
    const [words, offset] = registers(address);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = offset === 0 ? 4 : 0; i + 4 <= bytes.length; i += 4) {
      words.setUint32(offset + i, view.getUint32(i, true), true);
    }
    if (offset === 0 && (view.getUint32(0, true) & 1) === 1) start(words);
  };
  const read = (address: number) => {
    const [words, offset] = registers(address);
    const value = words.getUint32(offset, true);
    // Done is cleared when it is read.
    if (offset === 0) words.setUint32(0, value & ~2, true);
    return new Uint8Array(Uint32Array.of(value).buffer);
  };
  const answer = (call: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
    const message = decodeMessage(bytes);
    const number = (field: number) => numberOf(message, field);
    switch (call) {
      case CALL.close:
        closed = number(3) !== 0;
        return encodeMessage([[1, true]]);
      case CALL.allocate: {
        const made = memory.allocate(number(1), number(2));
        const path = number(3) === 0 ? [] : [[2, new TextEncoder().encode(newPath(number(1)))] as const];
        return encodeMessage([[1, made], ...path]);
      }
      case CALL.free:
        return encodeMessage([[1, memory.free(number(1))]]);
      case CALL.toDevice:
        memory.at(number(3), bytesOf(message, 4).length).set(bytesOf(message, 4));
        return encodeMessage([[1, number(5)]]);
      case CALL.fromDevice:
        return encodeMessage([[1, number(5)], [2, memory.at(number(4), number(5))]]);
      case CALL.writeControl:
        write(number(2), bytesOf(message, 4));
        return encodeMessage([[1, true]]);
      case CALL.readControl:
        return encodeMessage([[1, true], [2, read(number(2))]]);
      case CALL.writeRegister:
        write(number(1) + number(2), bytesOf(message, 3));
        return encodeMessage([[1, true]]);
      case CALL.readRegister:
        return encodeMessage([[1, true], [2, read(number(1) + number(2))]]);
      default:
        return encodeMessage([[1, true]]);
    }
  };
  return {
    answer: (call, bytes) => Promise.resolve(answer(call, bytes)),
    closed: () => closed,
    held: memory.held,
  };
}

if (isMainThread) {
  const path = process.argv[process.argv.indexOf("--listen") + 1]!;
  const card = vaddCard((address) => `${path}.buffer-${address.toString(16)}`);
  const server = createServer(async (socket) => {
    server.close();
    await serveCard(socket, card);
    process.exit();
  });
  server.listen(path, () => process.stdout.write("listening\n"));
} else runGuard();
