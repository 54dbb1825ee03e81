// Keeping a leader worker alive.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Backoff } from '../src/backoff'
import type { FromLeader, ToLeader } from '../src/port'
import { Supervisor } from '../src/supervisor'

class FakeWorker {
  onmessage: ((event: { data: FromLeader }) => void) | null = null
  onerror: ((event: { message: string; preventDefault: () => void }) => void) | null = null
  onmessageerror: (() => void) | null = null
  readonly got: ToLeader[] = []
  isTerminated = false
  answersPings = true

  postMessage(message: ToLeader): void {
    this.got.push(message)
    if (message.kind === 'ping' && this.answersPings) this.says({ kind: 'pong' })
  }

  terminate(): void {
    this.isTerminated = true
  }

  says(data: FromLeader): void {
    this.onmessage?.({ data })
  }
}

function setUp() {
  const workers: FakeWorker[] = []
  const listener = { greeting: vi.fn(() => ({ kind: 'wake' }) as ToLeader), received: vi.fn(), died: vi.fn() }
  const spawn = (): Worker => {
    workers.push(new FakeWorker())
    return workers.at(-1) as unknown as Worker
  }
  const supervisor = new Supervisor(spawn, listener, new Backoff({ random: () => 1 }))
  supervisor.start()
  return { workers, listener, supervisor, last: () => workers.at(-1) as FakeWorker }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('a worker is greeted when it is ready, and not before', () => {
  const { supervisor, last } = setUp()
  expect(supervisor.send({ kind: 'wake' })).toBe(false)
  last().says({ kind: 'ready' })
  expect(last().got[0]).toEqual({ kind: 'wake' })
  expect(supervisor.send({ kind: 'wake' })).toBe(true)
})

test('a worker that answers lives on', () => {
  const { workers, listener, last } = setUp()
  last().says({ kind: 'ready' })
  vi.advanceTimersByTime(10 * 60_000)
  expect(workers.length).toBe(1)
  expect(listener.died).not.toHaveBeenCalled()
})

test('a worker with an error is ended, and another one is greeted', () => {
  const { workers, listener, last } = setUp()
  last().says({ kind: 'ready' })
  const dead = last()
  dead.onerror?.({ message: 'RuntimeError: unreachable', preventDefault: () => {} })
  expect(dead.isTerminated).toBe(true)
  expect(listener.died).toHaveBeenCalledWith({ code: 'leader-failed', message: 'RuntimeError: unreachable' })
  vi.advanceTimersByTime(250)
  expect(workers.length).toBe(2)
  last().says({ kind: 'ready' })
  expect(listener.greeting).toHaveBeenCalledTimes(2)
})

test('a worker that does not answer for 10 s is replaced', () => {
  const { workers, last } = setUp()
  last().says({ kind: 'ready' })
  last().answersPings = false
  vi.advanceTimersByTime(5_000 + 10_000)
  expect(workers[0]?.isTerminated).toBe(true)
})

test('a page that stood still gives its worker another chance', () => {
  const { workers, last } = setUp()
  last().says({ kind: 'ready' })
  last().answersPings = false
  vi.advanceTimersByTime(5_000)
  // The machine sleeps for an hour: the timer is due at once when it wakes.
  vi.setSystemTime(Date.now() + 3_600_000)
  last().answersPings = true
  vi.advanceTimersByTime(10_000)
  expect(workers[0]?.isTerminated).toBe(false)
})

test('a script that does not load is tried again, ever more rarely', () => {
  const { workers, last } = setUp()
  for (let second = 0; second < 120; second += 1) {
    if (!last().isTerminated) last().onerror?.({ message: '', preventDefault: () => {} })
    vi.advanceTimersByTime(1_000)
  }
  expect(workers.length).toBeGreaterThan(5)
  expect(workers.length).toBeLessThan(12)
})

test('a failure that the leader reports itself keeps its code', () => {
  const { listener, last } = setUp()
  last().says({ kind: 'ready' })
  last().says({ kind: 'failed', failure: { code: 'storage-failed', message: 'busy' } })
  expect(listener.died).toHaveBeenCalledWith({ code: 'storage-failed', message: 'busy' })
})

test('nothing is started after the end', () => {
  const { workers, supervisor, last } = setUp()
  last().onerror?.({ message: '', preventDefault: () => {} })
  supervisor.close()
  vi.advanceTimersByTime(60_000)
  expect(workers.length).toBe(1)
})
