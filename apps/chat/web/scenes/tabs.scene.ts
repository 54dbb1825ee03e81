// Several tabs of one browser: what a tab takes in that another leads, and how soon another leads.

import type { Page } from '@playwright/test'
import { type Browser, expect, test } from '../e2e/world'
import { quantile, record } from './figures'

const count = (page: Page) => page.evaluate(async () => (await window.lab).texts().length)
const role = (page: Page) => page.evaluate(async () => (await window.lab).store.status.role)

async function leaderAndFollower(browser: Browser): Promise<[Page, Page]> {
  const leader = await browser.lab('ann')
  await leader.evaluate(async () => (await window.lab).join())
  const follower = await browser.lab('ann')
  await expect.poll(() => role(follower)).toBe('follower')
  return [leader, follower]
}

test('2,000 commits of a page until all are persisted', async ({ newBrowser }) => {
  const page = await (await newBrowser()).lab('ann')
  await page.evaluate(async () => (await window.lab).join())
  const measure = (commits: number) =>
    page.evaluate(async (commits) => {
      const { store, post } = await window.lab
      const started = performance.now()
      const receipts = Array.from({ length: commits }, (_, n) => post(`message ${n}`))
      const made = performance.now() - started
      await Promise.all(receipts.map(({ persisted }) => persisted))
      const all = performance.now() - started
      await store.settled()
      return { made, all, settled: performance.now() - started }
    }, commits)
  await measure(200)
  const { made, all, settled } = await measure(2_000)
  record({
    what: 'page: 2,000 commits made at once, until all are persisted',
    value: all,
    unit: 'ms',
    most: 200,
    beside: `${Math.round((2_000 / all) * 1_000)} commits/s; applied here after ${made.toFixed(0)} ms, all confirmed after ${settled.toFixed(0)} ms`,
  })
})

test('10,000 events from elsewhere come to a tab that another leads', async ({ newBrowser }) => {
  test.setTimeout(180_000)
  const browser = await newBrowser()
  const [leader, follower] = await leaderAndFollower(browser)
  await browser.context.setOffline(true)
  const bob = await (await newBrowser()).lab('bob')
  await bob.evaluate(async () => {
    const { store, join, postMany } = await window.lab
    await join()
    for (let batch = 0; batch < 100; batch++) {
      await postMany(Array.from({ length: 100 }, (_, n) => `message ${n} of batch ${batch}`)).confirmed
    }
    await store.settled()
  })
  await bob.close()
  const arrival = (page: Page) =>
    page.evaluate(async () => {
      const { store } = await window.lab
      const query = { sql: 'SELECT count(*) AS n FROM messages', params: '[]' }
      const has = () => Number((store.rows(query)[0] as { n?: number } | undefined)?.n ?? 0)
      return new Promise<{ first: number; last: number }>((resolve) => {
        let first: number | undefined
        const stop = store.watch(query, () => {
          const now = performance.timeOrigin + performance.now()
          first ??= now
          if (has() < 10_000) return
          stop()
          resolve({ first, last: now })
        })
        has()
      })
    })
  const arrivals = Promise.all([leader, follower].map(arrival))
  await browser.context.setOffline(false)
  const [ofLeader, ofFollower] = await arrivals
  if (ofLeader === undefined || ofFollower === undefined) throw new Error('a tab did not answer')
  const took = ofFollower.last - Math.min(ofLeader.first, ofFollower.first)
  record({
    what: 'a tab that another leads: 10,000 events from elsewhere, after both were offline',
    value: took,
    unit: 'ms',
    most: 1_000,
    beside: `${Math.round((10_000 / took) * 1_000)} events/s; the tab that leads has them ${(ofFollower.last - ofLeader.last).toFixed(0)} ms before`,
  })
  expect(await count(follower)).toBe(10_000)
})

test('the tab that leads is closed, and another answers', async ({ newBrowser }) => {
  test.setTimeout(180_000)
  const browser = await newBrowser()
  let [leader, follower] = await leaderAndFollower(browser)
  const times: number[] = []
  const rounds = 20
  for (let round = 0; round < rounds; round++) {
    const before = Date.now()
    await leader.close()
    const answered = await follower.evaluate(async (round) => {
      await (await window.lab).post(`in round ${round}`).persisted
      return Date.now()
    }, round)
    times.push(answered - before)
    leader = follower
    follower = await browser.lab('ann')
    await expect.poll(() => role(follower)).toBe('follower')
  }
  record({
    what: 'the tab that leads is closed: until another tab has a commit persisted',
    value: quantile(times, 0.5),
    unit: 'ms',
    most: 300,
    beside: `p90 ${quantile(times, 0.9).toFixed(0)} ms; the closing of the tab included; ${rounds} times`,
  })
})
