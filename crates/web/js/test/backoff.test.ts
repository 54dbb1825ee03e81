// How long a client waits before it tries again.

import { expect, test } from 'vitest'
import { Backoff } from '../src/backoff'

const ceilings = (count: number): number[] => {
  const backoff = new Backoff({ random: () => 1 })
  return Array.from({ length: count }, () => backoff.next())
}

test('the ceiling doubles from 250 ms to 30 s and stays there', () => {
  expect(ceilings(10)).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
})

test('a delay may be anything below its ceiling', () => {
  expect(new Backoff({ random: () => 0 }).next()).toBe(0)
  expect(new Backoff({ random: () => 0.5 }).next()).toBe(125)
})

test('a success begins the count anew', () => {
  const backoff = new Backoff({ random: () => 1 })
  backoff.next()
  backoff.next()
  expect(backoff.failures).toBe(2)
  backoff.succeeded()
  expect(backoff.failures).toBe(0)
  expect(backoff.next()).toBe(250)
})
