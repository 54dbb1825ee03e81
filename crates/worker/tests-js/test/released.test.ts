// Entries that are in D1 alone: nobody can tell, whatever happens to D1 or to the server.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client, type Entry, openChat, posted } from '../src/client.ts'
import { until } from '../src/condition.ts'
import { ADMIN_TOKEN, Server } from '../src/server.ts'

let server: Server
const delivered: Entry[] = []
const receiver = createServer(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  const { store, entries } = JSON.parse(body) as { store: string; entries: Entry[] }
  if (store === 'hooked') delivered.push(...entries)
  response.writeHead(200).end()
})

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const vars = {
    UPKEEP: '{"snapshot-every":1,"keep-hot":0}',
    WEBHOOK_URL: `http://127.0.0.1:${port}/hook`,
    WEBHOOK_SECRET: 'the-secret-of-the-webhook',
  }
  server = await Server.start({ vars })
})
afterAll(async () => {
  receiver.close()
  await server.stop()
})

const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }

async function info(store: string): Promise<{ head: number; archived: number; released: number }> {
  const answer = await fetch(`${server.url}/stores/${store}/info`, { headers })
  return (await answer.json()) as { head: number; archived: number; released: number }
}

const leaves = (store: string, count: number) =>
  until(`${count} entries of ${store} leave`, async () => (await info(store)).released === count || undefined)

async function verify(store: string): Promise<{ sound: boolean; entries: number; problem: string | null }> {
  const answer = await fetch(`${server.url}/stores/${store}/verify`, { method: 'POST', headers })
  return (await answer.json()) as { sound: boolean; entries: number; problem: string | null }
}

/** A store with so many messages, all of which have left it, and its log. */
async function left(store: string, messages: number): Promise<[Client, Entry[]]> {
  const ada = await openChat(server, store)
  const texts = Array.from({ length: messages }, (_, n) => posted(`m${n}`, `"quoted" \\ ü 😀 ${n}`))
  await ada.decideAll(...texts.map((text) => ada.commit(text)))
  const log = await ada.catchUp(messages + 2)
  await leaves(store, messages + 2)
  return [ada, log]
}

test('a log that has left is what it was, also after a power cut', async () => {
  const [, log] = await left('whole', 300)
  expect(await verify('whole')).toMatchObject({ sound: true, entries: 302 })
  await server.kill()
  await server.run()
  const bea = await Client.open(server, 'whole')
  expect(await bea.catchUp(302)).toEqual(log)
})

test('while D1 fails, what needs it waits, and the rest goes on', async () => {
  const [ada, log] = await left('failing', 20)
  await server.d1('ALTER TABLE events RENAME TO events_away')
  const bea = await Client.connect(server, 'failing')
  bea.send(bea.hello('failing'))
  const refused = await bea.next('error')
  expect(refused).toMatchObject({ code: 'server-failed', retryAfterMs: 1_000 })
  expect(await ada.decide(posted('meanwhile'))).toMatchObject({ status: 'accepted' })
  // Whoever starts from the snapshot needs nothing of it.
  const schemaHash = await fetch(`${server.url}/stores/failing/info`, { headers }).then(
    async (answer) => ((await answer.json()) as { schemaHash: string }).schemaHash,
  )
  const cleo = await Client.open(server, 'failing', { snapshots: true, schemaHash })
  expect(cleo.frames[0]).toMatchObject({ head: 23, snapshot: { seq: 22 } })
  await server.d1('ALTER TABLE events_away RENAME TO events')
  // The same socket: it had not been greeted.
  bea.send(bea.hello('failing'))
  expect((await bea.catchUp(23)).slice(0, 22)).toEqual(log)
})

test('what D1 has lost or altered is not handed out, and verify names it', async () => {
  const [, log] = await left('lost', 20)
  const [row] = await server.d1("SELECT args FROM events WHERE store = 'lost' AND seq = 7")
  for (const [spoil, mend] of [
    [
      "UPDATE events SET args = json_set(args, '$.text', 'altered') WHERE store = 'lost' AND seq = 7",
      `UPDATE events SET args = '${row?.['args']}' WHERE store = 'lost' AND seq = 7`,
    ],
    [
      "UPDATE events SET store = 'away' WHERE store = 'lost' AND seq = 7",
      "UPDATE events SET store = 'lost' WHERE store = 'away'",
    ],
  ] as const) {
    await server.d1(spoil)
    const bea = await Client.connect(server, 'lost')
    bea.send(bea.hello('lost'))
    const { message } = await bea.next('error')
    expect(message).toContain('the archive does not have 1 to 22')
    expect(bea.entries()).toEqual([])
    expect(await verify('lost')).toMatchObject({
      sound: false,
      problem: expect.stringContaining('the archive does not have 1 to 22'),
    })
    await server.d1(mend)
    expect((await verify('lost')).sound).toBe(true)
  }
  const bea = await Client.open(server, 'lost')
  expect(await bea.catchUp(22)).toEqual(log)
})

test('what D1 has taken otherwise than it was sent stays in the object', async () => {
  await server.d1(`CREATE TRIGGER spoil AFTER INSERT ON events WHEN new.store = 'spoilt' AND new.seq = 5
    BEGIN UPDATE events SET args = '{}' WHERE store = 'spoilt' AND seq = 5; END`)
  const ada = await openChat(server, 'spoilt')
  for (let n = 0; n < 8; n += 1) await ada.decide(posted(`m${n}`))
  await until('all is archived', async () => (await info('spoilt')).archived === 10 || undefined)
  // A store that was filled later has left in the meantime.
  await left('sound', 5)
  expect(await info('spoilt')).toMatchObject({ head: 10, archived: 10, released: 0 })
  const bea = await Client.open(server, 'spoilt')
  expect(await bea.catchUp(10)).toEqual(await ada.catchUp(10))
  await server.d1('DROP TRIGGER spoil')
})

test('a webhook that is set back gets what has left', async () => {
  const [, log] = await left('hooked', 20)
  await until('all is delivered', () => delivered.length === 22 || undefined)
  delivered.length = 0
  const resume = { method: 'POST', headers, body: '{"after":3}' }
  await fetch(`${server.url}/stores/hooked/resume-webhook`, resume)
  await until('it is delivered again', () => delivered.length >= 19 || undefined)
  expect(delivered).toEqual(log.slice(3))
})

test('the archive is made anew from what is in the object', async () => {
  await left('anew', 5)
  const begun = await fetch(`${server.url}/stores/anew/archive`, { method: 'POST', headers })
  expect(await begun.json()).toEqual({ head: 7, archived: 7 })
  expect(await verify('anew')).toMatchObject({ sound: true })
})

test('however often the power goes, the log is whole', async () => {
  const ada = await openChat(server, 'power')
  let head = 2
  for (let round = 0; round < 3; round += 1) {
    const again = await Client.open(server, 'power', { client: ada.id })
    for (let n = 0; n < 10; n += 1) {
      const commit = again.commitAs(100 + round * 10 + n, posted(`${round}-${n}`))
      expect(await again.decideAll(commit)).toMatchObject([{ status: 'accepted' }])
    }
    head += 10
    // It is archived, and leaves, just now, or not yet.
    await new Promise((resolve) => setTimeout(resolve, 900 + 150 * round))
    await server.kill()
    await server.run()
  }
  await leaves('power', head)
  expect((await verify('power')).sound).toBe(true)
  const bea = await Client.open(server, 'power')
  const seqs = (await bea.catchUp(head)).map(({ seq }) => seq)
  expect(seqs).toEqual(Array.from({ length: head }, (_, n) => n + 1))
})
