// From a commit in one page to the screen of another, and what it takes to get there.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { CDPSession, Page } from '@playwright/test'
import { measurePush } from '../../../../crates/worker/tests-js/src/push-cost'
import { Server, TOKEN } from '../../../../crates/worker/tests-js/src/server'
import { createChannel, expectTexts, joinChannel } from '../e2e/chat'
import { expect, test } from '../e2e/world'
import { quantile, record } from './figures'

const APPS = resolve(import.meta.dirname, '../../..')

/** When each message was seen by the reader, on the clock of the machine. */
interface Seen {
  readonly inPage: Record<string, number>
  readonly onScreen: Record<string, number>
}

/** Seconds that the page's main thread has worked. */
async function mainThreadSeconds(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics')
  const busy = metrics.find(({ name }) => name === 'TaskDuration')?.value
  if (busy === undefined) throw new Error('the browser does not tell how long it worked')
  return busy
}

async function onThreadTime(page: Page): Promise<CDPSession> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
  return devtools
}

/** What watches the store while it is committed to. */
const WATCHERS = {
  'a watcher told': 'SELECT count(*) AS n FROM people',
  'a live query of 50 messages run again': `SELECT id, author, text, posted_at FROM messages
    WHERE channel = 'lab' ORDER BY posted_at DESC LIMIT 50`,
} as const

for (const [watcher, sql] of Object.entries(WATCHERS)) {
  test(`a commit in the page, ${watcher}`, async ({ newBrowser }) => {
    const page = await (await newBrowser()).lab('ann')
    const devtools = await onThreadTime(page)
    await page.evaluate(async () => (await window.lab).join())
    const [batches, size] = [200, 10]
    const measure = () =>
      page.evaluate(
        async ([batches, size, sql]) => {
          const { store, post } = await window.lab
          const query = { sql, params: '[]' }
          const stopQuery = store.watch(query, () => store.rows(query))
          store.rows(query)
          let told = 0
          const stopCommits = store.onCommits(() => {
            told += 1
          })
          const times: number[] = []
          for (let batch = 0; batch < batches; batch++) {
            const started = performance.now()
            for (let n = 0; n < size; n++) {
              post(`message ${n} of batch ${batch}, as long as people write`)
              // Whoever watches is told in a microtask.
              await Promise.resolve()
            }
            times.push((performance.now() - started) / size)
            // Between bursts nothing is under way, so that a burst does not wait for the one before it.
            await store.settled()
          }
          stopQuery()
          stopCommits()
          if (told < batches * size) throw new Error(`only ${told} commits were told`)
          return times
        },
        [batches, size, sql] as const,
      )
    await measure()
    const before = await mainThreadSeconds(devtools)
    const times = await measure()
    const cpu = ((await mainThreadSeconds(devtools)) - before) * 1_000
    record({
      what: `page: a commit (journal, rules, state, ${watcher})`,
      value: quantile(times, 0.5),
      unit: 'ms',
      ...(watcher === 'a watcher told' ? { most: 0.1 } : {}),
      beside: `p99 ${quantile(times, 0.99).toFixed(3)} ms; main thread CPU ${(cpu / (batches * size)).toFixed(3)} ms a commit, its confirmation included; ${batches} × ${size} commits`,
    })
  })
}

