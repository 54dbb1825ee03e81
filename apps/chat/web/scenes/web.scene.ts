// The browser client by itself: how soon it is there, with nothing and with a long log, and what one row costs.

import type { Page } from '@playwright/test'
import { damage } from '../e2e/damage'
import { type Browser, expect, test } from '../e2e/world'
import { quantile, record } from './figures'

/** How many events the long log has, beside those that begin it. */
const LONG = 100_000
const BATCH = 1_000

/** From the beginning of the navigation until a query was answered for the first time. */
const firstAnswer = (page: Page) =>
  page.evaluate(async () => {
    const { store } = await window.lab
    const [row] = store.query<{ n: number }>('SELECT count(*) AS n FROM messages')
    return { ms: performance.now(), messages: row?.n ?? 0 }
  })

/** Until the page has everything that the server has. */
const allThere = (page: Page, messages: number) =>
  page.evaluate(async (messages) => {
    const { store } = await window.lab
    const query = { sql: 'SELECT count(*) AS n FROM messages', params: '[]' }
    const has = () => Number((store.rows(query)[0] as { n?: number } | undefined)?.n ?? 0)
    if (has() >= messages) return performance.now()
    return new Promise<number>((resolve) => {
      const stop = store.watch(query, () => {
        if (has() < messages) return
        stop()
        resolve(performance.now())
      })
    })
  }, messages)

async function writeLongLog(page: Page): Promise<void> {
  await page.evaluate(
    async ([long, batch]) => {
      const { join, postMany } = await window.lab
      await join()
      for (let commit = 0; commit < long / batch; commit += 1) {
        const texts = Array.from({ length: batch }, (_, n) => `message ${n} of commit ${commit}`)
        await postMany(texts).confirmed
      }
    },
    [LONG, BATCH] as const,
  )
}

const beside = (times: readonly number[]): string =>
  `p90 ${quantile(times, 0.9).toFixed(0)} ms; ${times.length} times`

test('a new browser, an empty store', async ({ newBrowser }) => {
  const times: number[] = []
  for (let round = 0; round < 10; round += 1) {
    const browser = await newBrowser()
    times.push((await firstAnswer(await browser.lab('ann'))).ms)
    await browser.close()
  }
  record({
    what: 'a new browser, an empty store: from the navigation to the first query',
    value: quantile(times, 0.5),
    unit: 'ms',
    most: 400,
    beside: beside(times),
  })
})

test('a log of 100,000 events', async ({ newBrowser }) => {
  test.setTimeout(600_000)
  const ann = await newBrowser()
  const page = await ann.lab('ann')
  await writeLongLog(page)

  const fresh: number[] = []
  // The first may come before there is a snapshot.
  for (let round = 0; round < 6; round += 1) fresh.push(await newClient(await newBrowser()))
  fresh.shift()
  record({
    what: 'a new browser, 100,000 events on the server: until the page has all, by snapshot',
    value: quantile(fresh, 0.5),
    unit: 'ms',
    most: 800,
    beside: `${beside(fresh)}; from the navigation on`,
  })

  const warm: number[] = []
  for (let round = 0; round < 10; round += 1) {
    await page.reload()
    const { ms, messages } = await firstAnswer(page)
    expect(messages).toBe(LONG)
    warm.push(ms)
  }
  record({
    what: 'a browser that has 100,000 events: from a reload to the first query, which finds all',
    value: quantile(warm, 0.5),
    unit: 'ms',
    most: 250,
    beside: beside(warm),
  })

  const rebuilt: number[] = []
  for (let round = 0; round < 3; round += 1) {
    await page.goto('about:blank')
    const lab = await ann.lab('nobody')
    // The state of former tables is as useless.
    await expect(async () =>
      expect(await damage(lab, '/state.db', '/state.db-wal')).toBeGreaterThan(1),
    ).toPass({
      timeout: 30_000,
    })
    await lab.close()
    await page.goto(ann.addressOf('e2e/lab/index.html', 'ann'))
    const { ms, messages } = await firstAnswer(page)
    expect(messages).toBe(LONG)
    rebuilt.push(ms)
  }
  record({
    what: 'the same, where the state has to be made anew from the 100,000 events, as after a change of the tables',
    value: quantile(rebuilt, 0.5),
    unit: 'ms',
    most: 2_000,
    beside: beside(rebuilt),
  })

  const past = await page.evaluate(async (long) => {
    const { store } = await window.lab
    const times: number[] = []
    for (const seq of [long / 2, long / 4, long / 2 + 1, long / 4 + 1, long / 2 + 2]) {
      const began = performance.now()
      const state = await store.at(seq)
      times.push(performance.now() - began)
      state.close()
    }
    return times
  }, LONG)
  record({
    what: 'the state as it was after 25,000 or 50,000 of 100,000 events',
    value: quantile(past, 0.5),
    unit: 'ms',
    beside: `${past.map((ms) => ms.toFixed(0)).join(', ')} ms; made in the worker, from the local log`,
  })
})

