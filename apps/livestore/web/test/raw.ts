// The protocol without LiveStore's client: frames as they go on the wire.

import { once } from 'node:events'
import WebSocket from 'ws'

import { type Server, TOKEN } from './servers.ts'
import { until } from './until.ts'

export interface Event {
  readonly name: string
  readonly args: { readonly id: string; readonly text: string }
  readonly seqNum: number
  readonly parentSeqNum: number
  readonly clientId: string
  readonly sessionId: string
}

export interface Failure {
  readonly _tag: string
  readonly minimumExpectedNum?: number
  readonly cause?: { readonly name: string; readonly message: string }
}

interface Cursor {
  readonly backendId: string
  readonly eventSequenceNumber: number
}

interface Frame {
  readonly _tag: string
  readonly requestId?: string
  readonly values?: { batch: { eventEncoded: Event }[]; pageInfo: { _tag: string }; backendId: string }[]
  readonly exit?: { readonly _tag: string; readonly cause?: { readonly error: Failure } }
}

/** So many events of a client, on a parent. */
export function batch(client: string, parent: number, count: number, bytes = 10): Event[] {
  return Array.from({ length: count }, (_, index) => ({
    name: 'v1.TodoCreated',
    args: { id: `${client}-${parent + index + 1}`.padEnd(16, '.'), text: 'x'.repeat(bytes) },
    seqNum: parent + index + 1,
    parentSeqNum: parent + index,
    clientId: client,
    sessionId: 'static',
  }))
}

/** What a client says in the query of its URL. */
export function query(store: string, transport: 'ws' | 'http', token = TOKEN): string {
  const payload = encodeURIComponent(encodeURIComponent(JSON.stringify({ authToken: token })))
  return `?storeId=${store}&payload=${payload}&transport=${transport}`
}

export class Raw {
  readonly store: string
  readonly have: Event[] = []
  backend: string | undefined
  readonly #socket: WebSocket
  readonly #exits = new Map<string, Failure | undefined>()
  #requests = 0
  #caughtUp = false
  pongs = 0

  private constructor(store: string, socket: WebSocket) {
    this.store = store
    this.#socket = socket
    socket.on('message', (data) => this.#receive(JSON.parse(String(data))))
  }

  /** One that has the log after a cursor, and follows it. */
  static async open(server: Server, store: string, cursor?: Cursor): Promise<Raw> {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/${query(store, 'ws')}`)
    await once(socket, 'open')
    const raw = new Raw(store, socket)
    raw.#send({ _tag: 'Request', id: 'pull', tag: 'SyncWsRpc.Pull', headers: [], payload: raw.#pull(cursor) })
    await until('the log is read', () => raw.#caughtUp)
    return raw
  }

  #pull(cursor: Cursor | undefined) {
    const from = cursor === undefined ? { _tag: 'None' } : { _tag: 'Some', value: cursor }
    return { storeId: this.store, live: true, cursor: from }
  }

  get head(): number {
    return this.have.at(-1)?.seqNum ?? 0
  }

  #send(frame: unknown): void {
    this.#socket.send(JSON.stringify(frame))
  }

  ping(): void {
    this.#socket.send('{"_tag":"Ping"}')
  }

  #receive(frame: Frame): void {
    switch (frame._tag) {
      case 'Chunk': {
        const [page] = frame.values ?? []
        if (page === undefined) throw new Error('a chunk without a page')
        this.backend = page.backendId
        this.have.push(...page.batch.map((each) => each.eventEncoded))
        this.#caughtUp ||= page.pageInfo._tag === 'NoMore'
        this.#send({ _tag: 'Ack', requestId: frame.requestId })
        return
      }
      case 'Exit':
        this.#exits.set(frame.requestId ?? '', frame.exit?.cause?.error)
        return
      case 'Pong':
        this.pongs += 1
        return
      default:
        throw new Error(JSON.stringify(frame))
    }
  }

  /** How the push ended: nothing, where it was taken. */
  async push(events: Event[]): Promise<Failure | undefined> {
    this.#requests += 1
    const id = `push-${this.#requests}`
    const backendId = this.backend === undefined ? { _tag: 'None' } : { _tag: 'Some', value: this.backend }
    const payload = { storeId: this.store, batch: events, backendId }
    this.#send({ _tag: 'Request', id, tag: 'SyncWsRpc.Push', headers: [], payload })
    await until('the push is answered', () => this.#exits.has(id))
    return this.#exits.get(id)
  }

  close(): void {
    this.#socket.close()
  }
}
