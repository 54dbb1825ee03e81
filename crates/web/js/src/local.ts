// Documents of this browser, or of one tab of it, that are never synced: drafts, what is selected, a theme.

import type { JournalStorage } from './journal'
import { clearKeys, pageStorage } from './journal'

/** Whose a document is: all tabs of this browser's, or one tab's, reloads included. */
export type LocalScope = 'client' | 'tab'

type Storages = Readonly<Record<LocalScope, JournalStorage | undefined>>

const prefixOf = (storeId: string, subject: string): string =>
  `syncline:local:${storeId}:${encodeURIComponent(subject)}:`

/** One document: any JSON, or nothing. */
export class LocalDocument<T = unknown> {
  readonly #storage: JournalStorage | undefined
  readonly #key: string
  readonly #watchers = new Set<() => void>()
  /** What the storage had no room for: it is there until the page is closed. */
  #unkept: string | undefined
  #text: string | undefined
  #value: T | undefined

  constructor(storage: JournalStorage | undefined, key: string) {
    this.#storage = storage
    this.#key = key
  }

  /** The same object as long as it is equal. */
  get value(): T | undefined {
    const text = this.#unkept ?? this.#storage?.getItem(this.#key) ?? undefined
    if (text !== this.#text) {
      this.#text = text
      this.#value = text === undefined ? undefined : parsed<T>(text)
    }
    return this.#value
  }

  /** Takes the place of what was there; `undefined` takes it away. */
  set(value: T | undefined): void {
    const text = JSON.stringify(value) as string | undefined
    this.#unkept = undefined
    try {
      if (text === undefined) this.#storage?.removeItem(this.#key)
      else if (this.#storage === undefined) this.#unkept = text
      else this.#storage.setItem(this.#key, text)
    } catch {
      this.#unkept = text
    }
    this.#tell()
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Another tab has set it. */
  heard(): void {
    this.#unkept = undefined
    this.#tell()
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }
}

/** The documents of one store and subject. */
export class LocalDocuments {
  readonly #prefix: string
  readonly #storages: Storages
  readonly #documents = new Map<string, LocalDocument>()
  readonly #closing = new AbortController()

  constructor(storeId: string, subject: string, storages: Storages) {
    this.#prefix = prefixOf(storeId, subject)
    this.#storages = storages
    const heard = ({ key }: StorageEvent): void => this.#heard(key)
    globalThis.addEventListener?.('storage', heard as never, { signal: this.#closing.signal })
  }

  document(key: string, scope: LocalScope): LocalDocument {
    const id = `${scope}:${key}`
    let document = this.#documents.get(id)
    if (document === undefined) {
      document = new LocalDocument(this.#storages[scope], this.#prefix + key)
      this.#documents.set(id, document)
    }
    return document
  }

  close(): void {
    this.#closing.abort()
  }

  /** Another tab has written; without a key, it has cleared all. */
  #heard(key: string | null): void {
    for (const [id, document] of this.#documents) {
      const own = `${this.#prefix}${id.slice('client:'.length)}`
      if (id.startsWith('client:') && (key === null || key === own)) document.heard()
    }
  }
}

export function localStorages(): Storages {
  return { client: pageStorage('localStorage'), tab: pageStorage('sessionStorage') }
}

/** Forgets the documents of one store and subject, of this browser and this tab. */
export function clearLocal(storeId: string, subject: string): void {
  for (const storage of Object.values(localStorages())) clearKeys(storage, prefixOf(storeId, subject))
}

/** What is no JSON was written by somebody else. */
function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T
  } catch {
    return undefined
  }
}
