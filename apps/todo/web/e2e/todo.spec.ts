// The list as people use it: two of them, one offline, and a page that is closed too early.

import { resolve } from 'node:path'
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test'
import { Server, TOKEN } from '../../../../crates/worker/tests-js/src/server'
import { Site } from '../../../chat/web/e2e/site'

const WEB = resolve(import.meta.dirname, '..')
const SCRIPT = resolve(WEB, '../worker/dist/shim.js')

interface World {
  readonly server: Server
  readonly open: (context: BrowserContext, subject: string) => Promise<Page>
}

const test = base.extend<World>({
  // Each test has a server of its own: the page has one store, whose name is always the same.
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's names
  server: async ({}, use) => {
    const server = await Server.start({ script: SCRIPT })
    await use(server)
    await server.stop()
  },
  open: async ({ server }, use) => {
    const site = await Site.start(WEB, ['index.html'], server.url, TOKEN)
    await use(async (context, subject) => {
      const page = await context.newPage()
      await page.goto(`${site.url}?as=${subject}`)
      return page
    })
    await site.stop()
  },
})

async function add(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'New todo' }).fill(text)
  await page.getByRole('button', { name: 'Add' }).click()
}

const todos = (page: Page) => page.getByRole('listitem')

test('what one person does to the list, another sees, and can take back what was theirs', async ({
  browser,
  open,
}) => {
  const ann = await open(await browser.newContext(), 'ann')
  const bob = await open(await browser.newContext(), 'bob')
  await add(ann, 'milk')
  await add(ann, 'bread')
  await expect(todos(bob)).toHaveText([/milk/, /bread/])

  await bob.getByRole('checkbox', { name: 'milk' }).check()
  await expect(ann.getByRole('checkbox', { name: 'milk' })).toBeChecked()
  await expect(ann.getByText('1 to do')).toBeVisible()

  bob.once('dialog', (dialog) => void dialog.accept('rye bread'))
  await bob.getByRole('button', { name: 'Rename bread' }).click()
  await expect(todos(ann)).toHaveText([/milk/, /rye bread/])
  await bob.getByRole('button', { name: 'Undo' }).click()
  await expect(todos(ann)).toHaveText([/milk/, /^bread/])
  await ann.getByRole('button', { name: 'Remove milk' }).click()
  await expect(todos(bob)).toHaveText([/bread/])
})

test('the rules say no at once, and nothing has happened', async ({ browser, open }) => {
  const page = await open(await browser.newContext(), 'ann')
  await add(page, 'milk')
  await add(page, 'milk')
  await expect(page.getByRole('alert')).toHaveText('That is on the list already.')
  await expect(todos(page)).toHaveText([/milk/])
  await add(page, 'bread')
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('what was written offline is kept by a reload, and one of two who wrote the same is told so', async ({
  browser,
  open,
  server,
}) => {
  const ann = await open(await browser.newContext(), 'ann')
  const bob = await open(await browser.newContext(), 'bob')
  for (const page of [ann, bob]) await expect(page.getByRole('status')).toHaveText('online')
  await server.kill()
  try {
    for (const text of ['milk', 'eggs']) await add(ann, text)
    await ann.reload()
    await expect(todos(ann)).toHaveText([/milk/, /eggs/])
    await expect(ann.getByRole('status')).toContainText('2 pending')
    for (const text of ['milk', 'bread']) await add(bob, text)
  } finally {
    await server.run()
  }
  for (const page of [ann, bob]) {
    await expect(page.getByRole('status')).toHaveText('online')
    await expect(todos(page)).toHaveCount(3)
    for (const text of ['milk', 'eggs', 'bread'])
      await expect(todos(page).filter({ hasText: text })).toHaveCount(1)
  }
  // The server decides which of the two was first.
  const told = await Promise.any(
    [ann, bob].map((page) =>
      page
        .getByRole('alert')
        .waitFor()
        .then(() => page),
    ),
  )
  await expect(told.getByRole('alert')).toContainText('That is on the list already. milk')
  await expect((told === ann ? bob : ann).getByRole('alert')).toHaveCount(0)
  await told.getByRole('button', { name: 'Dismiss' }).click()
  await expect(told.getByRole('alert')).toHaveCount(0)
})
