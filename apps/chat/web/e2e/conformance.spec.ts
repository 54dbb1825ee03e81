// The suite that every host runs, in Chromium: in memory and in blocks on the page, and on OPFS in a worker.

import { join, resolve } from 'node:path'
import { expect, test } from './world'

const BUILT = resolve(import.meta.dirname, '../../../../target/xtask/conformance/client')

interface Report {
  readonly digest: string
  readonly failed: number
  readonly cases: readonly { readonly name: string; readonly expected: string; readonly seen: string }[]
}

test('statements are answered alike, and the engine ends alike, wherever the files are', async ({
  newBrowser,
}) => {
  const browser = await newBrowser()
  await browser.context.route('**/conformance/*', (route) => {
    const file = new URL(route.request().url()).pathname.split('/').at(-1) ?? ''
    return route.fulfill({ path: join(BUILT, file) })
  })
  const page = await browser.lab('ann')
  const reports: string[] = await page.evaluate(async () => {
    const glue = new URL('/conformance/chat.js', location.href).href
    const { default: init, conformance_in_memory, conformance_in_blocks } = await import(glue)
    await init()
    const script = `
      import init, { conformance_on_opfs } from ${JSON.stringify(glue)}
      await init()
      postMessage(await conformance_on_opfs())`
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
    const worker = new Worker(url, { type: 'module' })
    const onOpfs = await new Promise<string>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
    })
    return [conformance_in_memory(), onOpfs, ...JSON.parse(conformance_in_blocks()).map(JSON.stringify)]
  })
  const all = reports.map((report) => JSON.parse(report) as Report)
  expect(all.length).toBe(4)
  for (const report of all) {
    expect(report.cases.filter(({ expected, seen }) => expected !== seen)).toEqual([])
    expect(report.cases.length).toBeGreaterThan(200)
    expect(report.cases.map(({ name }) => name)).toContain("the session's state")
    expect(report.digest).toBe(all[0]?.digest)
  }
})
