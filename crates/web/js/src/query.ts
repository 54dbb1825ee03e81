// Queries as an app writes them, and as SQLite takes them.

import type { Compilable, CompiledQuery, OperationNodeSource } from 'kysely'
import { SynclineError } from './failure'
import type { QueryBuilder } from './query-builder'
import { builder, compileBuilt } from './query-builder'

export type SqlValue = string | number | bigint | boolean | null

/** A query built with Kysely, one that it has compiled, or SQL with its params. */
export type Query<Row> =
  | ((db: QueryBuilder) => Compilable<Row> & OperationNodeSource)
  | CompiledQuery<Row>
  | { readonly sql: string; readonly params?: readonly SqlValue[] }
  | string

/** SQL, and its params as JSON. Equal queries have equal texts. */
export interface SqlText {
  readonly sql: string
  readonly params: string
}

export function compile<Row>(query: Query<Row>, params: readonly SqlValue[] = []): SqlText {
  if (typeof query === 'string') return { sql: query, params: paramsText(params) }
  if (typeof query === 'function') {
    const { sql, parameters } = compileBuilt(query(builder))
    return { sql, params: paramsText(parameters) }
  }
  if ('parameters' in query) return { sql: query.sql, params: paramsText(query.parameters) }
  return { sql: query.sql, params: paramsText(query.params ?? params) }
}

function paramsText(params: readonly unknown[]): string {
  return JSON.stringify(params.map(sqlValue))
}

/** SQLite has no booleans, and integers beyond 2^53 - 1 are refused on every host. */
function sqlValue(value: unknown): string | number | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = typeof value === 'bigint' ? Number(value) : value
  const safe = typeof number === 'number' && Number.isFinite(number)
  if (!safe || (Number.isInteger(number) && !Number.isSafeInteger(number))) {
    throw new SynclineError({
      code: 'bad-query',
      message: `A query takes text, numbers, booleans and null, not ${String(value)}.`,
    })
  }
  return number
}
