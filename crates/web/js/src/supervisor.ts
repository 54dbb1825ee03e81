// Keeps a leader worker alive: starts it, asks whether it still answers, and replaces it when it dies.

import { Backoff } from './backoff'
import type { Failure } from './failure'
import { describe } from './failure'
import type { FromLeader, ToLeader } from './port'

export interface SupervisorListener {
  /** The first message for a worker that has just started. */
  greeting(): ToLeader
  received(message: Exclude<FromLeader, { kind: 'ready' | 'pong' | 'failed' }>): void
  /** The worker is gone; the next one is on its way. */
  died(failure: Failure): void
}

/** Until the worker's script runs: it may have to be downloaded. */
const START_MS = 60_000
const PING_EVERY_MS = 5_000
const PONG_MS = 10_000
/** A worker that has lived this long did not die of its start. */
const HEALTHY_MS = 10_000

type Timer = ReturnType<typeof setTimeout>

export class Supervisor {
  readonly #spawn: () => Worker
  readonly #listener: SupervisorListener
  readonly #backoff: Backoff
  #worker: Worker | undefined
  #ready = false
  #startedAt = 0
  #watch: Timer | undefined
  #respawn: Timer | undefined
  #closed = false

  constructor(spawn: () => Worker, listener: SupervisorListener, backoff = new Backoff()) {
    this.#spawn = spawn
    this.#listener = listener
    this.#backoff = backoff
  }

  start(): void {
    this.#ready = false
    this.#startedAt = Date.now()
    let worker: Worker
    try {
      worker = this.#spawn()
    } catch (thrown) {
      this.#die({ code: 'leader-failed', message: describe(thrown) })
      return
    }
    this.#worker = worker
    worker.onmessage = ({ data }: MessageEvent<FromLeader>) => this.#receive(data)
    worker.onerror = (event) => {
      event.preventDefault()
      this.#die({
        code: 'leader-failed',
        message: event.message || 'The worker’s script could not be loaded.',
      })
    }
    worker.onmessageerror = () =>
      this.#die({ code: 'leader-failed', message: 'A message of the worker was lost.' })
    this.#expect(START_MS, 'The worker’s script did not start.')
  }

  /** Returns whether there is a worker to take it. */
  send(message: ToLeader): boolean {
    if (this.#worker === undefined || !this.#ready) return false
    this.#worker.postMessage(message)
    return true
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#respawn)
    this.#end()
  }

  #receive(message: FromLeader): void {
    switch (message.kind) {
      case 'ready':
        this.#ready = true
        this.send(this.#listener.greeting())
        this.#ping()
        break
      case 'pong':
        clearTimeout(this.#watch)
        if (Date.now() - this.#startedAt > HEALTHY_MS) this.#backoff.succeeded()
        this.#watch = setTimeout(() => this.#ping(), PING_EVERY_MS)
        break
      case 'failed':
        this.#die(message.failure)
        break
      default:
        this.#listener.received(message)
    }
  }

  #ping(): void {
    this.#expect(PONG_MS, 'The worker does not answer.')
    this.send({ kind: 'ping' })
  }

  #expect(ms: number, otherwise: string): void {
    const asked = Date.now()
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => {
      // A timer that is this late shows that the whole page stood still: the worker gets another chance.
      if (Date.now() - asked > 1.5 * ms && this.#ready) this.#ping()
      else this.#die({ code: 'leader-failed', message: otherwise })
    }, ms)
  }

  #die(failure: Failure): void {
    if (this.#closed) return
    this.#end()
    this.#listener.died(failure)
    this.#respawn = setTimeout(() => this.start(), this.#backoff.next())
  }

  #end(): void {
    clearTimeout(this.#watch)
    const worker = this.#worker
    this.#worker = undefined
    this.#ready = false
    if (worker === undefined) return
    worker.onmessage = worker.onerror = worker.onmessageerror = null
    worker.terminate()
  }
}
