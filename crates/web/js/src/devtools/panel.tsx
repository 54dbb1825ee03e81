// The panel: a tab at the edge of the page, and what it opens.

import type { KeyboardEvent, ReactNode } from 'react'
import { useState } from 'react'
import { errorOf } from '../failure'
import { useStore } from '../react/provider'
import type { SavedLog } from '../saved-log'
import { Log } from './log'
import { Queries } from './queries'
import { SavedLogContext } from './source'
import { State } from './state'
import { Sync } from './sync'

const VIEWS = ['Log', 'State', 'Queries', 'Sync'] as const
type View = (typeof VIEWS)[number]

/** Of a log that was opened. */
const SAVED_VIEWS: readonly View[] = ['Log', 'State']

interface Opened {
  readonly name: string
  readonly log: SavedLog
}

export function Panel(): ReactNode {
  const store = useStore()
  const [isOpen, setOpen] = useState(false)
  const [view, setView] = useState<View>('Log')
  const [opened, setOpened] = useState<Opened>()
  const [failure, setFailure] = useState<string>()
  if (!isOpen)
    return (
      <button type="button" className="handle" onClick={() => setOpen(true)}>
        Syncline
      </button>
    )
  const open = async (file: File): Promise<void> => {
    try {
      setOpened({ name: file.name, log: store.openLog(await file.text()) })
      setFailure(undefined)
    } catch (thrown) {
      setFailure(`${file.name}: ${errorOf(thrown).message}`)
    }
  }
  const close = (): void => setOpened(undefined)
  const keys = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') setOpen(false)
  }
  return (
    <section className="panel" aria-label="Syncline devtools" onKeyDown={keys}>
      <header>
        <strong>Syncline</strong>
        <div role="tablist" aria-label="Views">
          {(opened === undefined ? VIEWS : SAVED_VIEWS).map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={name === view}
              onClick={() => setView(name)}
            >
              {name}
            </button>
          ))}
        </div>
        {opened === undefined ? (
          <span className="muted">{store.storeId}</span>
        ) : (
          <span className="opened">
            {opened.name}, {opened.log.head} events{' '}
            <button type="button" onClick={close}>
              Back to {store.storeId}
            </button>
          </span>
        )}
        <button type="button" aria-label="Close" onClick={() => setOpen(false)}>
          ×
        </button>
      </header>
      <div className="view" role="tabpanel" aria-label={view}>
        {failure === undefined ? null : <p className="bad">{failure}</p>}
        <SavedLogContext value={opened?.log} key={opened?.name}>
          {view === 'Log' ? <Log onOpen={open} /> : null}
          {view === 'State' ? <State /> : null}
          {view === 'Queries' ? <Queries /> : null}
          {view === 'Sync' ? <Sync /> : null}
        </SavedLogContext>
      </div>
    </section>
  )
}
