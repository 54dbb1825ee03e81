// Whatever a socket or a request says: a code that tells what was wrong with it, and nobody else notices.

import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { Client, type Event, joined, openChat, posted } from '../src/client.ts'
import { Server } from '../src/server.ts'

let server: Server
let bystander: Client
let posts = 0

beforeAll(async () => {
  server = await Server.start()
  bystander = await openChat(server, 'team', { subject: 'bystander' })
})
afterAll(() => server.stop())

let before = 0
beforeEach(() => {
  before = bystander.frames.length
})

/** After each of these, the other client of the store has heard nothing of it, and goes on. */
afterEach(async () => {
  posts += 1
  expect(await bystander.decide(posted(`bystander-${posts}`))).toMatchObject({ status: 'accepted' })
  const heard = bystander.frames.slice(before)
  expect(heard.map((frame) => frame.type)).toEqual(['entries', 'verdicts'])
})

/** A member of the team, of whose coming the bystander has heard. */
async function member(): Promise<Client> {
  const client = await Client.open(server, 'team', { subject: crypto.randomUUID() })
  await client.decide(joined(client.subject), ['channelJoined', { channel: 'general' }])
  await bystander.when(
    'its entries',
    () => bystander.entries().some((entry) => entry.client === client.id) || undefined,
  )
  before = bystander.frames.length
  return client
}

describe('a message', () => {
  const much = 'x'.repeat(1 << 20)
  const cases: [name: string, frame: string | Uint8Array, code: string][] = [
    ['of an unknown type', '{"type":"shout"}', 'bad-message'],
    ['without a type', '{"commits":[]}', 'bad-message'],
    ['that is not JSON', 'hello', 'bad-message'],
    ['that is empty', '', 'bad-message'],
    ['that breaks off', '{"type":"push","commits":[{"counter":1,', 'bad-message'],
    ['with a number where a list belongs', '{"type":"push","commits":7}', 'bad-message'],
    [
      'with a counter below zero',
      '{"type":"push","commits":[{"counter":-1,"author":"a","modelVersion":1,"events":[]}]}',
      'bad-message',
    ],
    ['with a seq that no double carries', '{"type":"pull","after":9007199254740993}', 'bad-message'],
    ['in a binary frame', new Uint8Array([123, 125]), 'bad-message'],
    ['that is nested too deeply', `{"type":"push","commits":${'['.repeat(50_000)}`, 'bad-message'],
    ['that is too large', `{"type":"presence","value":"${much}"}`, 'message-too-large'],
    ['that is far too large', `{"type":"presence","value":"${much.repeat(20)}"}`, 'message-too-large'],
    [
      'that is too large as bytes, not as characters',
      `{"type":"presence","value":"${'é'.repeat(600_000)}"}`,
      'message-too-large',
    ],
    ['without the session that it is of', '{"type":"presence","value":1}', 'bad-message'],
  ]
  test.each(cases)('%s is refused, and the socket stays', async (_, frame, code) => {
    const client = await member()
    client.send(frame)
    expect(await client.nextError()).toBe(code)
    expect(await client.answers()).toBe(true)
    expect(await client.decide(['channelJoined', { channel: 'nowhere' }])).toMatchObject({
      status: 'rejected',
    })
  })
})

describe('a greeting', () => {
  const cases: [name: string, fields: Record<string, unknown>, code: string][] = [
    ['of another protocol', { protocol: 2 }, 'unsupported-protocol'],
    ['for another store', { store: 'another' }, 'store-mismatch'],
    ['without a token', { token: undefined }, 'unauthorized'],
    ['with a wrong token', { token: 'guessed' }, 'unauthorized'],
    ['without a subject', { subject: undefined }, 'unauthorized'],
    [
      'that has followed another log',
      { cursor: { incarnation: 'another', seq: 1, chain: '0'.repeat(64) } },
      'log-diverged',
    ],
  ]
  test.each(cases)('%s is refused, and the socket closed', async (_, fields, code) => {
    const client = await Client.connect(server, 'team')
    client.send({ ...client.hello('team'), ...fields })
    expect(await client.nextError()).toBe(code)
    expect(await client.whenClosed()).toEqual({ code: 1008, reason: code })
    expect(client.frames.map((frame) => frame.type)).toEqual(['error'])
  })

  test('that is no greeting can be said again', async () => {
    const client = await Client.connect(server, 'team')
    client.send({ ...client.hello('team'), client: 'a client id with spaces' })
    expect(await client.nextError()).toBe('bad-message')
    client.send(client.hello('team'))
    await client.next('welcome')
  })

  test('is said once', async () => {
    const client = await member()
    client.send(client.hello('team'))
    expect(await client.nextError()).toBe('hello-expected')
    expect(await client.whenClosed()).toEqual({ code: 1008, reason: 'hello-expected' })
  })

  test('comes before anything else', async () => {
    for (const frame of [
      { type: 'push', commits: [] },
      { type: 'pull', after: 0 },
      { type: 'auth', token: 'guessed' },
    ]) {
      const client = await Client.connect(server, 'team')
      client.send(frame)
      expect(await client.nextError()).toBe('hello-expected')
      expect((await client.whenClosed()).code).toBe(1008)
    }
  })

  test('by a stranger does not tell him how far the log is', async () => {
    const client = await Client.connect(server, 'team')
    client.send({ ...client.hello('team'), token: 'guessed', protocol: 2, store: 'another' })
    expect(await client.nextError()).toBe('unauthorized')
    await client.whenClosed()
  })
})

