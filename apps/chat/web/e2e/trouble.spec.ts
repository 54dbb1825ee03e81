// What a page says when something is wrong: a status with its reason, never a hang or a white page.

import { createChannel, expectConfirmed, expectReason, expectTexts, post, syncStatus } from './chat'
import { expect, test } from './world'

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

test('a second tab says that it waits, and goes on when the first is closed', async ({ newBrowser }) => {
  const browser = await newBrowser()
  const first = await browser.chat('ann')
  await createChannel(first, 'general')
  await post(first, 'hello')
  await expectConfirmed(first)
  const second = await browser.chat('ann')
  await expect(second.getByRole('alert')).toContainText('another-tab')
  await first.close()
  await expectTexts(second, ['hello'])
})

test('without OPFS the page works from memory and says so', async ({ newBrowser }) => {
  const browser = await newBrowser()
  await browser.inLeader(
    'navigator.storage.getDirectory = () => Promise.reject(new DOMException("no", "SecurityError"));',
  )
  const page = await browser.chat('ann')
  await createChannel(page, 'general')
  await post(page, 'hello')
  await expectReason(page, 'opfs-unavailable')
  await expect(page.getByLabel('Not confirmed yet')).toHaveCount(0)
  await page.reload()
  await expectTexts(page, ['hello'])
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
})
