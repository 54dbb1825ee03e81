// The log, live and searchable, with what is not in it yet, or never will be.

import type { ReactNode } from 'react'
import { useState } from 'react'
import { describe } from '../failure'
import type { LoggedEvent } from '../past'
import { useStore } from '../react/provider'
import { usePending, useRejected } from '../react/status'
import type { Store } from '../store'
import { useEvents } from './events'
import { useSource } from './source'

/** How many events the view begins with, and how many a page adds. */
const PAGE = 500

export function Log({ onOpen }: { onOpen: (file: File) => void }): ReactNode {
  const store = useStore()
  const { head, saved } = useSource()
  const [since, setSince] = useState(() => Math.max(0, head - PAGE))
  const [search, setSearch] = useState('')
  const [open, setOpen] = useState<string>()
  const [unsaved, setUnsaved] = useState<string>()
  const { events, failure = unsaved } = useEvents(since)
  const [pending, rejected] = [usePending(), useRejected()]
  const undecided = [
    ...pending.toReversed().map((commit) => rowsOf(commit, commit.conflicted ? 'conflicted' : 'pending')),
    ...rejected.toReversed().map((commit) => rowsOf(commit, 'rejected')),
  ]
  const aside = new Set(saved === undefined ? store.quarantined().map(({ seq }) => seq) : [])
  const rows = [
    ...(saved === undefined ? undecided : []),
    events.toReversed().map((event) => logged(event, aside)),
  ].flat()
  const wanted = search.toLowerCase()
  const shown = rows.filter(({ text }) => text.toLowerCase().includes(wanted))
  const download = (): void => {
    save(store).then(
      () => setUnsaved(undefined),
      (thrown: unknown) => setUnsaved(describe(thrown)),
    )
  }
  return (
    <>
      <div className="bar">
        <input
          type="search"
          placeholder="Search names, args, authors"
          aria-label="Search the log"
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
        <span className="muted">
          {shown.length} of {rows.length}
        </span>
        <button type="button" disabled={since === 0} onClick={() => setSince(Math.max(0, since - PAGE))}>
          Earlier
        </button>
        {saved === undefined ? (
          <>
            <button type="button" onClick={download}>
              Save the log
            </button>
            <label className="button">
              Open a log
              <input
                type="file"
                accept=".jsonl,.ndjson,application/jsonl"
                onChange={({ target }) => target.files?.[0] && onOpen(target.files[0])}
              />
            </label>
          </>
        ) : null}
      </div>
      {failure === undefined ? null : <p className="bad">{failure}</p>}
      <table>
        <thead>
          <tr>
            <th>seq</th>
            <th>event</th>
            <th>args</th>
            <th>author</th>
            <th>time</th>
          </tr>
        </thead>
        <tbody>
          {shown.slice(0, PAGE * 2).map((row) => (
            <tr key={row.key} data-kind={row.kind}>
              <td>{row.seq ?? row.kind}</td>
              <td>
                <button
                  type="button"
                  className="plain"
                  aria-expanded={open === row.key}
                  onClick={() => setOpen(open === row.key ? undefined : row.key)}
                >
                  {row.name}
                </button>
              </td>
              <td className="args">
                {open === row.key ? <pre>{JSON.stringify(row.all, undefined, 2)}</pre> : row.args}
              </td>
              <td>{row.author}</td>
              <td>{row.time}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

interface LogRow {
  readonly key: string
  readonly kind: 'confirmed' | 'pending' | 'conflicted' | 'rejected' | 'quarantined' | 'redacted'
  readonly seq?: number
  readonly name: string
  readonly args: string
  readonly author: string
  readonly time: string
  /** All that is known of it. */
  readonly all: unknown
  readonly text: string
}

function logged(event: LoggedEvent, aside: ReadonlySet<number>): LogRow {
  const { seq, name, author, time, redacted, index } = event
  const args = JSON.stringify(event.args)
  const kind = aside.has(seq - index) ? 'quarantined' : redacted ? 'redacted' : 'confirmed'
  const at = new Date(time).toLocaleTimeString()
  const text = `${seq} ${name} ${args} ${author} ${kind}`
  return { key: String(seq), kind, seq, name, args, author, time: at, all: event, text }
}

interface Commit {
  readonly session: string
  readonly number: number
  readonly events: readonly { readonly name: string; readonly args: unknown }[]
}

function rowsOf(commit: Commit, kind: LogRow['kind']): LogRow[] {
  return commit.events.map(({ name, args }, place) => {
    const text = JSON.stringify(args)
    return {
      key: `${commit.session}:${commit.number}:${place}`,
      kind,
      name,
      args: text,
      author: '',
      time: '',
      all: commit,
      text: `${kind} ${name} ${text}`,
    }
  })
}

async function save(store: Store): Promise<void> {
  const log = await store.saveLog()
  const link = document.createElement('a')
  link.href = URL.createObjectURL(log)
  link.download = `${store.storeId}.jsonl`
  link.click()
  URL.revokeObjectURL(link.href)
}
