// An object that sleeps keeps its sockets, and knows them when it wakes.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client, openChat, posted } from '../src/client.ts'
import { until } from '../src/condition.ts'
import { Server } from '../src/server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.stop())

test('a message wakes the object, which still knows who is on which socket', async () => {
  const ada = await openChat(server, 'sleep')
  const bob = await Client.open(server, 'sleep', { subject: 'bob' })
  const stranger = await Client.connect(server, 'sleep')
  await bob.catchUp(2)
  expect(server.awake()).toBe(1)
  await until('the object sleeps', () => server.awake() === 0 || undefined)
  expect(await ada.decide(posted('after the sleep'))).toMatchObject({ status: 'accepted', first: 3 })
  expect((await bob.catchUp(3)).at(-1)).toMatchObject({ seq: 3, author: 'ada' })
  expect(stranger.frames).toEqual([])
  stranger.push(stranger.commit(posted('not greeted')))
  expect(await stranger.nextError()).toBe('hello-expected')
})
