// The store of a page.

import { expect, test, vi } from 'vitest'
import { computed } from '../src/computed'
import type { Code } from '../src/failure'
import { RejectionError } from '../src/failure'
import { Journal, readJournals } from '../src/journal'
import type { ToLeader } from '../src/port'
import { readable } from '../src/readable'
import { StatusBoard } from '../src/status'
import { Store } from '../src/store'
import type { StorageKind } from '../src/wasm'
import { FAKE_PASTS, FakeSession, NOTHING } from './session'
import { MemoryStorage } from './storage'

const HELLO = { name: 'messagePosted', args: { text: 'hello' } }
const task = () => new Promise((resolve) => setTimeout(resolve))

function setUp(kind: StorageKind = 'opfs') {
  const session = new FakeSession()
  const storage = new MemoryStorage()
  const journal = new Journal(storage, 'team', 'ann', 's1')
  const board = new StatusBoard()
  board.learn({ storage: kind })
  const sent: ToLeader[] = []
  const close = vi.fn()
  const store = new Store({
    storeId: 'team',
    subject: 'ann',
    session: 's1',
    wasm: session,
    past: FAKE_PASTS,
    journal,
    board,
    send: (message) => sent.push(message) > 0,
    setAuth: () => {},
    close,
  })
  const journaled = (session = 's1') =>
    readJournals(storage, 'team', 'ann')
      .get(session)
      ?.map(({ message }) => message)
  const hear = (message: string, effects: Partial<typeof NOTHING>) => {
    session.effects.set(message, { ...NOTHING, ...effects })
    store.receive({ told: [message] })
  }
  return { session, storage, journal, board, sent, close, store, journaled, hear }
}

test('a commit is in the journal before commit returns, and with the leader after the task', async () => {
  const { store, sent, journaled } = setUp()
  store.commit(HELLO)
  expect(journaled()).toEqual(['commit 1'])
  expect(sent).toEqual([])
  await task()
  expect(sent).toEqual([{ kind: 'hand-over', message: 'commit 1, dismissed ' }])
})

test('many commits in one task are one message, and run each query once', async () => {
  const { store, session, sent } = setUp()
  const query = vi.spyOn(session, 'query')
  const heard = vi.fn()
  store.subscribe('SELECT * FROM messages', heard)
  expect(query).toHaveBeenCalledTimes(1)
  for (let n = 0; n < 50; n += 1) store.commit(HELLO)
  session.rows = [{ id: 1 }]
  await task()
  expect(sent.length).toBe(1)
  expect(sent[0]).toEqual({ kind: 'hand-over', message: 'commit 50, dismissed ' })
  expect(query).toHaveBeenCalledTimes(2)
  expect(heard.mock.calls).toEqual([[[{ id: 1 }]]])
})

test('a readable is told at once, after each change, and no more once nobody listens', async () => {
  const { store, session } = setUp()
  const heard: unknown[] = []
  const rows = readable<{ id: number }>(store, 'SELECT * FROM messages')
  const count = readable(
    store,
    computed(['SELECT * FROM messages'], (messages) => messages.length),
  )
  const stop = rows.subscribe((rows) => heard.push(rows))
  const stopCount = count.subscribe((count) => heard.push(count))
  expect(heard).toEqual([[], 0])
  session.rows = [{ id: 1 }]
  store.commit(HELLO)
  await task()
  expect(heard.slice(2)).toEqual([[{ id: 1 }], 1])
  stop()
  stopCount()
  session.rows = []
  store.commit(HELLO)
  await task()
  expect(heard.length).toBe(4)
})

test('a rejection by the rules is thrown with its code, and nothing has happened', async () => {
  const { store, session, sent, journaled } = setUp()
  session.rejection = '{"code":"not-a-member","message":"Only members."}'
  const attempt = () => store.commit(HELLO)
  expect(attempt).toThrow(RejectionError)
  expect(attempt).toThrow(
    expect.objectContaining({ code: 'not-a-member', message: 'Only members.', events: [HELLO] }),
  )
  await task()
  expect([sent, journaled(), store.status.pending]).toEqual([[], undefined, 0])
})

test('on OPFS the journal is cleared, and the receipt persisted, when the leader has the commit', async () => {
  const { store, hear, journaled } = setUp('opfs')
  const receipt = store.commit(HELLO)
  hear('taken', { persisted: [1], pending: 1 })
  await receipt.persisted
  expect(journaled()).toBeUndefined()
  expect(store.status.pending).toBe(1)
  hear('entries', { confirmed: [{ number: 1, first: 3, last: 3 }] })
  expect(await receipt.confirmed).toEqual({ first: 3, last: 3 })
  expect(store.status.pending).toBe(0)
})

