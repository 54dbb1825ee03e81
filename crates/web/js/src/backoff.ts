// How long to wait before trying again: exponential, with full jitter.

export interface BackoffOptions {
  readonly firstMs?: number
  readonly lastMs?: number
  /** Uniform in [0, 1). */
  readonly random?: () => number
}

/** Each delay is uniform between 0 and a ceiling that doubles with every failure, so that clients that
 * lost the server together do not come back together. */
export class Backoff {
  readonly #firstMs: number
  readonly #lastMs: number
  readonly #random: () => number
  #failures = 0

  constructor({ firstMs = 250, lastMs = 30_000, random = Math.random }: BackoffOptions = {}) {
    this.#firstMs = firstMs
    this.#lastMs = lastMs
    this.#random = random
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures
  }

  /** Counts a failure and returns the delay in milliseconds. */
  next(): number {
    const ceiling = Math.min(this.#lastMs, this.#firstMs * 2 ** this.#failures)
    this.#failures += 1
    return this.#random() * ceiling
  }

  succeeded(): void {
    this.#failures = 0
  }
}
