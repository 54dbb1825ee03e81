// Opening a store: the locks, the wasm, then a leader (this tab's own, or that of another tab), the session.

import { syncUrl } from './connection'
import { EndedSessions } from './ended-sessions'
import type { Failure } from './failure'
import { describe, failureOf, SynclineError } from './failure'
import { Follower } from './follower'
import type { JournaledCommit } from './journal'
import { clientOf, commitOf, inOrder, Journal, pageStorage } from './journal'
import type { Lock } from './lock'
import { acquire, leaderLock, sessionLock } from './lock'
import { asPromised } from './persistence'
import type { FromLeader, TabCall, ToLeader } from './port'
import { clearLocalData } from './reset'
import type { Status } from './status'
import { StatusBoard } from './status'
import { Store } from './store'
import type { SupervisorListener } from './supervisor'
import { Supervisor } from './supervisor'
import type { Durability, Init, ModelId, SynclineWasm, WasmSession } from './wasm'

/** An app's wasm: the glue's default export, its classes, and where the wasm itself is. */
export interface WasmOptions {
  readonly init: Init
  readonly module: Pick<SynclineWasm, 'Session' | 'Past'>
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
  /** `strict`: what is `persisted` survives a loss of power, too, and takes a flush of the disk. Normal otherwise. */
  readonly durability?: Durability | undefined
  readonly wasm: WasmOptions
  /** Starts the app's worker, which calls `serveLeader`. */
  readonly worker: () => Worker
  readonly onStatus?: ((status: Status) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

type Opened = Extract<FromLeader, { kind: 'opened' }>
type Listener = Pick<SupervisorListener, 'received' | 'died'>
type ForPage = Exclude<FromLeader, { kind: 'ready' | 'pong' | 'failed' }>

/**
 * Opens a store, in any number of tabs: one of them leads, and when it ends, another does. Waits while there is
 * no leader, or no local storage to be had, and tells `onStatus` so. With `?reset` in the page's URL, clears the
 * local data first and reloads without it.
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
  #leader: Supervisor | Follower | undefined
  /** The lock of the leader, or the wait for it. */
  readonly #leading = new AbortController()
  #leaderLock: Lock | undefined
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
    await this.#lock(sessionLock(this.#session))
    const module = await loading
    if (new URLSearchParams(location.search).has('reset')) {
      await this.#lock(leaderLock(storeId, subject), () => this.#board.learn({ anotherTab: true }))
      return clearLocalData(storeId, subject, module, worker)
    }
    this.#watchPage()
    asPromised(navigator.storage?.persisted?.()).then((persistent) => this.#board.learn({ persistent }))
    return this.#start(module)
  }

  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#stopLeading()
    for (const lock of this.#locks) lock.release()
  }

  /** There is no leader for this tab any more, and it becomes none. */
  #stopLeading(): void {
    this.#leading.abort()
    this.#leader?.close()
    this.#leader = undefined
    this.#leaderLock?.release()
  }

