// What the URL names, so that a link, a reload and the back button work: a channel, `#general-1`, or a message in
// one, `#general-1/m-1`.

import { useSyncExternalStore } from 'react'

function watch(changed: () => void): () => void {
  window.addEventListener('hashchange', changed)
  return () => window.removeEventListener('hashchange', changed)
}

const read = (): string => location.hash.slice(1)

export interface Route {
  readonly channel: string
  readonly message: string | undefined
}

export function useRoute(): Route {
  const [channel = '', message] = useSyncExternalStore(watch, read).split('/').map(decodeURIComponent)
  return { channel, message }
}

export const linkTo = (...names: [channel: string, message?: string]): string =>
  `#${names.map((name) => encodeURIComponent(name ?? '')).join('/')}`
