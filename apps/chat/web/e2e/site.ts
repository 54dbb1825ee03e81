// A page as it ships, built for the server of the tests, and what is beside it for them.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type PreviewServer, preview } from 'vite'

/** The strictest policy that the page works behind: every test runs behind it. */
const policyOf = (syncUrl: string): string =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    `connect-src 'self' ${syncUrl.replace('http', 'ws')} ${syncUrl}`,
    // Of these, `blob:` is for the tests that run code of their own before the worker's.
    "worker-src 'self' blob:",
  ].join('; ')

export class Site {
  readonly url: string
  readonly #folder: string
  readonly #server: PreviewServer
  readonly #asked = new Set<string>()

  private constructor(url: string, folder: string, server: PreviewServer) {
    this.url = url
    this.#folder = folder
    this.#server = server
    server.httpServer.on('request', ({ url: path }: { url?: string }) => {
      const { pathname } = new URL(path ?? '/', url)
      this.#asked.add(pathname.endsWith('/') ? `${pathname}index.html` : pathname)
    })
  }

  /** Builds and serves the pages of the project in `root`. */
  static async start(
    root: string,
    pages: readonly string[],
    syncUrl: string,
    token: string,
    policy: 'strict' | 'none' = 'strict',
  ): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'syncline-site-'))
    process.env['VITE_SYNC_URL'] = syncUrl
    process.env['VITE_AUTH_TOKEN'] = token
    const headers = policy === 'strict' ? { 'content-security-policy': policyOf(syncUrl) } : {}
    const common = { root, logLevel: 'error' } as const
    const input = pages.map((page) => join(root, page))
    await build({ ...common, build: { outDir: folder, emptyOutDir: true, rolldownOptions: { input } } })
    const server = await preview({
      ...common,
      build: { outDir: folder },
      preview: { port: 0, strictPort: false, headers },
    })
    const url = server.resolvedUrls?.local[0]
    if (url === undefined) throw new Error('the page has no address')
    return new Site(url, folder, server)
  }

  /** Bytes of all that browsers have asked for until now, each file once, gzipped. */
  get downloaded(): number {
    const files = [...this.#asked].map((path) => readFileSync(join(this.#folder, path)))
    return files.reduce((all, file) => all + gzipSync(file, { level: 9 }).length, 0)
  }

  async stop(): Promise<void> {
    await new Promise((closed) => {
      this.#server.httpServer.close(closed)
      if ('closeAllConnections' in this.#server.httpServer) this.#server.httpServer.closeAllConnections()
    })
    rmSync(this.#folder, { recursive: true })
  }
}
