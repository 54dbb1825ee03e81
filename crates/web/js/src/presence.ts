// Who else is here: what their sessions tell, and what this one does.

import { SynclineError } from './failure'
import type { PresenceOf, Present } from './wasm'

/** The server's limit. */
const BYTES = 512
/** Ten values a second are as many as anybody can see. */
const EVERY_MS = 100

export class Presence {
  readonly #session: string
  /** Returns whether there is a leader to take it. */
  readonly #send: (value: string | undefined) => boolean
  readonly #watchers = new Set<() => void>()
  readonly #others = new Map<string, Present>()
  #list: readonly Present[] = []
  #value: string | undefined
  #sent: string | undefined
  #waiting: ReturnType<typeof setTimeout> | undefined

  constructor(session: string, send: (value: string | undefined) => boolean) {
    this.#session = session
    this.#send = send
  }

  /** All sessions but this one. */
  get others(): readonly Present[] {
    return this.#list
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Tells a value: at once, and after that the last one of each tenth of a second. */
  set(value: unknown): void {
    const text = value === undefined || value === null ? undefined : JSON.stringify(value)
    const bytes = text === undefined ? 0 : new TextEncoder().encode(text).length
    if (bytes > BYTES) {
      const message = `The value has ${bytes} bytes, the limit is ${BYTES}.`
      throw new SynclineError({ code: 'presence-refused', message })
    }
    this.#value = text
    if (this.#waiting === undefined) this.#tell()
  }

  receive(all: boolean, values: readonly PresenceOf[]): void {
    if (all) this.#others.clear()
    for (const { client, session, subject, value } of values) {
      if (session === this.#session) continue
      const key = `${client}:${session}`
      if (value === undefined) this.#others.delete(key)
      else this.#others.set(key, { client, session, subject, value })
    }
    this.#list = [...this.#others.values()]
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** There is a leader that knows nothing of it. */
  again(): void {
    this.#sent = undefined
    if (this.#waiting === undefined) this.#tell()
  }

  close(): void {
    clearTimeout(this.#waiting)
    this.receive(true, [])
  }

  #tell(): void {
    if (this.#value === this.#sent || !this.#send(this.#value)) return
    this.#sent = this.#value
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined
      this.#tell()
    }, EVERY_MS)
  }
}
