// The chat's worker on workerd, as wrangler runs it: with its own ports and storage.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { until } from './condition.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')
const APP = join(ROOT, 'apps/chat/worker')
const WRANGLER = join(ROOT, 'node_modules/.bin/wrangler')

export const TOKEN = 'the-token-of-the-tests'
export const ADMIN_TOKEN = 'the-operators-token'

/** What `cargo xtask build` has made, or another build of the same worker. */
export const SHIPPED = process.env['SYNCLINE_WORKER'] ?? join(APP, 'dist/shim.js')

/** A build with the feature `conformance`. */
export const CONFORMANCE =
  process.env['SYNCLINE_CONFORMANCE_WORKER'] ?? join(ROOT, 'target/xtask/conformance/worker/shim.js')

interface Options {
  readonly script?: string
  /** Empty: nobody has set one. */
  readonly token?: string
  /** How many D1 databases there are: `DB`, `DB2`. */
  readonly archives?: number
  /** More lines of .dev.vars. */
  readonly vars?: Record<string, string>
}

const ENVIRONMENT = {
  ...process.env,
  CI: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_SEND_METRICS: 'false',
}

export class Server {
  readonly #folder: string
  readonly #config: string
  #archives: number
  #port = 0
  #answered = false
  #process: ChildProcess | undefined

