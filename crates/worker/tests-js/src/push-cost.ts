// What a push of a hundred events costs the process that the store's object runs in.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

import { type Event, openChat, posted } from './client.ts'
import type { Server } from './server.ts'

export type Shape = '100 commits of one event' | 'one commit of 100 events'

export interface Cost {
  /** CPU time of a push, the median of the batches, in milliseconds. */
  readonly cpuMs: number
  /** The same of the quickest batch: what is left where nothing else runs on the machine. */
  readonly leastCpuMs: number
  /** From sending a push to its verdicts, the median. */
  readonly wallMs: number
  readonly pushes: number
}

const BATCHES = 10
const PUSHES = 20
const EVENTS = 100
/** Until V8 has optimised what is hot. */
const WARM_UP = 300

/** Pushes to a store of its own, after some to warm up. */
export async function measurePush(server: Server, shape: Shape): Promise<Cost> {
  const client = await openChat(server, crypto.randomUUID())
  const send = async (round: string): Promise<number> => {
    const events = eventsOf(round)
    const commits =
      shape === 'one commit of 100 events'
        ? [client.commit(...events)]
        : events.map((event) => client.commit(event))
    const started = performance.now()
    const verdicts = await client.decideAll(...commits)
    if (verdicts.some((verdict) => verdict.status !== 'accepted')) throw new Error('a push was rejected')
    client.forget()
    return performance.now() - started
  }
  for (let round = 0; round < WARM_UP; round += 1) await send(`warm-${round}`)
  const pid = objectProcess(server)
  const walls: number[] = []
  const cpus: number[] = []
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const before = cpuMs(pid)
    for (let round = 0; round < PUSHES; round += 1) walls.push(await send(`${batch}-${round}`))
    cpus.push((cpuMs(pid) - before) / PUSHES)
  }
  return {
    cpuMs: median(cpus),
    leastCpuMs: Math.min(...cpus),
    wallMs: median(walls),
    pushes: BATCHES * PUSHES,
  }
}

function eventsOf(round: string): Event[] {
  return Array.from({ length: EVENTS }, (_, n) =>
    posted(`${round}-${n}`, `message ${n} of ${round}, as long as people write`),
  )
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

/** The process group of a process: its name, before it, may hold spaces. */
function groupOf(pid: string): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[2])
}

/** The time that all threads of a process have run so far, as the scheduler counts it. */
function cpuMs(pid: string): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const ran = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return ran.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
