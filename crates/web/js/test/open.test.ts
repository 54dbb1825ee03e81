// What a store is opened with is looked at before anything is loaded.

import { expect, test } from 'vitest'
import type { OpenOptions } from '../src/open'
import { openStore } from '../src/open'

const opening = (options: Partial<OpenOptions>) =>
  openStore({
    storeId: 'team',
    subject: 'ann',
    url: 'http://x',
    wasm: {
      init: async () => {},
      module: { Session: { open: refused, model: refused }, Past: { begin: refused, open: refused } },
      url: 'x.wasm',
    },
    worker: refused,
    ...options,
  })

function refused(): never {
  throw new Error('nothing is started')
}

const circle: Record<string, unknown> = {}
circle.itself = circle

test.each([
  ['a function', () => {}],
  ['a circle', circle],
  ['a bigint', 1n],
])('a payload that is no JSON is refused by name: %s', async (_, payload) => {
  await expect(opening({ payload })).rejects.toMatchObject({ code: 'bad-message' })
})
