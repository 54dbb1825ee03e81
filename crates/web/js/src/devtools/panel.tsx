// The panel: a tab at the edge of the page, and what it opens.

import type { KeyboardEvent, ReactNode } from 'react'
import { useState } from 'react'
import { useStore } from '../react/provider'
import { Log } from './log'
import { Queries } from './queries'
import { State } from './state'
import { Sync } from './sync'

const VIEWS = { Log, State, Queries, Sync } as const
type View = keyof typeof VIEWS

export function Panel(): ReactNode {
  const { storeId } = useStore()
  const [isOpen, setOpen] = useState(false)
  const [view, setView] = useState<View>('Log')
  if (!isOpen)
    return (
      <button type="button" className="handle" onClick={() => setOpen(true)}>
        Syncline
      </button>
    )
  const Shown = VIEWS[view]
  const names = Object.keys(VIEWS) as View[]
  const keys = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') setOpen(false)
  }
  return (
    <section className="panel" aria-label="Syncline devtools" onKeyDown={keys}>
      <header>
        <strong>Syncline</strong>
        <div role="tablist" aria-label="Views">
          {names.map((name) => (
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
        <span className="muted">{storeId}</span>
        <button type="button" aria-label="Close" onClick={() => setOpen(false)}>
          ×
        </button>
      </header>
      <div className="view" role="tabpanel" aria-label={view}>
        <Shown />
      </div>
    </section>
  )
}
