// What browsers do to pages: crashes, freezes, the way back, slow machines and slow networks; and stores that are
// opened and closed all day.

import type { CDPSession, Page } from '@playwright/test'
import { type Browser, expect, test } from './world'

const texts = (page: Page) => page.evaluate(async () => (await window.lab).texts().sort())
const role = (page: Page) => page.evaluate(async () => (await window.lab).store.status.role)
const settled = (page: Page) => page.evaluate(async () => (await window.lab).store.settled())
const devtoolsOf = (page: Page): Promise<CDPSession> => page.context().newCDPSession(page)

const numbered = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${name} ${String(n).padStart(3, '0')}`)

function postAll(page: Page, all: readonly string[]): Promise<void> {
  return page.evaluate(async (all) => {
    const lab = await window.lab
    for (const text of all) lab.post(text)
  }, all)
}

async function twoTabs(browser: Browser): Promise<[Page, Page]> {
  const leader = await browser.lab('ann')
  await leader.evaluate(async () => (await window.lab).join())
  const follower = await browser.lab('ann')
  await expect.poll(() => role(follower)).toBe('follower')
  return [leader, follower]
}

test('the tab that leads crashes with commits: another leads, and has them all once', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  const [leader, follower] = await twoTabs(browser)
  const all = [...numbered('before', 20), ...numbered('of the follower', 20)]
  const crashed = leader.waitForEvent('crash')
  await postAll(leader, numbered('before', 20))
  const devtools = await devtoolsOf(leader)
  devtools.send('Page.crash').catch(() => {})
  await crashed
  await postAll(follower, numbered('of the follower', 20))
  await expect.poll(() => role(follower)).toBe('leader')
  await expect.poll(() => texts(follower)).toEqual(all.sort())
  await settled(follower)
  const bob = await (await newBrowser()).lab('bob')
  await expect.poll(() => texts(bob)).toEqual(all)
})

test('the tab that leads is frozen: others keep what they commit, and all is there when it wakes', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  const [leader, follower] = await twoTabs(browser)
  const devtools = await devtoolsOf(leader)
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
  await postAll(follower, numbered('meanwhile', 20))
  expect(await texts(follower)).toEqual(numbered('meanwhile', 20))
  await follower.waitForTimeout(2_000)
  await devtools.send('Page.setWebLifecycleState', { state: 'active' })
  await settled(follower)
  for (const page of [leader, follower])
    await expect.poll(() => texts(page)).toEqual(numbered('meanwhile', 20))
  const bob = await (await newBrowser()).lab('bob')
  await expect.poll(() => texts(bob)).toEqual(numbered('meanwhile', 20))
})

test('a tab goes elsewhere and comes back: it has everything, whoever leads', async ({ newBrowser }) => {
  const browser = await newBrowser()
  const [first, second] = await twoTabs(browser)
  await postAll(first, numbered('first', 10))
  await first.goto('about:blank')
  await postAll(second, numbered('second', 10))
  await expect.poll(() => role(second)).toBe('leader')
  await first.goBack()
  const all = [...numbered('first', 10), ...numbered('second', 10)]
  await expect.poll(() => texts(first)).toEqual(all)
  await postAll(first, ['back'])
  for (const page of [first, second]) {
    await settled(page)
    await expect.poll(() => texts(page)).toEqual(['back', ...all])
  }
})

test('on a slow machine with a slow network, everything arrives once', async ({ newBrowser }) => {
  const [ann, bob] = [await newBrowser(), await newBrowser()]
  const [one, two] = await twoTabs(ann)
  const three = await bob.lab('bob')
  for (const page of [one, two, three]) {
    const devtools = await devtoolsOf(page)
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 6 })
    await devtools.send('Network.enable')
    await devtools.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 400,
      downloadThroughput: 50_000,
      uploadThroughput: 20_000,
    })
  }
  await one.evaluate(async () => (await window.lab).store.delay(300))
  await three.evaluate(async () => (await window.lab).join())
  const pages = [one, two, three]
  await Promise.all(pages.map((page, n) => postAll(page, numbered(`of ${n}`, 40))))
  const all = pages.flatMap((_, n) => numbered(`of ${n}`, 40))
  for (const page of pages) await expect.poll(() => texts(page), { timeout: 30_000 }).toEqual(all)
  for (const page of pages) await settled(page)
})

/** What a page holds on to. */
async function held(page: Page) {
  const devtools = await devtoolsOf(page)
  await devtools.send('HeapProfiler.collectGarbage')
  const { usedSize } = await devtools.send('Runtime.getHeapUsage')
  const { jsEventListeners } = await devtools.send('Memory.getDOMCounters')
  const { locks, wasm } = await page.evaluate(async () => {
    const { held = [], pending = [] } = await navigator.locks.query()
    return { locks: held.length + pending.length, wasm: await (await window.lab).wasmBytes() }
  })
  await devtools.detach()
  return { workers: page.workers().length, locks, listeners: jsEventListeners, heap: usedSize, wasm }
}

test('a store that is opened and closed a hundred times leaves nothing behind', async ({
  newBrowser,
  store,
}) => {
  test.setTimeout(180_000)
  const page = await (await newBrowser()).lab('ann')
  await page.evaluate(async () => (await window.lab).join())
  const cycles = (count: number) =>
    page.evaluate(
      async ([count, name]) => {
        const lab = await window.lab
        for (let n = 0; n < count; n += 1) {
          const other = await lab.openAt(name)
          other.subscribe('SELECT name FROM people', () => {})
          await other.settled()
          other.close()
        }
      },
      [count, `${store}-2`] as const,
    )
  await cycles(20)
  const before = await held(page)
  await cycles(100)
  await page.waitForTimeout(1_000)
  const after = await held(page)
  const { workers, locks, listeners, wasm } = before
  expect(after).toMatchObject({ workers, locks, listeners, wasm })
  expect(after.heap - before.heap).toBeLessThan(300_000)
})
