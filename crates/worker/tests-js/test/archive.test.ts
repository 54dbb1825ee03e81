// The archive in D1: every entry once, in order, whatever happens to the server.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client, type Entry, openChat, posted } from '../src/client.ts'
import { until } from '../src/condition.ts'
import { Server } from '../src/server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.stop())

/** The archived rows of a store, once there are as many. */
async function archived(store: string, count: number): Promise<Record<string, unknown>[]> {
  await until(`${count} archived entries`, async () => {
    const [row] = await server.d1(`SELECT archived FROM stores WHERE store = '${store}'`)
    return row?.['archived'] === count || undefined
  })
  return await server.d1(`SELECT seq, client, counter, author, name, args FROM events WHERE store = '${store}' ORDER BY seq`)
}

function rows(entries: Entry[]): Record<string, unknown>[] {
  return entries.map(({ seq, client, counter, author, name, args }) => {
    return { seq, client, counter, author, name, args: JSON.stringify(args) }
  })
}

test('every entry is one row, in order, as it is in the log', async () => {
  const ada = await openChat(server, 'rows')
  await ada.decideAll(...Array.from({ length: 300 }, (_, n) => ada.commit(posted(`m${n}`, `"quoted" \\ ü 😀 ${n}`))))
  const log = await ada.catchUp(302)
  expect(await archived('rows', 302)).toEqual(rows(log))
  const [types] = await server.d1("SELECT DISTINCT typeof(seq) AS seq, typeof(time) AS time FROM events WHERE store = 'rows'")
  expect(types).toEqual({ seq: 'integer', time: 'integer' })
  const stores = await server.d1("SELECT store, incarnation, head, archived FROM stores WHERE store = 'rows'")
  expect(stores).toEqual([{ store: 'rows', incarnation: ada.frames[0]?.['incarnation'], head: 302, archived: 302 }])
})

test('a log of many pages is archived whole', async () => {
  const ada = await openChat(server, 'long')
  const text = '"'.repeat(3_900)
  for (let round = 0; round < 12; round += 1) {
    await ada.decideAll(...Array.from({ length: 100 }, (_, n) => ada.commit(posted(`${round}-${n}`, text))))
  }
  const log = await ada.catchUp(1_202)
  expect(await archived('long', 1_202)).toEqual(rows(log))
})

test('what was not archived when the power went is archived when it is back', async () => {
  const ada = await openChat(server, 'power')
  for (let n = 0; n < 50; n += 1) await ada.decide(posted(`m${n}`))
  await server.kill()
  await server.run()
  const back = await Client.open(server, 'power', { client: ada.id })
  for (let n = 50; n < 60; n += 1) {
    await back.decideAll(back.commitAs(n + 2, posted(`m${n}`)))
  }
  const log = await back.catchUp(62)
  expect(log.map((entry) => entry.seq)).toEqual(Array.from({ length: 62 }, (_, n) => n + 1))
  expect(await archived('power', 62)).toEqual(rows(log))
})
