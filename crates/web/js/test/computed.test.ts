// Computed queries.

import { expect, test, vi } from 'vitest'
import { Computed, computed } from '../src/computed'
import { LiveQueries } from '../src/live'
import { linesOf } from './session'

/** Answers `SELECT … FROM <table>` with the rows of a table. */
class Tables {
  readonly rows: Record<string, unknown[]> = { messages: [{ id: 1 }], people: [{ id: 'ann' }] }

  query(sql: string): string {
    const rows = this.rows[tableOf(sql)]
    if (rows === undefined) throw JSON.stringify({ code: 'bad-query', message: `no table ${tableOf(sql)}` })
    return linesOf(rows)
  }

  tables_read_by(sql: string): string {
    return JSON.stringify([tableOf(sql)])
  }

  put(queries: LiveQueries, table: string, rows: unknown[]): void {
    this.rows[table] = rows
    queries.changed([table])
    queries.flush()
  }
}

const tableOf = (sql: string): string => sql.split(' ').at(-1) ?? ''

function counted() {
  const compute = vi.fn((messages: readonly unknown[], people: readonly unknown[]) => {
    return `${messages.length} of ${people.length}`
  })
  const asked = computed(['SELECT * FROM messages', 'SELECT * FROM people'], compute)
  const tables = new Tables()
  return { compute, asked, tables, queries: new LiveQueries(tables) }
}

test('it is computed again only when what it follows from has changed', () => {
  const { compute, asked, tables, queries } = counted()
  expect([asked.value(queries), asked.value(queries)]).toEqual(['1 of 1', '1 of 1'])
  expect(compute).toHaveBeenCalledTimes(1)
  tables.put(queries, 'people', [{ id: 'ann' }, { id: 'bob' }])
  expect(asked.value(queries)).toBe('1 of 2')
  // The same rows again.
  tables.put(queries, 'people', [{ id: 'ann' }, { id: 'bob' }])
  expect(asked.value(queries)).toBe('1 of 2')
  expect(compute).toHaveBeenCalledTimes(2)
})

test('whoever watches it hears of another value, once, and of nothing else', () => {
  const { asked, tables, queries } = counted()
  const heard = vi.fn()
  const stop = asked.watch(queries, heard)
  tables.put(queries, 'messages', [{ id: 2 }])
  expect(heard).toHaveBeenCalledTimes(0)
  tables.rows['people'] = []
  queries.changed(['people'])
  tables.put(queries, 'messages', [{ id: 2 }, { id: 3 }])
  expect(heard).toHaveBeenCalledTimes(1)
  stop()
  tables.put(queries, 'messages', [])
  expect(heard).toHaveBeenCalledTimes(1)
})

test('an equal value is the one before, as its maker says', () => {
  const ids = (rows: readonly { id: number }[]) => rows.map((row) => row.id)
  const same = (a: number[], b: number[]) => String(a) === String(b)
  const asked = computed([{ sql: 'SELECT * FROM messages' }] as const, (rows) => ids(rows as never), same)
  const { tables, queries } = counted()
  const before = asked.value(queries)
  const heard = vi.fn()
  asked.watch(queries, heard)
  tables.put(queries, 'messages', [{ id: 1, text: 'edited' }])
  expect(asked.value(queries)).toBe(before)
  expect(heard).not.toHaveBeenCalled()
})

test('one follows from another, and is told of what that hears', () => {
  const { asked, tables, queries } = counted()
  const shouted = computed([asked], (text) => text.toUpperCase())
  const heard = vi.fn()
  shouted.watch(queries, heard)
  tables.put(queries, 'messages', [])
  expect(shouted.value(queries)).toBe('0 OF 1')
  expect(heard).toHaveBeenCalledTimes(1)
})

test('of two states it has two values', () => {
  const { asked, queries } = counted()
  const [past, tables] = [new LiveQueries(new Tables()), new Tables()]
  tables.rows['people'] = []
  const other = new LiveQueries(tables)
  expect([asked.value(queries), asked.value(other), asked.value(past)]).toEqual([
    '1 of 1',
    '1 of 0',
    '1 of 1',
  ])
})

test('where a query cannot run, or it cannot be computed, who asks is told so, and it recovers', () => {
  const { tables, queries } = counted()
  const asked = computed(['SELECT * FROM messages'], (rows) => {
    if (rows.length > 1) throw new Error('too many')
    return rows.length
  })
  const heard = vi.fn()
  asked.watch(queries, heard)
  tables.put(queries, 'messages', [{ id: 1 }, { id: 2 }])
  expect(() => asked.value(queries)).toThrow('too many')
  expect(heard).toHaveBeenCalledTimes(1)
  tables.put(queries, 'messages', [])
  expect(asked.value(queries)).toBe(0)
  expect(heard).toHaveBeenCalledTimes(2)
  const nowhere = computed(['SELECT * FROM nowhere'], (rows) => rows)
  expect(() => nowhere.value(queries)).toThrow('no table nowhere')
  expect(nowhere).toBeInstanceOf(Computed)
})
