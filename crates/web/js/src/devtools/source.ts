// What the views look at: the store of the page, or a log that was opened.

import { createContext, useContext } from 'react'
import { useStore } from '../react/provider'
import { useSyncStatus } from '../react/status'
import type { SavedLog } from '../saved-log'
import type { Store } from '../store'

export const SavedLogContext = createContext<SavedLog | undefined>(undefined)

export interface Source {
  readonly log: Pick<Store, 'events' | 'at'>
  readonly head: number
  /** Where it is one that was opened. */
  readonly saved: SavedLog | undefined
}

export function useSource(): Source {
  const store = useStore()
  const { head } = useSyncStatus()
  const saved = useContext(SavedLogContext)
  return saved === undefined ? { log: store, head, saved } : { log: saved, head: saved.head, saved }
}
