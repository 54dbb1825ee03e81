// A server on which nobody has set a token is closed, not open.

import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { Server } from '../src/server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start({ token: '' })
})
afterAll(() => server.stop())

test('without AUTH_TOKEN nobody gets in, and the answer says what is missing', async () => {
  const answer = await fetch(`${server.url}/health`)
  expect(answer.status).toBe(500)
  expect(await answer.json()).toMatchObject({ message: expect.stringContaining('AUTH_TOKEN') })
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/stores/team/sync`)
  const [, refused] = await once(socket, 'unexpected-response')
  expect(refused.statusCode).toBe(500)
})
