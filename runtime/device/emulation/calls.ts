/**
 * Calls from XRT's software emulation to the device process: numbers, names, and the answers after the device is
 * lost.
 *
 * Messages follow XRT's `rpc_messages.proto`. The comments give field numbers: {request} → {response}.
 *
 * @module
 */

import { encodeMessage, type Message, numberOf } from "./proto2.ts";

/** Call numbers by name. */
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
  /** {1 text} → {1 true}. Newer XRT sends its version. */
  version: 53,
} as const;

/** Name of a call in {@linkcode CALL}. */
export type CallName = keyof typeof CALL;

const NAMES = new Map<number, CallName>(
  Object.entries(CALL).map(([name, number]) => [number, name as CallName]),
);

/**
 * Returns the name of a call for logs.
 *
 * @param number Call number.
 * @returns The name, or `call` and the number if it is unknown.
 */
export function callName(number: number): string {
  return NAMES.get(number) ?? `call ${number}`;
}

/** Control register of a kernel that is done and idle. */
export const DONE_IDLE = 6;

/** Maximum bytes that a call may request. The largest transfers have 16 MiB. */
export const MAX_BYTES = 2 ** 25;

/**
 * Answers a call after the device was lost: memory is zero, kernels are done, all other calls but allocations succeed.
 * XRT would wait for ever on a dead socket. With these answers every wait ends and every handle can be closed. The
 * caller must report the loss by another way.
 *
 * @param call Call number.
 * @param request Message of the call.
 */
export function answerWithoutDevice(call: number, request: Message): Uint8Array<ArrayBuffer> {
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
