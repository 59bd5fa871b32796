/**
 * Window of a sender: packets in flight that the other ends take, and fewer where the path is overloaded.
 *
 * Few losses are those of a path, and repeats mend them. Only a large share of losses, or repeated timeouts, mean that
 * the path carries less.
 *
 * @module
 */

/** Packets in flight at the start. */
export const START_WINDOW = 64;
/** Minimum packets in flight. */
export const MIN_WINDOW = 4;
/** Share of losses above which the window is halved. Two paths that each lose 20% lose 36% and stay below. */
const MAX_LOSS = 0.5;
/** Packets whose fate is known before their share of losses counts: a few are lost by chance. */
const MIN_SAMPLE = 128;
/** Packets by which the window grows for each that has arrived, once it was halved. */
const GROWTH = 1 / 16;

/** Packets in flight of one sender. */
export class SendWindow {
  #limit = MIN_WINDOW;
  #size = START_WINDOW;
  // Size above which the window grows slowly.
  #threshold = Infinity;
  // Packets of the current window whose fate is known.
  #arrived = 0;
  #lost = 0;
  #hasProgress = false;

  /** Packets that may be in flight. */
  get size(): number {
    return Math.floor(Math.min(this.#limit, this.#size));
  }

  /** Sets the packets in flight that the other ends take. */
  limit(packets: number): void {
    this.#limit = packets;
  }

  /**
   * Counts packets whose fate is known.
   *
   * @param arrived Packets that were acknowledged.
   * @param lost Times that these packets were lost before.
   */
  count(arrived: number, lost: number): void {
    this.#hasProgress ||= arrived > 0;
    this.#size += this.#size < this.#threshold ? arrived : arrived * GROWTH;
    this.#size = Math.min(this.#size, Math.max(this.#limit, START_WINDOW));
    this.#arrived += arrived;
    this.#lost += lost;
    const known = this.#arrived + this.#lost;
    if (known < Math.max(this.#size, MIN_SAMPLE)) return;
    if (this.#lost > MAX_LOSS * known) this.#halve();
    this.#arrived = this.#lost = 0;
  }

  /** Takes note of timeouts in a row. Timeouts of several flows at once count as one. */
  expire(): void {
    if (this.#hasProgress) this.#halve();
  }

  #halve(): void {
    this.#size = Math.max(MIN_WINDOW, Math.min(this.#size, this.#limit) / 2);
    this.#threshold = this.#size;
    this.#hasProgress = false;
  }
}
