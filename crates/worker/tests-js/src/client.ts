// A client that says exactly what it is told to: over a real socket, frame by frame.

import { EventEmitter, once } from 'node:events'
import { WebSocket } from 'ws'

import { type Server, TOKEN } from './server.ts'

export interface Frame {
  readonly type: string
  readonly [field: string]: unknown
}

export interface Entry {
  readonly seq: number
  readonly client: string
  readonly counter: number
  readonly author: string
  readonly name: string
  readonly args: unknown
}

export interface Verdict {
  readonly counter: number
  readonly status: 'accepted' | 'rejected'
  readonly first?: number
  readonly last?: number
  readonly code?: string
}

export type Event = readonly [name: string, args: unknown]

interface Greeting {
  readonly client?: string
  readonly subject?: string
  readonly headers?: Record<string, string>
  readonly [field: string]: unknown
}

const modelVersion = 1

const PATIENCE_MS = 30_000

export class Client {
  readonly socket: WebSocket
  readonly frames: Frame[] = []
  readonly texts: string[] = []
  readonly id: string
  readonly subject: string
  closed: { code: number; reason: string } | undefined
  readonly #news = new EventEmitter()
  #read = 0
  #counter = 0

  private constructor(socket: WebSocket, id: string, subject: string) {
    this.socket = socket
    this.id = id
    this.subject = subject
    socket.on('message', (data) => {
      this.texts.push(String(data))
      if (String(data) !== 'pong') this.frames.push(JSON.parse(String(data)))
      this.#news.emit('news')
    })
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) }
      this.#news.emit('news')
    })
    socket.on('error', () => {})
  }

  /** A socket that has said nothing yet. */
  static async connect(server: Server, store: string, greeting: Greeting = {}): Promise<Client> {
    const { headers = {}, client = crypto.randomUUID(), subject = 'ada' } = greeting
    const url = `${server.url.replace('http', 'ws')}/stores/${store}/sync`
    const socket = new WebSocket(url, { headers, perMessageDeflate: false })
    const made = new Client(socket, client, subject)
    await once(socket, 'open')
    return made
  }

  /** A socket that was welcomed. */
  static async open(server: Server, store: string, greeting: Greeting = {}): Promise<Client> {
    const client = await Client.connect(server, store, greeting)
    client.send(client.hello(store, greeting))
    await client.next('welcome')
    return client
  }

  hello(store: string, greeting: Greeting = {}): Frame {
    const { headers: _, ...fields } = greeting
    return {
      type: 'hello',
      protocol: 1,
      store,
      client: this.id,
      subject: this.subject,
      modelVersion,
      schemaHash: 'unknown',
      token: TOKEN,
      ...fields,
    }
  }

  send(frame: Frame | string | Uint8Array): void {
    this.socket.send(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame))
  }

  /** Waits until what has come is an answer. */
  async when<T>(what: string, ask: () => T | undefined): Promise<T> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    for (;;) {
      const answer = ask()
      if (answer !== undefined) return answer
      await once(this.#news, 'news', { signal }).catch((cause) => {
        const last = this.texts.slice(-3).map((text) => text.slice(0, 300))
        throw new Error(`${what}: not within ${PATIENCE_MS} ms, after ${last.join(' ')}`, { cause })
      })
    }
  }

  /** The next frame of this type; those before it are passed over. */
  async next(type: string): Promise<Frame> {
    return await this.when(`a frame of type ${type}`, () => {
      while (this.#read < this.frames.length) {
        const frame = this.frames[this.#read++]
        if (frame?.type === type) return frame
      }
      return undefined
    })
  }

  async nextError(): Promise<string> {
    return String((await this.next('error'))['code'])
  }

  commit(...events: Event[]): Record<string, unknown> {
    this.#counter += 1
    return this.commitAs(this.#counter, ...events)
  }

  commitAs(counter: number, ...events: Event[]): Record<string, unknown> {
    return {
      counter,
      author: this.subject,
      modelVersion,
      events: events.map(([name, args]) => ({ name, args })),
    }
  }

  push(...commits: Record<string, unknown>[]): void {
    this.send({ type: 'push', commits })
  }

  /** Pushes one commit of these events, and waits for its verdict. */
  async decide(...events: Event[]): Promise<Verdict> {
    const [verdict] = await this.decideAll(this.commit(...events))
    if (!verdict) throw new Error('verdicts without a verdict')
    return verdict
  }

  async decideAll(...commits: Record<string, unknown>[]): Promise<Verdict[]> {
    this.push(...commits)
    return (await this.next('verdicts'))['verdicts'] as Verdict[]
  }

  /** Every entry that has come, in the order in which it came. */
  entries(): Entry[] {
    return this.frames
      .filter((frame) => frame.type === 'entries')
      .flatMap((frame) => frame['entries'] as Entry[])
  }

  /** Goes on until the log is here up to a seq: a page that does not reach the head is followed by the next. */
  async catchUp(seq: number): Promise<Entry[]> {
    return await this.when(`entries up to ${seq}`, () => {
      const entries = this.entries()
      const last = entries.at(-1)?.seq ?? 0
      if (last >= seq) return entries
      const head = Number(this.frames.findLast((frame) => frame.type === 'entries')?.['head'] ?? 0)
      if (last < head && this.#pulledAfter !== last) {
        this.#pulledAfter = last
        this.send({ type: 'pull', after: last })
      }
      return undefined
    })
  }
  #pulledAfter = -1

  /** What has come so far is done with. */
  forget(): void {
    this.frames.length = 0
    this.texts.length = 0
    this.#read = 0
  }

  async whenClosed(): Promise<{ code: number; reason: string }> {
    return await this.when('the socket is closed', () => this.closed)
  }

  /** Whether the server still answers on this socket. */
  async answers(): Promise<boolean> {
    const pongs = this.texts.filter((text) => text === 'pong').length
    this.send('ping')
    await this.when('a pong', () => this.texts.filter((text) => text === 'pong').length > pongs || undefined)
    return this.closed === undefined
  }

  async close(): Promise<void> {
    this.socket.close(1000)
    await this.whenClosed()
  }
}

export const joined = (name: string): Event => ['personJoined', { name }]
export const channelCreated = (id: string): Event => ['channelCreated', { id, name: id }]
export const posted = (id: string, text = 'hello'): Event => [
  'messagePosted',
  { id, channel: 'general', text, postedAt: Date.now() },
]

/** A client in a store where it may post. */
export async function openChat(server: Server, store: string, greeting: Greeting = {}): Promise<Client> {
  const client = await Client.open(server, store, greeting)
  await client.decide(joined(`${client.subject}-${client.id.slice(0, 8)}`), channelCreated('general'))
  return client
}
