// Who else is here.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Presence } from '../src/presence'
import type { PresenceOf } from '../src/wasm'

function setUp() {
  const send = vi.fn((_: string | undefined) => true)
  return { send, sent: () => send.mock.calls.map(([value]) => value), presence: new Presence('s1', send) }
}

const of = (subject: string, session: string, value?: unknown): PresenceOf => ({
  client: subject,
  session,
  subject,
  ...(value === undefined ? {} : { value }),
})

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('a value is told at once, and then the last one of each tenth of a second', () => {
  const { sent, presence } = setUp()
  presence.set({ n: 1 })
  for (let n = 2; n <= 10; n++) presence.set({ n })
  expect(sent()).toEqual(['{"n":1}'])
  vi.advanceTimersByTime(1_000)
  expect(sent()).toEqual(['{"n":1}', '{"n":10}'])
  presence.set({ n: 10 })
  presence.set(undefined)
  vi.advanceTimersByTime(1_000)
  expect(sent()).toEqual(['{"n":1}', '{"n":10}', undefined])
})

test('a value that nobody could take is told to the leader that follows', () => {
  const { send, sent, presence } = setUp()
  send.mockReturnValueOnce(false)
  presence.set(1)
  presence.again()
  vi.advanceTimersByTime(1_000)
  expect(sent()).toEqual(['1', '1'])
  presence.again()
  expect(sent()).toEqual(['1', '1', '1'])
})

test('a value that is too large is refused by name, and the one before stays', () => {
  const { sent, presence } = setUp()
  presence.set('x'.repeat(510))
  expect(() => presence.set('x'.repeat(511))).toThrow(expect.objectContaining({ code: 'presence-refused' }))
  expect(() => presence.set('é'.repeat(256))).toThrow(expect.objectContaining({ code: 'presence-refused' }))
  vi.advanceTimersByTime(1_000)
  expect(sent().length).toBe(1)
})

test('the others are those of every session but this one', () => {
  const { presence } = setUp()
  const watcher = vi.fn()
  const stop = presence.watch(watcher)
  presence.receive(true, [of('ann', 's1', 0), of('ann', 's2', 1), of('bob', 's9', 2)])
  const values = () => presence.others.map(({ subject, value }) => [subject, value])
  expect(values()).toEqual([
    ['ann', 1],
    ['bob', 2],
  ])
  const before = presence.others
  expect(presence.others).toBe(before)
  presence.receive(false, [of('bob', 's9', 3), of('ann', 's2')])
  expect(values()).toEqual([['bob', 3]])
  presence.receive(true, [])
  expect(values()).toEqual([])
  expect(watcher).toHaveBeenCalledTimes(3)
  stop()
})
