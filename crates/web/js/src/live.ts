// Live queries: one execution for all who watch the same query, again only when its tables changed.

import { describe, failureOf, SynclineError } from './failure'
import type { SqlText } from './query'
import type { Row } from './sharing'
import { share } from './sharing'

/** What runs the queries: the session. */
export interface QueryRunner {
  query(sql: string, params: string): string
  tables_read_by(sql: string): string
}

/** How long a query that nobody watches keeps its result: longer than React needs to subscribe. */
const UNWATCHED_MS = 5_000

class LiveQuery {
  readonly tables: ReadonlySet<string>
  readonly watchers = new Set<() => void>()
  stale = true
  unwatchedSince = Date.now()
  readonly #run: () => string
  #text: string | undefined
  #rows: readonly Row[] = []
  #error: SynclineError | undefined

  constructor(tables: ReadonlySet<string>, run: () => string) {
    this.tables = tables
    this.#run = run
  }

  /** The rows as of now. Throws where the query cannot run. */
  get rows(): readonly Row[] {
    this.refresh()
    if (this.#error !== undefined) throw this.#error
    return this.#rows
  }

  /** Runs the query if its tables have changed, and returns whether its result has. */
  refresh(): boolean {
    if (!this.stale) return false
    this.stale = false
    const [rows, error] = [this.#rows, this.#error]
    try {
      const text = this.#run()
      this.#error = undefined
      if (text !== this.#text) this.#rows = share(rows, JSON.parse(text) as Row[])
      this.#text = text
    } catch (thrown) {
      const failure = failureOf(thrown) ?? { code: 'query-failed', message: describe(thrown) }
      if (error?.code !== failure.code || error.message !== failure.message)
        this.#error = new SynclineError(failure)
    }
    return this.#rows !== rows || this.#error !== error
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

  /** The result as of now; the same array as long as it is equal. Throws where the query cannot run. */
  rows(query: SqlText): readonly Row[] {
    return this.#get(query).rows
  }

  /** Calls the watcher after each change of the result, until the returned function is called. */
  watch(query: SqlText, watcher: () => void): () => void {
    this.#get(query).watchers.add(watcher)
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
      if (query.watchers.size > 0 && query.refresh())
        for (const watcher of query.watchers) watchers.add(watcher)
    }
    for (const watcher of watchers) watcher()
  }

  close(): void {
    clearTimeout(this.#sweep)
    this.#queries.clear()
  }

  #get({ sql, params }: SqlText): LiveQuery {
    const key = `${params}\n${sql}`
    let live = this.#queries.get(key)
    if (live === undefined) {
      live = new LiveQuery(this.#tablesReadBy(sql), () => this.#runner.query(sql, params))
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
