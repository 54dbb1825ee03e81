// A live query as other frameworks read it: Svelte as `$rows`, Solid by `from`, Vue into a `shallowRef`.

import { Computed, computed } from './computed'
import type { Query } from './query'
import type { Store } from './store'

/** Svelte's store contract, which others know, too. */
export interface Readable<T> {
  /** Calls `run` at once, and after each change, until the returned function is called. */
  readonly subscribe: (run: (value: T) => void) => () => void
}

/** The rows of a query, or what is computed from some, kept up to date for whoever subscribes. */
export function readable<T>(store: Store, query: Computed<T>): Readable<T>
export function readable<Row>(store: Store, query: Query<Row>): Readable<readonly Row[]>
export function readable(store: Store, query: Query<unknown> | Computed<unknown>): Readable<unknown> {
  const value = query instanceof Computed ? query : computed([query], (rows): unknown => rows)
  return {
    subscribe: (run) => {
      const stop = store.subscribe(value, run)
      run(store.query(value))
      return stop
    },
  }
}
