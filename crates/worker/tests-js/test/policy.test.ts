// An app's own policy on workerd: who may connect is its code's to say, and what is refused beside the rules.
// Needs a build with the feature `conformance`, whose policy is apps/chat/worker/src/door.rs.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Client, joined } from '../src/client.ts'
import { CONFORMANCE, Server } from '../src/server.ts'

let server: Server
beforeAll(async () => {
  server = await Server.start({ script: CONFORMANCE, vars: { PARTNERS: 'ann:anns-key bob:bobs-key' } })
})
afterAll(() => server.stop())

const paid = { plan: 'paid' }

test("who may connect is the app's to say, in place of the tokens that are configured", async () => {
  const ann = await Client.open(server, 'team', { token: 'anns-key', subject: 'ann', payload: paid })
  expect(await ann.decide(joined('ann'))).toMatchObject({ status: 'accepted' })
  const wrong = [
    { token: undefined },
    { token: 'made up' },
    { token: 'bobs-key', subject: 'ann' },
    // The shared token that is configured, too.
    {},
  ]
  for (const greeting of wrong) {
    const stranger = await Client.connect(server, 'team', greeting)
    stranger.send(stranger.hello('team', { payload: paid, ...greeting }))
    expect(await stranger.nextError()).toBe('unauthorized')
    expect((await stranger.whenClosed()).code).toBe(1008)
  }
})

test.each([
  ['what hello carries for it', 'team', { plan: 'expired' }, 'no-plan: the plan is not paid'],
  ['the absence of it', 'team', undefined, 'no-plan: the plan is not paid'],
  ['a pull', 'closed', paid, 'closed: nobody reads this store'],
])(
  'a hook refuses %s with a code of its own, and the socket is closed',
  async (_, store, payload, message) => {
    const client = await Client.connect(server, store)
    client.send(client.hello(store, { token: 'anns-key', subject: 'ann', payload }))
    expect(await client.next('error')).toMatchObject({ code: 'connect-refused', message })
    expect((await client.whenClosed()).code).toBe(1008)
  },
)

test('a hook refuses a push: its commits are not decided, and are taken when they come again', async () => {
  const greeting = { token: 'anns-key', subject: 'ann', payload: paid }
  const ann = await Client.open(server, 'pushes', greeting)
  const commits = [1, 2, 3].map((counter) => ann.commitAs(counter, joined(`ann ${counter}`)))
  ann.push(...commits)
  expect(await ann.next('error')).toMatchObject({
    code: 'push-refused',
    message: 'too-much-at-once: two commits at once will do',
    retryAfterMs: 30_000,
  })
  ann.push(...commits.slice(0, 2))
  const { verdicts } = await ann.next('verdicts')
  expect(verdicts).toMatchObject([{ status: 'accepted' }, { status: 'accepted' }])
})

test('a policy that cannot be made of its configuration lets nobody in, and says why', async () => {
  const closed = await Server.start({ script: CONFORMANCE, vars: { PARTNERS: 'ann' } })
  const answer = await fetch(`${closed.url}/stores/team/log`)
  expect(answer.status).toBe(500)
  expect(await answer.json()).toMatchObject({
    code: 'not-configured',
    message: expect.stringContaining('PARTNERS'),
  })
  await closed.stop()
})