  private constructor(folder: string, config: string, archives: number) {
    this.#folder = folder
    this.#config = config
    this.#archives = archives
    process.once('exit', () => this.#kill())
  }

  static async start({
    token = TOKEN,
    archives = 1,
    script = SHIPPED,
    vars = {},
  }: Options = {}): Promise<Server> {
    if (!existsSync(script)) throw new Error(`${script} is not there: run \`cargo xtask build\` first`)
    const folder = mkdtempSync(join(tmpdir(), 'syncline-worker-'))
    const config = join(folder, 'wrangler.toml')
    writeFileSync(config, configuration(script, archives))
    const set = { AUTH_TOKEN: token, ADMIN_TOKEN, ...vars }
    const quoted = (value: string) => (value.includes('"') ? `'${value}'` : `"${value}"`)
    const lines = Object.entries(set).map(([name, value]) => `${name}=${quoted(value)}\n`)
    if (token !== '') writeFileSync(join(folder, '.dev.vars'), lines.join(''))
    const server = new Server(folder, config, archives)
    await server.#migrate()
    await server.run()
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** All processes of the server are in one group, and no other is. */
  get processGroup(): number {
    const pid = this.#process?.pid
    if (pid === undefined) throw new Error('the server does not run')
    return pid
  }

  async run(): Promise<void> {
    const failures: string[] = []
    while (failures.length < 3) {
      const failure = await this.#runOnce()
      if (failure === undefined) return
      failures.push(failure)
    }
    throw new Error(`wrangler has ended, thrice:\n${failures.join('\n')}`)
  }

  /** Resolves once the server answers, or with what wrangler said before it ended: a port that was free may not be any more. */
  async #runOnce(): Promise<string | undefined> {
    // Pages know the server by its port: it comes back where it was.
    if (!this.#answered) this.#port = await freePort()
    const inspector = await freePort()
    const args = ['dev', '--config', this.#config, '--persist-to', join(this.#folder, 'state')]
    args.push(
      '--port',
      `${this.#port}`,
      '--inspector-port',
      `${inspector}`,
      '--show-interactive-dev-session=false',
    )
    const child = spawn(WRANGLER, args, {
      env: ENVIRONMENT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data
      })
    }
    this.#process = child
    const answers = await until('the server answers', async () => {
      if (child.exitCode !== null || child.signalCode !== null) return false
      return await fetch(`${this.url}/health`).then(
        () => true,
        () => undefined,
      )
    })
    if (answers) this.#answered = true
    return answers ? undefined : output
  }

  /** Kills the server, and starts another build of it where it was. */
  async replace(script: string): Promise<void> {
    await this.kill()
    writeFileSync(this.#config, configuration(script, this.#archives))
    await this.run()
  }

  /** Kills the server, and starts it with so many D1 databases. */
  async bind(archives: number): Promise<void> {
    await this.kill()
    this.#archives = archives
    writeFileSync(this.#config, configuration(SHIPPED, archives))
    await this.#migrate()
    await this.run()
  }

  async #migrate(): Promise<void> {
    for (const binding of DATABASES.slice(0, this.#archives)) {
      await this.#wrangler('d1', 'migrations', 'apply', binding, '--local')
    }
  }

  /** Kills the server, keeps a copy of its objects without the archive, and starts it again. */
  async backUp(): Promise<void> {
    await this.#copyObjects('state', 'backup')
  }

  /** Kills the server, and starts it with the objects as they were, and the archive as it is. */
  async restore(): Promise<void> {
    await this.#copyObjects('backup', 'state')
  }

  async #copyObjects(from: string, to: string): Promise<void> {
    await this.kill()
    const objects = (folder: string) => join(this.#folder, folder, 'v3/do')
    rmSync(objects(to), { recursive: true, force: true })
    cpSync(objects(from), objects(to), { recursive: true })
    await this.run()
  }

  /** As a power cut: no process of the server gets to do anything more. */
  async kill(): Promise<void> {
    const child = this.#process
    if (!child) return
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    this.#kill()
    await ended
    await until('the port is free', () => isFree(this.#port))
  }

  #kill(): void {
    const pid = this.#process?.pid
    this.#process = undefined
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }

  /** Everything that its objects held is gone; D1 is not. */
  async reset(): Promise<void> {
    await this.kill()
    rmSync(join(this.#folder, 'state', 'v3', 'do'), { recursive: true })
    await this.run()
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The objects that are awake: SQLite removes a database's -wal file when the last who has it open closes it. */
  awake(): number {
    const files = readdirSync(join(this.#folder, 'state'), { recursive: true, encoding: 'utf8' })
    return files.filter((file) => /StoreObject.[0-9a-f]{64}\.sqlite-wal$/.test(file)).length
  }

  /** Rows of the archive, as anybody may read it. */
  async d1(sql: string, binding = 'DB'): Promise<Record<string, unknown>[]> {
    const printed = await until('the archive is not being written', async () => {
      return await this.#wrangler('d1', 'execute', binding, '--local', '--json', '--command', sql).catch(
        // Another process has the file; the server itself tries again in the same way.
        (error: Error) => {
          if (error.message.includes('SQLITE_BUSY')) return undefined
          throw error
        },
      )
    })
    const [result] = JSON.parse(printed) as { results: Record<string, unknown>[] }[]
    return result?.results ?? []
  }

  async #wrangler(...args: string[]): Promise<string> {
    const where = ['--config', this.#config, '--persist-to', join(this.#folder, 'state')]
    const { stdout } = await promisify(execFile)(WRANGLER, [...args, ...where], {
      env: ENVIRONMENT,
      maxBuffer: 1 << 28,
    })
    return stdout
  }
}

const DATABASES = ['DB', 'DB2']

/** The app's own, but for its paths: it lies in another folder. */
function configuration(script: string, archives: number): string {
  const own = readFileSync(join(APP, 'wrangler.toml'), 'utf8')
  const moved = own
    .replace(/^main = .*$/m, `main = ${JSON.stringify(script)}`)
    .replace(/^migrations_dir = "(.*)"$/m, (_, path) => `migrations_dir = ${JSON.stringify(join(APP, path))}`)
  if (moved === own) throw new Error('wrangler.toml has no main and no migrations_dir')
  const start = moved.indexOf('[[d1_databases]]')
  if (archives === 0) return moved.slice(0, start)
  const [own1, ...rest] = moved.slice(start).split(/\n(?=\[|#)/)
  const second = own1
    ?.replace('"DB"', '"DB2"')
    .replace(/^database_(name|id) = "(.*).$/gm, 'database_$1 = "$2-2"')
  return [moved.slice(0, start), own1, archives > 1 ? second : '', ...rest].join('\n')
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function isFree(port: number): Promise<true | undefined> {
  const probe = createServer().listen(port, '127.0.0.1')
  const free = await once(probe, 'listening').then(
    () => true as const,
    () => undefined,
  )
  if (free) await new Promise((closed) => probe.close(closed))
  return free
}
