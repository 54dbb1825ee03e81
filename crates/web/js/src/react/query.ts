// Live queries in components.

import type { DependencyList } from 'react'
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { Query, SqlText, SqlValue } from '../query'
import { compile } from '../query'
import { useStore } from './provider'

/**
 * The rows of a query, kept up to date. Rows that did not change keep their identity, so that memoised
 * components of them do not render again. The query is compiled in every render, which costs tens of
 * microseconds; with `deps`, only when one of them has changed.
 */
export function useQuery<Row>(query: Exclude<Query<Row>, string>, deps?: DependencyList): readonly Row[]
export function useQuery<Row = Readonly<Record<string, unknown>>>(
  sql: string,
  params?: readonly SqlValue[],
): readonly Row[]
export function useQuery<Row>(
  query: Query<Row>,
  more?: DependencyList | readonly SqlValue[],
): readonly Row[] {
  const store = useStore()
  const { sql, params } = useSqlText(query, more)
  const watch = useCallback(
    (changed: () => void) => store.watch({ sql, params }, changed),
    [store, sql, params],
  )
  const rows = useCallback(() => store.rows({ sql, params }), [store, sql, params])
  return useSyncExternalStore(watch, rows) as readonly Row[]
}

function useSqlText<Row>(query: Query<Row>, more: DependencyList | readonly SqlValue[] | undefined): SqlText {
  const isText = typeof query === 'string'
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller's own list, as of useMemo
  const compiled = useMemo(() => (isText ? undefined : compile(query)), isText ? [query] : (more ?? [query]))
  return compiled ?? compile(query, more as readonly SqlValue[] | undefined)
}
