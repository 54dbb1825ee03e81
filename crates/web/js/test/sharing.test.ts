// Structural sharing.

import { expect, test } from 'vitest'
import { type Row, SharedRows } from '../src/sharing'
import { linesOf } from './session'

/** A result, and what was taken of the next one. */
function share(
  old: readonly Row[],
  fresh: readonly Row[],
): { before: readonly Row[]; shared: readonly Row[] } {
  const rows = new SharedRows()
  const before = rows.take(linesOf(old))
  expect(before).toEqual(old)
  return { before, shared: rows.take(linesOf(fresh)) }
}

const rows = (...ids: (number | string)[]) => ids.map((id) => ({ id, text: `row ${id}` }))

test('an equal result is the same array', () => {
  for (const old of [rows(1, 2, 3), rows()]) {
    const { before, shared } = share(old, [...old])
    expect(shared).toBe(before)
  }
})

test.each([
  ['a row at the end', rows(1, 2, 3), rows(1, 2, 3, 4)],
  ['a row at the beginning', rows(1, 2, 3), rows(0, 1, 2, 3)],
  ['a row in the middle', rows(1, 2, 3), rows(1, 2, 9, 3)],
  ['a row less', rows(1, 2, 3), rows(1, 3)],
  ['another order', rows(1, 2, 3, 4), rows(4, 2, 1, 3)],
  ['nothing left', rows(1, 2), rows()],
  ['something at last', rows(), rows(1)],
  ['the same row twice', rows(1, 1, 2), rows(1, 2, 1)],
])('%s: the result is right, and every row that was there is the same object', (_, old, fresh) => {
  const { before, shared } = share(old, fresh)
  expect(shared).toEqual(fresh)
  for (const row of shared) {
    const known = before.filter(({ id }) => id === row['id'])
    if (known.length > 0) expect(known.some((same) => same === row)).toBe(true)
  }
})

test('a row with one other value is another object, its neighbours are not', () => {
  const old = rows(1, 2, 3)
  const fresh = [
    { id: 1, text: 'row 1' },
    { id: 2, text: 'edited' },
    { id: 3, text: 'row 3' },
  ]
  const { before, shared } = share(old, fresh)
  expect(shared).toEqual(fresh)
  expect(shared.map((row, place) => row === before[place])).toEqual([true, false, true])
})

test('null, 0, the empty text and a missing column are all different', () => {
  for (const [a, b] of [
    [null, 0],
    [0, ''],
    ['', null],
    [0, false],
  ]) {
    const { before, shared } = share([{ id: 1, value: a }], [{ id: 1, value: b }])
    expect(shared).not.toBe(before)
  }
  const { before, shared } = share([{ id: 1, a: 1 }], [{ id: 1, b: 1 }])
  expect(shared).not.toBe(before)
})

test('rows with lists in them are shared as well', () => {
  const old = [
    { id: 1, bytes: [1, 2] },
    { id: 2, bytes: [3] },
  ]
  const { before, shared } = share(old, [
    { id: 1, bytes: [1, 2] },
    { id: 2, bytes: [4] },
  ])
  expect(shared[0]).toBe(before[0])
  expect(shared[1]).toEqual({ id: 2, bytes: [4] })
})

test('what a text has in it never ends a row', () => {
  const old = [{ text: '},\n{' }, { text: ',\n' }]
  expect(share(old, [{ text: ']},\n' }, ...old]).shared.slice(1)).toEqual(old)
})

test('random edits keep content exact and identity wherever a row is unchanged', () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return seed % below
  }
  const shares = new SharedRows()
  let old = shares.take(linesOf(rows(...Array.from({ length: 20 }, (_, n) => n))))
  for (let round = 0; round < 500; round += 1) {
    const fresh: Record<string, unknown>[] = old.map((row) => ({ ...row }))
    for (let edit = random(4); edit > 0; edit -= 1) {
      const place = random(fresh.length + 1)
      const kind = random(3)
      if (kind === 0) fresh.splice(place, 0, { id: 1000 + round * 10 + edit, text: 'new' })
      else if (kind === 1) fresh.splice(place, 1)
      else if (place < fresh.length) fresh[place] = { ...fresh[place], text: `edit ${round}` }
    }
    const shared = shares.take(linesOf(fresh))
    expect(shared).toEqual(fresh)
    const known = new Map(old.map((row) => [JSON.stringify(row), row]))
    for (const row of shared) {
      const before = known.get(JSON.stringify(row))
      if (before !== undefined) expect(row).toBe(before)
    }
    old = shared
  }
})
