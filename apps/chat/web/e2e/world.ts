// What every test starts with: a server, the page, and as many browsers as it asks for.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type BrowserContext, test as base, chromium, type Page } from '@playwright/test'
import { Server, TOKEN } from '../../../../crates/worker/tests-js/src/server'
import { Site } from './site'

const ROOT = resolve(import.meta.dirname, '..')
const PAGES = ['index.html', 'e2e/lab/index.html', 'e2e/lab/react/index.html']

interface Shared {
  readonly server: Server
  readonly site: Site
}

interface World {
  /** Opens another browser: a profile of its own, with storage on disk. */
  readonly newBrowser: () => Promise<Browser>
  /** A store of the test's own. */
  readonly store: string
}

export const test = base.extend<World, Shared>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's names
    async ({}, use) => {
      const server = await Server.start()
      await use(server)
      await server.stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  site: [
    async ({ server }, use) => {
      const site = await Site.start(ROOT, PAGES, server.url, TOKEN)
      await use(site)
      await site.stop()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's names
  store: async ({}, use, info) => {
    await use(`t-${info.workerIndex}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`)
  },
  newBrowser: async ({ site, store }, use) => {
    const opened: Browser[] = []
    await use(async () => {
      const browser = await Browser.launch(site.url, store)
      opened.push(browser)
      return browser
    })
    for (const browser of opened) await browser.close()
  },
})

export { expect } from '@playwright/test'

/** One person at one machine. */
export class Browser {
  readonly #folder: string
  readonly #url: string
  readonly #store: string
  readonly context: BrowserContext

  private constructor(folder: string, url: string, store: string, context: BrowserContext) {
    this.#folder = folder
    this.#url = url
    this.#store = store
    this.context = context
  }

  static async launch(url: string, store: string): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-browser-'))
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: chromiumPath(),
      headless: true,
      viewport: { width: 1100, height: 760 },
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    context.setDefaultTimeout(15_000)
    return new Browser(folder, url, store, context)
  }

  /** Runs code in every leader's worker of this browser, before the app's own. */
  async inLeader(code: string): Promise<void> {
    await this.context.addInitScript((first) => {
      window.Worker = class extends Worker {
        constructor(url: string | URL, options?: WorkerOptions) {
          const script = `${first}\nawait import(${JSON.stringify(String(new URL(url, location.href)))})`
          super(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), options)
        }
      }
    }, code)
  }

  /** Opens the chat as somebody. */
  async chat(subject: string, parameters = ''): Promise<Page> {
    return this.#open(`${this.#url}?as=${subject}&store=${this.#store}${parameters}`)
  }

  /** Opens the page without a user interface as somebody. */
  async lab(subject: string, payload: unknown = null): Promise<Page> {
    return this.#open(this.addressOf('e2e/lab/index.html', subject, { payload: JSON.stringify(payload) }))
  }

  /** Opens the page that suspends, as somebody. */
  async reactLab(subject: string, more: Record<string, string> = {}): Promise<Page> {
    return this.#open(this.addressOf('e2e/lab/react/index.html', subject, more))
  }

  addressOf(page: string, subject: string, more: Record<string, string> = {}): string {
    return `${this.#url}${page}?${new URLSearchParams({ as: subject, store: this.#store, ...more })}`
  }

  async close(): Promise<void> {
    await this.context.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #open(url: string): Promise<Page> {
    const page = await this.context.newPage()
    await page.goto(url)
    return page
  }
}

function chromiumPath(): string {
  const candidates = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome']
  const found = candidates.find((path) => path !== undefined && existsSync(path))
  if (found === undefined)
    throw new Error('no Chromium here: run `cargo xtask setup`, or set CHROMIUM to its path')
  return found
}
