// LiveStore's real client against both servers: what its users would see.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { Client } from './client.ts'
import { Gate } from './gate.ts'
import { batch, query, Raw } from './raw.ts'
import { KINDS, log, newStore, reset, type Server, start, syncline } from './servers.ts'
import { until } from './until.ts'

describe.each(KINDS)('on %s', (kind) => {
  let server: Server

  beforeAll(async () => {
    server = await start[kind]()
  })
  afterEach(() => Client.closeAll())
  afterAll(() => server.stop())

  test('two clients converge', async () => {
    const store = newStore()
    const [ann, bob] = [
      await Client.open(server, 'ann', { store }),
      await Client.open(server, 'bob', { store }),
    ]
    ann.create('1', '2', '3')
    await until('bob has them', () => bob.count === 3)
    bob.create('4')
    await until('ann has it', () => ann.count === 4)
    const late = await Client.open(server, 'late', { store })
    expect(late.ids).toEqual(ann.ids)
  })

  test('work that was done offline arrives once its client is back', async () => {
    const store = newStore()
    const gate = await Gate.open(server)
    const ann = await Client.open(server, 'ann', { store, url: gate.url })
    const bob = await Client.open(server, 'bob', { store })
    ann.create('before')
    await until('bob has it', () => bob.count === 1)
    gate.shut()
    ann.create('offline-1', 'offline-2')
    bob.create('meanwhile')
    await until('it is in the log', async () => (await log(server, store)).length === 2)
    expect(bob.count).toBe(2)
    gate.reopen()
    await until('both have all', () => ann.count === 4 && bob.count === 4)
    expect(ann.ids).toEqual(bob.ids)
    expect((await log(server, store)).map((entry) => entry.args.id).sort()).toEqual(ann.ids)
    gate.close()
  })

  test('of eight who push on one parent exactly one wins', async () => {
    const store = newStore()
    const all = await Promise.all(Array.from({ length: 8 }, () => Raw.open(server, store)))
    for (let head = 0; head < 5; head++) {
      const answers = await Promise.all(all.map((raw, index) => raw.push(batch(`w${index}`, head, 1))))
      expect(answers.filter((answer) => answer === undefined)).toHaveLength(1)
      for (const answer of answers.filter((answer) => answer !== undefined)) {
        expect(answer).toMatchObject({
          _tag: 'ServerAheadError',
          minimumExpectedNum: head + 1,
          providedNum: head,
        })
      }
      await until('all are told', () => all.every((raw) => raw.head === head + 1))
    }
    expect(new Set(all.map((raw) => JSON.stringify(raw.have))).size).toBe(1)
    for (const raw of all) raw.close()
  })

  test('clients that take turns converge', async () => {
    const store = newStore()
    const clients = await Promise.all(
      ['ann', 'bob', 'cyd'].map((name) => Client.open(server, name, { store })),
    )
    for (let turn = 0; turn < 12; turn++) {
      clients[turn % 3]?.create(`turn-${turn}-a`, `turn-${turn}-b`)
      await until('all have it', () => clients.every((client) => client.count === (turn + 1) * 2))
    }
    expect(new Set(clients.map((client) => client.ids.join())).size).toBe(1)
  })

  async function written(count: number): Promise<string> {
    const store = newStore()
    const writer = await Raw.open(server, store)
    for (let head = 0; head < count; head += 1_000) {
      expect(await writer.push(batch('writer', head, 1_000))).toBe(undefined)
    }
    writer.close()
    return store
  }

  test('a reader catches up with 100,000 events', async () => {
    const late = await Raw.open(server, await written(100_000))
    expect([late.have.length, late.head]).toEqual([100_000, 100_000])
    late.close()
  })

  // It takes a millisecond for each event, whoever serves it: `EVENTS=100000` gives it as many.
  test('a client catches up with a long log', async () => {
    const count = Number(process.env['EVENTS'] ?? 5_000)
    const client = await Client.open(server, 'reader', { store: await written(count) })
    await until('it has all', () => client.count === count, 200_000)
  }, 240_000)

  test('sixty events of 120 kB arrive', async () => {
    const store = newStore()
    const [ann, bob] = [
      await Client.open(server, 'ann', { store }),
      await Client.open(server, 'bob', { store }),
    ]
    const text = 'y'.repeat(120_000)
    for (let n = 0; n < 60; n++) ann.createLarge(`large-${n}`, text)
    await until('bob has them', () => bob.count === 60)
    const late = await Client.open(server, 'late', { store })
    await until('who comes later, too', () => late.count === 60)
  })

  test('a server that is killed while events stream loses none and doubles none', async () => {
    const store = newStore()
    const ann = await Client.open(server, 'ann', { store })
    const bob = await Client.open(server, 'bob', { store })
    for (let n = 0; n < 120; n++) {
      ann.create(`stream-${String(n).padStart(3, '0')}`)
      if (n === 40) await server.kill()
      if (n === 80) await server.run()
      await new Promise((wake) => setTimeout(wake, 5))
    }
    await until('bob has them', () => bob.count === 120)
    expect(bob.ids).toEqual(ann.ids)
    expect((await log(server, store)).map((entry) => entry.args.id).sort()).toEqual(ann.ids)
  })

  test('a store that has slept goes on', async () => {
    const store = newStore()
    const [ann, bob] = [await Client.open(server, 'ann', { store }), await Raw.open(server, store)]
    ann.create('before')
    await until('bob has it', () => bob.have.length === 1)
    // Longer than an object stays awake without work; pings are answered without waking it.
    await new Promise((wake) => setTimeout(wake, 16_000))
    ann.create('after')
    await until('bob has it, too', () => bob.have.length === 2)
    expect(await bob.push(batch('bob', bob.head, 1))).toBe(undefined)
    await until('ann has his', () => ann.count === 3)
    const pongs = bob.pongs
    bob.ping()
    await until('it answers pings', () => bob.pongs === pongs + 1)
    bob.close()
  })

  test('a client notices that the log is another one', async () => {
    const store = newStore()
    const folder = mkdtempSync(join(tmpdir(), 'syncline-livestore-client-'))
    const before = await Client.open(server, 'ann', { store, folder })
    before.create('1', '2')
    await until('it is in the log', async () => (await log(server, store)).length === 2)
    await before.close()
    await reset(server, store)
    // It clears what it has, and ends, as its default is; so the next has the new log.
    const told = await Client.open(server, 'ann', { store, folder }).catch(() => undefined)
    await until('it has the new log', async () => {
      await told?.close().catch(() => undefined)
      const after = await Client.open(server, 'ann', { store, folder })
      const empty = after.count === 0
      await after.close()
      return empty
    })
    const after = await Client.open(server, 'ann', { store, folder })
    after.create('3')
    await until('the new log has its events', async () => (await log(server, store)).length === 1)
    await after.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test("a log of LiveStore's server is taken over, and its clients go on", async () => {
    const store = newStore()
    const folder = mkdtempSync(join(tmpdir(), 'syncline-livestore-log-'))
    const file = join(folder, 'd1.sql')
    const table = `"eventlog_7_${store.replaceAll('-', '_')}"`
    const columns =
      'seqNum INTEGER PRIMARY KEY, parentSeqNum INTEGER, name TEXT, args TEXT, createdAt TEXT, clientId TEXT, sessionId TEXT'
    const rows = batch('ann', 0, 3_000).map(
      ({ seqNum, parentSeqNum, name, args, clientId, sessionId }) =>
        `(${seqNum}, ${parentSeqNum}, '${name}', '${JSON.stringify(args)}', '2026-11-22T11:54:26.606Z', '${clientId}', '${sessionId}')`,
    )
    const insert = `INSERT INTO ${table} VALUES ${rows.join(',\n')};`
    writeFileSync(
      file,
      `PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE ${table} (${columns}) strict;\n${insert}\n`,
    )
    const parts = kind === 'workerd' ? ['--parts'] : []
    const backend = ['--backend-id', 'V1StGXR8_Z5jdHi6B-myT']
    await syncline(server, 'import', store, file, '--livestore', ...backend, ...parts)
    const raw = await Raw.open(server, store, {
      backendId: 'V1StGXR8_Z5jdHi6B-myT',
      eventSequenceNumber: 2_998,
    })
    expect([raw.backend, raw.have.map((event) => event.seqNum)]).toEqual([
      'V1StGXR8_Z5jdHi6B-myT',
      [2_999, 3_000],
    ])
    expect(await raw.push(batch('ann', 3_000, 1))).toBe(undefined)
    raw.close()
    const client = await Client.open(server, 'bob', { store })
    await until('it has all', () => client.count === 3_001)
    rmSync(folder, { recursive: true, force: true })
  })

  test('stores with names that are nearly the same are apart', async () => {
    const store = newStore()
    const [one, other] = [await Raw.open(server, store), await Raw.open(server, store.replaceAll('-', '_'))]
    expect(await one.push(batch('ann', 0, 2))).toBe(undefined)
    expect(await other.push(batch('bob', 0, 1))).toBe(undefined)
    expect([one.have.length, other.have.length]).toEqual([2, 1])
    expect(one.backend).not.toBe(other.backend)
    one.close()
    other.close()
  })

  test('a wrong token opens nothing', async () => {
    const store = newStore()
    for (const transport of ['ws', 'http'] as const) {
      const url = `${server.url}/${query(store, transport, 'wrong')}`
      const answer = await fetch(url, { method: transport === 'ws' ? 'GET' : 'POST' })
      expect([answer.status, (await answer.json()).code]).toEqual([401, 'unauthorized'])
    }
    const stranger = await Client.open(server, 'eve', { store, token: 'wrong' }).catch(() => undefined)
    stranger?.create('evil')
    const ann = await Client.open(server, 'ann', { store })
    ann.create('good')
    await until('it is in the log', async () => (await log(server, store)).length > 0)
    expect((await log(server, store)).map((entry) => entry.args.id)).toEqual(['good'])
    expect(ann.ids).toEqual(['good'])
  })

  test('clients without WebSocket converge over HTTP', async () => {
    const store = newStore()
    const ann = await Client.open(server, 'ann', { store, transport: 'http' })
    const bob = await Client.open(server, 'bob', { store })
    ann.create('1', '2')
    await until('bob has them', () => bob.count === 2)
    bob.create('3')
    await until('ann has it', () => ann.count === 3)
  })
})
