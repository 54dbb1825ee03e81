// Commits on their way into the leader.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HandOvers } from '../src/hand-over'

class FakeLeader {
  readonly taken: string[] = []
  failure: string | undefined

  hand_over(message: string): void {
    if (this.failure !== undefined) throw this.failure
    this.taken.push(message)
  }
}

const FULL = '{"code":"storage-full","message":"no room"}'
const BAD = '{"code":"bad-message","message":"not a message"}'

function setUp() {
  const leader = new FakeLeader()
  const listener = {
    kept: vi.fn(),
    refused: vi.fn(),
    drained: vi.fn(),
    broken: vi.fn(),
  }
  return { leader, listener, handOvers: new HandOvers(leader, listener) }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('commits go in in order', () => {
  const { leader, handOvers } = setUp()
  handOvers.take(['1', '2'])
  handOvers.take(['3'])
  expect(leader.taken).toEqual(['1', '2', '3'])
})

test('a full storage keeps them waiting in order, says so, and takes them when there is room', () => {
  const { leader, listener, handOvers } = setUp()
  leader.failure = FULL
  handOvers.take(['1'])
  handOvers.take(['2'])
  expect(handOvers.failure?.code).toBe('storage-full')
  vi.advanceTimersByTime(5_000)
  leader.failure = undefined
  handOvers.take(['3'])
  expect(leader.taken).toEqual([])
  vi.advanceTimersByTime(60_000)
  expect(leader.taken).toEqual(['1', '2', '3'])
  expect(handOvers.failure).toBeUndefined()
  expect(listener.drained).toHaveBeenCalled()
})

test('journaled commits are told to the page', () => {
  const { leader, listener, handOvers } = setUp()
  handOvers.take(['own'])
  handOvers.takeJournaled([{ key: 'k1', message: 'former' }])
  expect(leader.taken).toEqual(['own', 'former'])
  expect(listener.kept).toHaveBeenCalledWith(['k1'])
})

test('a journaled commit that makes no sense is refused, and does not hold up the others', () => {
  const { leader, listener, handOvers } = setUp()
  leader.failure = BAD
  handOvers.takeJournaled([{ key: 'k1', message: 'nonsense' }])
  leader.failure = undefined
  handOvers.takeJournaled([{ key: 'k2', message: 'former' }])
  expect(listener.refused).toHaveBeenCalledWith('k1', { code: 'bad-message', message: 'not a message' })
  expect(listener.kept).toHaveBeenCalledWith(['k2'])
})

test('a commit of this page that the leader refuses is not swallowed', () => {
  const { leader, handOvers } = setUp()
  leader.failure = BAD
  expect(() => handOvers.take(['1'])).toThrow()
})
