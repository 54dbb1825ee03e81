// What a push of a hundred events costs the process that the store's object runs in: `npm run bench`.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { type Client, type Event, openChat, posted } from '../src/client.ts'
import { Server } from '../src/server.ts'

const BATCHES = 10
const PUSHES = 20
const EVENTS = 100

/** The process group of a process: its name, before it, may hold spaces. */
function groupOf(pid: string): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[2])
}

/** The process of the server's group that has a Durable Object's database open. */
function objectProcess(server: Server): string {
  const holds = (pid: string): boolean => {
    try {
      if (groupOf(pid) !== server.processGroup) return false
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
      return open.some((path) => path.includes('StoreObject') && path.endsWith('.sqlite'))
    } catch {
      return false // It has ended, or closed the file, meanwhile.
    }
  }
  const pid = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find(holds)
  if (pid === undefined) throw new Error('no process has the database of an object open')
  return pid
}

/** The time that all threads of a process have run so far, as the scheduler counts it: in nanoseconds. */
function cpuMs(pid: string): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const ran = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return ran.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

type Push = (round: string) => Record<string, unknown>[]

async function measure(server: Server, name: string, make: (client: Client) => Push): Promise<void> {
  const client = await openChat(server, crypto.randomUUID())
  const push = make(client)
  const send = async (round: string): Promise<number> => {
    const started = performance.now()
    const verdicts = await client.decideAll(...push(round))
    if (verdicts.some((verdict) => verdict.status !== 'accepted')) throw new Error('a push was rejected')
    client.forget()
    return performance.now() - started
  }
  for (let round = 0; round < 3 * PUSHES; round += 1) await send(`warm-${round}`)
  const pid = objectProcess(server)
  const walls: number[] = []
  const cpus: number[] = []
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const before = cpuMs(pid)
    for (let round = 0; round < PUSHES; round += 1) walls.push(await send(`${batch}-${round}`))
    cpus.push((cpuMs(pid) - before) / PUSHES)
  }
  const cpu = `CPU of a push: median ${median(cpus).toFixed(2)} ms, least ${Math.min(...cpus).toFixed(2)} ms`
  console.log(`${name}: ${cpu}; wall p50 ${median(walls).toFixed(2)} ms (${BATCHES} × ${PUSHES} pushes)`)
}

const events = (round: string): Event[] =>
  Array.from({ length: EVENTS }, (_, n) =>
    posted(`${round}-${n}`, `message ${n} of ${round}, as long as people write`),
  )

// With the archive, the process does D1's work, too; on Cloudflare another machine does it.
describe.each([
  ['without an archive', false],
  ['with the archive', true],
])('%s', (where, archive) => {
  let server: Server
  beforeAll(async () => {
    server = await Server.start({ archive })
  })
  afterAll(() => server.stop())

  test('many commits of one event', async () => {
    const make =
      (client: Client): Push =>
      (round) =>
        events(round).map((event) => client.commit(event))
    await measure(server, `${where}, ${EVENTS} commits of one event`, make)
  })

  test('one commit of many events', async () => {
    const make =
      (client: Client): Push =>
      (round) => [client.commit(...events(round))]
    await measure(server, `${where}, one commit of ${EVENTS} events`, make)
  })
})
