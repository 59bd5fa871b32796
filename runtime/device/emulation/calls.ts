/**
 * The calls that XRT's software emulation makes of the device process, as data: numbers, names, and what
 * is answered where there is no device to ask.
 *
 * The messages are those of XRT's `rpc_messages.proto`; field numbers stand in the table.
 *
 * @module
 */

import { encodeMessage, type Message, numberOf } from "./proto2.ts";

/** Numbers of the calls. */
export const CALL = {
  /** {2 handle, 3 whether the process ends} → {1 true}. */
  close: 1,
  /** {1 path of the XML, 2 path of the binary, 3 device, 8 banks} → {1 true}. */
  load: 3,
  /** {1 address, 2 bytes, 3 p2p} → {1 true, 2 file}. XRT has chosen the address. */
  allocate: 4,
  /** {1 address} → {1 true}. */
  free: 5,
  /** {3 address, 4 the bytes, 5 their number} → {1 bytes}. */
  toDevice: 6,
  /** {4 address, 5 bytes} → {1 bytes, 2 the bytes}. */
  fromDevice: 7,
  /** {2 address, 3 bytes, 4 the bytes} → {1 true}. */
  writeControl: 9,
  /** {2 address, 3 bytes} → {1 true, 2 the bytes}. */
  readControl: 11,
  /** {} → {1 true}. */
  setUp: 28,
  /** {1 base, 2 offset, 3 the bytes} → {1 true}. */
  writeRegister: 51,
  /** {1 base, 2 offset, 3 bytes} → {1 true, 2 the bytes}. */
  readRegister: 52,
  /** {1 text} → {1 true}; newer XRT says its version. */
  version: 53,
} as const;

/** What XRT may ask, by name. */
export type CallName = keyof typeof CALL;

const NAMES = new Map<number, CallName>(
  Object.entries(CALL).map(([name, number]) => [number, name as CallName]),
);

/**
 * The name of a call.
 *
 * @param number Its number.
 * @returns The name, or the number as text where it is another one.
 */
export function callName(number: number): string {
  return NAMES.get(number) ?? `call ${number}`;
}

/** What a control register shows when a kernel is done and idle. */
export const DONE_IDLE = 6;

/** Bytes that a call may ask for: those of the largest move are 16 MiB. */
export const MAX_BYTES = 2 ** 25;

/**
 * The answer that lets XRT go on where no device answers: memory is zero, kernels are done, and everything
 * is confirmed. XRT waits for ever on a dead socket; this lets every wait end and every handle be closed.
 * Whoever uses it says that the device is gone by another way.
 *
 * @param call The call's number.
 * @param request What was asked.
 */
export function answerForNobody(call: number, request: Message): Uint8Array<ArrayBuffer> {
  const sized = (field: number) => new Uint8Array(Math.min(numberOf(request, field), MAX_BYTES));
  switch (call) {
    case CALL.toDevice:
      return encodeMessage([[1, numberOf(request, 5)]]);
    case CALL.fromDevice:
      return encodeMessage([[1, numberOf(request, 5)], [2, sized(5)]]);
    case CALL.readControl:
    case CALL.readRegister: {
      const bytes = sized(3);
      if (bytes.length > 0) bytes[0] = DONE_IDLE;
      return encodeMessage([[1, true], [2, bytes]]);
    }
    case CALL.allocate:
      return encodeMessage([[1, false]]);
    default:
      return encodeMessage([[1, true]]);
  }
}
