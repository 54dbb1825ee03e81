// A leader and the tabs that it serves, over channels that the tests play.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Follower } from '../src/follower'
import type { FromLeader, FromTab, TabCall } from '../src/port'
import { callChannel, Tabs } from '../src/tabs'
import type { ModelId } from '../src/wasm'

/** As in a browser: heard by all others of its name, and later. */
class FakeChannel {
  static readonly open = new Set<FakeChannel>()
  /** Whose turn it is: the channels of a leader end with it. */
  static turn = ''
  readonly #of = FakeChannel.turn
  readonly name: string
  onmessage: ((event: { data: unknown }) => void) | null = null

  constructor(name: string) {
    this.name = name
    FakeChannel.open.add(this)
  }

  static end(whose: string): void {
    for (const channel of FakeChannel.open) if (channel.#of === whose) channel.close()
  }

  postMessage(data: unknown): void {
    for (const other of FakeChannel.open)
      if (other !== this && other.name === this.name) queueMicrotask(() => other.#hear(structuredClone(data)))
  }

  close(): void {
    FakeChannel.open.delete(this)
  }

  #hear(data: unknown): void {
    if (!FakeChannel.open.has(this)) return
    FakeChannel.turn = this.#of
    this.onmessage?.({ data })
    FakeChannel.turn = ''
  }
}

const NAME = callChannel('team', 'ann')
const MODEL: ModelId = { version: 2, schemaHash: 'h' }
const settle = () => vi.advanceTimersByTimeAsync(0)
/** Ends the session whose lock is awaited. */
const ends = new Map<string, () => void>()

function lead(model = MODEL, refusal?: { code: string; message: string }) {
  const posts = new Map<string, (message: FromLeader) => void>()
  const host = {
    attach: vi.fn((attach: Extract<TabCall, { kind: 'attach' }>, post: (message: FromLeader) => void) => {
      posts.set(attach.session, post)
      post({
        kind: 'opened',
        opened: attach.session,
        state: undefined,
        told: undefined,
        storage: 'opfs',
        storageReason: undefined,
      })
    }),
    detach: vi.fn(),
    receive: vi.fn<(message: FromTab) => void>(),
    outdated: vi.fn(),
  }
  FakeChannel.turn = 'leader'
  new Tabs(NAME, model, refusal, host)
  FakeChannel.turn = ''
  return { host, posts, die: () => FakeChannel.end('leader') }
}

function follow(session: string, model = MODEL, isOpen = false) {
  const listener = {
    greeting: vi.fn((): Extract<TabCall, { kind: 'attach' }> => {
      const resumed = isOpen ? { cursor: 3, epoch: 'e', again: undefined } : undefined
      return { kind: 'attach', session, model, resumed }
    }),
    received: vi.fn<(message: FromLeader) => void>(),
    died: vi.fn(),
  }
  const follower = new Follower('team', 'ann', session, listener)
  follower.start()
  const kinds = () => listener.received.mock.calls.map(([message]) => message.kind)
  return { follower, listener, kinds }
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeChannel.open.clear()
  ends.clear()
  vi.stubGlobal('BroadcastChannel', FakeChannel)
  const request = (name: string, _options: unknown, granted: () => void) =>
    new Promise<void>((resolve) =>
      ends.set(name, () => {
        granted()
        resolve()
      }),
    )
  vi.stubGlobal('navigator', { locks: { request } })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a tab is served on a channel of its own', async () => {
  const { host, posts } = lead()
  const [first, second] = [follow('s1'), follow('s2')]
  await settle()
  expect(first.kinds()).toEqual(['opened'])
  posts.get('s1')?.({ kind: 'messages', told: ['for the first'] })
  expect(first.follower.send({ kind: 'hand-over', message: 'a commit' })).toBe(true)
  await settle()
  expect(first.kinds()).toEqual(['opened', 'messages'])
  expect(second.kinds()).toEqual(['opened'])
  expect(host.receive.mock.calls).toEqual([[{ kind: 'hand-over', message: 'a commit' }]])
})

