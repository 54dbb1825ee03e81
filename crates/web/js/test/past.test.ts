// The log and the state as they were, as a page asks for them.

import { expect, test } from 'vitest'
import { changesBetween } from '../src/devtools/diff'
import type { LoggedEvent } from '../src/past'
import { commitsOf, eventsOf, News, PastState, Questions } from '../src/past'
import type { ToLeader } from '../src/port'
import { type Past, PastMaker } from '../src/react/past'
import { FAKE_PASTS, FakePast, linesOf } from './session'

type Ask = Extract<ToLeader, { kind: 'ask' }>

const task = () => new Promise((resolve) => setTimeout(resolve))
const entry = (seq: number, more: object = {}) => ({
  seq,
  client: 'c1',
  counter: seq,
  author: 'ann',
  time: 1,
  name: 'said',
  args: {},
  ...more,
})

/** Answers from a log that a test may lengthen, two entries at a time. */
function world(log: object[] = []) {
  const asked: Ask[] = []
  const facts = { incarnation: 'i1', silent: false }
  const answer = ({ id, question }: Ask): void => {
    if (facts.silent || question.kind !== 'log') return
    const entries = JSON.stringify(log.slice(question.after, question.after + 2))
    const { incarnation } = facts
    questions.answered({ kind: 'answer', id, answer: { kind: 'log', incarnation, entries } })
  }
  const questions = new Questions('s1', (ask) => {
    asked.push(ask)
    queueMicrotask(() => answer(ask))
  })
  return { log, asked, facts, answer, questions, news: new News() }
}

async function seqs(events: AsyncIterable<LoggedEvent>): Promise<number[]> {
  const seen: number[] = []
  for await (const { seq } of events) seen.push(seq)
  return seen
}

test('the events after a seq come in order, page by page, and end', async () => {
  const { questions, news } = world([1, 2, 3, 4, 5].map((seq) => entry(seq)))
  expect(await seqs(eventsOf(questions, news, { since: 1 }))).toEqual([2, 3, 4, 5])
})

test('whoever aborts gets no event more, not even of the part that is here', async () => {
  const { questions, news } = world([1, 2, 3, 4].map((seq) => entry(seq)))
  const stop = new AbortController()
  const seen: number[] = []
  for await (const { seq } of eventsOf(questions, news, { signal: stop.signal })) {
    seen.push(seq)
    stop.abort()
  }
  expect(seen).toEqual([1])
})

test('an event says where it stands, whose it is, and whether it was redacted', () => {
  const text = JSON.stringify([entry(1, { digest: 'd' }), entry(2, { of: 2 }), entry(3, { of: 2, index: 1 })])
  expect(commitsOf(text, 0)).toEqual([
    { ...entry(1), index: 0, of: 1, redacted: true },
    { ...entry(2), index: 0, of: 2, redacted: false },
    { ...entry(3), index: 1, of: 2, redacted: false },
  ])
})

test('a commit that a part cuts comes with the next part, whole', () => {
  const text = JSON.stringify([entry(1), entry(2, { of: 2 })])
  expect(commitsOf(text, 0).map(({ seq }) => seq)).toEqual([1])
})

test('live, it goes on with what comes, until it is aborted', async () => {
  const { log, questions, news } = world([entry(1)])
  const stop = new AbortController()
  const seen = seqs(eventsOf(questions, news, { live: true, signal: stop.signal }))
  await task()
  log.push(entry(2))
  news.tell()
  await task()
  stop.abort()
  expect(await seen).toEqual([1, 2])
})

test('of a log that the server does not have any more nothing is mixed with the new one', async () => {
  const { facts, log, questions, news } = world([entry(1)])
  const events = eventsOf(questions, news, { live: true })
  expect((await events.next()).value).toMatchObject({ seq: 1 })
  facts.incarnation = 'i2'
  log.push(entry(2))
  await expect(events.next()).rejects.toMatchObject({ code: 'entries-missed' })
})

