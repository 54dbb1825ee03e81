// A browser without OPFS: the leader's files are in memory, and their blocks in IndexedDB.

import type { Page } from '@playwright/test'
import { createChannel, expectConfirmed, expectTexts, post, syncStatus } from './chat'
import { NO_OPFS } from './damage'
import { expect, test } from './world'

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `message ${n}`)

const texts = (page: Page): Promise<string[]> => page.evaluate(async () => (await window.lab).texts())

declare global {
  interface Window {
    persisted: boolean
  }
}

const storage = (page: Page): Promise<string> =>
  page.evaluate(async () => (await window.lab).store.status.storage)

function postAll(page: Page, all: readonly string[]): Promise<void> {
  return page.evaluate(async (all) => {
    const lab = await window.lab
    for (const text of all) lab.post(text)
  }, all)
}

/** As another worker would that leads from now on. */
function takeBlocks(page: Page): Promise<void> {
  return page.evaluate(async () => {
    const [found] = (await indexedDB.databases()).filter(({ name }) => name?.startsWith('syncline:'))
    if (found?.name === undefined) throw new Error('there is none')
    const request = indexedDB.open(found.name)
    await new Promise((resolve, reject) => {
      request.onsuccess = resolve
      request.onerror = reject
    })
    const transaction = request.result.transaction('leader', 'readwrite')
    transaction.objectStore('leader').put('another worker', 0)
    await new Promise((resolve) => {
      transaction.oncomplete = resolve
    })
    request.result.close()
  })
}

/** As a user does who clears the data of a site. */
async function clearData(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  const { origin } = new URL(page.url())
  await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
}

test('without OPFS everything is kept in IndexedDB, and several tabs have it', async ({
  newBrowser,
  server,
}) => {
  const browser = await newBrowser()
  await browser.inLeader(NO_OPFS)
  const page = await browser.chat('ann')
  await createChannel(page, 'general')
  await post(page, 'hello')
  await expectConfirmed(page)
  await expect(syncStatus(page)).toContainText('Online')
  await server.kill()
  try {
    await page.reload()
    await expectTexts(page, ['hello'])
    const second = await browser.chat('ann')
    await expectTexts(second, ['hello'])
    await post(second, 'offline')
    await expectTexts(page, ['hello', 'offline'])
    await page.close()
    await expectTexts(second, ['hello', 'offline'])
    await second.close()
    await expectTexts(await browser.chat('ann'), ['hello', 'offline'])
  } finally {
    await server.run()
  }
})

test('commits right before a reload are there when the page opens again', async ({ newBrowser }) => {
  const browser = await newBrowser()
  await browser.inLeader(NO_OPFS)
  const page = await browser.lab('ann')
  await page.evaluate(async () => (await window.lab).join())
  expect(await storage(page)).toBe('indexeddb')
  const seen: number[] = []
  for (let round = 0; round < 8; round++) {
    const reloaded = page.waitForEvent('load')
    await page.evaluate(async (round) => {
      const lab = await window.lab
      for (let n = 25 * round; n < 25 * (round + 1); n++) lab.post(`message ${n}`)
      setTimeout(() => location.reload(), 3 * round)
    }, round)
    await reloaded
    seen.push((await texts(page)).length)
  }
  expect(seen).toEqual(seen.map((_, n) => 25 * (n + 1)))
  await page.evaluate(async () => (await window.lab).store.settled())
  const bob = await (await newBrowser()).lab('bob')
  await expect.poll(async () => (await texts(bob)).sort()).toEqual(numbered(200).sort())
})

