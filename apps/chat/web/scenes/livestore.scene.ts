// LiveStore's client and Syncline's, in the same browser and the same run: what an app of either waits for. Both sync
// with a server of Syncline's on workerd.

import { resolve } from 'node:path'
import type { Page } from '@playwright/test'
import type { LiveStoreLab } from '../../../livestore/web/lab/lab'
import { type Server, start, TOKEN } from '../../../livestore/web/test/servers'
import { Site } from '../e2e/site'
import { type Browser, test as base, expect } from '../e2e/world'
import { quantile, record } from './figures'

declare global {
  interface Window {
    liveStoreLab: Promise<LiveStoreLab>
  }
}

const APPS = resolve(import.meta.dirname, '../../..')

/** What is measured of a client. Each page has a store open, in its own browser or another tab of that. */
interface Client {
  open(browser: Browser): Promise<Page>
  /** Milliseconds of each of some bursts of ten commits, of one commit, with a live query of 50 rows. */
  commits(page: Page, bursts: number): Promise<number[]>
  /** Milliseconds until commits that are made at once are persisted. */
  persisted(page: Page, count: number): Promise<number>
  /** Commits, and a reload at once: how many there are when all is quiet. */
  reload(page: Page, count: number): Promise<void>
  /** Milliseconds since the navigation of the page, and how many rows the first query has counted. */
  first(page: Page): Promise<{ ms: number; rows: number }>
  /** When so many events were there, in milliseconds on the machine's clock. */
  arrival(page: Page, count: number): Promise<number>
}

interface Clients {
  readonly liveStoreServer: Server
  readonly liveStoreSite: Site
  readonly liveStore: Client
  readonly syncline: Client
}

