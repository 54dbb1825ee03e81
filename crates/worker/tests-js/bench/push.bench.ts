// What a push of a hundred events costs the process that the store's object runs in: `npm run bench`.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, test } from 'vitest'

import { type Client, type Event, openChat, posted } from '../src/client.ts'
import { Server } from '../src/server.ts'

const PUSHES = 200
const EVENTS = 100
const TICKS_PER_SECOND = 100

/** The fields of /proc/PID/stat after the name: it may hold spaces. */
function stat(pid: string): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
}

/** The process of the server's group that has a Durable Object's database open. */
function objectProcess(server: Server): string {
  const holds = (pid: string): boolean => {
    try {
      if (Number(stat(pid)[2]) !== server.processGroup) return false
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
      return open.some((path) => path.includes('StoreObject') && path.endsWith('.sqlite'))
    } catch {
      return false // It has ended, or closed the file, meanwhile.
    }
  }
  const pid = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find(holds)
  if (pid === undefined) throw new Error('no process has the database of an object open')
  return pid
}

function cpuMs(pid: string): number {
  const fields = stat(pid)
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
}

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
  for (let round = 0; round < PUSHES / 4; round += 1) await send(`warm-${round}`)
  const pid = objectProcess(server)
  const before = cpuMs(pid)
  const walls: number[] = []
  for (let round = 0; round < PUSHES; round += 1) walls.push(await send(`${round}`))
  const cpu = (cpuMs(pid) - before) / PUSHES
  const wall = walls.sort((a, b) => a - b)[PUSHES / 2] ?? 0
  console.log(`${name}: CPU ${cpu.toFixed(2)} ms a push, wall p50 ${wall.toFixed(2)} ms (${PUSHES} pushes)`)
}

const events = (round: string): Event[] =>
  Array.from({ length: EVENTS }, (_, n) => posted(`${round}-${n}`, `message ${n} of ${round}, as long as people write`))

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
    const make = (client: Client): Push => (round) => events(round).map((event) => client.commit(event))
    await measure(server, `${where}, ${EVENTS} commits of one event`, make)
  })

  test('one commit of many events', async () => {
    const make = (client: Client): Push => (round) => [client.commit(...events(round))]
    await measure(server, `${where}, one commit of ${EVENTS} events`, make)
  })
})
