// The store of a page: commits are applied at once, queries answered at once, the rest happens behind.

import { Computed } from './computed'
import type { AnyEvent, Failure } from './failure'
import { describe, failureOf, RejectionError, SynclineError } from './failure'
import type { Journal } from './journal'
import { commitOf } from './journal'
import type { QueryReport } from './live'
import { LiveQueries } from './live'
import type { LocalDocument, LocalScope } from './local'
import { LocalDocuments, localStorages } from './local'
import type { EventsOptions, LoggedEvent, PastState } from './past'
import { eventsOf, linesOf, News, Questions } from './past'
import { asPromised } from './persistence'
import type { FromLeader, Resumed, ToLeader, Told } from './port'
import { Presence } from './presence'
import type { Query, SqlText, SqlValue } from './query'
import { compile } from './query'
import type { Receipt } from './receipt'
import { Receipts } from './receipt'
import type { Event } from './register'
import { SavedLog } from './saved-log'
import type { Row } from './sharing'
import { SharedRows } from './sharing'
import type { Status, StatusBoard } from './status'
import type { Made } from './undo'
import { UndoList } from './undo'
import type {
  Effects,
  LostCommit,
  PendingCommit,
  Present,
  QuarantinedCommit,
  RejectedCommit,
  StorageKind,
  SynclineWasm,
  WasmSession,
} from './wasm'

/** What a store needs of its surroundings. */
export interface StoreParts {
  readonly storeId: string
  readonly subject: string
  readonly session: string
  readonly wasm: WasmSession
  readonly past: SynclineWasm['Past']
  readonly journal: Journal
  readonly board: StatusBoard
  /** Returns whether there is a leader to take it. */
  readonly send: (message: ToLeader) => boolean
  readonly setAuth: (token: string | undefined) => void
  readonly close: () => void
}

export class Store {
  readonly storeId: string
  /** Who is signed in. */
  readonly subject: string
  readonly #parts: StoreParts
  readonly #receipts = new Receipts()
  readonly #queries: LiveQueries
  readonly #presence: Presence
  readonly #questions: Questions
  readonly #news = new News()
  readonly #undo = new UndoList()
  readonly #local: LocalDocuments
  readonly #watchers = new Set<() => void>()
  #flushing = false
  readonly #pending = new SharedRows<PendingCommit<Event>>()
  #pendingStale = true
  #rejected: readonly RejectedCommit[] = []
  #lost: readonly LostCommit[] = []
  #closed = false

  constructor(parts: StoreParts) {
    this.storeId = parts.storeId
    this.subject = parts.subject
    this.#parts = parts
    this.#queries = new LiveQueries(parts.wasm)
    const { session, send } = parts
    this.#presence = new Presence(session, (value) => send({ kind: 'presence', session, value }))
    this.#questions = new Questions(session, send)
    this.#local = new LocalDocuments(parts.storeId, parts.subject, localStorages())
    parts.board.learn({ pending: this.pending().length })
    this.#readRejected()
  }

  /**
   * Applies events as one commit, at once, and sends them when it can. Throws a `RejectionError` where the
   * rules refuse them; then nothing has happened.
   */
  commit(...events: readonly Event[]): Receipt {
    return this.#commit(events, 'new')
  }

  /**
   * Takes back the last commit of this tab that can be, by one that undoes it; of those that do not apply any
   * more, none is made. Nothing where there is none.
   */
  undo(): Receipt | undefined {
    return this.#step('undo')
  }

  /** Does again what was undone last. */
  redo(): Receipt | undefined {
    return this.#step('redo')
  }

  get canUndo(): boolean {
    return this.#undo.canUndo
  }

  get canRedo(): boolean {
    return this.#undo.canRedo
  }