async function newClient(browser: Browser): Promise<number> {
  const ms = await allThere(await browser.lab('bob'), LONG)
  await browser.close()
  return ms
}

test('a query of 1,000 rows, of which one changes', async ({ newBrowser }) => {
  const page = await (await newBrowser()).lab('ann')
  const measured = await page.evaluate(async () => {
    const { store, join, postMany } = await window.lab
    await join()
    await postMany(Array.from({ length: 1_000 }, (_, n) => `message ${n}`)).confirmed
    const query = { sql: 'SELECT id, author, text, posted_at FROM messages ORDER BY id', params: '[]' }
    const rows = () => store.rows(query) as readonly { id: string }[]
    const times: number[] = []
    let kept = Number.POSITIVE_INFINITY
    for (let round = 0; round < 100; round += 1) {
      const before = rows()
      const id = before[round * 10]?.id ?? ''
      const event = { name: 'messageEdited' as const, args: { id, text: `edited in round ${round}` } }
      const told = new Promise<number>((resolve) => {
        const stop = store.watch(query, () => {
          stop()
          resolve(performance.now())
        })
      })
      const began = performance.now()
      store.commit(event)
      times.push((await told) - began)
      const after = rows()
      kept = Math.min(kept, before.filter((row, place) => row === after[place]).length)
    }
    return { times, kept }
  })
  expect(measured.kept).toBe(999)
  record({
    what: 'a live query of 1,000 rows: from a commit that changes one to the new result',
    value: quantile(measured.times, 0.5),
    unit: 'ms',
    most: 1,
    beside: `p90 ${quantile(measured.times, 0.9).toFixed(1)} ms; the commit included; 999 rows are the same objects; 100 times`,
  })
})

test('1,000 pending commits, and an event of somebody else', async ({ newBrowser }) => {
  const [ann, bob] = [await (await newBrowser()).lab('ann'), await (await newBrowser()).lab('bob')]
  for (const page of [ann, bob]) await page.evaluate(async () => (await window.lab).join())
  const times: number[] = []
  for (let round = 0; round < 10; round += 1) {
    const marker = `of bob, in round ${round}`
    await ann.evaluate(async () => {
      const { store, post } = await window.lab
      store.cut(true)
      while (store.status.state === 'online') await new Promise((later) => setTimeout(later, 10))
      for (let n = 0; n < 1_000; n += 1) post(`pending ${n}`)
    })
    await bob.evaluate(async (marker) => void (await (await window.lab).post(marker).confirmed), marker)
    times.push(
      await ann.evaluate(async (marker) => {
        const { store } = await window.lab
        const receive = store.receive.bind(store)
        const took = new Promise<number>((resolve) => {
          store.receive = (message) => {
            const began = performance.now()
            receive(message)
            if (message.told.some((one) => typeof one === 'string' && one.includes(marker)))
              resolve(performance.now() - began)
          }
        })
        store.cut(false)
        const ms = await took
        store.receive = receive
        await store.settled()
        return ms
      }, marker),
    )
  }
  record({
    what: '1,000 pending commits of one message each: an event of somebody else comes below them',
    value: quantile(times, 0.5),
    unit: 'ms',
    most: 20,
    beside: `p90 ${quantile(times, 0.9).toFixed(1)} ms; ${times.length} times`,
  })
})

test('commits, and a reload at once', async ({ newBrowser }) => {
  test.setTimeout(600_000)
  const page = await (await newBrowser()).lab('ann')
  await page.evaluate(async () => (await window.lab).join())
  const lost: string[] = []
  let total = 0
  for (const count of [1, 50, 500]) {
    let missing = 0
    for (let round = 0; round < 20; round += 1) {
      const prefix = `${count} in round ${round}: `
      const loaded = page.waitForEvent('load')
      const commits = ([count, prefix]: readonly [number, string]): Promise<void> =>
        window.lab.then(({ post }) => {
          for (let n = 0; n < count; n += 1) post(`${prefix}${n}`)
          location.reload()
        })
      // The page may be gone before it has answered.
      await page.evaluate(commits, [count, prefix] as const).catch(() => {})
      await loaded
      const found = () =>
        page.evaluate(async (prefix) => {
          const { store, texts } = await window.lab
          await store.settled()
          return texts().filter((text) => text.startsWith(prefix)).length
        }, prefix)
      // What the page before has left in its journal is handed over once its lock is free.
      await expect
        .poll(found, { timeout: 10_000 })
        .toBe(count)
        .catch(() => {})
      missing += count - (await found())
    }
    lost.push(`${missing} of 20 × ${count}`)
    total += missing
  }
  record({
    what: '1, 50 or 500 commits and a reload at once: lost',
    value: total,
    unit: 'commits',
    most: 0,
    beside: lost.join(', '),
  })
})
