// The leader in its worker, with a leader and a server that the tests play.

import { expect, test, vi } from 'vitest'
import { FakeLeader, host, last, OPEN, opened, played, settle } from './host'
import { FakeSocket } from './socket'

played()

test('it opens, tells the page, connects, and greets with the token', async () => {
  const { leader, of } = await opened()
  expect(of('opened')).toMatchObject([
    {
      opened: 'for s1',
      storage: 'opfs',
      state: new Uint8Array([1, 2, 3]),
      told: ['what came after the state'],
    },
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

test('a state that a session is to go on from is brought, unless another one follows', async () => {
  const { leader, made, of } = await opened()
  leader.toSessions.set('s1', ['{"state":"void"}', '{"state":"due"}', 'entries'])
  made.receive({ kind: 'wake' })
  made.receive({ kind: 'dismiss-lost', upto: 1 })
  expect(of('messages')).toEqual([
    {
      kind: 'messages',
      told: [{ message: '{"state":"due"}', state: new Uint8Array([4, 5]) }, 'entries'],
    },
  ])
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