  #step(direction: 'undo' | 'redo'): Receipt | undefined {
    for (;;) {
      const events = this.#undo.take(direction)
      if (events === undefined) return undefined
      try {
        return this.#commit(events, direction)
      } catch (thrown) {
        if (!(thrown instanceof RejectionError)) throw thrown
        // Others have changed what it was about: the one before it is next.
        this.#changed()
      }
    }
  }

  #commit(events: readonly AnyEvent[], made: Made): Receipt {
    const { wasm, board } = this.#parts
    this.#assertOpen()
    const number = this.#attempt(() => wasm.commit(Date.now(), JSON.stringify(events)), events)
    const inverse = wasm.take_inverse()
    this.#undo.committed(number, inverse === undefined ? undefined : JSON.parse(inverse), made)
    const receipt = this.#receipts.open(number)
    const message = wasm.hand_over_of(number)
    if (message !== undefined) this.#keep(number, message)
    board.learn({ pending: board.facts.pending + 1 })
    this.#changed()
    return receipt
  }

  /** Rows, or what is computed from them, as of now, own pending commits included. */
  query<T>(computed: Computed<T>): T
  query<Row>(query: Query<Row>, params?: readonly SqlValue[]): readonly Row[]
  query<Row>(query: Query<Row> | Computed<unknown>, params?: readonly SqlValue[]): unknown {
    this.#assertOpen()
    if (query instanceof Computed) return query.value(this)
    return this.#queries.once(compile(query, params)) as readonly Row[]
  }

  /** Calls `watcher` with the rows, or the value, after each change, until the returned function is called. */
  subscribe<T>(computed: Computed<T>, watcher: (value: T) => void): () => void
  subscribe<Row>(query: Query<Row>, watcher: (rows: readonly Row[]) => void): () => void
  subscribe<Row>(query: Query<Row> | Computed<unknown>, watcher: (value: never) => void): () => void {
    if (query instanceof Computed) return query.watch(this, () => watcher(query.value(this) as never))
    const text = compile(query)
    return this.watch(text, () => watcher(this.rows(text) as never))
  }

  /** As `query`, for a compiled query that is asked again and again: an equal result is the same array. */
  rows(text: SqlText): readonly Row[] {
    this.#assertOpen()
    return this.#queries.rows(text)
  }

  /** As `subscribe`, for a query that is compiled already. */
  watch(text: SqlText, watcher: () => void): () => void {
    return this.#queries.watch(text, watcher)
  }

  /**
   * The events of the log after a seq, in its order, whole commits; with `live`, also those that come. Pending
   * commits are not among them. What is older than the local data comes from the server. Throws
   * `entries-missed` where the server has another log than the one that was read so far.
   */
  events(options: EventsOptions = {}): AsyncGenerator<LoggedEvent<Event>, void> {
    this.#assertOpen()
    return eventsOf(this.#questions, this.#news, options) as AsyncGenerator<LoggedEvent<Event>, void>
  }

  /**
   * The state as it was at a seq of the log, for queries; close it when it is not needed any more. A seq within
   * a commit stands for the end of the one before it. Throws `state-unavailable` beyond the log.
   */
  at(seq: number): Promise<PastState> {
    this.#assertOpen()
    return this.#questions.state(seq, this.#parts.past)
  }

  /** The whole log as lines of JSON, as the servers write and import it. What is pending is not in it. */
  saveLog(): Promise<Blob> {
    this.#assertOpen()
    return linesOf(this.#questions, this.#news)
  }

  /** A log that was saved, of this store or another one, to be looked at under the rules of this page. */
  openLog(lines: string): SavedLog {
    return new SavedLog(lines, this.#parts.past)
  }

  get status(): Status {
    return this.#parts.board.status
  }

  onStatus(watcher: (status: Status) => void): () => void {
    return this.#parts.board.watch(watcher)
  }

  /** Commits that are not decided yet, also those of a page before this one. */
  pending(): readonly PendingCommit<Event>[] {
    if (this.#pendingStale && !this.#closed) {
      this.#pendingStale = false
      this.#pending.take(this.#parts.wasm.pending())
    }
    return this.#pending.rows
  }

  /** Commits that the server has rejected, also those of a page before this one, until they are dismissed. */
  rejected(): readonly RejectedCommit<Event>[] {
    return this.#rejected as readonly RejectedCommit<Event>[]
  }

  /** Forgets a rejected commit, here and in the local data. */
  dismiss(rejected: Pick<RejectedCommit, 'counter'>): void {
    const { wasm } = this.#parts
    this.#assertOpen()
    this.#guarded(() => wasm.dismiss(rejected.counter))
    this.#readRejected()
    this.#changed()
  }

  /**
   * Commits that were confirmed, and that the server's log no longer has, because it was reset or restored
   * from an older backup; until they are dismissed.
   */
  lost(): readonly LostCommit<Event>[] {
    return this.#lost as readonly LostCommit<Event>[]
  }

  /** Forgets the lost commits up to this one, here and in the local data. */
  dismissLost(upto: Pick<LostCommit, 'id'>): void {
    this.#assertOpen()
    this.#parts.send({ kind: 'dismiss-lost', upto: upto.id })
  }

  /** Commits of the log that could not be decoded or applied here; a newer version of the app tries again. */
  quarantined(): readonly QuarantinedCommit[] {
    this.#assertOpen()
    return JSON.parse(this.#parts.wasm.quarantined()) as readonly QuarantinedCommit[]
  }

  /** What the leader says of them; `open` calls it. */
  setLost(lost: readonly LostCommit[]): void {
    this.#lost = lost
    this.#notify()
  }

  /** Calls `watcher` when `pending()`, `rejected()` or `lost()` have changed. */
  onCommits(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /**
   * Tells everybody who is here a small value of this tab, such as what is being typed: any JSON of at most 512
   * bytes, or nothing. It is never logged, and gone with the tab. Throws where it is too large.
   */
  setPresence(value: unknown): void {
    this.#assertOpen()
    this.#presence.set(value)
  }

  /** What the others who are here tell: one for each session, also of this user's other tabs and machines. */
  presence<Value = unknown>(): readonly Present<Value>[] {
    return this.#presence.others as readonly Present<Value>[]
  }

  /** Calls `watcher` when `presence()` has changed. */
  onPresence(watcher: () => void): () => void {
    return this.#presence.watch(watcher)
  }

  /** What the leader says of it; `open` calls it. */
  receivePresence({ all, values }: Extract<FromLeader, { kind: 'presence' }>): void {
    if (!this.#closed) this.#presence.receive(all, values)
  }

  /** The queries that have a result in memory, and what they took. */
  queries(): readonly QueryReport[] {
    return this.#queries.report()
  }

  /** Cuts the connection, of all tabs of this browser, until it is let again: to try what offline is like. */
  cut(isCut: boolean): void {
    this.#assertOpen()
    this.#parts.send({ kind: 'cut', isCut })
  }

  /** Each message takes so many milliseconds longer, either way, in all tabs: to try what a slow network is like. */
  delay(ms: number): void {
    this.#assertOpen()
    this.#parts.send({ kind: 'delay', ms })
  }

  /**
   * A document that is never synced, such as a draft: of all tabs of this browser, or of this tab alone, reloads
   * included. Each subject has its own.
   */
  local<T = unknown>(key: string, scope: LocalScope = 'client'): LocalDocument<T> {
    return this.#local.document(key, scope) as LocalDocument<T>
  }

  /**
   * Asks the browser to keep the local data also where it runs out of space, and says whether it will: some ask
   * the user, so call it when they have something to lose. `status.persistent` says the same.
   */
  async persist(): Promise<boolean> {
    this.#assertOpen()
    const persistent = await asPromised(navigator.storage?.persist?.())
    this.#parts.board.learn({ persistent })
    return persistent
  }

  /** Signs in again, with another token for the same subject. */
  setAuth(token: string | undefined): void {
    this.#parts.setAuth(token)
  }

  /** Settles when every commit made so far, here or before, is decided. */
  settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#closed) reject(closed())
        else if (this.#parts.board.facts.pending > 0) return
        else resolve()
        stop()
      }
      const stop = this.onCommits(look)
      look()
    })
  }

  get isOpen(): boolean {
    return !this.#closed
  }

  close(): void {
    if (this.#closed) return
    this.#flush()
    this.#closed = true
    this.#receipts.close()
    this.#queries.close()
    this.#presence.close()
    this.#questions.close(closed())
    this.#local.close()
    this.#news.tell()
    this.#notify()
    this.#parts.close()
    this.#parts.wasm.free()
  }

  /** What the leader says; `open` calls it. */
  receive({ told }: { readonly told: readonly Told[] }): void {
    const { wasm, board } = this.#parts
    for (const one of told) {
      if (this.#closed || board.facts.sessionFailure !== undefined) return
      const { message, state } = typeof one === 'string' ? { message: one, state: undefined } : one
      // Without the state that it asks for, a message is refused.
      const take = () => (state?.length ? wasm.adopt(message, state) : wasm.receive(message))
      const effects = this.#guarded(() => JSON.parse(take()) as Effects)
      if (effects !== undefined) this.#follow(effects)
    }
    this.#news.tell()
    this.#changed()
  }

  /** What the leader answers; `open` calls it. */
  answered(message: Extract<FromLeader, { kind: 'answer' }>): void {
    this.#questions.answered(message)
  }

  /** What a new leader has to know about this page. */
  resume(): Resumed | undefined {
    const { wasm } = this.#parts
    return this.#guarded(() => ({
      cursor: wasm.cursor(),
      epoch: wasm.epoch(),
      again: wasm.hand_over_again(),
    }))
  }

  /** There is a new leader. One that starts from nothing, or from elsewhere, cannot go on where this page is. */
  leaderReplaced(before: StorageKind, now: StorageKind): void {
    this.setLost([])
    this.#presence.again()
    this.#questions.again()
    if (before === now && now !== 'memory') return
    const message =
      'The worker stopped, and its storage was in memory, or is now. Reload the page: what is pending is in its journal.'
    this.#parts.board.learn({ sessionFailure: { code: 'leader-failed', message } })
  }

  #follow(effects: Effects): void {
    const { journal, board, session } = this.#parts
    const durable = board.facts.storage !== 'memory'
    for (const number of effects.persisted) {
      if (durable) {
        this.#receipts.persisted(number)
        journal.remove(number)
      } else this.#keepTaken(number)
    }
    const decided = (number: number): void => (durable ? journal.remove(number) : journal.decide(number))
    for (const { number, first, last } of effects.confirmed) {
      this.#receipts.confirmed(number, { first, last })
      decided(number)
    }
    for (const rejected of effects.rejected) {
      if (rejected.session !== session) continue
      this.#receipts.rejected(rejected.number, rejected, rejected.events)
      this.#undo.rejected(rejected.number)
      decided(rejected.number)
    }
    if (effects.rejected.length > 0 || effects.rejections !== this.#rejected.length) this.#readRejected()
    this.#queries.changed(effects.changed)
    board.learn({ pending: effects.pending, quarantined: effects.quarantined })
    if (!durable) this.#forgetDecided()
  }

  #readRejected(): void {
    const read = (): RejectedCommit[] => JSON.parse(this.#parts.wasm.rejections()) as RejectedCommit[]
    this.#rejected = this.#guarded(read) ?? this.#rejected
  }

  /** With storage in memory, the journals stay until their commits are decided. */
  #forgetDecided(): void {
    const { journal } = this.#parts
    let pending: Set<string> | undefined
    journal.removeDecided((key) => {
      if (pending === undefined) {
        this.#pendingStale = true
        pending = new Set(this.pending().map(({ session, number }) => `${session}:${number}`))
      }
      const { session, number } = commitOf(key)
      return pending.has(`${session}:${number}`)
    })
  }

  #keep(number: number, message: string): void {
    const { journal, board } = this.#parts
    const kept = journal.keep(number, message)
    if (kept === board.facts.journalFailed) board.learn({ journalFailed: !kept })
  }

  /** With storage in memory, a commit is journaled under the identity that it has in the log. */
  #keepTaken(number: number): void {
    const { wasm, session } = this.#parts
    const entry = this.#guarded(() => wasm.journal_entry(session, number))
    if (entry !== undefined) this.#keep(number, entry)
  }

  #changed(): void {
    this.#pendingStale = true
    const tables = this.#guarded(() => JSON.parse(this.#parts.wasm.take_changed()) as string[])
    this.#queries.changed(tables ?? [])
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  /** Once for all commits and messages of a task: hands over, runs queries again, and tells who watches. */
  #flush(): void {
    this.#flushing = false
    if (this.#closed) return
    // One message, and so one transaction, for all of the task. Without a leader nothing is lost: the next one is
    // handed everything again.
    const message = this.#guarded(() => this.#parts.wasm.take_hand_over())
    if (message !== undefined) this.#parts.send({ kind: 'hand-over', message })
    this.#queries.flush()
    this.#notify()
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }

  #attempt(commit: () => number, events: readonly AnyEvent[]): number {
    try {
      return commit()
    } catch (thrown) {
      const failure = failureOf(thrown)
      if (failure !== undefined) throw new RejectionError(failure, events)
      throw this.#broken(thrown)
    }
  }

  #guarded<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (thrown) {
      this.#broken(thrown)
      return undefined
    }
  }

  /** The session cannot go on: commits are safe in the journal or with the leader, the page is not. */
  #broken(thrown: unknown): SynclineError {
    const failure: Failure = failureOf(thrown) ?? {
      code: 'session-failed',
      message: `This page cannot go on; reload it. Nothing that was committed is lost. (${describe(thrown)})`,
    }
    this.#parts.board.learn({ sessionFailure: failure })
    return new SynclineError(failure, { cause: thrown })
  }

  #assertOpen(): void {
    if (this.#closed) throw closed()
  }
}

function closed(): SynclineError {
  return new SynclineError({ code: 'store-closed', message: 'The store is closed.' })
}