test('a commit is persisted only once IndexedDB has it, and nothing of it is sent before', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  // Whoever says so holds up every transaction that is begun from then on.
  await browser.inLeader(`${NO_OPFS}
    const { transaction } = IDBDatabase.prototype
    let isHeld = false
    new BroadcastChannel('disk').onmessage = ({ data }) => { isHeld = data }
    IDBDatabase.prototype.transaction = function (...args) {
      const begun = transaction.apply(this, args)
      const busy = () => isHeld && (begun.objectStore('leader').get(0).onsuccess = busy)
      busy()
      return begun
    }`)
  const page = await browser.lab('ann')
  const bob = await (await newBrowser()).lab('bob')
  await page.evaluate(async () => (await window.lab).join())
  await page.evaluate(async () => (await window.lab).store.settled())
  const hold = (isHeld: boolean) =>
    page.evaluate((isHeld) => new BroadcastChannel('disk').postMessage(isHeld), isHeld)
  await hold(true)
  await page.evaluate(async () => {
    const lab = await window.lab
    window.persisted = false
    lab.post('slow').persisted.then(() => {
      window.persisted = true
    })
    await new Promise((next) => setTimeout(next, 1_000))
  })
  expect(await page.evaluate(() => window.persisted)).toBe(false)
  expect(await texts(bob)).toEqual([])
  await hold(false)
  await expect.poll(() => page.evaluate(() => window.persisted)).toBe(true)
  await expect.poll(() => texts(bob)).toEqual(['slow'])
})

test('a full disk is told, and what was committed meanwhile is kept once there is room', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  await browser.inLeader(NO_OPFS)
  const page = await browser.chat('ann')
  await createChannel(page, 'general')
  await post(page, 'before')
  await expectConfirmed(page)
  const devtools = await page.context().newCDPSession(page)
  const { origin } = new URL(page.url())
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 })
  // For some seconds, Chromium believes what it knew about the quota.
  const meanwhile: string[] = []
  await expect(async () => {
    meanwhile.push(`meanwhile ${meanwhile.length}`)
    await post(page, meanwhile.at(-1) ?? '')
    const told = page.getByRole('status').filter({ hasText: 'storage-full' })
    await expect(told).toHaveCount(1, { timeout: 2_000 })
  }).toPass({ timeout: 45_000 })
  await devtools.send('Storage.overrideQuotaForOrigin', { origin })
  await expectConfirmed(page)
  await expect(syncStatus(page)).toContainText('Online')
  await page.reload()
  await expectTexts(page, ['before', ...meanwhile])
})

for (const [what, storage, act] of [
  ['another worker takes the blocks', NO_OPFS, takeBlocks],
  ['the data of the site is cleared, in IndexedDB', NO_OPFS, clearData],
  ['the data of the site is cleared, on OPFS', '', clearData],
] as const) {
  test(`${what}: the page goes on, and nothing is lost that the server has`, async ({ newBrowser }) => {
    const browser = await newBrowser()
    await browser.inLeader(storage)
    const page = await browser.lab('ann')
    await page.evaluate(async () => (await window.lab).join())
    await postAll(page, numbered(5))
    await page.evaluate(async () => (await window.lab).store.settled())
    await act(page)
    await postAll(page, ['after'])
    await page.evaluate(async () => (await window.lab).store.settled())
    const all = [...numbered(5), 'after'].sort()
    const state = () => page.evaluate(async () => (await window.lab).store.status.state)
    await expect.poll(state).toBe('online')
    expect((await texts(page)).sort()).toEqual(all)
    await page.reload()
    await expect.poll(async () => (await texts(page)).sort()).toEqual(all)
    const bob = await (await newBrowser()).lab('bob')
    await expect.poll(async () => (await texts(bob)).sort()).toEqual(all)
  })
}

test('?reset deletes what is in IndexedDB', async ({ newBrowser, server }) => {
  const browser = await newBrowser()
  await browser.inLeader(NO_OPFS)
  const page = await browser.chat('ann')
  await createChannel(page, 'general')
  await expectConfirmed(page)
  await page.close()
  await server.kill()
  try {
    const again = await browser.chat('ann', '&reset')
    await again.waitForURL((url) => !url.searchParams.has('reset'))
    await expect(syncStatus(again)).toContainText('Offline')
    await expect(again.getByRole('link', { name: 'general' })).toHaveCount(0)
  } finally {
    await server.run()
  }
})
