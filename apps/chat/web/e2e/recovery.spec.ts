// What becomes of a browser when what it relied on is gone: the server's log, or its own file.

import type { Page } from '@playwright/test'
import { createChannel, expectConfirmed, expectReason, expectTexts, post, syncStatus } from './chat'
import { expect, test } from './world'

test('a server that was reset is followed, and what it has lost can be committed again', async ({
  newBrowser,
  server,
}) => {
  const page = await (await newBrowser()).chat('ann')
  await createChannel(page, 'general')
  await post(page, 'before')
  await expectConfirmed(page)
  await server.reset()
  const notice = page.getByRole('alert').filter({ hasText: 'The server has lost' })
  await expect(notice).toContainText('“before”')
  await page.reload()
  await expect(notice).toContainText('“before”')
  await page.getByRole('button', { name: 'Commit mine again' }).click()
  await expectTexts(page, ['before'])
  await expectConfirmed(page)
  await expect(notice).toHaveCount(0)
  await post(page, 'after')
  await expectTexts(page, ['before', 'after'])
  await expectConfirmed(page)
  const other = await (await newBrowser()).chat('bob')
  await expect(other.getByRole('link', { name: /general/ })).toHaveCount(1)
})

/** Overwrites the beginning of some files in the browser's private file system; how many there were. */
async function damage(page: Page, ...names: string[]): Promise<number> {
  return page.evaluate(async (names) => {
    const HEADER = 4_096
    let damaged = 0
    const look = async (directory: FileSystemDirectoryHandle): Promise<void> => {
      for await (const handle of directory.values()) {
        if (handle.kind === 'directory') {
          await look(handle as FileSystemDirectoryHandle)
          continue
        }
        const file = handle as FileSystemFileHandle
        const head = await (await file.getFile()).slice(0, 512).text()
        if (!names.some((name) => head.startsWith(`${name}\0`))) continue
        const stream = await file.createWritable({ keepExistingData: true })
        await stream.write({ type: 'write', position: HEADER, data: new Uint8Array(100).fill(0x5a) })
        await stream.close()
        damaged += 1
      }
    }
    await look(await navigator.storage.getDirectory())
    return damaged
  }, names)
}

test('a damaged file is set aside, and the log is read again from the server', async ({ newBrowser }) => {
  const browser = await newBrowser()
  const page = await browser.chat('ann')
  await createChannel(page, 'general')
  await post(page, 'hello')
  await expectConfirmed(page)
  await page.goto('about:blank')
  const lab = await browser.lab('nobody')
  await expect(async () => expect(await damage(lab, '/log.db', '/log.db-wal')).toBeGreaterThan(1)).toPass()
  await lab.close()
  const again = await browser.chat('ann')
  await expectTexts(again, ['hello'])
  await expectReason(again, 'storage-damaged')
  await post(again, 'and on')
  await expectTexts(again, ['hello', 'and on'])
  await expect(again.getByLabel('Not confirmed yet')).toHaveCount(0)
  await expect(syncStatus(again)).toHaveText('Online')
})
