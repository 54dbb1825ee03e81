// A log that was saved: looked at, and never taken for a store.

import { expect, test, vi } from 'vitest'
import { SavedLog } from '../src/saved-log'
import { FAKE_PASTS } from './session'

const entry = (seq: number, more: object = {}): string =>
  JSON.stringify({ seq, client: 'c1', counter: seq, author: 'ann', time: 1, name: 'said', args: {}, ...more })

const open = (...lines: string[]) => new SavedLog(`${lines.join('\n')}\n`, FAKE_PASTS)

const many = (count: number) => open(...Array.from({ length: count }, (_, n) => entry(n + 1)))

test('its events come in order, from any seq', async () => {
  const log = many(5_000)
  const seen: number[] = []
  for await (const { seq } of log.events({ since: 10 })) seen.push(seq)
  expect(log.head).toBe(5_000)
  expect(seen).toEqual(Array.from({ length: 4_990 }, (_, n) => n + 11))
})

test('a state is made from the one before it, or from the beginning', async () => {
  const log = many(5_000)
  const [begin, opened] = [vi.spyOn(FAKE_PASTS, 'begin'), vi.spyOn(FAKE_PASTS, 'open')]
  expect((await log.at(3_000)).seq).toBe(3_000)
  expect((await log.at(4_500)).seq).toBe(4_500)
  expect((await log.at(100)).seq).toBe(100)
  expect([begin.mock.calls.length, opened.mock.calls.length]).toEqual([2, 1])
  await expect(log.at(5_001)).rejects.toMatchObject({ code: 'state-unavailable' })
})

test('an empty file is a log without events', async () => {
  expect(open('').head).toBe(0)
  expect((await open('').at(0)).seq).toBe(0)
})

test('what is no log is refused, with the line that is wrong', () => {
  const refused = (...lines: string[]) => expect(() => open(...lines))
  refused('{"seq": 1').toThrow(/in line 1: SyntaxError/)
  refused('null').toThrow(/in line 1: its seq is undefined/)
  refused(entry(1), entry(3)).toThrow(/in line 2: its seq is 3: a log begins at 1, without a gap/)
  refused(entry(1), entry(2, { of: 2 })).toThrow(/in line 2: the log ends within a commit/)
})
