// What is said waits until what it rests on is kept, in order, whatever the disk does.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Kept } from '../src/kept'
import type { Block } from '../src/wasm'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const block = (index: number, byte: number): Block => ['log.db', index, new Uint8Array([byte])]

/** Files, a disk that answers when the test says so, and what was said, kept and told in order. */
function setUp() {
  const did: string[] = []
  const writes: { succeed(): void; fail(error: Error): void }[] = []
  let changed: Block[] = []
  const kept = new Kept(
    (blocks) => {
      did.push(`write ${[...blocks].map(([, index, bytes]) => `${index}:${bytes?.[0]}`).join(' ')}`)
      return new Promise((succeed, fail) => {
        writes.push({ succeed, fail })
      })
    },
    () => {
      const taken = changed
      changed = []
      return taken.length > 0 ? taken : undefined
    },
    {
      changed: () => did.push(`failure ${kept.failure?.code}`),
      broken: (thrown) => did.push(`broken ${(thrown as Error).message}`),
    },
  )
  const change = (...blocks: Block[]) => changed.push(...blocks)
  const say = (what: string) => kept.after(() => did.push(what))
  const next = async (act: (write: { succeed(): void; fail(error: Error): void }) => void) => {
    const write = writes.shift()
    if (write === undefined) throw new Error('nothing is being written')
    act(write)
    await vi.advanceTimersByTimeAsync(0)
  }
  return { did, change, say, next }
}

const full = () => Object.assign(new Error('no room'), { name: 'QuotaExceededError' })

test('where nothing has changed, it is said in the next moment', async () => {
  const { did, say } = setUp()
  say('one')
  say('two')
  await vi.advanceTimersByTimeAsync(0)
  expect(did).toEqual(['one', 'two'])
})

test('what is written while something is being kept is kept next, and said after that', async () => {
  const { did, change, say, next } = setUp()
  change(block(0, 1))
  say('one')
  change(block(0, 2), block(1, 2))
  say('two')
  say('and three')
  expect(did).toEqual(['write 0:1'])
  await next((write) => write.succeed())
  expect(did).toEqual(['write 0:1', 'one', 'write 0:2 1:2'])
  await next((write) => write.succeed())
  expect(did.slice(3)).toEqual(['two', 'and three'])
})

test('a full disk is tried again, nothing is said meanwhile, and the last of each block is written', async () => {
  const { did, change, say, next } = setUp()
  change(block(0, 1), block(1, 1))
  say('one')
  await next((write) => write.fail(full()))
  expect(did).toEqual(['write 0:1 1:1', 'failure storage-full'])
  change(block(1, 2))
  say('two')
  await vi.advanceTimersByTimeAsync(5_000)
  await next((write) => write.fail(full()))
  await vi.advanceTimersByTimeAsync(5_000)
  await next((write) => write.succeed())
  expect(did.slice(2)).toEqual(['write 0:1 1:1', 'write 0:1 1:1', 'failure undefined', 'one', 'write 1:2'])
  await next((write) => write.succeed())
  expect(did.at(-1)).toBe('two')
})

test('after any other failure nothing more is said', async () => {
  const { did, change, say, next } = setUp()
  change(block(0, 1))
  say('one')
  await next((write) => write.fail(new Error('taken')))
  say('two')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(did).toEqual(['write 0:1', 'broken taken'])
})
