// What a page says when something is wrong: a status with its reason, never a hang or a white page.

import type { Page } from '@playwright/test'
import { createChannel, expectConfirmed, expectReason, expectTexts, post, syncStatus } from './chat'
import { NO_STORAGE } from './damage'
import { expect, test } from './world'

/** Of what is said while the socket is live, whatever names an unheard message gets lost. */
const HARD_OF_HEARING = `
  const { get, set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage')
  Object.defineProperty(WebSocket.prototype, 'onmessage', {
    get,
    set(listener) {
      const lost = ({ data }) => data.includes('unheard') && !data.includes('"after":0,')
      set.call(this, listener && ((event) => lost(event) || listener(event)))
    },
  })
`

function texts(page: Page): Promise<string[]> {
  return page.evaluate(async () => (await window.lab).texts().sort())
}

function settled(page: Page) {
  return page.evaluate(async () => {
    const { store } = await window.lab
    await store.settled()
    return { storage: store.status.storage, rejected: store.rejected() }
  })
}

test('a server that was never reached leaves a working page', async ({ newBrowser, server }) => {
  await server.kill()
  try {
    const page = await (await newBrowser()).chat('ann')
    await createChannel(page, 'general')
    await post(page, 'alone')
    await expectTexts(page, ['alone'])
    await expectReason(page, 'server-unreachable')
    await expect(syncStatus(page)).toContainText('Offline')
  } finally {
    await server.run()
  }
})

test('without storage a second tab says that it waits, and goes on when the first is closed', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  await browser.inLeader(NO_STORAGE)
  const first = await browser.chat('ann')
  await createChannel(first, 'general')
  await post(first, 'hello')
  await expectConfirmed(first)
  const second = await browser.chat('ann')
  await expect(second.getByRole('alert')).toContainText('another-tab')
  await first.close()
  await expectTexts(second, ['hello'])
})

test('without storage the page works from memory and says so', async ({ newBrowser }) => {
  const browser = await newBrowser()
  await browser.inLeader(NO_STORAGE)
  const page = await browser.chat('ann')
  await createChannel(page, 'general')
  await post(page, 'hello')
  await expectReason(page, 'opfs-unavailable')
  await expect(page.getByLabel('Not confirmed yet')).toHaveCount(0)
  await page.reload()
  await expectTexts(page, ['hello'])
})

test('without storage, what the server has, unheard, before a reload is not sent as something new', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  await browser.inLeader(NO_STORAGE + HARD_OF_HEARING)
  const [ann, bob] = [await browser.lab('ann'), await (await newBrowser()).lab('bob')]
  await ann.evaluate(async () => (await window.lab).join())
  const all = ['unheard 0', 'unheard 1', 'unheard 2', 'unheard 3', 'unheard 4']
  await ann.evaluate(async (all) => {
    const lab = await window.lab
    for (const text of all) lab.post(text)
  }, all)
  await expect.poll(() => texts(bob)).toEqual(all)
  expect(await ann.evaluate(async () => (await window.lab).store.pending().length)).toBe(5)
  for (let reload = 0; reload < 2; reload++) {
    await ann.reload()
    expect(await settled(ann)).toEqual({ storage: 'memory', rejected: [] })
    await expect.poll(() => texts(ann)).toEqual(all)
  }
  expect(await texts(bob)).toEqual(all)
})

test('without storage, reloads while the server comes and goes lose and double nothing', async ({
  newBrowser,
  server,
}) => {
  const browser = await newBrowser()
  await browser.inLeader(NO_STORAGE)
  const [ann, bob] = [await browser.lab('ann'), await (await newBrowser()).lab('bob')]
  await ann.evaluate(async () => (await window.lab).join())
  const all: string[] = []
  for (const round of ['a', 'b', 'c']) {
    const before = all.length
    for (let n = 0; n < 100; n++) all.push(`${round} ${n}`)
    const streaming = ann.evaluate(async (round) => {
      const lab = await window.lab
      for (let n = 0; n < 90; n++) {
        lab.post(`${round} ${n}`)
        await new Promise((next) => setTimeout(next, 2))
      }
    }, round)
    if (round === 'b') {
      await expect.poll(async () => (await texts(bob)).length, { intervals: [5] }).toBeGreaterThan(before)
      await server.kill()
    }
    await streaming
    const reloaded = ann.waitForEvent('load')
    await ann.evaluate(async (round) => {
      const lab = await window.lab
      for (let n = 90; n < 100; n++) lab.post(`${round} ${n}`)
      location.reload()
    }, round)
    await reloaded
    if (round === 'b') {
      // Once more, with nobody there to confirm anything.
      await ann.reload()
      expect(await ann.evaluate(async () => (await window.lab).store.status.pending)).toBeGreaterThan(0)
      await server.run()
    }
    expect(await settled(ann)).toEqual({ storage: 'memory', rejected: [] })
    await expect.poll(() => texts(ann)).toEqual([...all].sort())
  }
  await expect.poll(() => texts(bob)).toEqual([...all].sort())
})

test('a wrong token asks to sign in again, and keeps what was written', async ({ newBrowser }) => {
  const browser = await newBrowser()
  await browser.inLeader(`
    const send = WebSocket.prototype.send
    WebSocket.prototype.send = function (text) {
      send.call(this, String(text).replace(/"token":"[^"]*"/, '"token":"wrong"'))
    }
  `)
  const page = await browser.chat('ann')
  await expect(syncStatus(page)).toContainText('Sign in again')
  await createChannel(page, 'general')
  await post(page, 'kept')
  await expectReason(page, 'unauthorized')
  await page.reload()
  await expectTexts(page, ['kept'])
})

test('a full disk is told, and what was written meanwhile is kept once there is room', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  const page = await browser.chat('ann')
  await createChannel(page, 'general')
  await post(page, 'before')
  await expectConfirmed(page)
  const devtools = await browser.context.newCDPSession(page)
  const origin = new URL(page.url()).origin
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 })
  // Room within the files that are there already is used first.
  const big = 'x'.repeat(3_900)
  await expect(async () => {
    for (let n = 0; n < 20; n++) await post(page, `${n} ${big}`)
    await expectReason(page, 'storage-full')
  }).toPass({ timeout: 45_000 })
  await devtools.send('Storage.overrideQuotaForOrigin', { origin })
  await expectConfirmed(page)
})

test('a wasm that cannot be loaded is told in words', async ({ newBrowser }) => {
  const browser = await newBrowser()
  await browser.context.route(/\.wasm$/, (route) => route.fulfill({ status: 404, body: '' }))
  const page = await browser.chat('ann')
  await expect(page.getByRole('alert')).toContainText('The chat cannot open')
  await expect(page.getByRole('alert')).toContainText('wasm-failed')
})
