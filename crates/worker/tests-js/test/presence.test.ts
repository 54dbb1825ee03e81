// Presence on workerd: it lies with the socket, so that it outlives the object, and goes with it.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client } from '../src/client.ts'
import { Server } from '../src/server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.stop())

test('others see a value, who comes later is told of it, and it goes with its socket', async () => {
  const ann = await Client.open(server, 'team', { subject: 'ann' })
  const bob = await Client.open(server, 'team', { subject: 'bob' })
  ann.send({ type: 'presence', session: 'tab', value: { typing: true } })
  const value = { session: 'tab', client: ann.id, subject: 'ann', value: { typing: true } }
  expect(await bob.next('presence')).toMatchObject(value)
  const cleo = await Client.open(server, 'team', { subject: 'cleo' })
  expect(await cleo.next('presence')).toMatchObject(value)
  expect(ann.frames.filter((frame) => frame.type === 'presence')).toEqual([])

  ann.socket.terminate()
  expect(await bob.next('presence')).toEqual({
    type: 'presence',
    session: 'tab',
    client: ann.id,
    subject: 'ann',
  })
  const dora = await Client.open(server, 'team', { subject: 'dora' })
  expect(await dora.answers()).toBe(true)
  expect(dora.frames.filter((frame) => frame.type === 'presence')).toEqual([])
})

test('what is too large is refused, and nobody hears of it', async () => {
  const ann = await Client.open(server, 'bounds', { subject: 'ann' })
  const bob = await Client.open(server, 'bounds', { subject: 'bob' })
  ann.send({ type: 'presence', session: 'tab', value: 'x'.repeat(600) })
  expect(await ann.nextError()).toBe('presence-refused')
  ann.send({ type: 'presence', session: 'tab', value: 1 })
  expect(await bob.next('presence')).toMatchObject({ value: 1 })
})
