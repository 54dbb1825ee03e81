// Rows of a query.

import type { ReactNode } from 'react'
import type { Row } from '../sharing'

/** More make no page, but a wait. */
const MOST = 500

export function Rows({ rows }: { rows: readonly Row[] }): ReactNode {
  const columns = Object.keys(rows[0] ?? {})
  if (rows.length === 0) return <p className="muted">No rows</p>
  return (
    <>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map((row, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of any query have no other
            <tr key={place}>
              {columns.map((column) => (
                <td key={column}>{cell(row[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST ? (
        <p className="muted">
          {MOST} of {rows.length} rows
        </p>
      ) : null}
    </>
  )
}

function cell(value: unknown): ReactNode {
  return value === null ? <i className="muted">NULL</i> : String(value)
}
