// Files that are written where nothing can be written at once: what is said waits until what it rests on is kept.

import { Backoff } from './backoff'
import { describe, type Failure } from './failure'
import type { Block } from './wasm'

export interface KeptListener {
  /** Nothing can be kept for now, or it can again: it is tried until it is. */
  changed(): void
  /** Nothing will be kept any more. */
  broken(thrown: unknown): void
}

export class Kept {
  readonly #write: (changed: Iterable<Block>) => Promise<void>
  readonly #take: () => readonly Block[] | undefined
  readonly #listener: KeptListener
  readonly #backoff = new Backoff({ lastMs: 5_000 })
  /** What was taken and is not kept yet, the last of each block. */
  readonly #unkept = new Map<string, Block>()
  #waiting: (() => void)[] = []
  #isWriting = false
  #failure: Failure | undefined

  constructor(
    write: (changed: Iterable<Block>) => Promise<void>,
    take: () => readonly Block[] | undefined,
    listener: KeptListener,
  ) {
    this.#write = write
    this.#take = take
    this.#listener = listener
  }

  /** Why nothing is kept. */
  get failure(): Failure | undefined {
    return this.#failure
  }

  /** Says it, in order, once everything that was written until now is kept. */
  after(say: () => void): void {
    this.#waiting.push(say)
    if (this.#isWriting) return
    this.#isWriting = true
    this.#drain().catch((thrown: unknown) => this.#listener.broken(thrown))
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const said = this.#waiting
      this.#waiting = []
      this.#takeChanged()
      await this.#keep()
      for (const say of said) say()
    }
    this.#isWriting = false
  }

  #takeChanged(): void {
    for (const block of this.#take() ?? []) this.#unkept.set(`${block[1]} ${block[0]}`, block)
  }

  /** Until it is: where there is no room, that may pass. */
  async #keep(): Promise<void> {
    while (this.#unkept.size > 0) {
      try {
        await this.#write(this.#unkept.values())
        this.#unkept.clear()
      } catch (thrown) {
        if (!isFull(thrown)) throw thrown
        this.#learn({ code: 'storage-full', message: describe(thrown) })
        await new Promise((resolve) => setTimeout(resolve, this.#backoff.next()))
      }
    }
    this.#backoff.succeeded()
    this.#learn(undefined)
  }

  #learn(failure: Failure | undefined): void {
    if (failure?.code === this.#failure?.code) return
    this.#failure = failure
    this.#listener.changed()
  }
}

function isFull(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'QuotaExceededError'
}
