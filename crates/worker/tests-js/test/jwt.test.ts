// JWT on workerd: where its configuration comes from, and how an issuer's keys come. What makes a token good
// is tested in crates/auth.

import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { Client, joined } from '../src/client.ts'
import { until } from '../src/condition.ts'
import { hs256, Issuer } from '../src/issuer.ts'
import { Server } from '../src/server.ts'

const SECRET = 'a secret of the issuer and the server'

let issuer: Issuer
let server: Server
beforeAll(async () => {
  issuer = await Issuer.start()
  const vars = { AUTH: 'jwt', JWT_ALGORITHMS: 'ES256, HS256', JWT_SECRET: SECRET, JWKS_URL: issuer.url }
  server = await Server.start({ vars })
})
afterAll(async () => {
  issuer.stop()
  await server.stop()
})

const as = (token: string) => ({ authorization: `Bearer ${token}` })

test('a token waits for its key, what comes behind it waits too, and other sockets do not', async () => {
  const waiting = await Client.connect(server, 'team')
  waiting.send(waiting.hello('team', { token: issuer.token() }))
  waiting.send({ type: 'pull', after: 0 })
  const flood = await Client.connect(server, 'team')
  flood.send(flood.hello('team', { token: issuer.token() }))
  for (let frame = 0; frame < 16; frame += 1) flood.send({ type: 'pull', after: 0 })
  expect(await flood.whenClosed()).toEqual({ code: 1008, reason: 'rate-limited' })
  await until('the issuer is asked', async () => issuer.asked > 0 || undefined)
  const other = await Client.open(server, 'team', { token: hs256(SECRET) })
  expect(await other.answers()).toBe(true)
  expect(waiting.frames).toEqual([])
  issuer.publish()
  await waiting.next('welcome')
  await waiting.next('entries')
  expect(flood.frames).toEqual([])
})

test('the key that came is there for every store, and the subject of the token is the author', async () => {
  const before = issuer.asked
  const token = issuer.token({ sub: 'bob', syncline: { write: ['another-*'] } })
  const client = await Client.open(server, 'another-1', { token, subject: 'bob' })
  expect(await client.decide(joined('bob'))).toMatchObject({ status: 'accepted' })
  expect(issuer.asked).toBe(before)
  const mallory = await Client.connect(server, 'another-1')
  mallory.send(mallory.hello('another-1', { token, subject: 'ada' }))
  expect(await mallory.nextError()).toBe('unauthorized')
})

test.each([
  ['expired', () => issuer.token({ exp: 1 }), 'unauthorized'],
  ['for another store', () => issuer.token({ syncline: { write: ['team-2'] } }), 'forbidden'],
  ['of a key that nobody has', () => issuer.token({}, 'made up'), 'unauthorized'],
  ['signed by somebody else', () => hs256('a secret of somebody who has none of ours'), 'unauthorized'],
])('a token that is %s is refused in hello, and the socket closed', async (_, token, code) => {
  const client = await Client.connect(server, 'team')
  client.send(client.hello('team', { token: token() }))
  expect(await client.nextError()).toBe(code)
  expect((await client.whenClosed()).code).toBe(1008)
})

test('a token that may read does so, and its pushes stay undecided', async () => {
  const client = await Client.open(server, 'team', { token: issuer.token({ syncline: { read: ['team'] } }) })
  client.push(client.commitAs(1, joined('ada')))
  expect(await client.nextError()).toBe('read-only')
  expect(await client.answers()).toBe(true)
})

test('a token in a header opens the socket, and is refused before the upgrade', async () => {
  const headers = as(issuer.token({ syncline: { read: ['team'] } }))
  await Client.open(server, 'team', { headers, token: undefined })
  for (const [path, status] of [
    ['/stores/team-2/sync', 403],
    ['/stores/team/sync', 401],
  ] as const) {
    const wrong = status === 401 ? as(issuer.token({ exp: 1 })) : headers
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, { headers: wrong })
    const [, answer] = await once(socket, 'unexpected-response')
    expect(answer.statusCode).toBe(status)
  }
  const log = await fetch(`${server.url}/stores/team/log`, { headers })
  expect(log.status).toBe(200)
})
