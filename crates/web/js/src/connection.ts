// The WebSocket to the server: reconnects by itself, and notices when it is only half open.

import type { Backoff } from './backoff'
import { DelayedWay } from './delay'
import type { SocketState } from './port'

export interface ConnectionListener {
  opened(): void
  received(text: string): void
  closed(): void
  /** The state or the count of failures has changed. */
  changed(): void
}

const CONNECT_MS = 10_000
const PING_MS = 20_000
const PONG_MS = 10_000
/** A server that accepts us only to drop us again is not to be tried as if it were well. */
const STEADY_MS = 5_000
/** While the browser says that it is offline, an attempt is rarely worth its battery. */
const OFFLINE_MS = 5_000

type Timer = ReturnType<typeof setTimeout>

export class Connection {
  readonly #url: string
  readonly #backoff: Backoff
  readonly #listener: ConnectionListener
  readonly #open: (url: string) => WebSocket
  #socket: WebSocket | undefined
  #state: SocketState = 'stopped'
  #online = true
  #isCut = false
  readonly #out = new DelayedWay()
  readonly #in = new DelayedWay()
  #notBefore = 0
  #retry: Timer | undefined
  #deadline: Timer | undefined
  #nextPing: Timer | undefined
  #steady: Timer | undefined

  constructor(
    url: string,
    backoff: Backoff,
    listener: ConnectionListener,
    open: (url: string) => WebSocket = (address) => new WebSocket(address),
  ) {
    this.#url = url
    this.#backoff = backoff
    this.#listener = listener
    this.#open = open
  }

  get state(): SocketState {
    return this.#state
  }

  get failures(): number {
    return this.#backoff.failures
  }

  start(): void {
    if (this.#state === 'stopped') this.#connect()
  }

  /** Ends the connection; only `start` begins it again. */
  stop(): void {
    this.#drop()
    this.#enter('stopped')
  }

  send(text: string): void {
    this.sender()(text)
  }

  /** Sends later, too, but only on the socket of now: what one was to be told is nothing for the next. */
  sender(): (text: string) => void {
    const socket = this.#socket
    return (text) =>
      this.#out.pass(() => {
        if (socket === this.#socket && socket?.readyState === WebSocket.OPEN) socket.send(text)
      })
  }

  /** The server has welcomed us and we are caught up; the count of failures ends if that lasts. */
  succeeded(): void {
    if (this.#backoff.failures === 0) return
    this.#steady ??= setTimeout(() => {
      this.#backoff.succeeded()
      this.#listener.changed()
    }, STEADY_MS)
  }

  /** The server asks not to be tried before. */
  holdOff(ms: number): void {
    this.#notBefore = Date.now() + ms
  }

  /** Ends this socket and tries again later. */
  fail(): void {
    if (this.#state === 'stopped' || this.#state === 'waiting') return
    const wasOpen = this.#state === 'open'
    this.#drop()
    const delay = Math.max(this.#backoff.next(), this.#notBefore - Date.now(), this.#online ? 0 : OFFLINE_MS)
    this.#retry = setTimeout(() => this.#connect(), delay)
    this.#state = 'waiting'
    if (wasOpen) this.#listener.closed()
    this.#listener.changed()
  }

  /** What the browser says about the network: `false` ends the socket, `true` ends the waiting. */
  network(online: boolean): void {
    this.#online = online
    if (online) this.wake()
    else this.fail()
  }

  /** Cuts it on purpose, until it is let again: to try what that is like. */
  cut(isCut: boolean): void {
    this.#isCut = isCut
    if (isCut) this.fail()
    else this.wake()
  }

  /** Each message takes longer, either way: to try what that is like. */
  delay(ms: number): void {
    this.#out.delayMs = this.#in.delayMs = ms
  }

  /** The page was shown, or the network came back: no time to wait for a timer. */
  wake(): void {
    if (this.#state === 'waiting' && Date.now() >= this.#notBefore) this.#connect()
    else if (this.#state === 'open') this.#ping()
  }

  #connect(): void {
    this.#drop()
    const socket = this.#tryOpen()
    if (socket === undefined) return
    this.#socket = socket
    socket.onopen = () => {
      this.#await(undefined)
      this.#state = 'open'
      this.#nextPing = setTimeout(() => this.#ping(), PING_MS)
      this.#listener.opened()
      this.#listener.changed()
    }
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') return
      this.#in.pass(() => {
        if (socket !== this.#socket) return
        // Whatever arrives shows that the way from the server is open.
        this.#await(undefined)
        if (data !== 'pong') this.#listener.received(data)
      })
    }
    socket.onclose = () => this.fail()
    socket.onerror = () => this.fail()
    this.#await(CONNECT_MS)
    this.#enter('connecting')
  }

  #tryOpen(): WebSocket | undefined {
    try {
      if (this.#isCut) throw new Error('it is cut on purpose')
      return this.#open(this.#url)
    } catch {
      // A URL that no WebSocket takes, one that the page's policy forbids, or a cut.
      this.#state = 'connecting'
      this.fail()
      return undefined
    }
  }

  #ping(): void {
    clearTimeout(this.#nextPing)
    this.#nextPing = setTimeout(() => this.#ping(), PING_MS)
    this.send('ping')
    if (this.#deadline === undefined) this.#await(PONG_MS)
  }

  #await(ms: number | undefined): void {
    clearTimeout(this.#deadline)
    this.#deadline = ms === undefined ? undefined : setTimeout(() => this.fail(), ms)
  }

  /** Closing waits for the other side, which may be gone: the socket is forgotten at once. */
  #drop(): void {
    this.#await(undefined)
    clearTimeout(this.#nextPing)
    clearTimeout(this.#retry)
    clearTimeout(this.#steady)
    this.#steady = undefined
    const socket = this.#socket
    this.#socket = undefined
    if (socket === undefined) return
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null
    socket.close()
  }

  #enter(state: SocketState): void {
    const wasOpen = this.#state === 'open'
    if (this.#state === state) return
    this.#state = state
    if (wasOpen) this.#listener.closed()
    this.#listener.changed()
  }
}

/** Where the log is whose WebSocket this is. */
export function logUrl(syncUrl: string): string {
  const url = new URL(syncUrl)
  url.protocol = url.protocol.replace(/^ws/, 'http')
  url.pathname = url.pathname.replace(/sync$/, 'log')
  return url.href
}

/** Where a store's WebSocket is, under the URL of its server. */
export function syncUrl(url: string, storeId: string): string {
  const base = new URL(url)
  base.protocol = base.protocol.replace(/^http/, 'ws')
  base.pathname = `${base.pathname.replace(/\/$/, '')}/stores/${encodeURIComponent(storeId)}/sync`
  return base.href
}
