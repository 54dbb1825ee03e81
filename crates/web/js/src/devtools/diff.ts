// What has changed between two states.

import type { PastState } from '../past'
import type { Store } from '../store'

/** The tables of the model. */
export const TABLES = `SELECT name, sql FROM sqlite_master
WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'syncline_*' ORDER BY name`

export type Changes = readonly {
  readonly table: string
  readonly kind: 'removed' | 'added'
  /** As JSON. */
  readonly row: string
}[]

/** More rows of a table are not looked at. */
const MOST = 20_000

/** The rows that one state has and the other has not; a row that was changed is in both lists. */
export async function changesBetween(
  store: Pick<Store, 'at'>,
  before: number,
  after: number,
): Promise<Changes> {
  const [first, second] = await Promise.all([store.at(before), store.at(after)])
  try {
    return second.query<{ name: string }>(TABLES).flatMap(({ name: table }) => {
      const [old, fresh] = [rowsOf(first, table), rowsOf(second, table)]
      const removed = [...old].filter((row) => !fresh.has(row))
      const added = [...fresh].filter((row) => !old.has(row))
      return [
        ...removed.map((row) => ({ table, kind: 'removed' as const, row })),
        ...added.map((row) => ({ table, kind: 'added' as const, row })),
      ]
    })
  } finally {
    first.close()
    second.close()
  }
}

function rowsOf(state: PastState, table: string): Set<string> {
  const sql = `SELECT * FROM "${table.replaceAll('"', '""')}" LIMIT ${MOST}`
  return new Set(state.query(sql).map((row) => JSON.stringify(row)))
}
