// The server is killed in the middle of a stream of commits: what it has confirmed stays, and nothing is doubled.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client, openChat, posted, type Verdict } from '../src/client.ts'
import { Server } from '../src/server.ts'

const COMMITS = 500

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.stop())

function verdicts(client: Client): Verdict[] {
  return client.frames
    .filter((frame) => frame.type === 'verdicts')
    .flatMap((frame) => frame['verdicts'] as Verdict[])
}

test.each([40, 170, 330])(
  'killed after %i verdicts, it has all that it confirmed, once',
  async (confirmed) => {
    const store = `killed-${confirmed}`
    const ada = await openChat(server, store)
    const commits = Array.from({ length: COMMITS }, (_, n) => ada.commit(posted(`m${n}`, `message ${n}`)))
    for (const commit of commits) ada.push(commit)
    await ada.when('verdicts', () => verdicts(ada).length > confirmed || undefined)
    await server.kill()
    await ada.whenClosed()
    const before = verdicts(ada)
    await server.run()

    const back = await Client.open(server, store, { client: ada.id })
    const decided = Number(back.frames[0]?.['decided'])
    expect(decided).toBeGreaterThanOrEqual(before.length)
    // All of them again, decided or not, as a client does that does not know.
    for (let at = 0; at < COMMITS; at += 100) back.push(...commits.slice(at, at + 100))
    const after = await back.when('all verdicts', () =>
      verdicts(back).length === COMMITS ? verdicts(back) : undefined,
    )
    const known = before.slice(1)
    expect(after.slice(0, known.length)).toEqual(known)
    expect(after.every((verdict) => verdict.status === 'accepted')).toBe(true)

    const log = await back.catchUp(COMMITS + 2)
    expect(log.map((entry) => entry.seq)).toEqual(Array.from({ length: COMMITS + 2 }, (_, n) => n + 1))
    expect(log.slice(2).map((entry) => entry.counter)).toEqual(commits.map((commit) => commit['counter']))
  },
)
