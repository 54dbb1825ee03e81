// Which channel the URL names: `#general-1`, so that a link, a reload and the back button work.

import { useSyncExternalStore } from 'react'

function watch(changed: () => void): () => void {
  window.addEventListener('hashchange', changed)
  return () => window.removeEventListener('hashchange', changed)
}

const read = (): string => decodeURIComponent(location.hash.slice(1))

export const useChannelId = (): string => useSyncExternalStore(watch, read)

export const linkTo = (channel: string): string => `#${encodeURIComponent(channel)}`
