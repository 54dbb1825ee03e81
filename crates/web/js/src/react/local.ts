// Documents that are never synced, in components.

import { useCallback, useSyncExternalStore } from 'react'
import type { LocalScope } from '../local'
import { useStore } from './provider'

/** As `useState`, for what outlives the component, and the page: `store.local(key, scope)`, and how to set it. */
export function useLocal<T>(
  key: string,
  initial: T,
  scope: LocalScope = 'client',
): readonly [T, (value: T) => void] {
  const document = useStore().local<T>(key, scope)
  const watch = useCallback((changed: () => void) => document.watch(changed), [document])
  const value = useSyncExternalStore(watch, () => document.value) ?? initial
  const set = useCallback((value: T) => document.set(value), [document])
  return [value, set]
}
