// The webhook of a worker: a receiver that knows its own, and one that does not answer.

import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Entry, openChat, posted } from '../src/client.ts'
import { until } from '../src/condition.ts'
import { ADMIN_TOKEN, Server } from '../src/server.ts'

const SECRET = 'the-secret-of-the-webhook'

interface Standing {
  readonly seq: number
  readonly failures: number
  readonly stopped: boolean
  readonly failure: string | null
}

let server: Server
let status = 200
const came: { headers: IncomingHttpHeaders; body: string }[] = []
const receiver = createServer(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  came.push({ headers: request.headers, body })
  response.writeHead(status).end()
})

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  const vars = { WEBHOOK_URL: `http://127.0.0.1:${port}/hook`, WEBHOOK_SECRET: SECRET }
  server = await Server.start({ vars })
})
afterAll(async () => {
  receiver.close()
  await server.stop()
})

const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }

async function standing(store: string): Promise<Standing> {
  const answer = await fetch(`${server.url}/stores/${store}/webhook`, { headers })
  return (await answer.json()) as Standing
}

const taken = (store: string, seq: number) =>
  until(`${store} is taken`, async () => {
    const at = await standing(store)
    return at.seq === seq ? at : undefined
  })

const deliveriesOf = (store: string) =>
  came
    .map(({ headers, body }) => ({ id: headers['syncline-delivery'], ...JSON.parse(body) }))
    .filter((delivery) => delivery.store === store) as { id: string; entries: Entry[] }[]

test('every entry comes, in order, signed', async () => {
  const client = await openChat(server, 'hooked')
  for (let n = 0; n < 5; n += 1) await client.decide(posted(`m${n}`))
  expect(await taken('hooked', 7)).toMatchObject({ failures: 0, stopped: false })
  const seqs = deliveriesOf('hooked').flatMap(({ entries }) => entries.map((entry) => entry.seq))
  expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7])
  for (const { headers, body } of came) {
    const [, time, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['syncline-signature'])) ?? []
    expect(createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex')).toBe(given)
    expect(headers['syncline-delivery']).toMatch(/^[0-9a-f]{32}-\d+-\d+$/)
  }
})

test('what is not taken comes again, under the same id', async () => {
  status = 503
  await openChat(server, 'again')
  await until('it is tried', () => deliveriesOf('again').length > 0 || undefined)
  status = 200
  await taken('again', 2)
  const [first, ...later] = deliveriesOf('again').map(({ id }) => id)
  expect(later).toContain(first)
})

test('a receiver that is gone is left alone until an operator says otherwise', async () => {
  status = 410
  await openChat(server, 'gone')
  const stopped = await until('it has stopped', async () => {
    const at = await standing('gone')
    return at.stopped ? at : undefined
  })
  expect(stopped).toMatchObject({ seq: 0, failure: 'HTTP 410' })
  status = 200
  const url = `${server.url}/stores/gone/resume-webhook`
  expect((await fetch(url, { method: 'POST', headers, body: '{}' })).status).toBe(200)
  await taken('gone', 2)
})
