// Structural sharing.

import { expect, test } from 'vitest'
import { share } from '../src/sharing'

const rows = (...ids: (number | string)[]) => ids.map((id) => ({ id, text: `row ${id}` }))

test('an equal result is the same array', () => {
  const old = rows(1, 2, 3)
  expect(share(old, rows(1, 2, 3))).toBe(old)
  const none = rows()
  expect(share(none, [])).toBe(none)
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
  const shared = share(old, fresh)
  expect(shared).toEqual(fresh)
  for (const row of shared) {
    const before = old.filter(({ id }) => id === row['id'])
    if (before.length > 0) expect(before.some((same) => same === row)).toBe(true)
  }
})

test('a row with one other value is another object, its neighbours are not', () => {
  const old = rows(1, 2, 3)
  const fresh = [
    { id: 1, text: 'row 1' },
    { id: 2, text: 'edited' },
    { id: 3, text: 'row 3' },
  ]
  const shared = share(old, fresh)
  expect(shared).toEqual(fresh)
  expect([shared[0] === old[0], shared[1] === old[1], shared[2] === old[2]]).toEqual([true, false, true])
})

test('null, 0, the empty text and a missing column are all different', () => {
  for (const [a, b] of [
    [null, 0],
    [0, ''],
    ['', null],
    [0, false],
  ]) {
    const old = [{ id: 1, value: a }]
    expect(share(old, [{ id: 1, value: b }])).not.toBe(old)
  }
  const old = [{ id: 1, a: 1 }]
  expect(share(old, [{ id: 1, b: 1 }])).not.toBe(old)
})

test('rows with lists in them are shared as well', () => {
  const old = [
    { id: 1, bytes: [1, 2] },
    { id: 2, bytes: [3] },
  ]
  const shared = share(old, [
    { id: 1, bytes: [1, 2] },
    { id: 2, bytes: [4] },
  ])
  expect(shared[0]).toBe(old[0])
  expect(shared[1]).toEqual({ id: 2, bytes: [4] })
})

test('random edits keep content exact and identity wherever a row is unchanged', () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return seed % below
  }
  let old: readonly Record<string, unknown>[] = rows(...Array.from({ length: 20 }, (_, n) => n))
  for (let round = 0; round < 500; round += 1) {
    const fresh: Record<string, unknown>[] = old.map((row) => ({ ...row }))
    for (let edit = random(4); edit > 0; edit -= 1) {
      const place = random(fresh.length + 1)
      const kind = random(3)
      if (kind === 0) fresh.splice(place, 0, { id: 1000 + round * 10 + edit, text: 'new' })
      else if (kind === 1) fresh.splice(place, 1)
      else if (place < fresh.length) fresh[place] = { ...fresh[place], text: `edit ${round}` }
    }
    const shared = share(old, fresh)
    expect(shared).toEqual(fresh)
    const known = new Map(old.map((row) => [JSON.stringify(row), row]))
    for (const row of shared) {
      const before = known.get(JSON.stringify(row))
      if (before !== undefined) expect(row).toBe(before)
    }
    old = shared
  }
})
