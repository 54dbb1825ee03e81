// Stores that are open or opening, shared by providers: strict mode mounts each effect twice.

import type { OpenOptions } from '../open'
import { openStore } from '../open'
import type { Status } from '../status'
import type { Store } from '../store'

export interface SharedOpening {
  readonly store: Promise<Store>
  /** Calls back with the status now and after each change. */
  watch(watcher: (status: Status) => void): () => void
  /** The last to leave closes the store. */
  leave(): void
}

class Opening {
  readonly store: Promise<Store>
  readonly watchers = new Set<(status: Status) => void>()
  readonly #closing = new AbortController()
  users = 0
  status: Status | undefined
  /** When whoever has begun it without being a user must have become one. */
  begun: ReturnType<typeof setTimeout> | undefined

  constructor(options: OpenOptions) {
    this.store = openStore({
      ...options,
      signal: this.#closing.signal,
      onStatus: (status) => {
        this.status = status
        for (const watcher of [...this.watchers]) watcher(status)
      },
    })
    this.store.catch(() => {})
  }

  close(): void {
    this.#closing.abort()
    this.store.then(
      (store) => store.close(),
      () => {},
    )
  }
}

const openings = new Map<string, Opening>()

/** How long a component may take from the store that it waited for to its first effect. */
const BEGUN_MS = 10_000

/** And from a failure to the boundary that shows it; then the store is opened anew. */
const FAILED_MS = 1_000

/**
 * Opens a store for a component that is suspended until it is open, and so cannot say when it leaves. If none
 * shares it soon after that, it is closed.
 */
export function begin(key: string, options: OpenOptions): Promise<Store> {
  const opening = openings.get(key) ?? new Opening(options)
  openings.set(key, opening)
  if (opening.users === 0 && opening.begun === undefined) {
    const wait = (ms: number) => (): void => {
      opening.begun ??= setTimeout(() => closeUnused(key, opening), ms)
    }
    opening.store.then(wait(BEGUN_MS), wait(FAILED_MS))
  }
  return opening.store
}

function closeUnused(key: string, opening: Opening): void {
  if (opening.users > 0 || openings.get(key) !== opening) return
  openings.delete(key)
  opening.close()
}

/** The opening of a key, or a new one. */
export function share(key: string, options: OpenOptions): SharedOpening {
  const opening = openings.get(key) ?? new Opening(options)
  openings.set(key, opening)
  opening.users += 1
  clearTimeout(opening.begun)
  return {
    store: opening.store,
    watch: (watcher) => {
      opening.watchers.add(watcher)
      if (opening.status !== undefined) watcher(opening.status)
      return () => opening.watchers.delete(watcher)
    },
    leave: () => {
      opening.users -= 1
      // Strict mode, and a provider that moves in the tree, come back within this task.
      setTimeout(() => closeUnused(key, opening))
    },
  }
}
