// The routes over HTTP, on workerd: what crates/http tests of them without a host is not tested again.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client, channelCreated, type Entry, joined, openChat, posted } from '../src/client.ts'
import { until } from '../src/condition.ts'
import { ADMIN_TOKEN, Server, TOKEN } from '../src/server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.stop())

const as = (token: string) => ({ authorization: `Bearer ${token}` })

const get = (path: string, token = TOKEN) => fetch(`${server.url}${path}`, { headers: as(token) })

const post = (path: string, body: unknown, token = TOKEN) =>
  fetch(`${server.url}${path}`, { method: 'POST', headers: as(token), body: JSON.stringify(body) })

async function log(path: string): Promise<Entry[]> {
  const answer = await get(path)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson')
  return (await answer.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry)
}

const commit = (author: string, counter: number, name: string, args: unknown) => ({
  counter,
  author,
  modelVersion: 1,
  events: [{ name, args }],
})

test('a push over HTTP is decided once, and published to sockets', async () => {
  const client = await openChat(server, 'push')
  const commits = [commit('tool', 1, 'personJoined', { name: 'Tool', avatar: null })]
  for (const _ of ['first', 'again']) {
    const answer = await post('/stores/push/push', { client: 'tool', subject: 'tool', commits })
    expect(await answer.json()).toMatchObject({
      head: 3,
      verdicts: [{ counter: 1, status: 'accepted', first: 3 }],
    })
  }
  const entries = await client.when('the tool', () =>
    client.entries().filter((entry) => entry.author === 'tool'),
  )
  expect(entries.length).toBe(1)
})

test('a log of many parts is one stream of lines', async () => {
  const client = await openChat(server, 'long')
  const text = 'x'.repeat(3_000)
  for (let round = 0; round < 10; round += 1) {
    await client.decideAll(
      ...Array.from({ length: 100 }, (_, place) => client.commit(posted(`${round}-${place}`, text))),
    )
  }
  const entries = await log('/stores/long/log')
  expect(entries.map((entry) => entry.seq)).toEqual(Array.from({ length: 1_002 }, (_, place) => place + 1))
  expect((await log('/stores/long/log?after=1000&limit=1')).map((entry) => entry.seq)).toEqual([1_001])
  expect((await log('/stores/long/log?limit=700')).at(-1)?.seq).toBe(700)
})

test('who waits for entries gets them when they are there', async () => {
  const client = await openChat(server, 'wait')
  const head = client.entries().at(-1)?.seq ?? 0
  const waits = log(`/stores/wait/log?after=${head}&wait=25`)
  await client.decide(posted('late'))
  expect((await waits).map((entry) => entry.name)).toEqual(['messagePosted'])
  expect(await log(`/stores/wait/log?after=${head + 1}&wait=1`)).toEqual([])
})

test('the state is had at the head', async () => {
  await openChat(server, 'state')
  const lines = (await (await get('/stores/state/state')).text()).split('\n')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ seq: 2 })
  expect(lines.some((line) => line.includes('"table":"channels"'))).toBe(true)
  expect((await get('/stores/state/state?at=1')).status).toBe(501)
})

test('who has no token, or not the one that it takes, gets nothing', async () => {
  expect((await fetch(`${server.url}/stores/push/log`)).status).toBe(401)
  expect((await get('/stores/push/log', 'guessed')).status).toBe(401)
  for (const path of ['/stores', '/metrics', '/stores/push/info']) expect((await get(path)).status).toBe(401)
  for (const path of ['verify', 'reset', 'redact']) {
    expect((await post(`/stores/push/${path}`, { seq: 1, args: {} })).status).toBe(401)
  }
})

test('an operator lists the stores, sees where one stands, and has it verified', async () => {
  const client = await openChat(server, 'operated')
  const stores = await until('it is archived', async () => {
    const listed = (await (await get('/stores', ADMIN_TOKEN)).json()) as { store: string; archived: number }[]
    return listed.find(({ store, archived }) => store === 'operated' && archived === 2)
  })
  expect(stores).toMatchObject({ head: 2 })
  const info = await (await get('/stores/operated/info', ADMIN_TOKEN)).json()
  expect(info).toMatchObject({ head: 2, archived: 2, connections: 1, clients: 1, rebuilding: false })
  const verified = await (await post('/stores/operated/verify', {}, ADMIN_TOKEN)).json()
  expect(verified).toMatchObject({ sound: true, entries: 2, problem: null })
  const metrics = await (await get('/metrics', ADMIN_TOKEN)).text()
  expect(metrics).toMatch(/^syncline_stores \d+$/m)
  await client.close()
})

test('a reset begins another life, which clients hear of by their sockets', async () => {
  const client = await openChat(server, 'reset')
  const answer = await post('/stores/reset/reset', {}, ADMIN_TOKEN)
  expect(await answer.json()).toMatchObject({ head: 0 })
  expect(await client.whenClosed()).toEqual({ code: 1008, reason: 'log-diverged' })
  const again = await Client.open(server, 'reset')
  expect(await again.decide(joined('New'), channelCreated('general'))).toMatchObject({ first: 1 })
})

test('args are redacted in the log, in the state, and for who is connected', async () => {
  const client = await openChat(server, 'redact')
  await client.decide(posted('m1', 'a secret'))
  const args = { id: 'm1', channel: 'general', text: '-', postedAt: 1 }
  expect((await post('/stores/redact/redact', { seq: 3, args }, ADMIN_TOKEN)).status).toBe(200)
  expect(await client.next('redacted')).toMatchObject({ entry: { seq: 3, args } })
  expect((await log('/stores/redact/log?after=2'))[0]?.args).toEqual(args)
  const state = await until('the state is made anew', async () => {
    const text = await (await get('/stores/redact/state')).text()
    return text.includes('"m1"') ? text : undefined
  })
  expect(state).not.toContain('a secret')
})

test('a body that is too large is refused before it is read', async () => {
  const answer = await fetch(`${server.url}/stores/push/push`, {
    method: 'POST',
    headers: as(TOKEN),
    body: 'x'.repeat((1 << 20) + 1),
  })
  expect(answer.status).toBe(413)
})
