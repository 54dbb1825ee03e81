// A tab that another tab's leader serves: it calls whoever leads, and calls again when nobody answers.

import type { Failure } from './failure'
import type { FromLeader, TabCall, ToLeader } from './port'
import { callChannel, tabChannel } from './tabs'

export interface FollowerListener {
  /** What this tab calls with. */
  greeting(): Extract<TabCall, { kind: 'attach' }>
  received(message: Exclude<FromLeader, { kind: 'ready' | 'pong' | 'failed' }>): void
  /** Nobody answers; it goes on calling. */
  died(failure: Failure): void
}

/** A leader may be opening: then it hears nothing yet, and says so once it does. */
const CALL_EVERY_MS = 1_000
const PING_EVERY_MS = 5_000
const SILENT_MS = 10_000

type Timer = ReturnType<typeof setTimeout>

export class Follower {
  readonly #listener: FollowerListener
  readonly #call: BroadcastChannel
  readonly #channel: BroadcastChannel
  #isServed = false
  /** What came after the last call, and is not in it. */
  #waiting: ToLeader[] = []
  #next: Timer | undefined
  #deadline: Timer | undefined

  constructor(storeId: string, subject: string, session: string, listener: FollowerListener) {
    this.#listener = listener
    this.#call = new BroadcastChannel(callChannel(storeId, subject))
    this.#channel = new BroadcastChannel(tabChannel(session))
    this.#call.onmessage = ({ data }: MessageEvent<TabCall>) => {
      if (data.kind === 'leading') this.#attach()
    }
    this.#channel.onmessage = ({ data }: MessageEvent<FromLeader>) => this.#receive(data)
  }

  start(): void {
    this.#expectWord()
    this.#attach()
  }

  /** Returns whether a leader takes it: at once, or when it answers the call. The next call has it otherwise. */
  send(message: ToLeader): boolean {
    if (this.#isServed) this.#channel.postMessage(message)
    else this.#waiting.push(message)
    return true
  }

  close(): void {
    this.#isServed = false
    clearTimeout(this.#next)
    clearTimeout(this.#deadline)
    this.#call.close()
    this.#channel.close()
  }

  #attach(): void {
    this.#isServed = false
    clearTimeout(this.#next)
    this.#next = setTimeout(() => this.#attach(), CALL_EVERY_MS)
    this.#waiting = []
    this.#call.postMessage(this.#listener.greeting())
  }

  #receive(message: FromLeader): void {
    this.#expectWord()
    switch (message.kind) {
      case 'opened':
        this.#isServed = true
        clearTimeout(this.#next)
        this.#next = setTimeout(() => this.#ping(), PING_EVERY_MS)
        this.#listener.received(message)
        for (const waiting of this.#waiting.splice(0)) this.send(waiting)
        break
      case 'not-served':
        clearTimeout(this.#next)
        this.#listener.received(message)
        break
      case 'ready':
      case 'failed':
      case 'pong':
        break
      default:
        this.#listener.received(message)
    }
  }

  #ping(): void {
    this.#next = setTimeout(() => this.#ping(), PING_EVERY_MS)
    this.send({ kind: 'ping' })
  }

  /** A timer that is late shows that this page stood still: what was said meanwhile comes first. */
  #expectWord(): void {
    const since = Date.now()
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => {
      if (Date.now() - since < 1.5 * SILENT_MS) {
        this.#listener.died({
          code: 'leader-failed',
          message: 'The tab that has the local data does not answer.',
        })
        this.#attach()
      }
      this.#expectWord()
    }, SILENT_MS)
  }
}
