// Commits that nothing may lose and nothing may double.

import type { Page } from '@playwright/test'
import { expect, test } from './world'

/** The log as the archive has it. */
async function archived(server: { d1(sql: string): Promise<Record<string, unknown>[]> }, store: string) {
  const rows = await server.d1(
    `SELECT seq, client, counter, args FROM events WHERE store = '${store}' AND name = 'messagePosted' ORDER BY seq`,
  )
  return rows.map((row) => (JSON.parse(String(row['args'])) as { text: string }).text)
}

function texts(page: Page): Promise<string[]> {
  return page.evaluate(async () => (await window.lab).texts())
}

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `message ${n}`)

test('50 commits right before a reload are all there after it', async ({ newBrowser, server, store }) => {
  const page = await (await newBrowser()).lab('ann')
  await page.evaluate(async () => (await window.lab).join())
  const reloaded = page.waitForEvent('load')
  await page.evaluate(async () => {
    const lab = await window.lab
    for (let n = 0; n < 50; n++) lab.post(`message ${n}`)
    location.reload()
  })
  await reloaded
  await expect.poll(async () => (await texts(page)).length).toBe(50)
  await page.evaluate(async () => (await window.lab).store.settled())
  expect([...(await texts(page))].sort()).toEqual(numbered(50).sort())
  await expect.poll(async () => (await archived(server, store)).sort()).toEqual(numbered(50).sort())
})

/** Commits that are made in one go, and then the page is loaded anew: what its store has when it opens. */
async function reloadAfter(page: Page, count: number): Promise<number> {
  const reloaded = page.waitForEvent('load')
  await page.evaluate(async (count) => {
    const lab = await window.lab
    for (let n = 0; n < count; n++) lab.post(`message ${n}`)
    // In the next task: this one has to be answered.
    setTimeout(() => location.reload())
  }, count)
  await reloaded
  return (await texts(page)).length
}

test('a page that is loaded anew opens with all it had, whether it led or followed', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  const leader = await browser.lab('ann')
  await leader.evaluate(async () => (await window.lab).join())
  const seen: number[] = []
  for (let n = 0; n < 8; n++) seen.push(await reloadAfter(leader, 25))
  const follower = await browser.lab('ann')
  for (let n = 0; n < 8; n++) seen.push(await reloadAfter(follower, 25))
  expect(seen).toEqual(seen.map((_, n) => 25 * (n + 1)))
})

test('50 commits right before the page is closed arrive when the browser opens it again', async ({
  newBrowser,
  server,
  store,
}) => {
  const browser = await newBrowser()
  const page = await browser.lab('ann')
  await page.evaluate(async () => (await window.lab).join())
  await page.evaluate(async () => {
    const lab = await window.lab
    for (let n = 0; n < 50; n++) lab.post(`message ${n}`)
  })
  await page.close()
  const again = await browser.lab('ann')
  await again.evaluate(async () => (await window.lab).store.settled())
  expect((await texts(again)).length).toBe(50)
  await expect.poll(async () => (await archived(server, store)).sort()).toEqual(numbered(50).sort())
})

test('killing the server in a stream of 500 commits loses and doubles nothing', async ({
  newBrowser,
  server,
  store,
}) => {
  const page = await (await newBrowser()).lab('ann')
  await page.evaluate(async () => (await window.lab).join())
  const confirmed = page.evaluate(async () => {
    const lab = await window.lab
    const receipts = []
    for (let n = 0; n < 500; n++) {
      receipts.push(lab.post(`message ${n}`).confirmed)
      await new Promise((next) => setTimeout(next, 2))
    }
    return (await Promise.all(receipts)).map(({ first }) => first)
  })
  // Somewhere in the stream: which commit it meets is left to chance.
  const from = 20 + Math.floor(Math.random() * 400)
  await expect.poll(async () => (await texts(page)).length, { intervals: [5] }).toBeGreaterThan(from)
  await server.kill()
  await server.run()
  const seqs = await confirmed
  expect(new Set(seqs).size).toBe(500)
  expect((await texts(page)).length).toBe(500)
  await expect.poll(() => archived(server, store), { timeout: 30_000 }).toEqual(numbered(500))
})

test('every admitted event is in D1, in order, once', async ({ newBrowser, server, store }) => {
  const [ann, bob] = [await (await newBrowser()).lab('ann'), await (await newBrowser()).lab('bob')]
  await ann.evaluate(async () => (await window.lab).join())
  await expect
    .poll(async () =>
      bob.evaluate(async () => (await window.lab).store.query('SELECT id FROM channels').length),
    )
    .toBe(1)
  await bob.evaluate(async () => (await window.lab).join())
  for (const page of [ann, bob]) {
    await page.evaluate(async () => {
      const lab = await window.lab
      const subject = lab.store.subject
      await Promise.all(Array.from({ length: 40 }, (_, n) => lab.post(`${subject} ${n}`).confirmed))
    })
  }
  // Two people, a channel, who joined it, and what they said; whoever only reads may hear of it a little later.
  const head = 4 + 2 * 40
  for (const page of [ann, bob])
    await expect.poll(() => page.evaluate(async () => (await window.lab).store.status.head)).toBe(head)
  const sql = `SELECT seq, name FROM events WHERE store = '${store}' ORDER BY seq`
  await expect
    .poll(async () => (await server.d1(sql)).map((row) => row['seq']))
    .toEqual(Array.from({ length: head }, (_, n) => n + 1))
  const [row] = await server.d1(`SELECT head FROM stores WHERE store = '${store}'`)
  expect(row?.['head']).toBe(head)
})
