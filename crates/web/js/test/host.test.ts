// The leader in its worker, with a leader and a server that the tests play.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LeaderHost } from '../src/host'
import type { FromLeader, ToLeader } from '../src/port'
import type { LeaderStatus, WasmLeader, WasmPast } from '../src/wasm'
import { FakePast } from './session'
import { FakeSocket } from './socket'

class FakeLeader implements WasmLeader {
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
    this.toSessions.set(session, [])
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

const OPEN: Extract<ToLeader, { kind: 'open' }> = {
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
const last = (): FakeSocket => FakeSocket.opened.at(-1) as FakeSocket
const settle = () => vi.advanceTimersByTimeAsync(0)

function host(open: () => Promise<WasmLeader>) {
  const posted: FromLeader[] = []
  const Leader = { open, reset: async () => {} }
  const made = new LeaderHost(
    async () => {},
    { Leader },
    (message) => posted.push(message),
  )
  const of = <K extends FromLeader['kind']>(kind: K) =>
    posted.filter((message): message is Extract<FromLeader, { kind: K }> => message.kind === kind)
  return { made, posted, of }
}

async function opened(open: Partial<typeof OPEN> = {}) {
  const leader = new FakeLeader()
  const world = host(async () => leader)
  world.made.receive({ ...OPEN, ...open })
  await settle()
  return { leader, ...world }
}

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

test('it opens, tells the page, connects, and greets with the token', async () => {
  const { leader, of } = await opened()
  expect(of('opened')).toMatchObject([
    { opened: 'for s1', storage: 'opfs', state: new Uint8Array([1, 2, 3]) },
  ])
  last().accept()
  expect(leader.did).toEqual(['opened s1', 'connected t1'])
  expect(last().sent).toEqual(['hello'])
})

test('journals of former pages go in before the session opens, which finds them in the outbox', async () => {
  const { leader, of } = await opened({ journaled: [{ key: 'k1', message: 'former' }] })
  expect(leader.did).toEqual(['took former', 'opened s1'])
  expect(of('journaled-kept')).toEqual([{ kind: 'journaled-kept', keys: ['k1'], storage: 'opfs' }])
  expect(of('messages')).toEqual([])
})

test('nothing is sent before the leader has what former pages have journaled', async () => {
  const leader = new FakeLeader()
  leader.full = true
  const { made, of } = host(async () => leader)
  made.receive({ ...OPEN, journaled: [{ key: 'k1', message: 'former' }] })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(FakeSocket.opened.length).toBe(0)
  expect(of('opened').length).toBe(1)
  leader.full = false
  await vi.advanceTimersByTimeAsync(10_000)
  expect(leader.did).toEqual(['opened s1', 'took former'])
  expect(FakeSocket.opened.length).toBe(1)
})

test('in memory nothing is sent before the page has journaled what it is sent as', async () => {
  const leader = new FakeLeader()
  leader.kind = 'memory'
  const { made, of } = host(async () => leader)
  made.receive({ ...OPEN, journaled: [{ key: 'k1', message: 'former' }] })
  await vi.advanceTimersByTimeAsync(120_000)
  made.receive({ kind: 'network', online: true })
  made.receive({ kind: 'wake' })
  expect(of('journaled-kept')).toEqual([{ kind: 'journaled-kept', keys: ['k1'], storage: 'memory' }])
  expect(FakeSocket.opened.length).toBe(0)
  made.receive({ kind: 'connect' })
  made.receive({ kind: 'connect' })
  expect(FakeSocket.opened.length).toBe(1)
})

test('commits that the server would not take wait, while the connection goes on', async () => {
  const { leader, made, of } = await opened()
  last().accept()
  leader.now = { ...leader.now, live: true, needs: 'server-behind', message: 'deploy', heldFor: 20_000 }
  made.receive({ kind: 'wake' })
  leader.toServer.push('pull')
  last().says('{}')
  expect(last().sent.filter((text) => text !== 'ping')).toEqual(['hello', 'pull'])
  expect(of('status').at(-1)?.report).toMatchObject({ socket: 'open', live: true, needs: 'server-behind' })
  await vi.advanceTimersByTimeAsync(20_000)
  expect(leader.did.filter((did) => did === 'pushed again')).toEqual(['pushed again'])
  expect(of('status').at(-1)?.report.needs).toBeUndefined()
  expect(FakeSocket.opened.length).toBe(1)
})

test('what the server has lost is told to the page, and again when it is dismissed', async () => {
  const { leader, made, of } = await opened()
  last().accept()
  leader.now = { ...leader.now, live: true, lost: 1 }
  last().says('{}')
  last().says('{}')
  expect(of('lost')).toEqual([{ kind: 'lost', lost: [{ id: 1 }] }])
  made.receive({ kind: 'dismiss-lost', upto: 1 })
  expect(leader.did).toContain('dismissed 1')
  expect(of('lost').length).toBe(2)
})

test('after a crash the session hears of its counters before it is served again', async () => {
  const { leader, posted } = await opened({ resumed: { cursor: 7, epoch: 'e1', again: 'all' } })
  expect(leader.did).toEqual(['took all', 'resumed s1 7 e1'])
  const kinds = posted.map(({ kind }) => kind)
  expect(kinds.indexOf('messages')).toBeLessThan(kinds.indexOf('opened'))
})

test('values of presence are told, and again when the server would have them later', async () => {
  const { leader, made, of } = await opened()
  last().accept()
  made.receive({ kind: 'presence', session: 's1', value: '1' })
  expect(of('presence')).toEqual([
    { kind: 'presence', all: true, values: [] },
    { kind: 'presence', all: false, values: [{ session: 's1', value: '1' }] },
  ])
  leader.presenceRetry = 300
  last().says('{"type":"error","retryAfterMs":300}')
  await vi.advanceTimersByTimeAsync(300)
  expect(leader.did).toContain('present again')
})

test('what the page says while the leader opens is not lost', async () => {
  const leader = new FakeLeader()
  const { made } = host(async () => leader)
  made.receive(OPEN)
  made.receive({ kind: 'hand-over', message: 'one' })
  made.receive({ kind: 'hand-over', message: 'two' })
  await settle()
  expect(leader.did).toEqual(['opened s1', 'took one', 'took two'])
})

test('files that another page holds for a moment are waited for', async () => {
  const leader = new FakeLeader()
  let attempts = 0
  const { made, of } = host(async () => {
    attempts += 1
    if (attempts < 20) throw '{"code":"storage-failed","message":"busy"}'
    return leader
  })
  made.receive(OPEN)
  await vi.advanceTimersByTimeAsync(4_000)
  expect(of('opened').length).toBe(1)
})

test('files that stay busy are reported within some seconds', async () => {
  const { made, of } = host(async () => {
    throw '{"code":"storage-failed","message":"busy"}'
  })
  made.receive(OPEN)
  await vi.advanceTimersByTimeAsync(6_000)
  expect(of('failed')).toEqual([{ kind: 'failed', failure: { code: 'storage-failed', message: 'busy' } }])
})

test('an open that never answers is reported, not waited for', async () => {
  const { made, of } = host(() => new Promise(() => {}))
  made.receive(OPEN)
  await vi.advanceTimersByTimeAsync(31_000)
  expect(of('failed')).toMatchObject([{ failure: { code: 'leader-failed' } }])
})

test('a trap ends the leader once, and nothing more is asked of it', async () => {
  const { made, leader, of } = await opened()
  leader.failure = new WebAssembly.RuntimeError('unreachable')
  made.receive({ kind: 'hand-over', message: 'one' })
  made.receive({ kind: 'hand-over', message: 'two' })
  expect(of('failed')).toMatchObject([{ failure: { code: 'leader-failed' } }])
  expect(leader.did).toEqual(['opened s1', 'took one'])
})

test('a liveness ping is answered even while the leader opens', async () => {
  const { made, of } = host(() => new Promise(() => {}))
  made.receive(OPEN)
  made.receive({ kind: 'ping' })
  expect(of('pong').length).toBe(1)
})

test('a wrong token stops it until there is another one', async () => {
  const { made, leader, of } = await opened()
  last().accept()
  last().says('{"type":"error","code":"unauthorized"}')
  expect(of('status').at(-1)?.report).toMatchObject({ needs: 'unauthorized', socket: 'stopped' })
  await vi.advanceTimersByTimeAsync(120_000)
  expect(FakeSocket.opened.length).toBe(1)
  made.receive({ kind: 'auth', token: 't2' })
  last().accept()
  expect(FakeSocket.opened.length).toBe(2)
  expect(leader.did.at(-1)).toBe('connected t2')
  expect(of('status').at(-1)?.report.needs).toBeUndefined()
})

test('a token that expires on a live socket is renewed there', async () => {
  const { made, leader, of } = await opened()
  last().accept()
  leader.now = { ...leader.now, needs: 'needs-auth', message: 'it has expired', heldFor: 5_000 }
  last().says('{}')
  expect(of('status').at(-1)?.report).toMatchObject({ needs: 'needs-auth', socket: 'open' })
  made.receive({ kind: 'auth', token: 't2' })
  expect(leader.did.at(-1)).toBe('signed in t2')
  expect(FakeSocket.opened.length).toBe(1)
  expect(of('status').at(-1)?.report.needs).toBeUndefined()
})

test('a store of another name stops it for good', async () => {
  const { of } = await opened()
  last().accept()
  last().says('{"type":"error","code":"store-mismatch"}')
  await vi.advanceTimersByTimeAsync(120_000)
  expect(FakeSocket.opened.length).toBe(1)
  expect(of('status').at(-1)?.report).toMatchObject({
    needs: 'store-mismatch',
    message: 'it is store-mismatch',
  })
})

test('an error that passes is tried again no sooner than the server asks', async () => {
  await opened()
  last().accept()
  last().says('{"type":"error","code":"server-failed","message":"…","retryAfterMs":9000}')
  await vi.advanceTimersByTimeAsync(8_999)
  expect(FakeSocket.opened.length).toBe(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(FakeSocket.opened.length).toBe(2)
})

test('a server that fails after each greeting is tried ever more rarely', async () => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.999_999)
  const { leader } = await opened()
  for (let minute = 0; minute < 10 * 60; minute += 1) {
    if (last().readyState === 0) {
      last().accept()
      leader.now = { ...leader.now, live: true }
      last().says('{"type":"welcome"}')
      last().says('{"type":"error","code":"server-behind"}')
    }
    await vi.advanceTimersByTimeAsync(100)
  }
  // 250 ms, 500 ms, 1 s, … : a minute has room for eight.
  expect(FakeSocket.opened.length).toBeLessThanOrEqual(9)
  random.mockRestore()
})

test('a storage that refuses a frame drops the socket, says why, and tries again', async () => {
  const { leader, of } = await opened()
  last().accept()
  leader.failure = '{"code":"storage-full","message":"no room"}'
  last().says('{"type":"entries"}')
  expect(last().closed).toBe(true)
  expect(of('failed')).toEqual([])
  expect(of('status').at(-1)?.report).toMatchObject({
    socket: 'waiting',
    hindrance: { code: 'storage-full' },
  })
  leader.failure = undefined
  await vi.advanceTimersByTimeAsync(250)
  last().accept()
  last().says('{"type":"entries"}')
  expect(of('status').at(-1)?.report.hindrance).toBeUndefined()
})

const answers = (of: Awaited<ReturnType<typeof opened>>['of']) => of('answer').map(({ answer }) => answer)
const logOf = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, place) => ({ seq: first + place }))
const ask = (question: Extract<ToLeader, { kind: 'ask' }>['question']): ToLeader => ({
  kind: 'ask',
  session: 's1',
  id: 1,
  question,
})

