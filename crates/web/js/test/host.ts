// A leader's host for tests: the leader is played, and so is the server.

import { afterEach, beforeEach, vi } from 'vitest'
import { LeaderHost } from '../src/host'
import type { FromLeader, ToLeader } from '../src/port'
import type { LeaderStatus, WasmLeader, WasmPast } from '../src/wasm'
import { FakePast } from './session'
import { FakeSocket } from './socket'

export class FakeLeader implements WasmLeader {
  readonly did: string[] = []
  readonly toServer: string[] = []
  readonly toSessions = new Map<string, string[]>()
  now: LeaderStatus = { live: false, pending: 0, head: 0, cursor: 0, lost: 0 }
  failure: unknown

  #do(what: string): void {
    this.did.push(what)
    if (this.failure !== undefined) throw this.failure
  }

  opened(session: string): string {
    this.#do(`opened ${session}`)
    this.toSessions.set(session, ['what came after the state'])
    return `for ${session}`
  }
  resumed(session: string, cursor: number, epoch: string): string {
    this.#do(`resumed ${session} ${cursor} ${epoch}`)
    this.toSessions.set(session, ['your counters'])
    return `for ${session}`
  }
  lost(): string {
    return JSON.stringify([{ id: 1 }])
  }
  dismiss_lost(upto: number): void {
    this.now = { ...this.now, lost: 0 }
    this.#do(`dismissed ${upto}`)
  }
  push_again(): void {
    this.now = { live: true, pending: 1, head: 3, cursor: 3, lost: 0 }
    this.#do('pushed again')
  }
  state(): Uint8Array {
    return new Uint8Array([1, 2, 3])
  }
  /** The log begins after this seq. */
  logStart = 0
  log: { seq: number }[] = []
  incarnation(): string {
    return 'i1'
  }
  log_start(): number {
    return this.logStart
  }
  log_part(after: number): string {
    return JSON.stringify(this.log.filter(({ seq }) => seq > after).slice(0, 2))
  }
  past(at: number): WasmPast {
    return new FakePast(at < this.logStart ? 0 : this.logStart)
  }
  kind = 'opfs'
  full = false
  storage(): string {
    return this.kind
  }
  storage_reason(): string | undefined {
    return undefined
  }
  take_changed(): undefined {}
  hand_over(message: string): void {
    if (this.full) throw { code: 'storage-full', message: 'no room' }
    this.#do(`took ${message}`)
    for (const told of this.toSessions.values()) told.push(`taken ${message}`)
    this.toServer.push(`push ${message}`)
  }
  connected(token: string | undefined): void {
    this.now = { live: false, pending: 0, head: 0, cursor: 0, lost: 0 }
    this.#do(`connected ${token}`)
    this.toServer.push('hello')
  }
  disconnected(): void {
    this.did.push('disconnected')
  }
  sign_in(token: string): void {
    this.now = { live: true, pending: 0, head: 0, cursor: 0, lost: 0 }
    this.#do(`signed in ${token}`)
  }
  received(text: string): void {
    const { code } = JSON.parse(text) as { code?: string }
    if (code !== undefined) this.now = { ...this.now, live: false, needs: code, message: `it is ${code}` }
    this.#do(`received ${text}`)
  }
  /** The log is far ahead of the state. */
  lags = false
  advance(): boolean {
    if (this.lags) this.#do('advanced')
    return this.lags
  }
  poll_server(): string | undefined {
    return this.toServer.shift()
  }
  state_due(message: string): Uint8Array | undefined {
    return message.includes('void') ? undefined : new Uint8Array([4, 5])
  }
  poll_session(session: string): string | undefined {
    return this.toSessions.get(session)?.shift()
  }
  session_ended(session: string): void {
    this.#do(`ended ${session}`)
    this.toSessions.delete(session)
  }
  status(): string {
    return JSON.stringify(this.now)
  }
  free(): void {}
  readonly values = new Map<string, string>()
  readonly told: string[] = []
  set_presence(session: string, value: string | undefined): void {
    if (value === undefined) this.values.delete(session)
    else this.values.set(session, value)
    this.told.push(JSON.stringify({ session, value }))
  }
  poll_presence(): string | undefined {
    return this.told.shift()
  }
  present(): string {
    return JSON.stringify([...this.values].map(([session, value]) => ({ session, value })))
  }
  presenceRetry: number | undefined
  presence_retry(): number | undefined {
    return this.presenceRetry
  }
  presence_again(): void {
    this.#do('present again')
  }
}

export const OPEN: Extract<ToLeader, { kind: 'open' }> = {
  kind: 'open',
  module: {} as WebAssembly.Module,
  config: { storeId: 'team', subject: 'ann', client: 'c1', durability: 'normal' },
  session: 's1',
  model: { version: 1, schemaHash: 'h' },
  url: 'ws://x',
  token: 't1',
  online: true,
  journaled: [],
  resumed: undefined,
}
export const last = (): FakeSocket => FakeSocket.opened.at(-1) as FakeSocket
export const settle = () => vi.advanceTimersByTimeAsync(0)

export function host(open: () => Promise<WasmLeader>) {
  const posted: FromLeader[] = []
  const open_kept = (): never => {
    throw new Error('there is no IndexedDB here')
  }
  const Leader = { open, open_kept, reset: async () => {} }
  const made = new LeaderHost(
    async () => {},
    { Leader },
    (message) => posted.push(message),
  )
  const of = <K extends FromLeader['kind']>(kind: K) =>
    posted.filter((message): message is Extract<FromLeader, { kind: K }> => message.kind === kind)
  return { made, posted, of }
}

export async function opened(open: Partial<typeof OPEN> = {}) {
  const leader = new FakeLeader()
  const world = host(async () => leader)
  world.made.receive({ ...OPEN, ...open })
  await settle()
  return { leader, ...world }
}

/** With a clock and sockets that a test moves. */
export function played(): void {
  beforeEach(() => {
    vi.useFakeTimers()
    const socket = vi.fn(function open() {
      return new FakeSocket()
    })
    vi.stubGlobal('WebSocket', Object.assign(socket, { OPEN: 1 }))
    FakeSocket.opened.length = 0
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
}
