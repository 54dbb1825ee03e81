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
  return await server.d1(
    `SELECT seq, client, counter, author, name, args FROM events WHERE store = '${store}' ORDER BY seq`,
  )
}

function rows(entries: Entry[]): Record<string, unknown>[] {
  return entries.map(({ seq, client, counter, author, name, args }) => {
    return { seq, client, counter, author, name, args: JSON.stringify(args) }
  })
}

test('every entry is one row, in order, as it is in the log', async () => {
  const ada = await openChat(server, 'rows')
  await ada.decideAll(
    ...Array.from({ length: 300 }, (_, n) => ada.commit(posted(`m${n}`, `"quoted" \\ ü 😀 ${n}`))),
  )
  const log = await ada.catchUp(302)
  expect(await archived('rows', 302)).toEqual(rows(log))
  const [types] = await server.d1(
    "SELECT DISTINCT typeof(seq) AS seq, typeof(time) AS time FROM events WHERE store = 'rows'",
  )
  expect(types).toEqual({ seq: 'integer', time: 'integer' })
  const stores = await server.d1("SELECT store, incarnation, head, archived FROM stores WHERE store = 'rows'")
  expect(stores).toEqual([
    { store: 'rows', incarnation: ada.frames[0]?.['incarnation'], head: 302, archived: 302 },
  ])
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

test('however often the power goes, every entry is archived once', async () => {
  const ada = await openChat(server, 'power')
  let client = ada
  let counter = 1
  for (const round of [1, 2, 3]) {
    const commits = Array.from({ length: 60 * round }, () => {
      counter += 1
      return ada.commitAs(counter, posted(`m${counter}`))
    })
    for (const commit of commits) client.push(commit)
    await client.when(
      'verdicts',
      () => client.frames.filter((frame) => frame.type === 'verdicts').length > 40 || undefined,
    )
    await server.kill()
    await server.run()
    client = await Client.open(server, 'power', { client: ada.id })
    await client.decideAll(...commits)
  }
  const count = counter + 1
  const log = await client.catchUp(count)
  expect(log.map((entry) => entry.seq)).toEqual(Array.from({ length: count }, (_, n) => n + 1))
  expect(await archived('power', count)).toEqual(rows(log))
})

test('a store that was restored from a backup is another log, and is archived as such', async () => {
  const ada = await openChat(server, 'restored')
  await ada.decide(posted('kept'))
  await archived('restored', 3)
  await server.backUp()
  const before = await Client.open(server, 'restored', { client: ada.id })
  const former = String(before.frames[0]?.['incarnation'])
  await before.decideAll(...[1, 2].map((n) => ada.commitAs(10 + n, posted(`lost ${n}`))))
  await archived('restored', 5)

  await server.restore()
  const after = await Client.open(server, 'restored', { client: ada.id })
  const fresh = String(after.frames[0]?.['incarnation'])
  expect(fresh).not.toBe(former)
  expect(after.frames[0]).toMatchObject({ head: 3 })
  expect(await after.decideAll(ada.commitAs(20, posted('found')))).toMatchObject([
    { status: 'accepted', first: 4 },
  ])
  const rows = await until('both lives are archived', async () => {
    const rows = await server.d1("SELECT incarnation, head, archived FROM stores WHERE store = 'restored'")
    return rows.some((row) => row['archived'] === 4) ? rows : undefined
  })
  expect(new Set(rows.map((row) => row['incarnation']))).toEqual(new Set([former, fresh]))
  expect(rows).toContainEqual({ incarnation: former, head: 5, archived: 5 })
  expect(rows).toContainEqual({ incarnation: fresh, head: 4, archived: 4 })
  // Found out once: it stays that life.
  await server.kill()
  await server.run()
  const later = await Client.open(server, 'restored')
  expect(later.frames[0]).toMatchObject({ incarnation: fresh, head: 4 })
})
