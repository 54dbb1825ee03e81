// Live queries: one execution for all who watch the same query, again only when its tables changed.

import { describe, failureOf, SynclineError } from './failure'
import type { SqlText } from './query'
import type { Row } from './sharing'
import { SharedRows } from './sharing'

/** What runs the queries: the session. */
export interface QueryRunner {
  /** A JSON array, with a line for each row. */
  query(sql: string, params: string): string
  tables_read_by(sql: string): string
}

/** How long a query that nobody watches keeps its result: longer than React needs to subscribe. */
const UNWATCHED_MS = 5_000
/** Whoever writes values into the SQL makes ever new texts. */
const MOST_TEXTS = 500

const keyOf = ({ sql, params }: SqlText): string => `${params}\n${sql}`

/** A query that has a result in memory, and what it took. */
export interface QueryReport extends SqlText {
  readonly tables: readonly string[]
  readonly watchers: number
  readonly rows: number
  readonly runs: number
  /** Of all runs. */
  readonly ms: number
}

class LiveQuery {
  readonly sql: string
  readonly params: string
  readonly tables: ReadonlySet<string>
  readonly watchers = new Set<() => void>()
  stale = true
  unwatchedSince = Date.now()
  runs = 0
  ms = 0
  /** What the watchers know. */
  #told: readonly Row[] | SynclineError | undefined
  readonly #run: () => string
  readonly #shared = new SharedRows()
  #error: SynclineError | undefined

  constructor({ sql, params }: SqlText, tables: ReadonlySet<string>, runner: Pick<QueryRunner, 'query'>) {
    this.sql = sql
    this.params = params
    this.tables = tables
    this.#run = () => runner.query(sql, params)
  }

  /** The rows as of now. Throws where the query cannot run. */
  get rows(): readonly Row[] {
    const result = this.#result()
    if (result instanceof SynclineError) throw result
    return result
  }

  /** How many rows it had when it ran last. */
  get size(): number {
    return this.#shared.rows.length
  }

  watch(watcher: () => void): void {
    if (this.watchers.size === 0) this.#told = this.#result()
    this.watchers.add(watcher)
  }

  /** Whether the result is another than the watchers know; asked once for each change. */
  hasNews(): boolean {
    const [before, result] = [this.#told, this.#result()]
    this.#told = result
    return result !== before
  }

  #result(): readonly Row[] | SynclineError {
    if (this.stale) this.#refresh()
    return this.#error ?? this.#shared.rows
  }

  #refresh(): void {
    this.stale = false
    const began = performance.now()
    try {
      this.#shared.take(this.#run())
      this.#error = undefined
    } catch (thrown) {
      const failure = failureOf(thrown) ?? { code: 'bad-query', message: describe(thrown) }
      const same = this.#error?.code === failure.code && this.#error.message === failure.message
      if (!same) this.#error = new SynclineError(failure)
    }
    this.runs += 1
    this.ms += performance.now() - began
  }
}

/** The queries of one store. */
export class LiveQueries {
  readonly #runner: QueryRunner
  readonly #queries = new Map<string, LiveQuery>()
  readonly #tables = new Map<string, ReadonlySet<string>>()
  #sweep: ReturnType<typeof setTimeout> | undefined

  constructor(runner: QueryRunner) {
    this.#runner = runner
  }

  /** How many distinct queries have a result in memory. */
  get size(): number {
    return this.#queries.size
  }

  /** Every query that has a result in memory. */
  report(): readonly QueryReport[] {
    return [...this.#queries.values()].map(({ sql, params, tables, watchers, size, runs, ms }) => {
      return { sql, params, tables: [...tables], watchers: watchers.size, rows: size, runs, ms }
    })
  }

  /** The result as of now, for whoever asks once: it is not kept. */
  once(query: SqlText): readonly Row[] {
    const live = this.#queries.get(keyOf(query))
    if (live !== undefined) return live.rows
    return new LiveQuery(query, new Set(), this.#runner).rows
  }

  /** The result as of now; the same array as long as it is equal. Throws where the query cannot run. */
  rows(query: SqlText): readonly Row[] {
    return this.#get(query).rows
  }

  /** Calls the watcher after each change of the result, until the returned function is called. */
  watch(query: SqlText, watcher: () => void): () => void {
    this.#get(query).watch(watcher)
    return () => {
      const live = this.#get(query)
      live.watchers.delete(watcher)
      live.unwatchedSince = Date.now()
      this.#sweepLater()
    }
  }

  /** Marks what reads these tables; cheap, so that a commit is. */
  changed(tables: Iterable<string>): void {
    const names = [...tables]
    if (names.length === 0) return
    for (const query of this.#queries.values()) {
      if (names.some((name) => query.tables.has(name))) query.stale = true
    }
  }

  /** Runs what is marked and watched, and then tells those whose result has changed. */
  flush(): void {
    const watchers = new Set<() => void>()
    for (const query of this.#queries.values()) {
      if (query.watchers.size > 0 && query.hasNews())
        for (const watcher of query.watchers) watchers.add(watcher)
    }
    for (const watcher of watchers) watcher()
  }

  close(): void {
    clearTimeout(this.#sweep)
    this.#queries.clear()
  }

  #get(query: SqlText): LiveQuery {
    const key = keyOf(query)
    let live = this.#queries.get(key)
    if (live === undefined) {
      live = new LiveQuery(query, this.#tablesReadBy(query.sql), this.#runner)
      this.#queries.set(key, live)
      this.#sweepLater()
    }
    return live
  }

  /** A query that SQLite refuses reads nothing: running it says why. */
  #tablesReadBy(sql: string): ReadonlySet<string> {
    let tables = this.#tables.get(sql)
    if (tables === undefined) {
      try {
        tables = new Set(JSON.parse(this.#runner.tables_read_by(sql)) as string[])
        if (this.#tables.size >= MOST_TEXTS) this.#tables.clear()
        this.#tables.set(sql, tables)
      } catch {
        tables = new Set()
      }
    }
    return tables
  }

  #sweepLater(): void {
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined
      const before = Date.now() - UNWATCHED_MS
      let waiting = false
      for (const [key, query] of this.#queries) {
        if (query.watchers.size > 0) continue
        if (query.unwatchedSince <= before) this.#queries.delete(key)
        else waiting = true
      }
      if (waiting) this.#sweepLater()
    }, UNWATCHED_MS)
  }
}
