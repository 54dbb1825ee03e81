// Both servers, as a LiveStore app meets them: with LiveStore's protocol at /.

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import {
  ADMIN_TOKEN,
  freePort,
  TOKEN,
  Server as Workerd,
} from '../../../../crates/worker/tests-js/src/server.ts'
import { until } from './until.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')
const WORKER = join(ROOT, 'apps/livestore/worker/dist/shim.js')
const NATIVE = process.env['SYNCLINE'] ?? join(ROOT, 'target/debug/syncline')

export { ADMIN_TOKEN, TOKEN }

/** What a test needs of a server. */
export interface Server {
  /** `http://…`, without a path. */
  readonly url: string
  /** As a power cut: no process of it gets to do anything more. */
  kill(): Promise<void>
  /** Starts it again, where it was, with what it had. */
  run(): Promise<void>
  stop(): Promise<void>
}

export type Kind = 'native' | 'workerd'

/** Which are tested: both, unless somebody asks for one. */
export const KINDS = (process.env['SERVERS'] ?? 'native,workerd').split(',') as Kind[]

export const start: Record<Kind, () => Promise<Server>> = {
  native: () => Native.start(),
  workerd: () => Workerd.start({ script: WORKER, vars: { LIVESTORE: 'root' } }),
}

class Native implements Server {
  readonly #folder = mkdtempSync(join(tmpdir(), 'syncline-livestore-'))
  readonly #port: number
  #process: ChildProcess | undefined

  private constructor(port: number) {
    this.#port = port
    process.once('exit', () => this.#process?.kill('SIGKILL'))
  }

  static async start(): Promise<Native> {
    if (!existsSync(NATIVE)) throw new Error(`${NATIVE} is not there: run \`cargo build\` first`)
    const server = new Native(await freePort())
    await server.run()
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async run(): Promise<void> {
    // A store is closed as soon as it is idle: sockets outlive that, as they outlive an object's hibernation.
    const args = ['serve', '--data', this.#folder, '--listen', `127.0.0.1:${this.#port}`]
    args.push('--livestore', 'root', '--idle-seconds', '2')
    const tokens = { SYNCLINE_TOKEN: TOKEN, SYNCLINE_ADMIN_TOKEN: ADMIN_TOKEN, SYNCLINE_LOG: 'warn' }
    const child = spawn(NATIVE, args, {
      env: { ...process.env, ...tokens },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    this.#process = child
    await until('the server answers', async () => {
      if (child.exitCode !== null) throw new Error(`the server has ended: ${child.exitCode}`)
      return await fetch(`${this.url}/health`).then(
        () => true,
        () => false,
      )
    })
  }

  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The command line of the native binary, against a server of either kind. */
export async function syncline(server: Server, ...args: string[]): Promise<void> {
  await promisify(execFile)(NATIVE, [...args, '--url', server.url, '--token', ADMIN_TOKEN])
}

let stores = 0

/** A store that nobody else uses. */
export function newStore(): string {
  stores += 1
  return `store-${process.pid}-${stores}`
}

/** Every entry of a store's log, as the operator reads it. */
export async function log(server: Server, store: string): Promise<{ name: string; args: { id: string } }[]> {
  const answer = await fetch(`${server.url}/stores/${store}/log`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
  const text = await answer.text()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** Makes another life of the log, an empty one. */
export async function reset(server: Server, store: string): Promise<void> {
  const answer = await fetch(`${server.url}/stores/${store}/reset`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
}