describe('a push', () => {
  test('whose counters do not increase decides nothing, and can be mended', async () => {
    const client = await member()
    client.push(client.commitAs(3, posted('first')), client.commitAs(3, posted('second')))
    expect(await client.nextError()).toBe('counter-order')
    const verdicts = await client.decideAll(client.commitAs(2, ['channelLeft', { channel: 'none' }]))
    expect(verdicts).toMatchObject([{ counter: 2, status: 'rejected' }])
  })

  test('with too many commits, or events, decides nothing', async () => {
    const client = await member()
    client.push(...Array.from({ length: 1_001 }, (_, n) => client.commitAs(n + 2, posted(`many-${n}`))))
    expect(await client.nextError()).toBe('push-too-large')
    const events = Array.from({ length: 700 }, (_, n): Event => ['channelJoined', { channel: `${n}` }])
    client.push(...[2, 3, 4].map((counter) => client.commitAs(counter, ...events)))
    expect(await client.nextError()).toBe('push-too-large')
    expect(await client.answers()).toBe(true)
  })

  test('of other content under a decided counter is a mismatch', async () => {
    const client = await member()
    client.push(client.commitAs(1, joined('somebody else')))
    expect(await client.nextError()).toBe('commit-mismatch')
    expect(await client.answers()).toBe(true)
  })

  test('by another author, or of a newer model, stays undecided', async () => {
    const client = await member()
    client.push({ ...client.commitAs(2, posted('not mine')), author: 'bystander' })
    expect(await client.nextError()).toBe('author-mismatch')
    client.push({ ...client.commitAs(2, posted('too new')), modelVersion: 2 })
    expect(await client.nextError()).toBe('server-behind')
    expect(client.frames.some((frame) => frame.type === 'verdicts' && frame['head'] === 0)).toBe(false)
  })
})

describe('a commit', () => {
  const large = 'x'.repeat(260 << 10)
  const cases: [name: string, events: Event[], code: string][] = [
    ['without events', [], 'empty-commit'],
    ['with an event that the model does not have', [['channelBurnt', {}]], 'unknown-event'],
    ['with a name of half a kilobyte', [['x'.repeat(500), {}]], 'unknown-event'],
    ['with args of another shape', [['channelJoined', { channel: 7 }]], 'bad-args'],
    ['with args that are no object', [['channelJoined', [1, 2]]], 'bad-args'],
    ['that is too large', [posted('large', large)], 'commit-too-large'],
    [
      'with too many events',
      Array.from({ length: 1_001 }, (): Event => ['channelJoined', { channel: 'a' }]),
      'commit-too-large',
    ],
    ['that a constraint refuses', [joined('')], 'constraint-check'],
  ]
  test.each(cases)('%s is rejected, with a verdict', async (_, events, code) => {
    const client = await member()
    client.push(client.commitAs(2, ...events))
    const verdicts = (await client.next('verdicts'))['verdicts']
    expect(verdicts).toMatchObject([{ counter: 2, status: 'rejected', code, message: expect.any(String) }])
    expect(await client.answers()).toBe(true)
  })
})

describe('a request', () => {
  const token = { authorization: 'Bearer guessed' }
  const cases: [name: string, path: string, init: RequestInit, status: number, code: string][] = [
    ['for nothing that there is', '/', {}, 404, 'not-found'],
    ['for a store alone', '/stores/team', {}, 404, 'not-found'],
    ['without an upgrade', '/stores/team/sync', {}, 426, 'upgrade-expected'],
    ['for a store with a bad id', '/stores/te%20am/sync', {}, 404, 'bad-store-id'],
    ['for a store without an id', '/stores//sync', {}, 404, 'bad-store-id'],
    ['for a store with a long id', `/stores/${'x'.repeat(65)}/sync`, {}, 404, 'bad-store-id'],
    ['with a wrong token', '/stores/team/sync', { headers: token }, 401, 'unauthorized'],
    ['that posts', '/stores/team/sync', { method: 'POST', body: '{}' }, 405, 'method-not-allowed'],
    ['that deletes', '/health', { method: 'DELETE' }, 405, 'method-not-allowed'],
  ]
  test.each(cases)('%s gets its status and a code', async (_, path, init, status, code) => {
    const answer = await fetch(`${server.url}${path}`, init)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toEqual({ code, message: expect.any(String) })
  })

  test.each([
    ['with a wrong token', '/stores/team/sync', token, 401],
    ['with another scheme', '/stores/team/sync', { authorization: 'Basic Zm9v' }, 401],
    ['for a store with a bad id', '/stores/a.b/sync', {}, 404],
  ])('for a socket %s is refused before the upgrade', async (_, path, headers, status) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, { headers })
    const [, answer] = await once(socket, 'unexpected-response')
    expect(answer.statusCode).toBe(status)
  })
})
