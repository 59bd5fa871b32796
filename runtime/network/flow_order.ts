/**
 * Order of a sequential flow in a NIC: a bounded buffer for requests that arrive early, and the last answers, for
 * requests that are repeated because their answers were lost.
 *
 * @module
 */

/**
 * Requests that a NIC holds for each sequential flow, and requests whose answers it keeps. While a repeat travels, later
 * requests go on, and show whether it was lost too. With 64, a window was often full, and only a timeout showed that.
 */
export const ORDER_WINDOW = 256;

/** Answers that a NIC keeps for each sequential flow. */
const MAX_KEPT = 2048;

/** Place of a request in its flow. */
export type OrderPlace =
  /** The request is the next one. */
  | "due"
  /** The request is held until the preceding ones arrive. */
  | "held"
  /** The request was computed and its answers are kept. */
  | "repeat"
  /** The request was computed, and its answers are no longer kept or not yet made. */
  | "late"
  /** The request is too far ahead of the next one. */
  | "window";

/** Requests and answers of one sequential flow. */
export class FlowOrder {
  #next = 0;
  readonly #held = new Map<number, Uint8Array>();
  readonly #answers = new Map<number, Uint8Array[]>();
  #kept = 0;

  /**
   * Finds the place of a request, and holds it if it is early.
   *
   * @param sequence Sequence number of the request.
   * @param bytes Request; copied if it is held.
   */
  offer(sequence: number, bytes: Uint8Array): OrderPlace {
    if (sequence === this.#next) return "due";
    if (sequence < this.#next) return this.#answers.has(sequence) ? "repeat" : "late";
    if (sequence >= this.#next + ORDER_WINDOW) return "window";
    if (!this.#held.has(sequence)) this.#held.set(sequence, bytes.slice());
    return "held";
  }

  /** The held request that is due now, if it has arrived. */
  get due(): Uint8Array | undefined {
    return this.#held.get(this.#next);
  }

  /**
   * Describes the requests that were taken: the first one that is missing, and later ones by a bitmap. A request that is
   * due and held, because the device's queue refused it, counts as missing: its repeat gives it to the device.
   */
  report(): { readonly first: number; readonly bitmap: Uint8Array } {
    const first = this.#next;
    let last = first - 1;
    for (const sequence of this.#held.keys()) last = Math.max(last, sequence);
    const bitmap = new Uint8Array(Math.ceil((last + 1 - first) / 8));
    for (const sequence of this.#held.keys()) {
      if (sequence === first) continue;
      bitmap[(sequence - first) >> 3]! |= 1 << ((sequence - first) & 7);
    }
    return { first, bitmap };
  }

  /** Moves on, after the due request was given to the device. */
  advance(): void {
    this.#held.delete(this.#next);
    this.#next++;
    this.#evict(this.#next - ORDER_WINDOW);
  }

  /** Keeps a copy of an answer. */
  keep(sequence: number, answer: Uint8Array): void {
    if (sequence < this.#next - ORDER_WINDOW || sequence >= this.#next) return;
    const kept = this.#answers.get(sequence);
    if (kept === undefined) this.#answers.set(sequence, [answer.slice()]);
    else kept.push(answer.slice());
    const [oldest] = this.#answers.keys();
    if (++this.#kept > MAX_KEPT) this.#evict(oldest! + 1);
  }

  /** Evicts the answers to requests before a sequence number. */
  #evict(before: number): void {
    for (const [sequence, answers] of this.#answers) {
      if (sequence >= before) return;
      this.#answers.delete(sequence);
      this.#kept -= answers.length;
    }
  }

  /** Answers to a request that was computed. */
  answers(sequence: number): readonly Uint8Array[] {
    return this.#answers.get(sequence) ?? [];
  }
}
