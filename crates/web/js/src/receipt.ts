// Receipts: what a commit can await (true-receipt).

import type { AnyEvent, Failure } from './failure'
import { RejectionError, SynclineError } from './failure'

/** Where a commit stands in the log. */
export interface Confirmation {
  /** The seq of its first event. */
  readonly first: number
  /** The seq of its last event. */
  readonly last: number
}

export interface Receipt {
  /** The commit's number in this session. */
  readonly number: number
  /** The commit survives the end of the tab and of the browser. */
  readonly persisted: Promise<void>
  /** The commit is in the log; rejects with a `RejectionError` where the server said no. */
  readonly confirmed: Promise<Confirmation>
}

/** A promise that exists only if somebody asks for it, so that nobody hears of failures nobody awaits. */
class Outcome<T> {
  #result: { readonly value: T } | { readonly error: unknown } | undefined
  #waiting: PromiseWithResolvers<T> | undefined

  get promise(): Promise<T> {
    if (this.#waiting === undefined) {
      this.#waiting = withResolvers<T>()
      this.#waiting.promise.catch(() => {})
      this.#deliver()
    }
    return this.#waiting.promise
  }

  succeed(value: T): void {
    this.#result ??= { value }
    this.#deliver()
  }

  fail(error: unknown): void {
    this.#result ??= { error }
    this.#deliver()
  }

  #deliver(): void {
    if (this.#result === undefined) return
    if ('error' in this.#result) this.#waiting?.reject(this.#result.error)
    else this.#waiting?.resolve(this.#result.value)
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

class OpenReceipt implements Receipt {
  readonly number: number
  readonly whenPersisted = new Outcome<void>()
  readonly whenConfirmed = new Outcome<Confirmation>()

  constructor(number: number) {
    this.number = number
  }

  get persisted(): Promise<void> {
    return this.whenPersisted.promise
  }

  get confirmed(): Promise<Confirmation> {
    return this.whenConfirmed.promise
  }
}

/** The receipts of commits that are not decided yet. */
export class Receipts {
  readonly #open = new Map<number, OpenReceipt>()

  open(number: number): Receipt {
    const receipt = new OpenReceipt(number)
    this.#open.set(number, receipt)
    return receipt
  }

  persisted(number: number): void {
    this.#open.get(number)?.whenPersisted.succeed()
  }

  /** What the server has is persisted there. */
  confirmed(number: number, confirmation: Confirmation): void {
    const receipt = this.#open.get(number)
    receipt?.whenPersisted.succeed()
    receipt?.whenConfirmed.succeed(confirmation)
    this.#open.delete(number)
  }

  rejected(number: number, failure: Failure, events: readonly AnyEvent[]): void {
    this.#fail(number, new RejectionError(failure, events))
  }

  /** The store is closed: what is pending goes on without this page. */
  close(): void {
    const closed = new SynclineError({
      code: 'store-closed',
      message: 'The store was closed before the commit was decided.',
    })
    for (const number of [...this.#open.keys()]) this.#fail(number, closed)
  }

  #fail(number: number, error: Error): void {
    const receipt = this.#open.get(number)
    receipt?.whenPersisted.fail(error)
    receipt?.whenConfirmed.fail(error)
    this.#open.delete(number)
  }
}
