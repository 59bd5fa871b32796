/**
 * Places that calls share: each call occupies one, in the order of the calls.
 *
 * @module
 */

/** A bounded number of places. */
export class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /**
   * Makes free places.
   *
   * @param count Number of places.
   */
  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Runs a call once a place is free.
   *
   * @param call Function that occupies the place.
   * @param signal Signal that ends the wait with its reason.
   */
  async run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#free === 0) await this.#wait(signal);
    else this.#free--;
    try {
      signal.throwIfAborted();
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      this.#waiting.push(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}
