// A log that was saved as lines of JSON, by a page or a server: what it says, and what the rules of this page make
// of it. It is no store: nothing is committed to it, and nothing of it is sent.

import { describe, failureOf, SynclineError } from './failure'
import type { EventsOptions, LoggedEvent } from './past'
import { commitsOf, PastState } from './past'
import type { Event } from './register'
import type { SynclineWasm, WasmPast } from './wasm'

/** More than a commit has. */
const LINES_AT_ONCE = 2_000

export class SavedLog {
  /** The seq of its last event. */
  readonly head: number
  readonly #lines: readonly string[]
  readonly #past: SynclineWasm['Past']
  /** The last state that was made: one after it is made from there. */
  #last: { readonly seq: number; readonly state: Uint8Array } | undefined

  /** Throws `bad-message`, with the line, where it is no log. */
  constructor(text: string, past: SynclineWasm['Past']) {
    this.#lines = text.split('\n').filter((line) => line.trim() !== '')
    this.#lines.forEach(check)
    const last = this.#lines.at(-1)
    const { index = 0, of = 1 } = last === undefined ? {} : (JSON.parse(last) as Place)
    if (index + 1 < of) throw noLog(this.#lines.length, 'the log ends within a commit')
    this.head = this.#lines.length
    this.#past = past
  }

  /** As `store.events`; there are never more. */
  async *events({ since = 0, signal }: EventsOptions = {}): AsyncGenerator<LoggedEvent<Event>, void> {
    for (let after = since; after < this.head; ) {
      const events = commitsOf(this.#part(after), after) as LoggedEvent<Event>[]
      for (const event of events) {
        if (signal?.aborted === true) return
        yield event
      }
      after = events.at(-1)?.seq ?? this.head
      await new Promise((resolve) => setTimeout(resolve))
    }
  }

  /** As `store.at`, made in the page. */
  async at(seq: number): Promise<PastState> {
    if (seq > this.head) {
      const message = `The log ends at ${this.head}: there is no state at ${seq}.`
      throw new SynclineError({ code: 'state-unavailable', message })
    }
    try {
      const past = await this.#made(seq)
      this.#last = { seq: past.seq(), state: past.serialize() }
      return new PastState(past)
    } catch (thrown) {
      throw new SynclineError(failureOf(thrown) ?? { code: 'session-failed', message: describe(thrown) })
    }
  }

  async #made(upto: number): Promise<WasmPast> {
    const last = this.#last
    const past =
      last === undefined || last.seq > upto ? this.#past.begin() : this.#past.open(last.state, last.seq)
    try {
      for (;;) {
        const before = past.seq()
        if (!past.follow(this.#part(before), upto) || past.seq() === before) return past
        await new Promise((resolve) => setTimeout(resolve))
      }
    } catch (thrown) {
      past.free()
      throw thrown
    }
  }

  #part(after: number): string {
    return `[${this.#lines.slice(after, after + LINES_AT_ONCE).join()}]`
  }
}

interface Place {
  readonly seq?: unknown
  readonly index?: number
  readonly of?: number
}

function check(line: string, place: number): void {
  let entry: Place | null
  try {
    entry = JSON.parse(line) as Place | null
  } catch (thrown) {
    throw noLog(place + 1, describe(thrown))
  }
  if (entry?.seq !== place + 1)
    throw noLog(place + 1, `its seq is ${entry?.seq}: a log begins at 1, without a gap`)
}

const noLog = (line: number, why: string): SynclineError =>
  new SynclineError({ code: 'bad-message', message: `This is no log, in line ${line}: ${why}.` })
