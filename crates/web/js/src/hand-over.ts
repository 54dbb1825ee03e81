// Commits on their way into the leader: in order, and again after the storage has refused them.

import { Backoff } from './backoff'
import type { Failure } from './failure'
import { failureOf } from './failure'
import type { JournaledCommit } from './journal'
import type { WasmLeader } from './wasm'

export interface HandOverListener {
  /** Journaled commits that the leader has now. */
  kept(keys: readonly string[]): void
  /** A journaled commit that the leader will never take. */
  refused(key: string, failure: Failure): void
  /** Commits that had to wait are in. */
  drained(): void
  /** The leader threw what is no failure. */
  broken(thrown: unknown): void
}

interface Waiting {
  readonly message: string
  readonly key?: string
}

/** Failures that pass: nothing of the message was taken, and it is offered again. */
const PASSING: ReadonlySet<string> = new Set(['storage-full', 'storage-failed'])

export class HandOvers {
  readonly #leader: Pick<WasmLeader, 'hand_over'>
  readonly #listener: HandOverListener
  readonly #backoff = new Backoff({ lastMs: 5_000 })
  #waiting: Waiting[] = []
  #retry: ReturnType<typeof setTimeout> | undefined
  #failure: Failure | undefined

  constructor(leader: Pick<WasmLeader, 'hand_over'>, listener: HandOverListener) {
    this.#leader = leader
    this.#listener = listener
  }

  /** Why commits wait. */
  get failure(): Failure | undefined {
    return this.#failure
  }

  /** Whether commits of former pages wait. */
  get hasJournaled(): boolean {
    return this.#waiting.some(({ key }) => key !== undefined)
  }

  take(messages: readonly string[]): void {
    this.#waiting.push(...messages.map((message) => ({ message })))
    if (this.#retry === undefined) this.#drain()
  }

  takeJournaled(commits: readonly JournaledCommit[]): void {
    this.#waiting.push(...commits)
    if (this.#retry === undefined) this.#drain()
  }

  #drain(): void {
    const kept: string[] = []
    let taken = 0
    this.#failure = undefined
    for (const { message, key } of this.#waiting) {
      try {
        this.#leader.hand_over(message)
        if (key !== undefined) kept.push(key)
      } catch (thrown) {
        const failure = failureOf(thrown)
        if (failure === undefined) throw thrown
        if (PASSING.has(failure.code)) {
          this.#failure = failure
          break
        }
        if (key === undefined) throw thrown
        this.#listener.refused(key, failure)
      }
      taken += 1
    }
    this.#waiting = this.#waiting.slice(taken)
    if (kept.length > 0) this.#listener.kept(kept)
    if (this.#failure === undefined) this.#backoff.succeeded()
    else this.#retry = setTimeout(() => this.#again(), this.#backoff.next())
  }

  #again(): void {
    this.#retry = undefined
    try {
      this.#drain()
    } catch (thrown) {
      this.#listener.broken(thrown)
      return
    }
    this.#listener.drained()
  }
}
