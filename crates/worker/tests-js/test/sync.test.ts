// Two sockets, one store: what one commits, the other gets.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client, channelCreated, joined, openChat, posted } from '../src/client.ts'
import { Server } from '../src/server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.stop())

test('the server says that it is there, to pages of any origin', async () => {
  const answer = await fetch(`${server.url}/health`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  expect(await answer.json()).toEqual({ status: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
})

test('what one client commits reaches every client of the store, and no other store', async () => {
  const ada = await Client.open(server, 'exchange')
  const bob = await Client.open(server, 'exchange', { subject: 'bob' })
  const elsewhere = await Client.open(server, 'exchange-2')
  expect(await ada.decide(joined('Ada'), channelCreated('general'))).toMatchObject({
    status: 'accepted',
    first: 1,
    last: 2,
  })
  expect(await bob.decide(joined('Bob'), ['channelJoined', { channel: 'general' }])).toMatchObject({
    first: 3,
    last: 4,
  })
  expect(await ada.decide(posted('m1', 'hello, Bob'))).toMatchObject({ status: 'accepted', first: 5 })

  const [atAda, atBob] = [await ada.catchUp(5), await bob.catchUp(5)]
  expect(atBob).toEqual(atAda)
  expect(atBob.map((entry) => entry.seq)).toEqual([1, 2, 3, 4, 5])
  expect(atBob.at(-1)).toMatchObject({
    author: 'ada',
    client: ada.id,
    name: 'messagePosted',
    args: { text: 'hello, Bob' },
  })
  expect(elsewhere.frames.map((frame) => frame.type)).toEqual(['welcome'])
})

test('what the rules refuse gets a verdict, and nobody else hears of it', async () => {
  const ada = await openChat(server, 'refused')
  const bob = await Client.open(server, 'refused', { subject: 'bob' })
  await bob.catchUp(2)
  const verdicts = await ada.decideAll(
    ada.commit(posted('m1')),
    ada.commit(posted('m1', 'the same id')),
    ada.commit(['messageEdited', { id: 'm2', text: 'there is none' }]),
    ada.commit(posted('m2')),
  )
  expect(verdicts.map((verdict) => verdict.status)).toEqual(['accepted', 'rejected', 'rejected', 'accepted'])
  expect(verdicts[1]?.code).toBe('constraint-unique')
  const entries = await bob.catchUp(4)
  expect(entries.slice(2).map((entry) => entry.counter)).toEqual([2, 5])
})

test('a commit that is sent again gets the verdict that it had, and is in the log once', async () => {
  const ada = await openChat(server, 'again')
  const commit = ada.commit(posted('m1'))
  const [first] = await ada.decideAll(commit)
  const [second] = await ada.decideAll(commit)
  expect(second).toEqual(first)
  const again = await Client.open(server, 'again', { client: ada.id })
  expect(await again.decideAll(commit)).toEqual([first])
  expect(await again.catchUp(3)).toHaveLength(3)
})

test('a client goes on from where it has come to', async () => {
  const ada = await openChat(server, 'resume')
  const welcome = await Client.open(server, 'resume')
  expect(welcome.frames[0]).toMatchObject({ head: 2, decided: 0, modelVersion: 1 })
  const again = await Client.open(server, 'resume', { client: ada.id })
  expect(again.frames[0]).toMatchObject({ head: 2, decided: 1 })
})

test('a long log comes in pages, and what is published meanwhile is not lost', async () => {
  const ada = await openChat(server, 'pages')
  const text = 'x'.repeat(3_900)
  for (let round = 0; round < 5; round += 1) {
    await ada.decideAll(...Array.from({ length: 50 }, (_, n) => ada.commit(posted(`${round}-${n}`, text))))
  }
  const late = await Client.open(server, 'pages', { subject: 'late' })
  await ada.decide(posted('meanwhile'))
  const entries = await late.catchUp(253)
  expect(entries.map((entry) => entry.seq)).toEqual(Array.from({ length: 253 }, (_, n) => n + 1))
  await ada.decide(posted('live'))
  await late.catchUp(254)
})

test('a token in the header is enough', async () => {
  const headers = { authorization: 'Bearer the-token-of-the-tests' }
  const ada = await Client.open(server, 'header', { headers, token: undefined })
  expect(await ada.decide(joined('Ada'))).toMatchObject({ status: 'accepted' })
})

test('a ping is answered without the object', async () => {
  const ada = await Client.open(server, 'ping')
  expect(await ada.answers()).toBe(true)
})