test('what a leader did not answer before it ended, the next one is asked again', async () => {
  const { asked, answer, facts, questions, news } = world([entry(1)])
  facts.silent = true
  const seen = seqs(eventsOf(questions, news, {}))
  await task()
  facts.silent = false
  questions.again()
  expect(await seen).toEqual([1])
  expect(asked.map(({ id }) => id)).toEqual([1, 1, 2])
  // An answer that comes twice is heard once.
  answer(asked[0] as Ask)
})

test('a store that closes answers whoever waits, and whoever asks after that', async () => {
  const { facts, questions, news } = world()
  facts.silent = true
  const seen = seqs(eventsOf(questions, news, { live: true }))
  await task()
  questions.close(Object.assign(new Error('closed'), { code: 'store-closed' }) as never)
  await expect(seen).rejects.toMatchObject({ code: 'store-closed' })
  await expect(questions.log(0)).rejects.toMatchObject({ code: 'store-closed' })
})

test('a state as it was is read until it is closed', async () => {
  const { asked, questions } = world()
  const opening = questions.state(3, FAKE_PASTS)
  await task()
  const [{ id }] = asked as [Ask]
  questions.answered({ kind: 'answer', id, answer: { kind: 'state', seq: 3, state: new Uint8Array() } })
  const past = await opening
  expect([past.seq, past.query('SELECT 1')]).toEqual([3, []])
  past.close()
  past.close()
  expect(() => past.query('SELECT 1')).toThrow(expect.objectContaining({ code: 'store-closed' }))
})

/** A slider: what it was told, and the states that were asked for and not made yet. */
function slider() {
  const told: Past[] = []
  const asked: { seq: number; make(): PastState; fail(error: Error): void }[] = []
  const maker = new PastMaker(
    (seq) =>
      new Promise((resolve, fail) => {
        const make = (): PastState => {
          const past = new PastState(new FakePast(seq))
          resolve(past)
          return past
        }
        asked.push({ seq, make, fail })
      }),
    (past) => told.push(past),
  )
  return { maker, told, asked }
}

test('of the places that a slider passes while a state is made, only the last is made', async () => {
  const { maker, told, asked } = slider()
  for (const seq of [1, 2, 3, 4]) maker.want(seq)
  asked[0]?.make()
  await task()
  asked[1]?.make()
  await task()
  expect(asked.map(({ seq }) => seq)).toEqual([1, 4])
  expect(told.map(({ past }) => past?.seq)).toEqual([1, 4])
})

test('a state that nobody wants any more is closed', async () => {
  const { maker, told, asked } = slider()
  maker.want(1)
  maker.want(undefined)
  const past = asked[0]?.make()
  await task()
  expect(told).toEqual([{ past: undefined, error: undefined }])
  expect(() => past?.rows({ sql: 'SELECT 1', params: '[]' })).toThrow()
})

test('where a state cannot be made, the slider hears why, and goes on', async () => {
  const { maker, told, asked } = slider()
  maker.want(1)
  asked[0]?.fail(new Error('no'))
  await task()
  expect(told[0]?.error).toMatchObject({ code: 'session-failed', message: 'Error: no' })
  maker.want(2)
  asked[1]?.make()
  await task()
  expect(told[1]?.past?.seq).toBe(2)
})

test('what has changed between two states are the rows that only one of them has', async () => {
  const states: Record<number, unknown[]> = {
    1: [
      { id: 1, text: 'a' },
      { id: 2, text: 'b' },
    ],
    2: [
      { id: 1, text: 'a' },
      { id: 2, text: 'c' },
    ],
  }
  const closed: number[] = []
  const at = async (seq: number): Promise<PastState> => {
    const wasm = new FakePast(seq)
    wasm.query = (sql) => linesOf(sql.includes('sqlite_master') ? [{ name: 'notes' }] : (states[seq] ?? []))
    wasm.free = () => closed.push(seq)
    return new PastState(wasm)
  }
  expect(await changesBetween({ at }, 1, 2)).toEqual([
    { table: 'notes', kind: 'removed', row: '{"id":2,"text":"b"}' },
    { table: 'notes', kind: 'added', row: '{"id":2,"text":"c"}' },
  ])
  expect(closed).toEqual([1, 2])
})