test('a tab that comes before there is a leader calls until there is one', async () => {
  const { kinds } = follow('s1')
  await vi.advanceTimersByTimeAsync(3_500)
  const { host } = lead()
  await settle()
  expect(kinds()).toEqual(['opened'])
  expect(host.attach).toHaveBeenCalledOnce()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(host.attach).toHaveBeenCalledOnce()
})

test('a tab goes over to the next leader at once, with where it stands', async () => {
  const first = lead()
  const { kinds } = follow('s1', MODEL, true)
  await settle()
  first.die()
  const { host } = lead()
  await settle()
  expect(kinds()).toEqual(['opened', 'opened'])
  expect(host.attach.mock.calls[0]?.[0].resumed).toMatchObject({ cursor: 3 })
})

test('a leader that falls silent is told of, and called again', async () => {
  const { die } = lead()
  const { listener, follower } = follow('s1')
  await settle()
  die()
  await vi.advanceTimersByTimeAsync(16_000)
  expect(listener.died.mock.calls[0]?.[0].code).toBe('leader-failed')
  const { host } = lead()
  await settle()
  follower.send({ kind: 'wake' })
  await settle()
  expect(host.receive.mock.calls).toEqual([[{ kind: 'wake' }]])
})

test('what a tab says between its call and the answer goes out with the answer', async () => {
  const { host } = lead()
  const { follower } = follow('s1', MODEL, true)
  follower.send({ kind: 'hand-over', message: 'a commit' })
  await settle()
  follower.send({ kind: 'wake' })
  await settle()
  expect(host.receive.mock.calls).toEqual([[{ kind: 'hand-over', message: 'a commit' }], [{ kind: 'wake' }]])
})

test('what the next call has is not said besides', async () => {
  const { follower, listener } = follow('s1', MODEL, true)
  follower.send({ kind: 'hand-over', message: 'a commit' })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(listener.greeting).toHaveBeenCalledTimes(2)
  const { host } = lead()
  await settle()
  expect(host.attach).toHaveBeenCalledOnce()
  expect(host.receive).not.toHaveBeenCalled()
})

test('a tab that has ended is served no more', async () => {
  const { host } = lead()
  follow('s1')
  await settle()
  expect(host.detach).not.toHaveBeenCalled()
  ends.get('syncline:session:s1')?.()
  await settle()
  expect(host.detach.mock.calls).toEqual([['s1']])
})

test('a leader in memory serves nobody else, and says so', async () => {
  const { host } = lead(MODEL, { code: 'another-tab', message: '' })
  const { follower, listener } = follow('s1')
  await settle()
  expect(listener.received.mock.calls).toEqual([
    [{ kind: 'not-served', failure: { code: 'another-tab', message: '' } }],
  ])
  expect(host.attach).not.toHaveBeenCalled()
  follower.send({ kind: 'wake' })
  await settle()
  expect(host.receive).not.toHaveBeenCalled()
})

test.each([
  ['an older model', { version: 1, schemaHash: 'x' }, false, 'not-served'],
  ['an older model, and has been here longer', { version: 1, schemaHash: 'x' }, true, 'not-served'],
  [
    'other tables of the same version, and has been here longer',
    { version: 2, schemaHash: 'x' },
    true,
    'not-served',
  ],
  ['other tables of the same version, loaded just now', { version: 2, schemaHash: 'x' }, false, undefined],
  ['a newer model', { version: 3, schemaHash: 'x' }, false, undefined],
] as const)('a tab that has %s', async (_, model, isOpen, answer) => {
  const { host } = lead()
  const { kinds, listener } = follow('s1', model, isOpen)
  await settle()
  expect(kinds()).toEqual(answer === undefined ? [] : [answer])
  expect(host.outdated).toHaveBeenCalledTimes(answer === undefined ? 1 : 0)
  expect(host.attach).not.toHaveBeenCalled()
  if (answer !== undefined)
    expect(listener.received.mock.calls[0]?.[0]).toMatchObject({ failure: { code: 'reload-required' } })
})
