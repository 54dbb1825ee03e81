// The suite that every host runs, in a Durable Object: statements, and a scenario of the engine. It needs a build with the feature `conformance`.

import { afterAll, beforeAll, expect, test } from 'vitest'

import { CONFORMANCE, Server } from '../src/server.ts'

interface Report {
  readonly cases: readonly { readonly name: string; readonly expected: string; readonly seen: string }[]
}

let server: Server
beforeAll(async () => {
  server = await Server.start({ script: CONFORMANCE })
})
afterAll(() => server.stop())

test('a Durable Object answers every statement as all other hosts do, and the engine ends there as on them', async () => {
  const answer = await fetch(`${server.url}/conformance`)
  expect(answer.status).toBe(200)
  const { cases } = (await answer.json()) as Report
  expect(cases.length).toBeGreaterThan(200)
  expect(cases.map((one) => one.name)).toContain("the room's state after the upgrade")
  expect(cases.map((one) => one.name)).toContain("the replica's state after the upgrade")
  expect(cases.filter((one) => one.seen !== one.expected)).toEqual([])
})
