// Opening a store: the lock, the wasm, the journals of pages that ended, the leader, the session.

import { syncUrl } from './connection'
import { EndedSessions } from './ended-sessions'
import { describe, failureOf, SynclineError } from './failure'
import { clientOf, commitOf, inOrder, Journal, pageStorage } from './journal'
import type { Lock } from './lock'
import { acquire, leaderLock, sessionLock } from './lock'
import type { FromLeader, ToLeader } from './port'
import { clearLocalData } from './reset'
import type { Status } from './status'
import { StatusBoard } from './status'
import { Store } from './store'
import { Supervisor } from './supervisor'
import type { Init, SynclineWasm, WasmSession } from './wasm'

/** An app's wasm: the glue's default export, its classes, and where the wasm itself is. */
export interface WasmOptions {
  readonly init: Init
  readonly module: Pick<SynclineWasm, 'Session'>
  readonly url: string | URL
}

export interface OpenOptions {
  readonly storeId: string
  /** Of the server, such as `http://localhost:8787`. */
  readonly url: string
  /** The token. */
  readonly auth?: string | undefined
  /** Who is signed in. */
  readonly subject: string
  /** What a hook of the server wants to know at connect: up to 8 KiB of JSON, the same until the store is closed. */
  readonly payload?: unknown
  readonly wasm: WasmOptions
  /** Starts the app's worker, which calls `serveLeader`. */
  readonly worker: () => Worker
  readonly onStatus?: ((status: Status) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

type Opened = Extract<FromLeader, { kind: 'opened' }>
type ForPage = Exclude<FromLeader, { kind: 'ready' | 'pong' | 'failed' }>

/**
 * Opens a store; waits while another tab has it, or while there is no local storage to be had, and tells
 * `onStatus` so. With `?reset` in the page's URL, clears the local data first and reloads without it.
 */
export async function openStore(options: OpenOptions): Promise<Store> {
  const opening = new Opening(options)
  try {
    return await opening.run()
  } catch (thrown) {
    opening.close()
    throw thrown
  }
}

class Opening {
  readonly #options: OpenOptions
  readonly #board = new StatusBoard()
  readonly #session = sessionId()
  readonly #journal: Journal
  readonly #ended: EndedSessions
  readonly #closing = new AbortController()
  readonly #locks: Lock[] = []
  readonly #payload: unknown
  #token: string | undefined
  #client: string | undefined
  #supervisor: Supervisor | undefined
  #store: Store | undefined

  constructor(options: OpenOptions) {
    const { storeId, subject, payload, onStatus, signal } = options
    this.#options = options
    this.#payload = asJson(payload)
    this.#token = options.auth
    this.#journal = new Journal(pageStorage(), storeId, subject, this.#session)
    this.#ended = new EndedSessions(pageStorage(), storeId, subject, this.#session)
    this.#board.learn({ journalFailed: this.#journal.failed })
    if (onStatus !== undefined) this.#board.watch(onStatus)
    signal?.addEventListener('abort', () => this.close(), { once: true, signal: this.#closing.signal })
  }

  async run(): Promise<Store> {
    const { storeId, subject, signal, wasm, worker } = this.#options
    checkIds(storeId, subject)
    signal?.throwIfAborted()
    const loading = loadWasm(wasm)
    // Looked at below; until then its failure must not count as unhandled.
    loading.catch(() => {})
    await this.#lock(leaderLock(storeId, subject), () => this.#board.learn({ anotherTab: true }))
    this.#board.learn({ anotherTab: false })
    const module = await loading
    if (new URLSearchParams(location.search).has('reset'))
      return clearLocalData(storeId, subject, module, worker)
    await this.#lock(sessionLock(this.#session))
    await this.#ended.look(this.#closing.signal)
    this.#watchPage()
    return this.#start(module)
  }

  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#supervisor?.close()
    for (const lock of this.#locks) lock.release()
  }

  async #lock(name: string, onWait?: () => void): Promise<void> {
    const lock = await acquire(name, this.#closing.signal, onWait)
    if (this.#closing.signal.aborted) lock.release()
    this.#closing.signal.throwIfAborted()
    this.#locks.push(lock)
  }

  /** Settles when the first leader has opened; one that fails is replaced until it does. */
  #start(module: WebAssembly.Module): Promise<Store> {
    return new Promise((resolve, reject) => {
      this.#closing.signal.addEventListener('abort', () => reject(this.#closing.signal.reason), {
        once: true,
      })
      this.#supervisor = new Supervisor(this.#options.worker, {
        greeting: () => this.#greeting(module),
        received: (message) => {
          if (message.kind === 'opened' && this.#store === undefined) {
            this.#openStore(message).then(resolve, reject)
          } else this.#receive(message)
        },
        died: (failure) => this.#board.learn({ leaderFailure: failure, report: undefined }),
      })
      this.#supervisor.start()
    })
  }

