// Many tabs of one browser: one leads, all show the same, and whichever ends, the others go on.

import type { Page } from '@playwright/test'
import { createChannel, expectConfirmed, expectTexts, post } from './chat'
import { type Browser, expect, test } from './world'

const texts = (page: Page) => page.evaluate(async () => (await window.lab).texts())
const status = (page: Page) => page.evaluate(async () => (await window.lab).store.status)
const settled = (page: Page) => page.evaluate(async () => (await window.lab).store.settled())
const say = (page: Page, text: string) =>
  page.evaluate(async (text) => {
    await (await window.lab).post(text).persisted
  }, text)

/** A leader that has joined, and a tab beside it. */
async function twoTabs(browser: Browser): Promise<[Page, Page]> {
  const leader = await browser.lab('ann')
  await leader.evaluate(async () => (await window.lab).join())
  const follower = await browser.lab('ann')
  await expect.poll(async () => (await status(follower)).role).toBe('follower')
  await expect.poll(async () => (await status(leader)).role).toBe('leader')
  return [leader, follower]
}

test('what one tab commits the other shows, and each has its receipts', async ({ newBrowser }) => {
  const [leader, follower] = await twoTabs(await newBrowser())
  for (const [page, text] of [
    [leader, 'of the leader'],
    [follower, 'of the follower'],
  ] as const) {
    const receipts = await page.evaluate(async (text) => {
      const receipt = (await window.lab).post(text)
      await receipt.persisted
      return (await receipt.confirmed).first > 0
    }, text)
    expect(receipts).toBe(true)
  }
  for (const page of [leader, follower])
    await expect.poll(() => texts(page)).toEqual(['of the leader', 'of the follower'])
  expect((await status(follower)).state).toBe('online')
})

test('offline, a commit of one tab is in the other at once, and reaches the server once', async ({
  newBrowser,
  server,
}) => {
  const [leader, follower] = await twoTabs(await newBrowser())
  await server.kill()
  try {
    await expect.poll(async () => (await status(follower)).state).toBe('offline')
    await say(follower, 'offline')
    await expect.poll(() => texts(leader)).toEqual(['offline'])
    expect((await status(leader)).pending).toBe(1)
  } finally {
    await server.run()
  }
  for (const page of [leader, follower]) await settled(page)
  expect(await texts(leader)).toEqual(['offline'])
})

test('when the tab that leads is closed, another leads, and nothing is lost or doubled', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  const [leader, second] = await twoTabs(browser)
  const third = await browser.lab('ann')
  await expect.poll(async () => (await status(third)).role).toBe('follower')
  await say(second, 'before')
  // Not handed over, perhaps: its journal has it.
  await leader.evaluate(async () => {
    const lab = await window.lab
    lab.post('the last of the leader')
  })
  await leader.close()
  await say(second, 'of the second')
  await say(third, 'of the third')
  const roles = async () => [(await status(second)).role, (await status(third)).role].sort()
  await expect.poll(roles).toEqual(['follower', 'leader'])
  const all = ['before', 'of the second', 'of the third', 'the last of the leader']
  for (const page of [second, third]) {
    await settled(page)
    await expect.poll(async () => (await texts(page)).sort()).toEqual(all)
  }
  const other = await (await newBrowser()).lab('bob')
  await expect.poll(async () => (await texts(other)).sort()).toEqual(all)
})

test('a tab that is closed right after a commit keeps it, though another leads', async ({ newBrowser }) => {
  const [leader, follower] = await twoTabs(await newBrowser())
  const closed = follower.waitForEvent('close')
  await follower.evaluate(async () => {
    const lab = await window.lab
    for (let n = 0; n < 50; n++) lab.post(`message ${n}`)
  })
  await follower.close()
  await closed
  await expect.poll(async () => (await texts(leader)).length).toBe(50)
  await settled(leader)
  expect(new Set(await texts(leader)).size).toBe(50)
})

test('a leader whose worker dies is followed again by all tabs', async ({ newBrowser }) => {
  const browser = await newBrowser()
  await browser.inLeader(`
    const bell = new BroadcastChannel('test:die')
    bell.onmessage = () => { throw new Error('as the test wants') }
  `)
  const [leader, follower] = await twoTabs(browser)
  await say(follower, 'before')
  await leader.evaluate(() => new BroadcastChannel('test:die').postMessage('now'))
  await say(follower, 'after')
  await say(leader, 'and after')
  for (const page of [leader, follower]) {
    await settled(page)
    expect((await texts(page)).sort()).toEqual(['after', 'and after', 'before'])
  }
})

test('a thousand messages from elsewhere come to every tab', async ({ newBrowser }) => {
  const [leader, follower] = await twoTabs(await newBrowser())
  const bob = await (await newBrowser()).lab('bob')
  await bob.evaluate(async () => {
    const lab = await window.lab
    await lab.join()
    for (let n = 0; n < 10; n++) lab.postMany(Array.from({ length: 100 }, (_, m) => `${n}-${m}`))
    await lab.store.settled()
  })
  for (const page of [leader, follower]) await expect.poll(async () => (await texts(page)).length).toBe(1_000)
})

test('the chat in two tabs', async ({ newBrowser }) => {
  const browser = await newBrowser()
  const first = await browser.chat('ann')
  await createChannel(first, 'general')
  await post(first, 'hello')
  await expectConfirmed(first)
  const second = await browser.chat('ann')
  await expectTexts(second, ['hello'])
  await post(second, 'from the second tab')
  await expectConfirmed(second)
  await expectTexts(first, ['hello', 'from the second tab'])
  await first.close()
  await post(second, 'alone now')
  await expectConfirmed(second)
  await expectTexts(second, ['hello', 'from the second tab', 'alone now'])
})

test('a tab with a newer version of the app leads, and this one shows what it has until it is reloaded', async ({
  newBrowser,
  store,
}) => {
  const page = await (await newBrowser()).lab('ann')
  await page.evaluate(async () => (await window.lab).join())
  await say(page, 'before')
  // What such a tab calls.
  await page.evaluate((store) => {
    const model = { version: 1_000, schemaHash: 'another' }
    new BroadcastChannel(`syncline:tabs:${store}:ann`).postMessage({
      kind: 'attach',
      session: 'newer',
      model,
    })
  }, store)
  await expect.poll(async () => (await status(page)).reason).toBe('reload-required')
  expect((await status(page)).state).toBe('blocked')
  await page.evaluate(async () => {
    const lab = await window.lab
    lab.post('after')
  })
  expect(await texts(page)).toEqual(['before', 'after'])
  await page.reload()
  await settled(page)
  expect(await texts(page)).toEqual(['before', 'after'])
  expect((await status(page)).state).toBe('online')
})
