// The log and the state as they were, for a page: questions to the leader, whoever leads.

import type { AnyEvent } from './failure'
import { describe, failureOf, SynclineError } from './failure'
import type { Entry } from './generated/messages'
import { LiveQueries } from './live'
import type { Answer, FromLeader, Question, ToLeader } from './port'
import type { Query, SqlText, SqlValue } from './query'
import { compile } from './query'
import type { Row } from './sharing'
import type { SynclineWasm, WasmPast } from './wasm'

/** An event of the log, with what the log knows of it. */
export type LoggedEvent<Event extends AnyEvent = AnyEvent> = Event & {
  readonly seq: number
  readonly author: string
  /** When the server admitted it, in milliseconds since 1970. */
  readonly time: number
  /** With `counter`, the identity of its commit. */
  readonly client: string
  readonly counter: number
  /** Its place among the events of its commit, from 0, and how many there are. */
  readonly index: number
  readonly of: number
  /** Its args were replaced by others. */
  readonly redacted: boolean
}

export interface EventsOptions {
  /** The seq to begin after: 0, if it is not given, for the whole log. */
  readonly since?: number
  /** Goes on with what comes, until the loop is left or `signal` aborts. */
  readonly live?: boolean
  readonly signal?: AbortSignal
}

/** The state as it was at a seq. It reads, and changes no more. */
export class PastState {
  /** The last entry that is in it. */
  readonly seq: number
  readonly #wasm: WasmPast
  readonly #queries: LiveQueries
  #closed = false

  constructor(wasm: WasmPast) {
    this.#wasm = wasm
    this.#queries = new LiveQueries({
      query: (sql, params) => wasm.query(sql, params),
      // Nothing of it ever changes.
      tables_read_by: () => '[]',
    })
    this.seq = wasm.seq()
  }

  query<Row>(query: Query<Row>, params?: readonly SqlValue[]): readonly Row[] {
    this.#assertOpen()
    return this.#queries.once(compile(query, params)) as readonly Row[]
  }

  /** As `query`, for a compiled query that is asked again and again: the same array each time. */
  rows(text: SqlText): readonly Row[] {
    this.#assertOpen()
    return this.#queries.rows(text)
  }

  /** As the store's: rows that are watched are kept, and never change. */
  watch(text: SqlText, watcher: () => void): () => void {
    return this.#queries.watch(text, watcher)
  }

  /** Gives its memory back. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#queries.close()
    this.#wasm.free()
  }

  #assertOpen(): void {
    if (this.#closed) throw new SynclineError({ code: 'store-closed', message: 'This state was closed.' })
  }
}

type Ask = Extract<ToLeader, { kind: 'ask' }>

interface Waiting {
  readonly ask: Ask
  resolve(answer: Answer): void
  reject(error: SynclineError): void
}

/** The questions of a page that are not answered yet: whoever leads next is asked them again. */
export class Questions {
  readonly #session: string
  readonly #send: (ask: Ask) => void
  readonly #waiting = new Map<number, Waiting>()
  #last = 0
  #closed: SynclineError | undefined

  constructor(session: string, send: (ask: Ask) => void) {
    this.#session = session
    this.#send = send
  }

  async log(after: number): Promise<Extract<Answer, { kind: 'log' }>> {
    return expected('log', await this.#ask({ kind: 'log', after }))
  }

  async state(at: number, past: SynclineWasm['Past']): Promise<PastState> {
    const { state, seq } = expected('state', await this.#ask({ kind: 'state', at }))
    try {
      return new PastState(past.open(state, seq))
    } catch (thrown) {
      throw new SynclineError(failureOf(thrown) ?? { code: 'session-failed', message: describe(thrown) })
    }
  }

  answered({ id, answer }: Extract<FromLeader, { kind: 'answer' }>): void {
    this.#waiting.get(id)?.resolve(answer)
    this.#waiting.delete(id)
  }

  /** There is another leader. */
  again(): void {
    for (const { ask } of this.#waiting.values()) this.#send(ask)
  }

  close(error: SynclineError): void {
    this.#closed = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  #ask(question: Question): Promise<Answer> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    this.#last += 1
    const ask: Ask = { kind: 'ask', session: this.#session, id: this.#last, question }
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask.id, { ask, resolve, reject })
      this.#send(ask)
    })
  }
}

/** Wakes whoever waits for the next news. */
export class News {
  #tell: () => void = () => {}
  #next = this.#make()

  get next(): Promise<void> {
    return this.#next
  }

  tell(): void {
    const tell = this.#tell
    this.#next = this.#make()
    tell()
  }

  #make(): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve
    })
  }
}

/** The events of the log after a seq, in its order. */
export async function* eventsOf(
  questions: Questions,
  news: News,
  options: EventsOptions,
): AsyncGenerator<LoggedEvent, void> {
  for await (const part of partsOf(questions, news, options)) {
    for (const entry of part) {
      if (options.signal?.aborted === true) return
      yield logged(entry)
    }
  }
}

/** The whole log as lines of JSON, as the servers write it, and import it. */
export async function linesOf(questions: Questions, news: News): Promise<Blob> {
  const lines: string[] = []
  for await (const part of partsOf(questions, news, {}))
    lines.push(...part.map((entry) => `${JSON.stringify(entry)}\n`))
  return new Blob(lines, { type: 'application/jsonl' })
}

/** The log after a seq, a part of whole commits at a time. */
async function* partsOf(
  questions: Questions,
  news: News,
  { since = 0, live = false, signal }: EventsOptions,
): AsyncGenerator<readonly Entry[], void> {
  let after = since
  let life: string | undefined
  const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
  const isAborted = (): boolean => signal?.aborted === true
  while (!isAborted()) {
    const next = news.next
    const { incarnation, entries } = await questions.log(after)
    if (life !== undefined && incarnation !== life) {
      const message = `The server has another log than the one that was read up to ${after}.`
      throw new SynclineError({ code: 'entries-missed', message })
    }
    life = incarnation
    const part = wholeCommits(entries, after)
    const last = part.at(-1)
    if (last !== undefined) {
      yield part
      after = last.seq
    } else if (!live) return
    else await Promise.race([next, aborted])
  }
}

/** The whole commits after a seq that a part of the log holds. */
export function commitsOf(entries: string, after: number): LoggedEvent[] {
  return wholeCommits(entries, after).map(logged)
}

function wholeCommits(entries: string, after: number): Entry[] {
  const all = (JSON.parse(entries) as Entry[]).filter((entry) => entry.seq > after)
  const ends = ({ index = 0, of = 1 }: Entry): boolean => index + 1 >= of
  return all.slice(0, all.findLastIndex(ends) + 1)
}

function logged({ digest, index = 0, of = 1, ...entry }: Entry): LoggedEvent {
  return { ...entry, index, of, redacted: digest != null }
}

function expected<Kind extends Answer['kind']>(kind: Kind, answer: Answer): Extract<Answer, { kind: Kind }> {
  if (answer.kind === 'refused') throw new SynclineError(answer.failure)
  if (answer.kind !== kind)
    throw new SynclineError({
      code: 'leader-failed',
      message: `The leader has answered with ${answer.kind}.`,
    })
  return answer as Extract<Answer, { kind: Kind }>
}
