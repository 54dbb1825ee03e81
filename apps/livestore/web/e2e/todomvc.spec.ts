// The TodoMVC in two browsers, and without a network.

import { type Browser, chromium, expect, type Page, test } from '@playwright/test'
import { type PreviewServer, preview } from 'vite'

import { Gate } from '../test/gate.ts'
import { KINDS, log, newStore, type Server, start, TOKEN } from '../test/servers.ts'

let site: PreviewServer
let browser: Browser

test.beforeAll(async () => {
  site = await preview({ root: `${import.meta.dirname}/..`, preview: { port: 0, host: '127.0.0.1' } })
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
  const executablePath = process.env['CHROMIUM']
  browser = await chromium.launch({ args, ...(executablePath === undefined ? {} : { executablePath }) })
})

test.afterAll(async () => {
  await browser.close()
  await site.close()
})

/** Another browser. */
async function open(url: string, store: string): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const query = new URLSearchParams({ server: url.replace('http', 'ws'), store, token: TOKEN })
  await page.goto(`${site.resolvedUrls?.local[0]}?${query}`)
  await expect(page.getByLabel('New todo')).toBeVisible()
  return page
}

async function add(page: Page, text: string): Promise<void> {
  await page.getByLabel('New todo').fill(text)
  await page.getByLabel('New todo').press('Enter')
}

for (const kind of KINDS) {
  test.describe(`on ${kind}`, () => {
    let server: Server

    test.beforeAll(async () => {
      server = await start[kind]()
    })
    test.afterAll(() => server.stop())

    test('two browsers see the same list, and one that comes later, too', async () => {
      const store = newStore()
      const [ann, bob] = [await open(server.url, store), await open(server.url, store)]
      await add(ann, 'Buy milk')
      await add(bob, 'Call mum')
      for (const page of [ann, bob]) {
        await expect(page.getByRole('listitem')).toHaveText([/Buy milk/, /Call mum/])
      }
      await bob.getByRole('checkbox').first().check()
      await expect(ann.getByText('1 item left')).toBeVisible()
      await ann.getByLabel('Delete Call mum').click()
      await expect(bob.getByRole('listitem')).toHaveCount(1)
      const late = await open(server.url, store)
      await expect(late.getByRole('listitem')).toHaveText([/Buy milk/])
      await expect(late.getByText('0 items left')).toBeVisible()
      expect((await log(server, store)).map((entry) => entry.name)).toEqual([
        'v1.TodoCreated',
        'v1.TodoCreated',
        'v1.TodoCompleted',
        'v1.TodoDeleted',
      ])
    })

    test('what was written offline and reloaded arrives', async () => {
      const store = newStore()
      const gate = await Gate.open(server)
      const ann = await open(gate.url, store)
      await add(ann, 'before')
      await expect.poll(async () => (await log(server, store)).length).toBe(1)
      gate.shut()
      await add(ann, 'offline')
      await expect(ann.getByRole('listitem')).toHaveCount(2)
      // Its leader has it a moment after the page.
      await ann.waitForTimeout(500)
      await ann.reload()
      await expect(ann.getByRole('listitem')).toHaveCount(2)
      gate.reopen()
      const bob = await open(server.url, store)
      await expect(bob.getByRole('listitem')).toHaveText([/before/, /offline/])
      gate.close()
    })
  })
}