test('sessions are told what has come before the leader’s own state follows', async () => {
  const { leader, of } = await opened()
  last().accept()
  leader.lags = true
  leader.toSessions.get('s1')?.push('news')
  let told = 0
  const advance = leader.advance.bind(leader)
  leader.advance = () => {
    told = of('messages').length
    return advance()
  }
  last().says('{"entries":[]}')
  expect(told).toBe(1)
  expect(leader.did.at(-1)).toBe('advanced')
})

test('a part of the log comes from the local data', async () => {
  const { leader, made, of } = await opened()
  leader.log = logOf(1, 5)
  made.receive(ask({ kind: 'log', after: 2 }))
  await settle()
  expect(answers(of)).toEqual([{ kind: 'log', incarnation: 'i1', entries: '[{"seq":3},{"seq":4}]' }])
})

test('what is older than the local data comes from the server, with the token of today', async () => {
  const { leader, made, of } = await opened({ url: 'wss://x/base/stores/team/sync' })
  leader.logStart = 3
  const fetched = vi.fn(async () => new Response('{"seq":1}\n{"seq":2}\n'))
  vi.stubGlobal('fetch', fetched)
  made.receive({ kind: 'auth', token: 't2' })
  made.receive(ask({ kind: 'log', after: 0 }))
  await settle()
  expect(fetched).toHaveBeenCalledWith('https://x/base/stores/team/log?after=0&limit=5000', {
    headers: { authorization: 'Bearer t2' },
  })
  expect(answers(of)).toEqual([{ kind: 'log', incarnation: 'i1', entries: '[{"seq":1},{"seq":2}]' }])
})

