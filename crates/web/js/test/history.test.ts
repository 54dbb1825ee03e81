// The log as the leader's worker reads it: from the local data, and from the server below that.

import { expect, test, vi } from 'vitest'
import type { ToLeader } from '../src/port'
import { opened, played, settle } from './host'

played()

const answers = (of: Awaited<ReturnType<typeof opened>>['of']) => of('answer').map(({ answer }) => answer)
const logOf = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, place) => ({ seq: first + place }))
const ask = (question: Extract<ToLeader, { kind: 'ask' }>['question']): ToLeader => ({
  kind: 'ask',
  session: 's1',
  id: 1,
  question,
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
  // It has begun.
  await Promise.resolve()
  leader.incarnation = () => 'i2'
  await vi.advanceTimersByTimeAsync(100)
  expect(answers(of)).toMatchObject([
    { failure: { code: 'state-unavailable', message: expect.stringContaining('ends at 9') } },
    { failure: { code: 'state-unavailable', message: expect.stringContaining('another log') } },
  ])
})

test('a state at what is on its way here waits for it, for a while', async () => {
  const { leader, made, of } = await opened()
  leader.log = logOf(1, 9)
  leader.now = { ...leader.now, cursor: 2, head: 9 }
  made.receive(ask({ kind: 'state', at: 9 }))
  await vi.advanceTimersByTimeAsync(5_000)
  expect(answers(of)).toEqual([])
  leader.now = { ...leader.now, cursor: 9 }
  await vi.advanceTimersByTimeAsync(100)
  expect(answers(of)).toMatchObject([{ kind: 'state', seq: 9 }])

  leader.now = { ...leader.now, head: 12 }
  made.receive(ask({ kind: 'state', at: 12 }))
  await vi.advanceTimersByTimeAsync(11_000)
  const failure = { code: 'state-unavailable', message: expect.stringContaining('the log here ends at 9') }
  expect(answers(of)[1]).toEqual({ kind: 'refused', failure })
})