test('in memory nothing is persisted, and the journal stays, until the server has the commit', async () => {
  const { store, hear, journaled } = setUp('memory')
  const receipt = store.commit(HELLO)
  const persisted = vi.fn()
  receipt.persisted.then(persisted)
  hear('taken', { persisted: [1], pending: 1 })
  await task()
  expect(persisted).not.toHaveBeenCalled()
  expect(journaled()?.length).toBe(1)
  hear('entries', { confirmed: [{ number: 1, first: 3, last: 3 }] })
  await receipt.persisted
  expect(journaled()).toBeUndefined()
})

test('in memory a commit is journaled under its identity as soon as the leader has told it', () => {
  const { store, session, hear, journaled } = setUp('memory')
  store.commit(HELLO)
  session.entries.set('s1:1', 'commit 1 as 7 of c1')
  hear('taken', { persisted: [1], pending: 1 })
  expect(journaled()).toEqual(['commit 1 as 7 of c1'])
})

test('in memory no journal goes before those of the commits before it', () => {
  const { store, storage, session, journal, hear, journaled } = setUp('memory')
  new Journal(storage, 'team', 'ann', 'former').keep(4, 'four')
  journal.adopted.add(storage.key(0) ?? '')
  session.waiting.push({ number: 4, session: 'former', events: [HELLO] })
  const rejected = { counter: 3, session: 's1', code: 'x', message: 'No.', events: [HELLO] }
  for (let n = 0; n < 3; n += 1) store.commit(HELLO)
  hear('rejected', { rejected: [{ ...rejected, number: 2 }], pending: 3 })
  expect(journaled()?.length).toBe(3)
  session.waiting.shift()
  hear('entries', { pending: 2 })
  expect([journaled('former'), journaled()?.length]).toEqual([undefined, 3])
  hear('more entries', { confirmed: [{ number: 1, first: 3, last: 3 }], pending: 1 })
  expect(journaled()).toEqual(['commit 3'])
})

test('in memory the journal of a former page stays until its commit is decided', () => {
  const { store, storage, session, journal, hear, journaled } = setUp('memory')
  new Journal(storage, 'team', 'ann', 'former').keep(4, 'four')
  journal.adopted.add(storage.key(0) ?? '')
  session.waiting.push({ number: 4, session: 'former', events: [HELLO] })
  hear('taken', { pending: 1 })
  expect(journaled('former')).toEqual(['four'])
  session.waiting.length = 0
  hear('entries', { pending: 0 })
  expect(journaled('former')).toBeUndefined()
  expect(store.pending()).toEqual([])
})

test('a rejection by the server reaches the receipt and the list, until it is dismissed', async () => {
  const { store, session, sent, hear, journaled } = setUp()
  const receipt = store.commit(HELLO)
  await task()
  const rejected = {
    counter: 9,
    session: 's1',
    number: 1,
    code: 'name-taken' as Code,
    message: 'No.',
    events: [HELLO],
  }
  session.refused = [rejected]
  hear('rejected', { rejected: [rejected] })
  await expect(receipt.confirmed).rejects.toMatchObject({ code: 'name-taken', events: [HELLO] })
  expect([store.rejected(), journaled()]).toEqual([[rejected], undefined])
  store.dismiss(rejected)
  expect(store.rejected()).toEqual([])
  await task()
  expect(sent.at(-1)).toEqual({ kind: 'hand-over', message: 'commit 1, dismissed 9' })
})

test('what another session’s commit came to is no receipt of this one', async () => {
  const { store, session, hear } = setUp()
  const receipt = store.commit(HELLO)
  const rejected = { counter: 2, session: 'former', number: 1, code: 'x', message: 'No.', events: [HELLO] }
  session.refused = [rejected]
  hear('rejected', { rejected: [rejected], pending: 1 })
  hear('entries', { confirmed: [{ number: 1, first: 3, last: 3 }] })
  await receipt.confirmed
  expect(store.rejected()).toEqual([rejected])
})

test('a new leader is given what the session was not told is taken', () => {
  const { store } = setUp()
  expect(store.resume()).toEqual({ cursor: 5, epoch: 'e1', again: undefined })
  store.commit(HELLO)
  expect(store.resume()).toEqual({ cursor: 5, epoch: 'e1', again: 'again 1' })
})

test('a leader that starts from nothing blocks the page, which says what to do', () => {
  const { store } = setUp('memory')
  store.leaderReplaced('opfs', 'opfs')
  expect(store.status.state).not.toBe('blocked')
  store.leaderReplaced('memory', 'memory')
  expect(store.status).toMatchObject({ state: 'blocked', reason: 'leader-failed' })
  expect(store.status.message).toContain('Reload')
})

test('a full journal is a status, and the commit goes on', async () => {
  const { store, storage, sent } = setUp()
  storage.room = 0
  store.commit(HELLO)
  expect(store.status.reason).toBe('journal-full')
  await task()
  expect(sent.length).toBe(1)
})

