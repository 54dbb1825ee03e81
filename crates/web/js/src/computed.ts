// Values that follow from the rows of queries, and are told of only when they have changed.

import type { Query, SqlText } from './query'
import { compile } from './query'
import type { Row } from './sharing'

/** What is asked: the store, or a state as it was. */
export interface Rows {
  rows(query: SqlText): readonly Row[]
  watch(query: SqlText, watcher: () => void): () => void
}

// biome-ignore lint/suspicious/noExplicitAny: of any rows
type AnyQuery = Query<any>
// biome-ignore lint/suspicious/noExplicitAny: of any value
type Source = AnyQuery | Computed<any>
type ValueOf<S> = S extends Computed<infer T> ? T : S extends Query<infer R> ? readonly R[] : never

type Node =
  | { readonly rows: SqlText }
  // biome-ignore lint/suspicious/noExplicitAny: of any value
  | { readonly of: Computed<any> }

interface Memo<T> {
  inputs: readonly unknown[]
  value: T
}

/** What follows from other queries. Made by `computed`. */
export class Computed<T> {
  readonly #sources: readonly Node[]
  readonly #compute: (...inputs: never[]) => T
  readonly #isEqual: (before: T, now: T) => boolean
  readonly #memos = new WeakMap<Rows, Memo<T>>()

  constructor(
    sources: readonly Source[],
    compute: (...inputs: never[]) => T,
    isEqual: (before: T, now: T) => boolean,
  ) {
    this.#sources = sources.map((source) =>
      source instanceof Computed ? { of: source } : { rows: compile(source) },
    )
    this.#compute = compute
    this.#isEqual = isEqual
  }

  /** As of now; computed only where something that it follows from has changed. */
  value(rows: Rows): T {
    const inputs = this.#sources.map((node) => ('of' in node ? node.of.value(rows) : rows.rows(node.rows)))
    const memo = this.#memos.get(rows)
    if (memo?.inputs.every((input, place) => Object.is(input, inputs[place]))) return memo.value
    const computed = this.#compute(...(inputs as never[]))
    const value = memo !== undefined && this.#isEqual(memo.value, computed) ? memo.value : computed
    this.#memos.set(rows, { inputs, value })
    return value
  }

  /** Calls the watcher after each change of the value, until the returned function is called. */
  watch(rows: Rows, watcher: () => void): () => void {
    let told: T | undefined
    const read = (): T | undefined => {
      try {
        return this.value(rows)
      } catch {
        // Whoever asks for the value is told why it cannot be had.
        return undefined
      }
    }
    const look = (): void => {
      const now = read()
      if (Object.is(now, told) && now !== undefined) return
      told = now
      watcher()
    }
    told = read()
    const stops = this.#sources.map((node) =>
      'of' in node ? node.of.watch(rows, look) : rows.watch(node.rows, look),
    )
    return () => {
      for (const stop of stops) stop()
    }
  }
}

/**
 * A value that follows from queries, such as how many messages are unread. It is a query itself: for `useQuery`,
 * `store.query`, `store.subscribe`, and for other computed ones. It is computed again only when one of these has
 * other rows, and whoever watches it hears of it only when it is another: by `Object.is`, or as `isEqual` says.
 */
export function computed<const S extends readonly Source[], T>(
  queries: S,
  compute: (...values: { [Place in keyof S]: ValueOf<S[Place]> }) => T,
  isEqual: (before: T, now: T) => boolean = Object.is,
): Computed<T> {
  return new Computed(queries, compute as (...inputs: never[]) => T, isEqual)
}
