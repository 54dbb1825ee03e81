// The page's journal.

import { expect, test } from 'vitest'
import { clearJournals, clientOf, commitOf, inOrder, Journal, readJournals } from '../src/journal'
import { MemoryStorage } from './storage'

const messages = (storage: MemoryStorage, storeId: string, subject: string): [string, string[]][] =>
  [...readJournals(storage, storeId, subject)].map(([session, commits]) => [
    session,
    commits.map(({ message }) => message),
  ])

test('a journal gives back its commits by session, in the order of their numbers', () => {
  const storage = new MemoryStorage()
  const [first, second] = ['a1', 'b2'].map((session) => new Journal(storage, 'team-1', 'ann', session))
  for (const number of [10, 2, 1, 9]) first?.keep(number, `first ${number}`)
  second?.keep(1, 'second 1')
  expect(messages(storage, 'team-1', 'ann')).toEqual([
    ['a1', ['first 1', 'first 2', 'first 9', 'first 10']],
    ['b2', ['second 1']],
  ])
})

test('subjects and stores whose names contain each other do not share journals', () => {
  const storage = new MemoryStorage()
  const subjects = ['ann', 'ann:b', 'ann%3Ab', 'a:n:n', 'ä/…', 'ann:a1']
  for (const subject of subjects) new Journal(storage, 'team', subject, 'a1').keep(1, subject)
  new Journal(storage, 'team-1', 'ann', 'a1').keep(1, 'another store')
  for (const subject of subjects) expect(messages(storage, 'team', subject)).toEqual([['a1', [subject]]])
})

test('what the leader has taken is gone, and the rest stays', () => {
  const storage = new MemoryStorage()
  const journal = new Journal(storage, 'team', 'ann', 'a1')
  for (const number of [1, 2, 3]) journal.keep(number, `${number}`)
  journal.remove(2)
  expect(messages(storage, 'team', 'ann')).toEqual([['a1', ['1', '3']]])
})

test('a full storage is told, and told again when there is room', () => {
  const storage = new MemoryStorage()
  storage.room = 1
  const journal = new Journal(storage, 'team', 'ann', 'a1')
  expect([journal.keep(1, 'one'), journal.keep(2, 'two')]).toEqual([true, false])
  expect(journal.failed).toBe(true)
  journal.remove(1)
  expect(journal.keep(3, 'three')).toBe(true)
  expect(journal.failed).toBe(false)
})

test('without a storage every commit goes unjournaled and nothing throws', () => {
  const journal = new Journal(undefined, 'team', 'ann', 'a1')
  expect(journal.failed).toBe(true)
  expect(journal.keep(1, 'one')).toBe(false)
  journal.remove(1)
  expect(readJournals(undefined, 'team', 'ann').size).toBe(0)
})

test('a refused commit is set aside, not destroyed, and not offered again', () => {
  const storage = new MemoryStorage()
  const journal = new Journal(storage, 'team', 'ann', 'a1')
  journal.keep(1, 'one')
  const key = storage.key(0) ?? ''
  journal.setAside(key)
  expect(readJournals(storage, 'team', 'ann').size).toBe(0)
  expect([...storage.items.values()]).toEqual(['one'])
})

test('the journal of the oldest page comes first, each in the order of its commits', () => {
  const storage = new MemoryStorage()
  for (const [session, number] of [
    ['b2', 1],
    ['a1', 2],
    ['a1', 1],
  ] as const) {
    new Journal(storage, 'team', 'ann', session).keep(number, `${session} ${number}`)
  }
  const journals = [...readJournals(storage, 'team', 'ann').values()].flat()
  expect(journals.map(({ message }) => message)).toEqual(['a1 1', 'a1 2', 'b2 1'])
})

test('commits of the client in use come in the order of their counters, then those without', () => {
  const commit = (key: string, client?: string, counter?: number) => ({
    key,
    message: JSON.stringify({ session: 's', acknowledged: 0, client, commits: [{ number: 1, counter }] }),
  })
  const journaled = [
    commit('none'),
    commit('tenth', 'c1', 10),
    commit('of another', 'c2', 1),
    { key: 'nonsense', message: '{' },
    commit('ninth', 'c1', 9),
  ]
  expect(clientOf(journaled)).toBe('c1')
  expect(clientOf([commit('none')])).toBeUndefined()
  expect(inOrder(journaled, 'c1').map(({ key }) => key)).toEqual([
    'ninth',
    'tenth',
    'none',
    'of another',
    'nonsense',
  ])
})

test('what is not a journal is left alone', () => {
  const storage = new MemoryStorage()
  storage.setItem('syncline:journal:team:ann:a1:x', 'no number')
  storage.setItem('syncline:journal:team:ann:a1:1:2', 'one part too many')
  storage.setItem('of another app', 'something')
  new Journal(storage, 'team', 'ann', 'a1').keep(7, 'seven')
  expect(messages(storage, 'team', 'ann')).toEqual([['a1', ['seven']]])
  clearJournals(storage, 'team', 'ann')
  expect([...storage.items.keys()]).toEqual(['of another app'])
})

test('a key names its session and number', () => {
  const storage = new MemoryStorage()
  new Journal(storage, 'team', 'an:n', 'a1').keep(42, 'x')
  expect(commitOf(storage.key(0) ?? '')).toEqual({ session: 'a1', number: 42 })
})
