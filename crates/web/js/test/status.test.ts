// The one status of a store.

import { expect, test, vi } from 'vitest'
import type { LeaderReport } from '../src/port'
import type { Facts } from '../src/status'
import { deriveStatus, StatusBoard, UNKNOWN } from '../src/status'

const REPORT: LeaderReport = {
  live: true,
  pending: 0,
  head: 9,
  cursor: 9,
  lost: 0,
  socket: 'open',
  failures: 0,
}
const FULL = { code: 'storage-full', message: 'No room.' }
const DOWN: LeaderReport = { ...REPORT, live: false, socket: 'waiting', failures: 1 }

test.each<[string, Partial<Facts>, string, string | undefined]>([
  ['at first', {}, 'connecting', undefined],
  ['while the browser is offline at first', { online: false }, 'offline', undefined],
  ['while another tab has it', { anotherTab: true, report: REPORT }, 'blocked', 'another-tab'],
  ['caught up', { report: REPORT }, 'online', undefined],
  ['caught up, whatever the browser says', { report: REPORT, online: false }, 'online', undefined],
  ['while catching up', { report: { ...REPORT, live: false } }, 'connecting', undefined],
  [
    'on the first attempt',
    { report: { ...REPORT, live: false, socket: 'connecting' } },
    'connecting',
    undefined,
  ],
  ['when the server is away', { report: DOWN }, 'offline', 'server-unreachable'],
  ['on a further attempt', { report: { ...DOWN, socket: 'connecting' } }, 'offline', 'server-unreachable'],
  [
    'with a wrong token',
    { report: { ...DOWN, socket: 'stopped', needs: 'unauthorized' } },
    'needs-auth',
    'unauthorized',
  ],
  [
    'in another store',
    { report: { ...DOWN, socket: 'stopped', needs: 'store-mismatch' } },
    'blocked',
    'store-mismatch',
  ],
  ['when the server failed', { report: { ...DOWN, needs: 'server-failed' } }, 'offline', 'server-failed'],
  ['when the server is older', { report: { ...DOWN, needs: 'server-behind' } }, 'blocked', 'server-behind'],
  [
    'live while its commits wait',
    { report: { ...REPORT, needs: 'server-behind', heldFor: 30_000 } },
    'blocked',
    'server-behind',
  ],
  [
    'live again after a failure',
    { report: { ...REPORT, needs: 'server-failed' } },
    'online',
    'server-failed',
  ],
  ['with a full storage', { report: { ...REPORT, hindrance: FULL } }, 'online', 'storage-full'],
  ['with a full storage and no server', { report: { ...DOWN, hindrance: FULL } }, 'offline', 'storage-full'],
  [
    'with a commit that may not be sent',
    { report: REPORT, journalHeld: { code: 'another-client', message: '' } },
    'online',
    'another-client',
  ],
  ['with commits that the server has lost', { report: { ...REPORT, lost: 2 } }, 'online', 'entries-lost'],
  [
    'after a repair',
    { report: { ...REPORT, notice: { code: 'storage-damaged', message: 'log.db' } } },
    'online',
    'storage-damaged',
  ],
  ['with commits set aside', { report: REPORT, quarantined: 1 }, 'online', 'quarantined'],
  ['with a full journal', { report: REPORT, journalFailed: true }, 'online', 'journal-full'],
  [
    'without OPFS',
    { report: REPORT, storage: 'memory', storageReason: 'opfs-unavailable' },
    'online',
    'opfs-unavailable',
  ],
  [
    'while a dead worker is replaced',
    { opened: true, leaderFailure: { code: 'leader-failed', message: '' } },
    'connecting',
    'leader-failed',
  ],
  [
    'with a worker that does not start',
    { leaderFailure: { code: 'leader-failed', message: '' } },
    'blocked',
    'leader-failed',
  ],
  [
    'with a storage that does not open',
    { leaderFailure: { code: 'storage-failed', message: 'x' } },
    'blocked',
    'storage-failed',
  ],
  [
    'with a broken session',
    { report: REPORT, sessionFailure: { code: 'session-failed', message: 'x' } },
    'blocked',
    'session-failed',
  ],
])('%s', (_, facts, state, reason) => {
  const status = deriveStatus({ ...UNKNOWN, ...facts })
  expect([status.state, status.reason]).toEqual([state, reason])
  if (reason !== undefined) expect(status.message).toBeTruthy()
})

test('watchers hear of every change, and of nothing else', () => {
  const board = new StatusBoard()
  const watcher = vi.fn()
  const leave = board.watch(watcher)
  board.learn({ online: true })
  expect(watcher).not.toHaveBeenCalled()
  board.learn({ pending: 1 })
  expect(watcher).toHaveBeenCalledWith(board.status)
  expect(board.status.pending).toBe(1)
  board.learn({ persistent: true })
  expect(watcher).toHaveBeenLastCalledWith(expect.objectContaining({ persistent: true }))
  leave()
  board.learn({ pending: 2 })
  expect(watcher).toHaveBeenCalledTimes(2)
})
