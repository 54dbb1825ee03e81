// What a component can know about the sync.

import { useCallback, useSyncExternalStore } from 'react'
import type { Event } from '../register'
import type { Status } from '../status'
import type { LostCommit, PendingCommit, RejectedCommit } from '../wasm'
import { useStore } from './provider'

/** The one status of the store. */
export function useSyncStatus(): Status {
  const store = useStore()
  const watch = useCallback((changed: () => void) => store.onStatus(changed), [store])
  return useSyncExternalStore(watch, () => store.status)
}

/** What this tab may take back or do again, and how. */
export function useUndo(): {
  readonly canUndo: boolean
  readonly canRedo: boolean
  readonly undo: () => void
  readonly redo: () => void
} {
  const store = useStore()
  const watch = useCallback((changed: () => void) => store.onCommits(changed), [store])
  const canUndo = useSyncExternalStore(watch, () => store.canUndo)
  const canRedo = useSyncExternalStore(watch, () => store.canRedo)
  const undo = useCallback(() => void store.undo(), [store])
  const redo = useCallback(() => void store.redo(), [store])
  return { canUndo, canRedo, undo, redo }
}

/** Commits that the server has not decided yet, in order. */
export function usePending(): readonly PendingCommit<Event>[] {
  const store = useStore()
  const watch = useCallback((changed: () => void) => store.onCommits(changed), [store])
  return useSyncExternalStore(watch, () => store.pending())
}

/** Confirmed commits that the server has lost, and that nobody has dismissed yet. */
export function useLost(): readonly LostCommit<Event>[] {
  const store = useStore()
  const watch = useCallback((changed: () => void) => store.onCommits(changed), [store])
  return useSyncExternalStore(watch, () => store.lost())
}

/** Commits that the server has rejected and that nobody has dismissed yet. */
export function useRejected(): readonly RejectedCommit<Event>[] {
  const store = useStore()
  const watch = useCallback((changed: () => void) => store.onCommits(changed), [store])
  return useSyncExternalStore(watch, () => store.rejected())
}