test('from one screen to another', async ({ newBrowser }) => {
  const [ann, bob] = [await (await newBrowser()).chat('ann'), await (await newBrowser()).chat('bob')]
  await createChannel(ann, 'general')
  await joinChannel(bob, 'general')
  await ann.close()
  const writer = await (await newBrowser()).lab('carl')
  await expectTexts(bob, [])
  const channel = await writer.evaluate(async () => {
    const { store } = await window.lab
    const channels = () => store.query<{ id: string }>("SELECT id FROM channels WHERE name = 'general'")
    while (channels().length === 0) await new Promise((next) => setTimeout(next, 10))
    const id = channels()[0]?.id ?? ''
    await store.commit({ name: 'personJoined', args: { name: 'carl' } }).confirmed
    await store.commit({ name: 'channelJoined', args: { channel: id } }).confirmed
    return id
  })
  // In the page when React has put it there; on the screen when the next frame begins to be drawn.
  await bob.evaluate(() => {
    const seen: Seen = { inPage: {}, onScreen: {} }
    Object.assign(window, { seen })
    const log = document.querySelector('[role=log]')
    if (log === null) throw new Error('there is no log on the screen')
    new MutationObserver((mutations) => {
      const now = performance.timeOrigin + performance.now()
      const texts = mutations
        .flatMap(({ addedNodes }) => [...addedNodes])
        .map((node) => node.textContent ?? '')
      const ids = texts.flatMap((text) => /ping-(\d+)-/.exec(text)?.[1] ?? [])
      for (const id of ids) seen.inPage[id] ??= now
      requestAnimationFrame(() => {
        for (const id of ids) seen.onScreen[id] ??= performance.timeOrigin + performance.now()
      })
    }).observe(log, { childList: true, subtree: true })
  })
  const devtools = await onThreadTime(bob)
  const before = await mainThreadSeconds(devtools)
  const count = 200
  const sent = await writer.evaluate(
    async ([channel, count]) => {
      const { store } = await window.lab
      const sent: number[] = []
      for (let n = 0; n < count; n++) {
        const at = performance.timeOrigin + performance.now()
        const args = { id: crypto.randomUUID(), channel, text: `ping-${n}-`, postedAt: Date.now() }
        store.commit({ name: 'messagePosted', args })
        sent.push(at)
        await new Promise((next) => setTimeout(next, 50))
      }
      return sent
    },
    [channel, count] as const,
  )
  const seen = () => bob.evaluate(() => (window as unknown as { seen: Seen }).seen)
  await expect.poll(async () => Object.keys((await seen()).onScreen).length).toBe(count)
  const { inPage, onScreen } = await seen()
  const cpu = ((await mainThreadSeconds(devtools)) - before) * 1_000
  const times = (at: Record<string, number>) =>
    Object.entries(at).map(([id, time]) => time - (sent[Number(id)] ?? Number.NaN))
  record({
    what: 'from a commit in one browser to the page of another',
    value: quantile(times(inPage), 0.5),
    unit: 'ms',
    most: 15,
    beside: `p99 ${quantile(times(inPage), 0.99).toFixed(1)} ms; the next frame at 60 Hz begins at p50 ${quantile(times(onScreen), 0.5).toFixed(1)} ms; the reader's main thread CPU ${(cpu / count).toFixed(2)} ms a message; ${count} messages at 20/s`,
  })
})

for (const [app, what, most] of [
  ['chat', 'the chat', 560],
  ['todo', 'the todos, the smallest app', 520],
] as const) {
  test(`the download of ${app}`, () => {
    const dist = resolve(APPS, app, 'web/dist')
    // A page downloads the devtools where it asks for them, and a test sees that no other does.
    const needed = filesOf(dist).filter((path) => !basename(path).startsWith('devtools-'))
    const sizes = needed.map((path) => [path, gzipSync(readFileSync(path), { level: 9 }).length] as const)
    const sum = (end: string) =>
      sizes.filter(([path]) => path.endsWith(end)).reduce((all, [, size]) => all + size, 0)
    const kib = (bytes: number) => (bytes / 1024).toFixed(1)
    record({
      what: `download of ${what}, gzip (wasm, JavaScript with React, CSS, HTML)`,
      value: sum('') / 1024,
      unit: 'KiB',
      most,
      beside: `wasm ${kib(sum('.wasm'))}, JavaScript ${kib(sum('.js'))}, CSS ${kib(sum('.css'))}`,
    })
  })
}

function filesOf(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? filesOf(path) : [path]
  })
}

for (const shape of ['100 commits of one event', 'one commit of 100 events'] as const) {
  test(`a push of ${shape}`, async () => {
    // On Cloudflare another machine does D1's work.
    const server = await Server.start({ token: TOKEN, archives: 0 })
    const { cpuMs, leastCpuMs, wallMs, pushes } = await measurePush(server, shape).finally(() =>
      server.stop(),
    )
    record({
      what: `room on workerd: a push of ${shape}, with the chat's rules, CPU`,
      value: cpuMs,
      unit: 'ms',
      most: 3,
      beside: `least ${leastCpuMs.toFixed(2)} ms; wall p50 ${wallMs.toFixed(2)} ms; ${pushes} pushes`,
    })
  })
}
