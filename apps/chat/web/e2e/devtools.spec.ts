// The devtools: loaded where the page's address asks for them, and by nobody else.

import { readFile } from 'node:fs/promises'
import { TOKEN } from '../../../../crates/worker/tests-js/src/server'
import { createChannel, expectConfirmed, post, syncStatus } from './chat'
import { expect, test } from './world'

test('they show the log, the state as it was, the queries and the sync', async ({ newBrowser }) => {
  const page = await (await newBrowser()).chat('Ann', '&devtools')
  await createChannel(page, 'general')
  await post(page, 'first')
  await post(page, 'second')
  await expectConfirmed(page)
  await page.getByRole('button', { name: 'Syncline' }).click()
  const panel = page.getByRole('region', { name: 'Syncline devtools' })
  const tab = (name: string) => panel.getByRole('tab', { name }).click()

  await expect(panel.getByRole('row').filter({ hasText: 'messagePosted' })).toHaveCount(2)
  await panel.getByRole('button', { name: 'messagePosted' }).first().click()
  await expect(panel.getByText('"counter":')).toBeVisible()
  await panel.getByRole('searchbox').fill('second')
  await expect(panel.getByRole('row').filter({ hasText: 'messagePosted' })).toHaveCount(1)
  await tab('State')
  await expect(panel.getByRole('cell', { name: 'messages', exact: true })).toBeVisible()
  await panel.getByRole('textbox', { name: 'SQL' }).fill('SELECT text FROM messages ORDER BY posted_at')
  await panel.getByRole('textbox', { name: 'SQL' }).press('Control+Enter')
  await expect(panel.getByRole('cell')).toHaveText(['first', 'second'])
  await panel.getByRole('slider').fill('3')
  await expect(panel.getByRole('cell')).toHaveText(['first'])
  await expect(panel.getByRole('list', { name: 'What event 3 has changed' })).toContainText('+ messages')
  await panel.getByRole('textbox', { name: 'SQL' }).fill('DELETE FROM messages')
  await panel.getByRole('button', { name: 'Run' }).click()
  await expect(panel.getByText(/bad-query|not authorized|only reads|one that reads/i)).toBeVisible()

  await tab('Queries')
  await expect(panel.getByRole('row').filter({ hasText: 'from "channels"' })).not.toHaveCount(0)

  await tab('Sync')
  await panel.getByRole('button', { name: 'Cut the connection' }).click()
  await expect(syncStatus(page)).toContainText('Offline')
  await post(page, 'third')
  await expect(panel.getByRole('listitem')).toHaveText(['messagePosted'])
  await panel.getByRole('button', { name: 'Let the connection again' }).click()
  await expect(panel.getByRole('listitem')).toHaveCount(0)
  await expectConfirmed(page)
  await panel.getByRole('combobox', { name: 'Delay, each way' }).selectOption('2000 ms')
  await post(page, 'fourth')
  await expect(panel.getByRole('listitem')).toHaveText(['messagePosted'])
  await panel.getByRole('combobox', { name: 'Delay, each way' }).selectOption('none')
  await expectConfirmed(page)
})

test('a log that is saved is what the server has, and is looked at in another store', async ({
  newBrowser,
  server,
  store,
}) => {
  const ann = await (await newBrowser()).chat('Ann', '&devtools')
  await createChannel(ann, 'general')
  for (const text of ['first', 'second']) await post(ann, text)
  await expectConfirmed(ann)
  await ann.getByRole('button', { name: 'Syncline' }).click()
  const saving = ann.waitForEvent('download')
  await ann.getByRole('button', { name: 'Save the log' }).click()
  const saved = await saving
  expect(saved.suggestedFilename()).toBe(`${store}.jsonl`)
  const lines = await readFile(await saved.path(), 'utf8')
  const served = await fetch(`${server.url}/stores/${store}/log`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  expect(lines).toBe(await served.text())

  const browser = await newBrowser()
  const bob = await browser.context.newPage()
  await bob.goto(browser.addressOf('', 'Bob', { store: 'another', devtools: '' }))
  await createChannel(bob, 'elsewhere')
  await bob.getByRole('button', { name: 'Syncline' }).click()
  const panel = bob.getByRole('region', { name: 'Syncline devtools' })
  const open = (name: string, text: string) =>
    panel.getByLabel('Open a log').setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })
  await open('notes.txt', 'dear diary')
  await expect(panel).toContainText('notes.txt: This is no log, in line 1: SyntaxError')
  await open('team.jsonl', lines)
  await expect(panel).toContainText('team.jsonl, 4 events')
  await expect(panel.getByRole('row').filter({ hasText: 'messagePosted' })).toHaveCount(2)
  await panel.getByRole('tab', { name: 'State' }).click()
  await panel.getByRole('textbox', { name: 'SQL' }).fill('SELECT text FROM messages ORDER BY posted_at')
  await panel.getByRole('textbox', { name: 'SQL' }).press('Control+Enter')
  await expect(panel.getByRole('cell')).toHaveText(['first', 'second'])
  await panel.getByRole('slider').fill('3')
  await expect(panel.getByRole('cell')).toHaveText(['first'])
  await expect(panel.getByRole('list', { name: 'What event 3 has changed' })).toContainText('+ messages')
  await panel.getByRole('button', { name: 'Back to another' }).click()
  await expect(panel.getByText('now', { exact: true })).toBeVisible()
  await panel.getByRole('tab', { name: 'Log' }).click()
  await expect(panel.getByRole('row').filter({ hasText: 'elsewhere' })).toHaveCount(1)
  await expectConfirmed(bob)
})

test('nobody else downloads them', async ({ newBrowser }) => {
  const page = await (await newBrowser()).chat('Ann')
  const scripts: string[] = []
  page.on('request', (request) => scripts.push(request.url()))
  await page.reload()
  await createChannel(page, 'general')
  await expect(page.locator('syncline-devtools')).toHaveCount(0)
  expect(scripts.filter((url) => url.includes('devtools'))).toEqual([])
  expect(scripts.filter((url) => url.endsWith('.js')).length).toBeGreaterThan(0)
})
