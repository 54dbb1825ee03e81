// Live queries.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LiveQueries } from '../src/live'
import { linesOf } from './session'

/** Answers `SELECT … FROM <table>` with the rows of a table, and counts. */
class Tables {
  readonly rows: Record<string, unknown[]> = { messages: [{ id: 1 }], people: [{ id: 'ann' }] }
  runs = 0

  query(sql: string): string {
    this.runs += 1
    const rows = this.rows[tableOf(sql)]
    if (rows === undefined)
      throw JSON.stringify({ code: 'bad-query', message: `no such table: ${tableOf(sql)}` })
    return linesOf(rows)
  }

  tables_read_by(sql: string): string {
    return JSON.stringify([tableOf(sql)])
  }
}

const tableOf = (sql: string): string => sql.split(' ').at(-1) ?? ''
const MESSAGES = { sql: 'SELECT * FROM messages', params: '[]' }
const PEOPLE = { sql: 'SELECT * FROM people', params: '[]' }

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('all who watch one query share one execution', () => {
  const tables = new Tables()
  const queries = new LiveQueries(tables)
  const heard = [vi.fn(), vi.fn(), vi.fn()]
  for (const watcher of heard) queries.watch({ ...MESSAGES }, watcher)
  queries.rows({ ...MESSAGES })
  expect(tables.runs).toBe(1)
  tables.rows['messages'] = [{ id: 1 }, { id: 2 }]
  queries.changed(['messages'])
  queries.flush()
  expect(tables.runs).toBe(2)
  for (const watcher of heard) expect(watcher).toHaveBeenCalledTimes(1)
})

test('a query runs again only when a table that it reads has changed', () => {
  const tables = new Tables()
  const queries = new LiveQueries(tables)
  queries.watch(MESSAGES, vi.fn())
  queries.watch(PEOPLE, vi.fn())
  queries.flush()
  expect(tables.runs).toBe(2)
  queries.changed(['people'])
  queries.flush()
  expect(tables.runs).toBe(3)
  queries.changed(['reactions'])
  queries.changed([])
  queries.flush()
  expect(tables.runs).toBe(3)
})

test('nobody is told of a result that is equal', () => {
  const tables = new Tables()
  const queries = new LiveQueries(tables)
  const watcher = vi.fn()
  queries.watch(MESSAGES, watcher)
  const before = queries.rows(MESSAGES)
  tables.rows['messages'] = [{ id: 1 }]
  queries.changed(['messages'])
  queries.flush()
  expect(watcher).not.toHaveBeenCalled()
  expect(queries.rows(MESSAGES)).toBe(before)
})

test('a read between a change and the flush sees the change, and the watcher is told all the same', () => {
  const tables = new Tables()
  const queries = new LiveQueries(tables)
  const watcher = vi.fn()
  queries.watch(MESSAGES, watcher)
  queries.rows(MESSAGES)
  tables.rows['messages'] = [{ id: 2 }]
  queries.changed(['messages'])
  expect(queries.rows(MESSAGES)).toEqual([{ id: 2 }])
  queries.flush()
  expect(watcher).toHaveBeenCalledTimes(1)
})

test('all results are new before the first watcher hears of one', () => {
  const tables = new Tables()
  const queries = new LiveQueries(tables)
  const seen: unknown[] = []
  const look = (): number => seen.push([queries.rows(MESSAGES), queries.rows(PEOPLE)])
  queries.watch(MESSAGES, look)
  queries.watch(PEOPLE, look)
  queries.rows(MESSAGES)
  queries.rows(PEOPLE)
  tables.rows['messages'] = [{ id: 2 }]
  tables.rows['people'] = [{ id: 'bob' }]
  queries.changed(['messages', 'people'])
  queries.flush()
  // One watcher of two queries is called once.
  expect(seen).toEqual([[[{ id: 2 }], [{ id: 'bob' }]]])
})

test('a query that SQLite refuses throws its code, each time', () => {
  const queries = new LiveQueries(new Tables())
  const wrong = { sql: 'SELECT * FROM nothing', params: '[]' }
  for (let time = 0; time < 2; time += 1) {
    expect(() => queries.rows(wrong)).toThrow(expect.objectContaining({ code: 'bad-query' }))
  }
})

test('a query that nobody watches is forgotten after a while, a watched one is not', () => {
  const tables = new Tables()
  const queries = new LiveQueries(tables)
  queries.rows(MESSAGES)
  const leave = queries.watch(PEOPLE, vi.fn())
  expect(queries.size).toBe(2)
  vi.advanceTimersByTime(20_000)
  expect(queries.size).toBe(1)
  leave()
  vi.advanceTimersByTime(4_000)
  expect(queries.size).toBe(1)
  vi.advanceTimersByTime(10_000)
  expect(queries.size).toBe(0)
})

test('whoever comes back after that watches as before', () => {
  const tables = new Tables()
  const queries = new LiveQueries(tables)
  queries.rows(MESSAGES)
  vi.advanceTimersByTime(20_000)
  const watcher = vi.fn()
  queries.watch(MESSAGES, watcher)
  queries.rows(MESSAGES)
  tables.rows['messages'] = []
  queries.changed(['messages'])
  queries.flush()
  expect(watcher).toHaveBeenCalledTimes(1)
})

test('a query that is asked once is not kept, and one that is live is not run for it', () => {
  const tables = new Tables()
  const queries = new LiveQueries(tables)
  expect(queries.once(MESSAGES)).toEqual([{ id: 1 }])
  expect(queries.size).toBe(0)
  queries.watch(MESSAGES, vi.fn())
  const runs = tables.runs
  expect(queries.once(MESSAGES)).toBe(queries.rows(MESSAGES))
  expect(tables.runs).toBe(runs)
})

test('a report says of each query what it reads, who watches it, and how often it ran', () => {
  const tables = new Tables()
  const queries = new LiveQueries(tables)
  queries.watch(MESSAGES, vi.fn())
  queries.changed(['messages'])
  queries.flush()
  expect(queries.report()).toEqual([
    { ...MESSAGES, tables: ['messages'], watchers: 1, rows: 1, runs: 2, ms: expect.any(Number) },
  ])
})
