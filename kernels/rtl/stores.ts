/**
 * Packet stores of the RTL's shell.
 *
 * @module
 */

/** Capacities of the stores, in bytes of a payload. */
export const STORE_BYTES = { request: 32 * 125, answer: 32 * 128 } as const;

/**
 * Refuses payloads that exceed a store.
 *
 * @param packets Longest payloads in bytes.
 * @param lacks Creates the error for a text on what the RTL does not take.
 */
export function checkStores(
  packets: { readonly request: number; readonly answer: number },
  lacks: (what: string) => Error,
): void {
  for (const part of ["request", "answer"] as const) {
    if (packets[part] > STORE_BYTES[part]) throw lacks(`${part} payloads of ${packets[part]} bytes`);
  }
}
