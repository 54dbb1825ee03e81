// Who else is here, in components.

import { useCallback, useEffect, useSyncExternalStore } from 'react'
import type { Present } from '../wasm'
import { useStore } from './provider'

/**
 * What the others who are here tell, one for each of their sessions. With a value, this tab tells that for as long
 * as the component is mounted: any JSON of at most 512 bytes. One component of a tab tells, any may listen.
 */
export function usePresence<Value = unknown>(value?: Value): readonly Present<Value>[] {
  const store = useStore()
  const text = JSON.stringify(value)
  const tells = text !== undefined
  useEffect(() => {
    if (text !== undefined) store.setPresence(JSON.parse(text))
  }, [store, text])
  useEffect(() => {
    if (!tells) return
    return () => {
      // The store may have been closed before.
      if (store.isOpen) store.setPresence(undefined)
    }
  }, [store, tells])
  const watch = useCallback((changed: () => void) => store.onPresence(changed), [store])
  return useSyncExternalStore(watch, () => store.presence<Value>())
}
