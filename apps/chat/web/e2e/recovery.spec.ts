// What becomes of a browser when what it relied on is gone: the server's log, or its own file.

import { createChannel, expectConfirmed, expectReason, expectTexts, post, syncStatus } from './chat'
import { damage } from './damage'
import { expect, test } from './world'

test('a server that was reset is followed, and what it has lost can be committed again', async ({
  newBrowser,
  server,
}) => {
  test.slow()
  const page = await (await newBrowser()).chat('ann')
  await createChannel(page, 'general')
  await post(page, 'before')
  await expectConfirmed(page)
  await server.reset()
  const notice = page.getByRole('alert').filter({ hasText: 'The server has lost' })
  // While the server was gone, the pauses between attempts have grown; one that fails makes them longer still.
  await expect(notice).toContainText('“before”', { timeout: 40_000 })
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

test('a new browser starts from a snapshot, once the log is long', async ({ newBrowser }) => {
  const [COMMITS, EACH] = [12, 450]
  const first = await (await newBrowser()).lab('ann')
  await first.evaluate(
    async ([commits, each]) => {
      const { store, join, postMany } = await window.lab
      await join()
      for (let commit = 0; commit < commits; commit += 1)
        postMany(Array.from({ length: each }, (_, n) => `message ${commit}-${n}`))
      await store.settled()
    },
    [COMMITS, EACH] as const,
  )
  const all = COMMITS * EACH
  const snapshots = async (): Promise<number> => {
    const browser = await newBrowser()
    let parts = 0
    browser.context.on('page', (page) =>
      page.on('websocket', (socket) =>
        socket.on('framereceived', ({ payload }) => {
          if (String(payload).startsWith('{"type":"snapshot"')) parts += 1
        }),
      ),
    )
    const lab = await browser.lab('bob')
    await expect.poll(() => lab.evaluate(async () => (await window.lab).texts().length)).toBe(all)
    return parts
  }
  // The object makes it by itself, by alarm.
  await expect(async () => expect(await snapshots()).toBeGreaterThan(0)).toPass({ timeout: 60_000 })
})
