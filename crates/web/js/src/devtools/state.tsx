// The state, now or as it was: SQL, and what one event has changed.

import type { KeyboardEvent, ReactNode } from 'react'
import { useEffect, useState } from 'react'
import { describe } from '../failure'
import type { PastState } from '../past'
import { usePast } from '../react/past'
import { useStore } from '../react/provider'
import type { Row } from '../sharing'
import type { Store } from '../store'
import { type Changes, changesBetween, TABLES } from './diff'
import { useSource } from './source'
import { Rows } from './table'

export function State(): ReactNode {
  const store = useStore()
  const { head, saved } = useSource()
  const [seq, setSeq] = useState(saved?.head)
  const { past, error } = usePast(seq, saved)
  const [sql, setSql] = useState(TABLES)
  const [asked, setAsked] = useState(sql)
  const keys = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) setAsked(sql)
  }
  return (
    <>
      <div className="bar">
        <input
          type="range"
          aria-label="Event of the log"
          min={0}
          max={head}
          value={seq ?? head}
          onChange={({ target }) => setSeq(target.valueAsNumber)}
        />
        <span>{seq === undefined ? 'now' : `after event ${seq} of ${head}`}</span>
        <button type="button" disabled={seq === saved?.head} onClick={() => setSeq(saved?.head)}>
          {saved === undefined ? 'Now' : 'End'}
        </button>
      </div>
      {error === undefined ? null : <p className="bad">{error.message}</p>}
      {seq === undefined || seq === 0 ? null : <Changed seq={seq} />}
      <div className="bar">
        <textarea
          aria-label="SQL"
          rows={2}
          value={sql}
          spellCheck={false}
          onChange={({ target }) => setSql(target.value)}
          onKeyDown={keys}
        />
        <button type="button" onClick={() => setAsked(sql)}>
          Run
        </button>
      </div>
      <Result of={seq === undefined ? store : past} sql={asked} />
    </>
  )
}

function Result({ of, sql }: { of: Store | PastState | undefined; sql: string }): ReactNode {
  if (of === undefined) return <p className="muted">…</p>
  let rows: readonly Row[]
  try {
    rows = of.query<Row>(sql)
  } catch (thrown) {
    return <p className="bad">{describe(thrown)}</p>
  }
  return <Rows rows={rows} />
}

/** What an event, with the others of its commit, has done to the tables. */
function Changed({ seq }: { seq: number }): ReactNode {
  const { log } = useSource()
  const [found, setFound] = useState<{ seq: number; changes: Changes | string }>()
  useEffect(() => {
    let left = false
    changesBetween(log, seq - 1, seq)
      .catch((thrown: unknown) => describe(thrown))
      .then((changes) => {
        if (!left) setFound({ seq, changes })
      })
    return () => {
      left = true
    }
  }, [log, seq])
  if (found?.seq !== seq) return null
  if (typeof found.changes === 'string') return <p className="bad">{found.changes}</p>
  if (found.changes.length === 0) return <p className="muted">Event {seq} has changed no row</p>
  return (
    <ul className="changes" aria-label={`What event ${seq} has changed`}>
      {found.changes.map(({ table, kind, row }) => (
        <li key={`${table}${kind}${row}`} data-kind={kind}>
          {kind === 'added' ? '+' : '−'} {table} {row}
        </li>
      ))}
    </ul>
  )
}