  async #lock(name: string, onWait?: () => void): Promise<void> {
    const lock = await acquire(name, this.#closing.signal, onWait)
    if (this.#closing.signal.aborted) lock.release()
    this.#closing.signal.throwIfAborted()
    this.#locks.push(lock)
  }

  /** Settles when the first leader has opened; one that fails is replaced until it does. */
  #start(module: WebAssembly.Module): Promise<Store> {
    const { storeId, subject } = this.#options
    const model = JSON.parse(this.#options.wasm.module.Session.model()) as ModelId
    return new Promise((resolve, reject) => {
      const { signal } = this.#closing
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      const listener: Listener = {
        received: (message) => {
          if (message.kind === 'opened' && this.#store === undefined)
            this.#openStore(message).then(resolve, reject)
          else this.#receive(message)
        },
        died: (failure) => this.#board.learn({ leaderFailure: failure, report: undefined }),
      }
      acquire(
        leaderLock(storeId, subject),
        this.#leading.signal,
        () => void this.#followSoon(model, listener),
      )
        .then((lock) => this.#lead(lock, module, model, listener))
        .catch((thrown: unknown) => {
          // One that has given up waits for a reload, and says so in its status.
          if (signal.aborted || !this.#leading.signal.aborted) reject(thrown)
        })
    })
  }

  /**
   * Another tab leads, or the page that this one takes the place of is not gone yet. A leader shows what it has:
   * it is asked once it has what other pages of this browser have made.
   */
  async #followSoon(model: ModelId, listener: Listener): Promise<void> {
    await this.#ended.handedOver(this.#leading.signal)
    if (this.#leaderLock === undefined && !this.#leading.signal.aborted) this.#follow(model, listener)
  }

  /** Another tab leads: until it ends, it serves this one. */
  #follow(model: ModelId, listener: Listener): void {
    if (globalThis.BroadcastChannel === undefined) {
      this.#board.learn({ anotherTab: true })
      return
    }
    const { storeId, subject } = this.#options
    this.#board.learn({ role: 'follower' })
    const greeting = () => this.#call(model)
    const follower = new Follower(storeId, subject, this.#session, { ...listener, greeting })
    this.#leader = follower
    follower.start()
  }

  async #lead(lock: Lock, module: WebAssembly.Module, model: ModelId, listener: Listener): Promise<void> {
    this.#leaderLock = lock
    if (!this.#leading.signal.aborted) await this.#ended.look(this.#closing.signal)
    if (this.#leading.signal.aborted) {
      lock.release()
      return
    }
    this.#leader?.close()
    this.#board.learn({ role: 'leader', anotherTab: false })
    const greeting = () => this.#greeting(module, model)
    const supervisor = new Supervisor(this.#options.worker, { ...listener, greeting })
    this.#leader = supervisor
    supervisor.start()
    if (this.#store !== undefined) this.#watchEnded()
  }

  #call(model: ModelId): Extract<TabCall, { kind: 'attach' }> {
    return { kind: 'attach', session: this.#session, model, resumed: this.#store?.resume() }
  }

  #greeting(module: WebAssembly.Module, model: ModelId): ToLeader {
    const { storeId, subject, url, durability = 'normal' } = this.#options
    const journaled = this.#ended.commits()
    this.#client ??= clientOf(journaled) ?? randomId()
    return {
      kind: 'open',
      module,
      config: { storeId, subject, client: this.#client, payload: this.#payload, durability },
      session: this.#session,
      model,
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
      case 'presence':
        this.#store?.receivePresence(message)
        break
      case 'answer':
        this.#store?.answered(message)
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
      case 'serves':
        this.#ended.watchOne(message.session, this.#closing.signal, (commits) => this.#handOver(commits))
        break
      case 'not-served':
        if (message.failure.code === 'another-tab') this.#board.learn({ anotherTab: true })
        else this.#giveUp(message.failure)
        break
      case 'outdated':
        this.#giveUp({ code: 'reload-required', message: '' })
        break
      case 'reset-done':
        break
    }
  }

  /** What this page has, it shows; what it commits stays in its journal. */
  #giveUp(failure: Failure): void {
    this.#stopLeading()
    this.#board.learn({ leaderFailure: failure, report: undefined })
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
      past: this.#options.wasm.module.Past,
      journal: this.#journal,
      board: this.#board,
      send: (toLeader) => this.#leader?.send(toLeader) ?? false,
      setAuth: (token) => {
        this.#token = token
        this.#leader?.send({ kind: 'auth', token })
      },
      close: () => this.close(),
    })
    this.#store = store
    if (message.told !== undefined) store.receive({ told: message.told })
    this.#board.learn({ opened: true })
    if (message.storage === 'memory') this.#keepAdopted(wasm)
    if (this.#board.facts.role === 'leader') this.#watchEnded()
    return store
  }

  #watchEnded(): void {
    this.#ended.watch(this.#session, this.#closing.signal, (commits) => this.#handOver(commits))
  }

  /** In memory the counters are the session's to give: what is journaled waits for the next page. */
  #handOver(commits: readonly JournaledCommit[]): void {
    if (this.#board.facts.storage !== 'memory') this.#leader?.send({ kind: 'journaled', commits })
  }

  /** Commits of former pages are journaled under the identity that they have got; then they may be sent. */
  #keepAdopted(wasm: WasmSession): void {
    for (const key of this.#journal.adopted) {
      const { session, number } = commitOf(key)
      const entry = wasm.journal_entry(session, number)
      if (entry !== undefined) this.#journal.keepAt(key, entry)
    }
    this.#leader?.send({ kind: 'connect' })
  }

  #replaced(message: Opened): void {
    const before = this.#board.facts.storage
    this.#learnOpened(message)
    this.#store?.leaderReplaced(before, message.storage)
    // It has the same commits, under the same identities. After one on a disk it would give them others.
    if (before === 'memory') this.#leader?.send({ kind: 'connect' })
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
    this.#board.learn({ anotherTab: false, leaderFailure: undefined, storage, storageReason })
  }

  #kept({ keys, storage }: Extract<FromLeader, { kind: 'journaled-kept' }>): void {
    for (const key of keys) {
      if (storage !== 'memory') this.#journal.removeKey(key)
      else if (this.#store === undefined) this.#journal.adopted.add(key)
    }
  }

  #watchPage(): void {
    const { signal } = this.#closing
    const network = (): void => {
      this.#board.learn({ online: navigator.onLine })
      this.#leader?.send({ kind: 'network', online: navigator.onLine })
    }
    const shown = (): void => {
      if (document.visibilityState === 'visible') this.#leader?.send({ kind: 'wake' })
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