  #greeting(module: WebAssembly.Module): ToLeader {
    const { storeId, subject, url } = this.#options
    const journaled = this.#ended.commits()
    this.#client ??= clientOf(journaled) ?? randomId()
    return {
      kind: 'open',
      module,
      config: { storeId, subject, client: this.#client, payload: this.#payload },
      session: this.#session,
      url: syncUrl(url, storeId),
      token: this.#token,
      online: this.#board.facts.online,
      journaled: inOrder(journaled, this.#client),
      resumed: this.#store?.resume(),
    }
  }

  #receive(message: ForPage): void {
    switch (message.kind) {
      case 'opened':
        this.#replaced(message)
        break
      case 'messages':
        this.#store?.receive(message)
        break
      case 'status':
        this.#board.learn({ report: message.report })
        break
      case 'lost':
        this.#store?.setLost(message.lost)
        break
      case 'journaled-kept':
        this.#kept(message)
        break
      case 'journaled-refused':
        if (message.failure.code === 'another-client') {
          this.#board.learn({ journalHeld: message.failure })
          break
        }
        console.error(
          `syncline: a commit of a former page was refused and set aside: ${message.failure.message}`,
        )
        this.#journal.setAside(message.key)
        break
      case 'reset-done':
        break
    }
  }

  async #openStore(message: Opened): Promise<Store> {
    this.#learnOpened(message)
    const { storeId, subject } = this.#options
    const wasm = this.#openSession(message)
    const store = new Store({
      storeId,
      subject,
      session: this.#session,
      wasm,
      journal: this.#journal,
      board: this.#board,
      send: (toLeader) => this.#supervisor?.send(toLeader) ?? false,
      setAuth: (token) => {
        this.#token = token
        this.#supervisor?.send({ kind: 'auth', token })
      },
      close: () => this.close(),
    })
    this.#store = store
    this.#board.learn({ opened: true })
    if (message.storage === 'memory') this.#keepAdopted(wasm)
    this.#ended.watch(this.#session, this.#closing.signal, (commits) => {
      // In memory the counters are the session's to give: what is journaled waits for the next page.
      if (this.#board.facts.storage === 'opfs') this.#supervisor?.send({ kind: 'journaled', commits })
    })
    return store
  }

  /** Commits of former pages are journaled under the identity that they have got; then they may be sent. */
  #keepAdopted(wasm: WasmSession): void {
    for (const key of this.#journal.adopted) {
      const { session, number } = commitOf(key)
      const entry = wasm.journal_entry(session, number)
      if (entry !== undefined) this.#journal.keepAt(key, entry)
    }
    this.#supervisor?.send({ kind: 'connect' })
  }

  #replaced(message: Opened): void {
    const before = this.#board.facts.storage
    this.#learnOpened(message)
    this.#store?.leaderReplaced(before, message.storage)
    // It has the same commits, under the same identities. After one on a disk it would give them others.
    if (before === 'memory') this.#supervisor?.send({ kind: 'connect' })
  }

  #openSession({ opened, state }: Opened): WasmSession {
    try {
      return this.#options.wasm.module.Session.open(opened, state, this.#session)
    } catch (thrown) {
      const failure = failureOf(thrown) ?? { code: 'session-failed', message: describe(thrown) }
      this.#board.learn({ sessionFailure: failure })
      throw new SynclineError(failure, { cause: thrown })
    }
  }

  #learnOpened({ storage, storageReason }: Opened): void {
    this.#board.learn({ leaderFailure: undefined, storage, storageReason })
  }

  #kept({ keys, storage }: Extract<FromLeader, { kind: 'journaled-kept' }>): void {
    for (const key of keys) {
      if (storage === 'opfs') this.#journal.removeKey(key)
      else if (this.#store === undefined) this.#journal.adopted.add(key)
    }
  }

  #watchPage(): void {
    const { signal } = this.#closing
    const network = (): void => {
      this.#board.learn({ online: navigator.onLine })
      this.#supervisor?.send({ kind: 'network', online: navigator.onLine })
    }
    const shown = (): void => {
      if (document.visibilityState === 'visible') this.#supervisor?.send({ kind: 'wake' })
    }
    this.#board.learn({ online: navigator.onLine })
    window.addEventListener('online', network, { signal })
    window.addEventListener('offline', network, { signal })
    document.addEventListener('visibilitychange', shown, { signal })
  }
}

async function loadWasm({ init, url }: WasmOptions): Promise<WebAssembly.Module> {
  try {
    const module = await compileWasm(url)
    await init({ module_or_path: module })
    return module
  } catch (thrown) {
    const message = `The app’s wasm could not be loaded. (${describe(thrown)})`
    throw new SynclineError({ code: 'wasm-failed', message }, { cause: thrown })
  }
}

/** Compiled once, for the page and its worker. Streaming needs a server that names the right type. */
async function compileWasm(url: string | URL): Promise<WebAssembly.Module> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}.`)
  if (response.headers.get('content-type')?.startsWith('application/wasm'))
    return WebAssembly.compileStreaming(response)
  return WebAssembly.compile(await response.arrayBuffer())
}

function checkIds(storeId: string, subject: string): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(storeId)) {
    throw new SynclineError({ code: 'bad-store-id', message: 'A store id is 1 to 64 of A-Z a-z 0-9 _ -.' })
  }
  if (subject === '')
    throw new SynclineError({ code: 'unauthorized', message: 'Nobody is signed in: the subject is empty.' })
}

/** As it will be sent. What is no JSON would not come to the worker, or come to the server as something else. */
function asJson(payload: unknown): unknown {
  if (payload === undefined) return undefined
  try {
    return JSON.parse(JSON.stringify(payload))
  } catch (thrown) {
    const message = `The payload is no JSON. (${describe(thrown)})`
    throw new SynclineError({ code: 'bad-message', message }, { cause: thrown })
  }
}

/** The time, and chance: of two pages' journals, the older is handed over first. */
function sessionId(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return time + randomId().slice(time.length)
}

/** 128 random bits in hexadecimal. */
function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
}
