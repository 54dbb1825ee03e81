// The live queries of the page, the dearest first.

import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import type { QueryReport } from '../live'
import { useStore } from '../react/provider'

const LOOK_MS = 500

export function Queries(): ReactNode {
  const store = useStore()
  const [queries, setQueries] = useState<readonly QueryReport[]>(() => store.queries())
  useEffect(() => {
    const looks = setInterval(() => setQueries(store.queries()), LOOK_MS)
    return () => clearInterval(looks)
  }, [store])
  const dearest = queries.toSorted((a, b) => b.ms - a.ms)
  return (
    <table>
      <thead>
        <tr>
          <th>query</th>
          <th>reads</th>
          <th>watched by</th>
          <th>rows</th>
          <th>runs</th>
          <th>ms, a run</th>
          <th>ms, all</th>
        </tr>
      </thead>
      <tbody>
        {dearest.map(({ sql, params, tables, watchers, rows, runs, ms }) => (
          <tr key={`${sql}\n${params}`}>
            <td className="args" title={sql}>
              {sql} {params === '[]' ? null : <span className="muted">{params}</span>}
            </td>
            <td>{tables.join(', ')}</td>
            <td>{watchers}</td>
            <td>{rows}</td>
            <td>{runs}</td>
            <td>{runs === 0 ? '' : (ms / runs).toFixed(2)}</td>
            <td>{ms.toFixed(1)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
