// The archive in D1: every entry once, in order, whatever happens to the server.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client, type Entry, openChat, posted } from '../src/client.ts'
import { until } from '../src/condition.ts'
import { ADMIN_TOKEN, Server } from '../src/server.ts'

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

const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }

test('an archive that has lost rows gets them again', async () => {
  const ada = await openChat(server, 'again')
  await ada.decideAll(...[1, 2, 3].map((n) => ada.commit(posted(`m${n}`))))
  const whole = await archived('again', 5)
  await server.d1("DELETE FROM events WHERE store = 'again' AND seq > 2")
  const begun = await fetch(`${server.url}/stores/again/archive`, { method: 'POST', headers })
  expect(await begun.json()).toEqual({ head: 5, archived: 0 })
  expect(await archived('again', 5)).toEqual(whole)
  const stranger = await fetch(`${server.url}/stores/again/archive`, { method: 'POST' })
  expect(stranger.status).toBe(401)
})

test('while D1 fails pushes go on, and the archive catches up after it', async () => {
  const ada = await openChat(server, 'failing')
  await archived('failing', 2)
  await server.d1('ALTER TABLE events RENAME TO events_away')
  await ada.decideAll(...Array.from({ length: 50 }, (_, n) => ada.commit(posted(`m${n}`))))
  await server.kill()
  await server.run()
  const again = await Client.open(server, 'failing', { client: ada.id })
  expect(await again.decideAll(again.commitAs(100, posted('meanwhile')))).toMatchObject([
    { status: 'accepted' },
  ])
  const [row] = await server.d1("SELECT head, archived FROM stores WHERE store = 'failing'")
  expect(row).toEqual({ head: 2, archived: 2 })
  await server.d1('ALTER TABLE events_away RENAME TO events')
  expect(await archived('failing', 53)).toEqual(rows(await again.catchUp(53)))
})

test('a store keeps the database that was the newest when it was made', async () => {
  const old = await openChat(server, 'old')
  await archived('old', 2)
  await server.bind(2)
  await openChat(server, 'new')
  const again = await Client.open(server, 'old', { client: old.id })
  expect(await again.decideAll(again.commitAs(100, posted('more')))).toMatchObject([{ status: 'accepted' }])
  await archived('old', 3)
  await until('the new one is archived', async () => {
    const [row] = await server.d1("SELECT archived FROM stores WHERE store = 'new'", 'DB2')
    return row?.['archived'] === 2 || undefined
  })
  expect(await server.d1("SELECT 1 FROM events WHERE store = 'new'")).toEqual([])
  expect(await server.d1('SELECT DISTINCT store FROM events', 'DB2')).toEqual([{ store: 'new' }])
  const all = (await (await fetch(`${server.url}/stores`, { headers })).json()) as { store: string }[]
  expect(all.map(({ store }) => store)).toEqual(expect.arrayContaining(['new', 'old']))
})