test.each([
  ['there is no server', async () => Promise.reject(new Error('gone')), 'server-unreachable'],
  [
    'it says no',
    async () => new Response('{"code":"forbidden","message":"no"}', { status: 403 }),
    'forbidden',
  ],
  ['it is no server of ours', async () => new Response('<html>', { status: 502 }), 'server-failed'],
])('where %s, whoever asks for what is older is told so', async (_, fetched, code) => {
  const { leader, made, of } = await opened()
  leader.logStart = 3
  vi.stubGlobal('fetch', vi.fn(fetched))
  made.receive(ask({ kind: 'log', after: 0 }))
  await settle()
  expect(answers(of)).toEqual([{ kind: 'refused', failure: { code, message: expect.any(String) } }])
})

test('a state as it was is made a part at a time, and told with where it stands', async () => {
  const { leader, made, of } = await opened()
  leader.log = logOf(1, 9)
  leader.now = { ...leader.now, cursor: 9 }
  made.receive(ask({ kind: 'state', at: 7 }))
  await vi.runOnlyPendingTimersAsync()
  await vi.advanceTimersByTimeAsync(100)
  expect(answers(of)).toEqual([{ kind: 'state', seq: 7, state: new Uint8Array([7]) }])
})

test('there is no state beyond the log, and none of a log that was replaced meanwhile', async () => {
  const { leader, made, of } = await opened()
  leader.log = logOf(1, 9)
  leader.now = { ...leader.now, cursor: 9 }
  made.receive(ask({ kind: 'state', at: 10 }))
  await settle()
  made.receive(ask({ kind: 'state', at: 9 }))
  leader.incarnation = () => 'i2'
  await vi.advanceTimersByTimeAsync(100)
  expect(answers(of)).toMatchObject([
    { failure: { code: 'state-unavailable', message: expect.stringContaining('ends at 9') } },
    { failure: { code: 'state-unavailable', message: expect.stringContaining('another log') } },
  ])
})
