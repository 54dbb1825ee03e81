// Firefox as it is installed, by WebDriver BiDi and Puppeteer: Playwright drives a Firefox of its own alone. Its
// windows have OPFS; its private windows have IndexedDB and no OPFS.

import { existsSync } from 'node:fs'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { expect, test } from './world'

const FIREFOX = [process.env['FIREFOX'], '/usr/bin/firefox-esr', '/usr/bin/firefox'].find(
  (path) => path !== undefined && existsSync(path),
)

test.skip(FIREFOX === undefined, 'no Firefox here: run `cargo xtask setup`, or set FIREFOX to its path')

const texts = (page: Page): Promise<string[]> => page.evaluate(async () => (await window.lab).texts().sort())

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `message ${String(from + n).padStart(3, '0')}`)

function postAll(page: Page, all: readonly string[], how: 'then settle' | 'then reload'): Promise<void> {
  return page.evaluate(
    async (all, how) => {
      const lab = await window.lab
      for (const text of all) lab.post(text)
      if (how === 'then settle') await lab.store.settled()
      else setTimeout(() => location.reload())
    },
    [...all],
    how,
  )
}

for (const [windows, storage] of [
  ['windows', 'opfs'],
  ['private windows', 'indexeddb'],
] as const) {
  test(`in Firefox's ${windows}, tabs share what is kept in ${storage}, and a reload loses nothing`, async ({
    newBrowser,
    site,
    store,
  }) => {
    const address = (path: string, as: string) => `${site.url}${path}?${new URLSearchParams({ as, store })}`
    const firefox: Browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: FIREFOX ?? '',
      extraPrefsFirefox: { 'browser.privatebrowsing.autostart': storage === 'indexeddb' },
    })
    try {
      const tab = async (path: string): Promise<Page> => {
        const page = await firefox.newPage()
        await page.goto(address(path, 'ann'))
        return page
      }
      const first = await tab('e2e/lab/index.html')
      await first.evaluate(async () => (await window.lab).join())
      await postAll(first, numbered(0, 25), 'then settle')
      const status = await first.evaluate(async () => (await window.lab).store.status)
      expect(status).toMatchObject({ state: 'online', role: 'leader', storage, pending: 0 })

      const second = await tab('e2e/lab/index.html')
      expect(await texts(second)).toEqual(numbered(0, 25))
      expect(await second.evaluate(async () => (await window.lab).store.status.role)).toBe('follower')

      // Of the tab that follows, and of the one that leads: then the other one goes on.
      for (const [page, from] of [
        [second, 25],
        [first, 125],
      ] as const) {
        const reloaded = page.waitForNavigation()
        await postAll(page, numbered(from, from + 100), 'then reload')
        await reloaded
        await expect.poll(() => texts(page)).toEqual(numbered(0, from + 100))
        await page.evaluate(async () => (await window.lab).store.settled())
      }
      await expect.poll(() => texts(second)).toEqual(numbered(0, 225))

      const bob = await (await newBrowser()).lab('bob')
      const seen = () => bob.evaluate(async () => (await window.lab).texts().sort())
      await expect.poll(seen).toEqual(numbered(0, 225))

      const chat = await tab('')
      await chat.locator('::-p-text(message 224)').wait()
    } finally {
      await firefox.close()
    }
  })
}
