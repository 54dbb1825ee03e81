// Live queries in components.

import type { DependencyList } from 'react'
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { Query, SqlText, SqlValue } from '../query'
import { compile } from '../query'
import { useRows } from './past'

/**
 * The rows of a query, kept up to date; below `AsOf`, those of the state as it was. Rows that did not change keep their identity, so that memoised
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
  const source = useRows()
  const { sql, params } = useSqlText(query, more)
  const watch = useCallback(
    (changed: () => void) => source.watch({ sql, params }, changed),
    [source, sql, params],
  )
  const rows = useCallback(() => source.rows({ sql, params }), [source, sql, params])
  return useSyncExternalStore(watch, rows) as readonly Row[]
}

function useSqlText<Row>(query: Query<Row>, more: DependencyList | readonly SqlValue[] | undefined): SqlText {
  const isText = typeof query === 'string'
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller's own list, as of useMemo
  const compiled = useMemo(() => (isText ? undefined : compile(query)), isText ? [query] : (more ?? [query]))
  return compiled ?? compile(query, more as readonly SqlValue[] | undefined)
}
