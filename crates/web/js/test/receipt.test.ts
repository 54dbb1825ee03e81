// Receipts (true-receipt).

import { expect, test } from 'vitest'
import { RejectionError } from '../src/failure'
import { Receipts } from '../src/receipt'

const NO = { code: 'not-a-member', message: 'Only members can do that.' }
const EVENTS = [{ name: 'messagePosted', args: { text: 'hello' } }]

async function stateOf(promise: Promise<unknown>): Promise<'open' | 'yes' | 'no'> {
  const settled = promise.then(
    () => 'yes' as const,
    () => 'no' as const,
  )
  return Promise.race([settled, Promise.resolve().then(() => Promise.resolve('open' as const))])
}

test('persisted does not confirm, and confirmed names the seqs', async () => {
  const receipts = new Receipts()
  const receipt = receipts.open(1)
  expect(await stateOf(receipt.persisted)).toBe('open')
  receipts.persisted(1)
  await receipt.persisted
  expect(await stateOf(receipt.confirmed)).toBe('open')
  receipts.confirmed(1, { first: 7, last: 8 })
  expect(await receipt.confirmed).toEqual({ first: 7, last: 8 })
})

test('what is confirmed is persisted', async () => {
  const receipts = new Receipts()
  const receipt = receipts.open(1)
  receipts.confirmed(1, { first: 1, last: 1 })
  await receipt.persisted
  await receipt.confirmed
})

test('a rejection by the server comes with its code and the events', async () => {
  const receipts = new Receipts()
  const receipt = receipts.open(1)
  receipts.persisted(1)
  receipts.rejected(1, NO, EVENTS)
  await receipt.persisted
  const error = await receipt.confirmed.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RejectionError)
  expect(error).toMatchObject({ ...NO, events: EVENTS })
})

test('a rejection that nobody awaits is nobody’s unhandled rejection', async () => {
  const unhandled: unknown[] = []
  const listener = (reason: unknown): number => unhandled.push(reason)
  process.on('unhandledRejection', listener)
  const receipts = new Receipts()
  const ignored = receipts.open(1)
  receipts.open(2)
  // Looked at, but not awaited.
  expect(ignored.confirmed).toBeInstanceOf(Promise)
  receipts.rejected(1, NO, EVENTS)
  receipts.rejected(2, NO, EVENTS)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', listener)
  expect(unhandled).toEqual([])
})

test('the first outcome stays, and what is unknown is ignored', async () => {
  const receipts = new Receipts()
  const receipt = receipts.open(1)
  receipts.confirmed(1, { first: 1, last: 1 })
  receipts.rejected(1, NO, EVENTS)
  receipts.confirmed(9, { first: 2, last: 2 })
  expect(await receipt.confirmed).toEqual({ first: 1, last: 1 })
})

test('closing the store ends the waiting with a code', async () => {
  const receipts = new Receipts()
  const receipt = receipts.open(1)
  receipts.close()
  await expect(receipt.confirmed).rejects.toMatchObject({ code: 'store-closed' })
})
