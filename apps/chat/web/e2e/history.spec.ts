// The log and the state as they were: read by any tab, from this browser, and from the server below that.

import type { Page } from '@playwright/test'
import { createChannel, expectConfirmed, expectTexts, post } from './chat'
import { expect, test } from './world'

/** What a person would have seen after a seq. */
const textsAt = (page: Page, seq: number) =>
  page.evaluate(async (seq) => {
    const past = await (await window.lab).store.at(seq)
    try {
      const rows = past.query<{ text: string }>('SELECT text FROM messages ORDER BY posted_at, text')
      return { seq: past.seq, texts: rows.map(({ text }) => text) }
    } finally {
      past.close()
    }
  }, seq)

const head = (page: Page) => page.evaluate(async () => (await window.lab).store.status.head)

test('every tab reads the log and each state that there was, offline, too', async ({
  newBrowser,
  server,
}) => {
  const browser = await newBrowser()
  const leader = await browser.lab('ann')
  await leader.evaluate(async () => {
    const lab = await window.lab
    await lab.join()
    for (const text of ['one', 'two', 'three']) await lab.post(text).confirmed
  })
  const follower = await browser.lab('ann')
  await expect.poll(() => head(follower)).toBe(await head(leader))
  const last = await head(leader)
  await server.kill()
  try {
    for (const page of [leader, follower]) {
      expect(await textsAt(page, last)).toEqual({ seq: last, texts: ['one', 'two', 'three'] })
      expect(await textsAt(page, last - 2)).toEqual({ seq: last - 2, texts: ['one'] })
      expect(await textsAt(page, 0)).toEqual({ seq: 0, texts: [] })
      const names = await page.evaluate(async () => {
        const seen: [number, string, string][] = []
        for await (const { seq, name, author } of (await window.lab).store.events())
          seen.push([seq, name, author])
        return seen
      })
      expect(names.map(([seq]) => seq)).toEqual(Array.from({ length: last }, (_, place) => place + 1))
      expect(names.at(-1)).toEqual([last, 'messagePosted', 'ann'])
      const beyond = page.evaluate(async (seq) => {
        await (await window.lab).store.at(seq)
      }, last + 1)
      await expect(beyond).rejects.toThrow(/the log here ends at/)
    }
  } finally {
    await server.run()
  }
})

test('events that come are told live, in order, each once', async ({ newBrowser }) => {
  const ann = await (await newBrowser()).lab('ann')
  await ann.evaluate(async () => {
    const lab = await window.lab
    await lab.join()
    const heard: string[] = []
    Object.assign(window, { heard })
    void (async () => {
      for await (const event of lab.store.events({ live: true })) {
        heard.push(event.name === 'messagePosted' ? event.args.text : event.name)
      }
    })()
  })
  const bob = await (await newBrowser()).lab('bob')
  await bob.evaluate(async () => {
    const lab = await window.lab
    await lab.join()
    await lab.postMany(['together', 'and whole']).confirmed
    await lab.post('then').confirmed
  })
  const heard = () => ann.evaluate(() => (window as unknown as { heard: string[] }).heard)
  await expect
    .poll(heard)
    .toEqual([
      ...['personJoined', 'channelCreated'],
      ...['personJoined', 'channelJoined', 'together', 'and whole', 'then'],
    ])
})

test('what is older than the snapshot that a browser began with comes from the server', async ({
  newBrowser,
}) => {
  const ann = await (await newBrowser()).lab('ann')
  await ann.evaluate(async () => {
    const lab = await window.lab
    await lab.join()
    for (let commit = 0; commit < 12; commit += 1) {
      const texts = Array.from({ length: 1_000 }, (_, place) => `${commit}-${place}`)
      await lab.postMany(texts).confirmed
    }
  })
  const bob = await (await newBrowser()).lab('bob')
  await expect.poll(() => head(bob), { timeout: 20_000 }).toBeGreaterThanOrEqual(12_000)
  const asked: string[] = []
  bob.on('request', (request) => asked.push(request.url()))
  bob.context().on('request', (request) => asked.push(request.url()))
  const before = await textsAt(bob, 1_002)
  expect([before.seq, before.texts.length]).toEqual([1_002, 1_000])
  const first = await bob.evaluate(async () => {
    for await (const { seq, name } of (await window.lab).store.events()) return { seq, name }
    return undefined
  })
  expect(first).toEqual({ seq: 1, name: 'personJoined' })
  expect(asked.some((url) => url.includes('/log?after=0'))).toBe(true)
})

test('a slider shows the chat as it was, and goes back to now', async ({ newBrowser }) => {
  const page = await (await newBrowser()).chat('Ann')
  await createChannel(page, 'general')
  await post(page, 'first')
  await expectConfirmed(page)
  await post(page, 'second')
  await expectConfirmed(page)
  await page.getByRole('button', { name: 'History' }).click()
  const bar = page.getByRole('region', { name: 'History' })
  await bar.getByRole('button', { name: 'One event back' }).click()
  await expectTexts(page, ['first'])
  await expect(bar.getByRole('status')).toContainText('Ann posted a message')
  await expect(page.locator('.composer')).toHaveCount(0)
  await bar.getByRole('slider').fill('0')
  await expect(page.getByText('No channels yet')).toBeVisible()
  await bar.getByRole('button', { name: 'Back to now' }).click()
  await expectTexts(page, ['first', 'second'])
  await expect(page.locator('.composer')).toBeVisible()
})
