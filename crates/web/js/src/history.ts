// The log as the leader's worker reads it for pages: from the local data, and from the server below that.

import { describe, type Failure, failureOf, SynclineError } from './failure'
import type { Answer, Question } from './port'
import type { LeaderStatus, WasmLeader } from './wasm'

/** More than a commit has. */
const ENTRIES_AT_ONCE = 5_000

/** How long a state waits for events that are on their way here. */
const COMING_MS = 10_000
const COMING_STEP_MS = 20

type Part = Extract<Answer, { kind: 'log' }>

export class History {
  readonly #leader: WasmLeader
  readonly #logUrl: string
  readonly #token: () => string | undefined

  constructor(leader: WasmLeader, logUrl: string, token: () => string | undefined) {
    this.#leader = leader
    this.#logUrl = logUrl
    this.#token = token
  }

  /** What only a broken wasm throws is thrown on. */
  async answer(question: Question): Promise<Answer> {
    try {
      return question.kind === 'log' ? await this.#part(question.after) : await this.#state(question.at)
    } catch (thrown) {
      const failure = thrown instanceof SynclineError ? thrown : failureOf(thrown)
      if (failure === undefined) throw thrown
      return { kind: 'refused', failure: { code: failure.code, message: failure.message } }
    }
  }

  async #part(after: number): Promise<Part> {
    const leader = this.#leader
    const entries = after < leader.log_start() ? await this.#ofServer(after) : leader.log_part(after)
    return { kind: 'log', incarnation: leader.incarnation(), entries }
  }

  /** A part at a time, so that the leader goes on with its work in between. */
  async #state(at: number): Promise<Answer> {
    await this.#coming(at)
    const { incarnation } = this.#leaderAt(at)
    const past = this.#leader.past(at)
    try {
      for (;;) {
        const part = await this.#part(past.seq())
        if (part.incarnation !== incarnation) throw unavailable('the server has another log now')
        const before = past.seq()
        if (!past.follow(part.entries, at)) break
        if (past.seq() === before) throw unavailable(`the log cannot be read after ${before}`)
        await new Promise((resolve) => setTimeout(resolve))
      }
      this.#leaderAt(at)
      return { kind: 'state', seq: past.seq(), state: new Uint8Array(past.serialize()) }
    } finally {
      past.free()
    }
  }

  /** What the server is known to have may be on its way. */
  async #coming(at: number): Promise<void> {
    const until = Date.now() + COMING_MS
    for (;;) {
      const { cursor, head } = JSON.parse(this.#leader.status()) as LeaderStatus
      if (at <= cursor || at > head || Date.now() > until) return
      await new Promise((resolve) => setTimeout(resolve, COMING_STEP_MS))
    }
  }

  /** Which log it is, if it reaches that far. */
  #leaderAt(at: number): { incarnation: string | undefined } {
    const { cursor } = JSON.parse(this.#leader.status()) as LeaderStatus
    if (at > cursor) throw unavailable(`the log here ends at ${cursor}`)
    return { incarnation: this.#leader.incarnation() }
  }

  async #ofServer(after: number): Promise<string> {
    const token = this.#token()
    const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` }
    let response: Response
    let text: string
    try {
      response = await fetch(`${this.#logUrl}?after=${after}&limit=${ENTRIES_AT_ONCE}`, { headers })
      text = await response.text()
    } catch (thrown) {
      const message = `What is older than the local data is on the server alone. (${describe(thrown)})`
      throw new SynclineError({ code: 'server-unreachable', message })
    }
    if (!response.ok) throw refusalOf(response.status, text)
    return `[${text.trimEnd().replaceAll('\n', ',')}]`
  }
}

function refusalOf(status: number, text: string): SynclineError {
  const failure: Failure | undefined = failureOf(text)
  return new SynclineError(failure ?? { code: 'server-failed', message: `The server answered ${status}.` })
}

function unavailable(why: string): SynclineError {
  return new SynclineError({ code: 'state-unavailable', message: `That state cannot be made: ${why}.` })
}
