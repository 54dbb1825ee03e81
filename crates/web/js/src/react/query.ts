// Live queries in components.

import type { DependencyList } from 'react'
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import { Computed } from '../computed'
import type { Query, SqlText, SqlValue } from '../query'
import { compile } from '../query'
import { useRows } from './past'

/**
 * The rows of a query, or what is computed from them, kept up to date; below `AsOf`, those of the state as it was. Rows that did not change keep their identity, so that memoised
 * components of them do not render again. The query is compiled in every render, which costs tens of
 * microseconds; with `deps`, only when one of them has changed.
 */
export function useQuery<T>(computed: Computed<T>): T
export function useQuery<Row>(query: Exclude<Query<Row>, string>, deps?: DependencyList): readonly Row[]
export function useQuery<Row = Readonly<Record<string, unknown>>>(
  sql: string,
  params?: readonly SqlValue[],
): readonly Row[]
export function useQuery<Row>(
  query: Query<Row> | Computed<unknown>,
  more?: DependencyList | readonly SqlValue[],
): unknown {
  const source = useRows()
  const { computed, sql, params } = useAsked(query, more)
  const watch = useCallback(
    (changed: () => void) =>
      computed === undefined ? source.watch({ sql, params }, changed) : computed.watch(source, changed),
    [source, computed, sql, params],
  )
  const read = useCallback(
    () => (computed === undefined ? source.rows({ sql, params }) : computed.value(source)),
    [source, computed, sql, params],
  )
  return useSyncExternalStore(watch, read)
}

interface Asked extends SqlText {
  readonly computed: Computed<unknown> | undefined
}

function useAsked<Row>(
  query: Query<Row> | Computed<unknown>,
  more: DependencyList | readonly SqlValue[] | undefined,
): Asked {
  const text = useSqlText(query instanceof Computed ? '' : query, more)
  return { computed: query instanceof Computed ? query : undefined, ...text }
}

function useSqlText<Row>(query: Query<Row>, more: DependencyList | readonly SqlValue[] | undefined): SqlText {
  const isText = typeof query === 'string'
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller's own list, as of useMemo
  const compiled = useMemo(() => (isText ? undefined : compile(query)), isText ? [query] : (more ?? [query]))
  return compiled ?? compile(query, more as readonly SqlValue[] | undefined)
}
