// Documents that are never synced.

import { afterEach, expect, test, vi } from 'vitest'
import { LocalDocuments } from '../src/local'
import { MemoryStorage } from './storage'

interface Draft {
  readonly text: string
}

function setUp(subject = 'ann', client = new MemoryStorage()) {
  const tab = new MemoryStorage()
  const documents = new LocalDocuments('team', subject, { client, tab })
  return { client, tab, documents }
}

/** What a page hears of another tab's writing. */
function page() {
  const target = new EventTarget()
  vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
  return (key: string | null) => target.dispatchEvent(Object.assign(new Event('storage'), { key }))
}

afterEach(() => vi.unstubAllGlobals())

test('a document is what was set last, and nothing before that and after it was taken away', () => {
  const draft = setUp().documents.document('draft', 'tab')
  expect(draft.value).toBeUndefined()
  draft.set({ text: 'hello' })
  expect(draft.value).toEqual({ text: 'hello' })
  expect(draft.value).toBe(draft.value)
  draft.set(undefined)
  expect(draft.value).toBeUndefined()
})

test('the next page finds it, of the same subject alone, and no other scope', () => {
  const { client, documents } = setUp()
  documents.document('draft', 'client').set({ text: 'kept' })
  expect(setUp('ann', client).documents.document('draft', 'client').value).toEqual({ text: 'kept' })
  expect(setUp('bob', client).documents.document('draft', 'client').value).toBeUndefined()
  expect(documents.document('draft', 'tab').value).toBeUndefined()
})

test('whoever watches hears of this tab and of others, until it leaves, and not of other documents', () => {
  const writes = page()
  const { client, documents } = setUp()
  const draft = documents.document('draft', 'client')
  const heard = vi.fn()
  const leave = draft.watch(heard)
  draft.set({ text: 'mine' })
  expect(heard).toHaveBeenCalledTimes(1)
  const [key] = client.items.keys()
  client.setItem(key as string, '{"text":"of another tab"}')
  writes(key as string)
  writes('something else')
  expect(heard).toHaveBeenCalledTimes(2)
  expect((draft.value as Draft).text).toBe('of another tab')
  leave()
  documents.close()
  writes(key as string)
  expect(heard).toHaveBeenCalledTimes(2)
})

test('without room, or without a storage, it is there until the page is closed', () => {
  const { client, documents } = setUp()
  client.room = 0
  const draft = documents.document('draft', 'client')
  draft.set({ text: 'no room' })
  expect([draft.value, client.items.size]).toEqual([{ text: 'no room' }, 0])
  client.room = 1
  draft.set({ text: 'room' })
  expect([draft.value, client.items.size]).toEqual([{ text: 'room' }, 1])
  const nowhere = new LocalDocuments('team', 'ann', { client: undefined, tab: undefined })
  nowhere.document('draft', 'tab').set(1)
  expect(nowhere.document('draft', 'tab').value).toBe(1)
})

test('what is no JSON counts as nothing', () => {
  const { client, documents } = setUp()
  documents.document('draft', 'client').set(1)
  client.setItem([...client.items.keys()][0] as string, 'not JSON')
  expect(documents.document('draft', 'client').value).toBeUndefined()
})