const test = base.extend<object, Clients>({
  liveStoreServer: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's names
    async ({}, use) => {
      const server = await start.workerd()
      await use(server)
      await server.stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  liveStoreSite: [
    async ({ liveStoreServer: { url } }, use) => {
      const pages = ['index.html', 'lab/index.html']
      const site = await Site.start(resolve(APPS, 'livestore/web'), pages, url, TOKEN, 'none')
      await use(site)
      await site.stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  liveStore: [
    ({ liveStoreSite, liveStoreServer }, use) => use(liveStoreAt(liveStoreSite.url, liveStoreServer.url)),
    { scope: 'worker' },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's names
  syncline: [async ({}, use) => use(SYNCLINE), { scope: 'worker' }],
})

const SYNCLINE: Client = {
  async open(browser) {
    const page = await browser.lab('ann')
    await page.evaluate(async () => (await window.lab).join())
    return page
  },
  commits: (page, bursts) =>
    page.evaluate(async (bursts) => {
      const { store, post } = await window.lab
      const query = { sql: 'SELECT id, text FROM messages ORDER BY id DESC LIMIT 50', params: '[]' }
      const stop = store.watch(query, () => store.rows(query))
      store.rows(query)
      const times: number[] = []
      for (let burst = 0; burst < bursts; burst += 1) {
        const began = performance.now()
        for (let n = 0; n < 10; n += 1) {
          post(`message ${n} of burst ${burst}`)
          // Whoever watches is told in a microtask.
          await Promise.resolve()
        }
        times.push((performance.now() - began) / 10)
        await store.settled()
      }
      stop()
      return times
    }, bursts),
  persisted: (page, count) =>
    page.evaluate(async (count) => {
      const { post } = await window.lab
      const began = performance.now()
      const receipts = Array.from({ length: count }, (_, n) => post(`message ${n}`))
      await Promise.all(receipts.map(({ persisted }) => persisted))
      return performance.now() - began
    }, count),
  reload: (page, count) =>
    page.evaluate(async (count) => {
      const { post } = await window.lab
      for (let n = 0; n < count; n += 1) post(`message ${n}`)
      location.reload()
    }, count),
  first: (page) =>
    page.evaluate(async () => {
      const { store } = await window.lab
      const [row] = store.query<{ n: number }>('SELECT count(*) AS n FROM messages')
      return { ms: performance.now(), rows: row?.n ?? 0 }
    }),
  arrival: (page, count) =>
    page.evaluate(async (count) => {
      const { store } = await window.lab
      const query = { sql: 'SELECT count(*) AS n FROM messages', params: '[]' }
      const has = () => Number((store.rows(query)[0] as { n?: number } | undefined)?.n ?? 0)
      return new Promise<number>((resolve) => {
        const stop = store.watch(query, () => {
          if (has() < count) return
          stop()
          resolve(performance.timeOrigin + performance.now())
        })
        has()
      })
    }, count),
}

function liveStoreAt(site: string, server: string): Client {
  const stores = new Map<Browser, string>()
  let made = 0
  return {
    async open(browser) {
      made += 1
      const store = stores.get(browser) ?? `bench-${process.pid}-${made}`
      stores.set(browser, store)
      const page = await browser.context.newPage()
      const query = new URLSearchParams({ server: server.replace('http', 'ws'), store, token: TOKEN })
      await page.goto(`${site}lab/index.html?${query}`)
      await page.evaluate(async () => void (await window.liveStoreLab))
      return page
    },
    commits: (page, bursts) =>
      page.evaluate(async (bursts) => {
        const lab = await window.liveStoreLab
        const stop = lab.watchLatest()
        const times: number[] = []
        for (let burst = 0; burst < bursts; burst += 1) {
          const began = performance.now()
          for (let n = 0; n < 10; n += 1) {
            lab.post(`message ${n} of burst ${burst}`)
            await Promise.resolve()
          }
          times.push((performance.now() - began) / 10)
          await lab.kept()
        }
        stop()
        return times
      }, bursts),
    persisted: (page, count) =>
      page.evaluate(async (count) => {
        const lab = await window.liveStoreLab
        const began = performance.now()
        for (let n = 0; n < count; n += 1) lab.post(`message ${n}`)
        await lab.kept()
        return performance.now() - began
      }, count),
    reload: (page, count) =>
      page.evaluate(async (count) => {
        const lab = await window.liveStoreLab
        for (let n = 0; n < count; n += 1) lab.post(`message ${n}`)
        location.reload()
      }, count),
    first: (page) =>
      page.evaluate(async () => {
        const lab = await window.liveStoreLab
        return { rows: lab.count(), ms: performance.now() }
      }),
    arrival: (page, count) =>
      page.evaluate(async (count) => {
        const lab = await window.liveStoreLab
        return new Promise<number>((resolve) => {
          const stop = lab.watchCount((has) => {
            if (has < count) return
            queueMicrotask(() => stop())
            resolve(performance.timeOrigin + performance.now())
          })
        })
      }, count),
  }
}

/** One figure of both. */
async function compare(
  { syncline, liveStore }: { syncline: Client; liveStore: Client },
  what: string,
  unit: 'ms' | 'KiB' | 'commits',
  measure: (client: Client) => Promise<{ value: number; beside: string }>,
): Promise<void> {
  const theirs = await measure(liveStore)
  const ours = await measure(syncline)
  record({
    what,
    value: ours.value,
    unit,
    livestore: theirs.value,
    beside: `Syncline: ${ours.beside}; LiveStore: ${theirs.beside}`,
  })
}

test('a commit', async ({ syncline, liveStore, newBrowser }) => {
  await compare({ syncline, liveStore }, 'a commit, and a live query of 50 rows', 'ms', async (client) => {
    const page = await client.open(await newBrowser())
    await client.commits(page, 20)
    const times = await client.commits(page, 100)
    const p99 = quantile(times, 0.99).toFixed(2)
    return { value: quantile(times, 0.5), beside: `p99 ${p99} ms, 100 × 10 commits` }
  })
})

test('many commits until they are persisted', async ({ syncline, liveStore, newBrowser }) => {
  await compare(
    { syncline, liveStore },
    '2,000 commits at once, until all are persisted',
    'ms',
    async (client) => {
      const page = await client.open(await newBrowser())
      await client.persisted(page, 200)
      const ms = await client.persisted(page, 2_000)
      return { value: ms, beside: `${Math.round(2_000_000 / ms)}/s` }
    },
  )
})

test('commits, and a reload at once', async ({ syncline, liveStore, newBrowser }) => {
  const [rounds, count] = [5, 50]
  await compare(
    { syncline, liveStore },
    '50 commits and a reload at once: lost',
    'commits',
    async (client) => {
      const page = await client.open(await newBrowser())
      for (let round = 0; round < rounds; round += 1) {
        const loaded = page.waitForEvent('load')
        // The page may be gone before it has answered.
        await client.reload(page, count).catch(() => {})
        await loaded
        await client.first(page)
        await page.waitForTimeout(500)
      }
      const { rows } = await client.first(page)
      return { value: rounds * count - rows, beside: `of ${rounds} × ${count}` }
    },
  )
})

test('the first query', async ({ syncline, liveStore, newBrowser }) => {
  await compare(
    { syncline, liveStore },
    'a new browser: from the navigation to the first query',
    'ms',
    async (client) => {
      const times: number[] = []
      for (let round = 0; round < 5; round += 1) {
        const browser = await newBrowser()
        times.push((await client.first(await client.open(browser))).ms)
        await browser.close()
      }
      return { value: quantile(times, 0.5), beside: `p90 ${quantile(times, 0.9).toFixed(0)} ms` }
    },
  )
})

test('the first query, with what is here', async ({ syncline, liveStore, newBrowser }) => {
  const what = 'a browser that has 2,000 events: from the navigation to the first query'
  await compare({ syncline, liveStore }, what, 'ms', async (client) => {
    const browser = await newBrowser()
    let page = await client.open(browser)
    await client.persisted(page, 2_000)
    const times: number[] = []
    for (let round = 0; round < 5; round += 1) {
      // LiveStore's client does not open where its former page has only just let go of its files.
      await page.waitForTimeout(2_000)
      await page.close()
      page = await browser.context.newPage()
      await page.waitForTimeout(2_000)
      await page.close()
      page = await client.open(browser)
      const { ms, rows } = await client.first(page)
      expect(rows).toBe(2_000)
      times.push(ms)
    }
    return { value: quantile(times, 0.5), beside: `p90 ${quantile(times, 0.9).toFixed(0)} ms` }
  })
})

test('events from another tab', async ({ syncline, liveStore, newBrowser }) => {
  const count = 500
  const what = `${count} commits of one tab at once, until all are in another tab`
  await compare({ syncline, liveStore }, what, 'ms', async (client) => {
    const browser = await newBrowser()
    const [one, other] = [await client.open(browser), await client.open(browser)]
    const arrived = client.arrival(other, count)
    const began = await one.evaluate(() => performance.timeOrigin + performance.now())
    await client.persisted(one, count)
    const took = (await arrived) - began
    return { value: took, beside: `${Math.round((1_000 * count) / took)}/s` }
  })
})

test('the download', async ({ liveStoreSite, newBrowser, server }) => {
  const todos = await Site.start(resolve(APPS, 'todo/web'), ['index.html'], server.url, TOKEN)
  const sizes: number[] = []
  for (const site of [todos, liveStoreSite]) {
    const page = await (await newBrowser()).context.newPage()
    await page.goto(`${site.url}?as=ann`)
    await page.waitForTimeout(3_000)
    sizes.push(site.downloaded / 1024)
  }
  await todos.stop()
  const [ours = Number.NaN, theirs = Number.NaN] = sizes
  record({
    what: 'download of the todos, gzip, with React',
    value: ours,
    unit: 'KiB',
    livestore: theirs,
    beside: 'what a browser asks for until the list is there',
  })
})
