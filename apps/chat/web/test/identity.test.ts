// Who is signed in.

import { expect, test } from 'vitest'
import { readIdentity, remember, subjectOf } from '../src/identity'

class MemoryStorage {
  readonly #items = new Map<string, string>()
  readonly length = 0
  key = (): string | null => null
  clear = (): void => this.#items.clear()
  getItem = (key: string): string | null => this.#items.get(key) ?? null
  setItem = (key: string, value: string): void => void this.#items.set(key, value)
  removeItem = (key: string): void => void this.#items.delete(key)
}

test.each([
  ['Ann', 'ann'],
  ['  Ann  Lee ', 'ann-lee'],
  ['ann_lee!', 'ann-lee'],
  ['Zoë Ω', 'zoë-ω'],
  ['李 雷', '李-雷'],
  ['🙂', ''],
  ['x'.repeat(80), 'x'.repeat(32)],
])('%s is the subject %s', (name, subject) => expect(subjectOf(name)).toBe(subject))

test('the URL comes before what is remembered', () => {
  const storage = new MemoryStorage()
  remember({ subject: 'bob', name: 'Bob', store: 'team-9' }, storage)
  expect(readIdentity('?as=ann&store=team-2', storage)).toEqual({
    subject: 'ann',
    name: 'ann',
    store: 'team-2',
  })
  expect(readIdentity('?store=team-2', storage)).toEqual({ subject: 'bob', name: 'Bob', store: 'team-2' })
  expect(readIdentity('', storage)).toEqual({ subject: 'bob', name: 'Bob', store: 'team-9' })
})

test('nobody is signed in at first, or when what is remembered makes no sense', () => {
  const storage = new MemoryStorage()
  expect(readIdentity('', storage)).toBeUndefined()
  expect(readIdentity('', undefined)).toBeUndefined()
  for (const text of ['{', 'null', '[]', '{"subject":"ann"}']) {
    storage.setItem('chat:identity', text)
    expect(readIdentity('', storage)).toBeUndefined()
  }
})