test('a trap in the wasm blocks the page instead of going on with half a state', () => {
  const { store, session, journaled } = setUp()
  store.commit(HELLO)
  session.trap = new WebAssembly.RuntimeError('unreachable')
  expect(() => store.commit(HELLO)).toThrow(expect.objectContaining({ code: 'session-failed' }))
  expect(store.status).toMatchObject({ state: 'blocked', reason: 'session-failed' })
  store.receive({ told: ['taken'] })
  expect(journaled()?.length).toBe(1)
})

test('a message that comes with a state is taken with it', () => {
  const { store, session } = setUp()
  store.receive({ told: [{ message: 'due', state: new Uint8Array([1, 2]) }] })
  expect(session.adopted).toEqual([[1, 2]])
})

test('a state that could not be made is none: the message is taken alone, which refuses it', () => {
  const { store, session } = setUp()
  store.receive({ told: [{ message: 'due', state: new Uint8Array() }] })
  expect(session.adopted).toEqual([])
})

test('settled waits for every verdict', async () => {
  const { store, hear } = setUp()
  await store.settled()
  store.commit(HELLO)
  const settled = vi.fn()
  const waiting = store.settled().then(settled)
  hear('taken', { persisted: [1], pending: 1 })
  await task()
  expect(settled).not.toHaveBeenCalled()
  hear('entries', { confirmed: [{ number: 1, first: 1, last: 1 }] })
  await waiting
})

test('a closed store hands over what it has, ends all waiting, and takes nothing more', async () => {
  const { store, sent, close } = setUp()
  const receipt = store.commit(HELLO)
  const settled = store.settled()
  store.close()
  store.close()
  expect(sent.length).toBe(1)
  expect(close).toHaveBeenCalledTimes(1)
  await expect(receipt.confirmed).rejects.toMatchObject({ code: 'store-closed' })
  await expect(settled).rejects.toMatchObject({ code: 'store-closed' })
  expect(() => store.commit(HELLO)).toThrow('closed')
})

test('pending commits keep their identity while they are pending', () => {
  const { store, hear } = setUp()
  store.commit(HELLO)
  const [first] = store.pending()
  store.commit(HELLO)
  const both = store.pending()
  expect(both[0]).toBe(first)
  hear('taken', { persisted: [1, 2], pending: 2 })
  expect(store.pending()).toBe(both)
})

const TAKEN = { name: 'messageDeleted', args: { id: 1 } }
const committed = (session: FakeSession) => session.waiting.map(({ events }) => events[0]?.name)

test('what a tab has committed it takes back and does again, by commits like any', () => {
  const { store, session } = setUp()
  session.inverse = JSON.stringify([TAKEN])
  store.commit(HELLO)
  expect([store.canUndo, store.canRedo]).toEqual([true, false])
  session.inverse = JSON.stringify([HELLO])
  expect(store.undo()).toBeDefined()
  expect([store.canUndo, store.canRedo]).toEqual([false, true])
  session.inverse = JSON.stringify([TAKEN])
  store.redo()
  expect(committed(session)).toEqual(['messagePosted', 'messageDeleted', 'messagePosted'])
  expect([store.canUndo, store.canRedo]).toEqual([true, false])
  expect(store.redo()).toBeUndefined()
})

test('a new commit ends what could be done again; one that cannot be undone is passed over', () => {
  const { store, session } = setUp()
  session.inverse = JSON.stringify([TAKEN])
  store.commit(HELLO)
  store.undo()
  session.inverse = ''
  store.commit(HELLO)
  expect([store.canUndo, store.canRedo]).toEqual([false, false])
})

test('what no longer applies is skipped, and the one before it taken back', () => {
  const { store, session } = setUp()
  session.inverse = JSON.stringify([TAKEN])
  store.commit(HELLO)
  store.commit(HELLO)
  const commit = session.commit.bind(session)
  let refusals = 1
  session.commit = (now, events) => {
    refusals -= 1
    if (refusals >= 0) throw '{"code":"no-such-message","message":"It is gone."}'
    return commit(now, events)
  }
  expect(store.undo()).toBeDefined()
  expect(committed(session)).toEqual(['messagePosted', 'messagePosted', 'messageDeleted'])
  expect(store.canUndo).toBe(false)
})

test('a commit that the server has rejected is not taken back', () => {
  const { store, session, hear } = setUp()
  session.inverse = JSON.stringify([TAKEN])
  store.commit(HELLO)
  const why = { code: 'not-a-member', message: 'no' }
  hear('no', { rejected: [{ counter: 1, session: 's1', number: 1, ...why, events: [HELLO] }] })
  expect(store.canUndo).toBe(false)
})
