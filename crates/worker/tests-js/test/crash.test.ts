// A model that crashes the wasm: the commit at fault is contained, and everything else goes on. Needs a
// build with the feature `conformance`, whose model is a later version of the chat's, and brittle.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client, openChat, posted, type Verdict } from '../src/client.ts'
import { until } from '../src/condition.ts'
import { CONFORMANCE, Server, SHIPPED } from '../src/server.ts'

const FATAL = "the straw that breaks the camel's back"

let server: Server
beforeAll(async () => {
  server = await Server.start({ script: SHIPPED })
})
afterAll(() => server.stop())

/** Pushes, and reconnects as often as the host crashes, until every commit has its verdict. */
async function pushThrough(
  store: string,
  id: string,
  commits: Record<string, unknown>[],
): Promise<{ crashes: number; verdicts: Verdict[] }> {
  for (let crashes = 0; crashes < 10; crashes += 1) {
    const client = await Client.open(server, store, { client: id })
    client.push(...commits)
    const verdicts = () =>
      client.frames.filter((f) => f.type === 'verdicts').flatMap((f) => f['verdicts'] as Verdict[])
    await client.when(
      'an answer',
      () => client.closed !== undefined || verdicts().length === commits.length || undefined,
    )
    if (client.closed === undefined) {
      await client.close()
      return { crashes, verdicts: verdicts() }
    }
    expect(client.closed).toEqual({ code: 1011, reason: 'server-failed' })
  }
  throw new Error('it crashes for ever')
}

test('a commit that crashes the object is rejected in the end, and those around it are decided', async () => {
  await server.replace(CONFORMANCE)
  const ada = await openChat(server, 'crash')
  const live = await Client.open(server, 'crash', { subject: 'bob' })
  const commits = [posted('before'), posted('fatal', FATAL), posted('after')].map((event) =>
    ada.commit(event),
  )
  await ada.close()
  const { crashes, verdicts } = await pushThrough('crash', ada.id, commits)
  expect(verdicts).toMatchObject([
    { status: 'accepted', first: 3 },
    { status: 'rejected', code: 'crashed' },
    { status: 'accepted', first: 4 },
  ])
  // Unmarked, after a push that went well; marked, with the others; and twice alone.
  expect(crashes).toBe(4)
  // Who was live may have missed what was decided before a crash, and comes again.
  expect(await live.whenClosed()).toMatchObject({ code: 1011 })
  const bob = await Client.open(server, 'crash', { subject: 'bob' })
  expect((await bob.catchUp(4)).map((entry) => entry.seq)).toEqual([1, 2, 3, 4])
  expect(await bob.decide(['personJoined', { name: 'bob' }])).toMatchObject({ status: 'accepted' })
})

test('a long log with a commit that crashes a later model is rebuilt by alarm, without it', async () => {
  await server.replace(SHIPPED)
  const ada = await openChat(server, 'rebuilt')
  const text = 'x'.repeat(3_900)
  for (let round = 0; round < 12; round += 1) {
    const events = Array.from({ length: 100 }, (_, n) => posted(`${round}-${n}`, text))
    if (round === 7) events.push(posted('fatal', FATAL))
    await ada.decideAll(...events.map((event) => ada.commit(event)))
  }
  await server.replace(CONFORMANCE)
  let [crashes, refused] = [0, 0]
  const decided = await until('the state is made anew', async () => {
    const client = await Client.connect(server, 'rebuilt', { client: ada.id })
    client.send(client.hello('rebuilt'))
    client.push(ada.commitAs(1_300, posted('late')))
    const answer = await client.when(
      'an answer',
      () =>
        client.closed ?? client.frames.find((frame) => frame.type === 'verdicts' || frame.type === 'error'),
    )
    if (client.closed) {
      crashes += 1
      return undefined
    }
    // Who reads is served meanwhile.
    expect(client.frames[0]).toMatchObject({ type: 'welcome', head: 1_203 })
    await client.close()
    if ('code' in answer && answer.code === 'rebuilding') refused += 1
    return 'verdicts' in answer ? (answer['verdicts'] as Verdict[]) : undefined
  })
  expect(crashes).toBeLessThanOrEqual(3)
  expect(refused).toBeGreaterThan(0)
  expect(decided).toMatchObject([{ status: 'accepted', first: 1_204 }])
  const again = await Client.open(server, 'rebuilt')
  // Both are in the state, what crashes is not.
  expect(await again.decide(['reactionAdded', { message: '11-99', emoji: '👍' }])).toMatchObject({
    status: 'accepted',
  })
  expect(await again.decide(['reactionAdded', { message: 'fatal', emoji: '👍' }])).toMatchObject({
    status: 'rejected',
  })
})
